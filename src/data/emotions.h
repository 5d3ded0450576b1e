/*
 * data/emotions.h - the seven emotions that sets of many kinds share (MELD's order), and how their own names map to
 * them, so that their clips train one task.
 */
#ifndef SMAC_DATA_EMOTIONS_H
#define SMAC_DATA_EMOTIONS_H

typedef enum emotion {
    EMOTION_NEUTRAL,
    EMOTION_SURPRISE,
    EMOTION_FEAR,
    EMOTION_SADNESS,
    EMOTION_JOY,
    EMOTION_DISGUST,
    EMOTION_ANGER,
    EMOTIONS
} emotion;

/* neutral, surprise, fear, sadness, joy, disgust, anger: the classes of the task "emotion". */
extern const char *const emotion_names[EMOTIONS];

/*
 * The emotion of a name as sets write it, in any case: happy and happiness are joy, calm is neutral, angry is anger, ...
 * -1: none of the seven (boredom, contempt, unknown).
 */
int emotion_from_name(const char *name);

/* Of GoEmotions' 28 names, by its makers' grouping (Demszky and others 2020, ekman_mapping.json); -1: unknown name. */
int emotion_of_comment(const char *name);

/* "sentiment" in [-1, 1] from weights of the seven that sum to 1: joy minus anger, disgust, fear and sadness. */
float emotion_valence(const float weights[EMOTIONS]);

#endif
