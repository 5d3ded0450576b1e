/* data/emotions.c - the tables of names. */
#include "data/emotions.h"

#include <string.h>
#include <strings.h>

typedef struct emotion_name {
    const char *name;
    emotion is;
} emotion_name;

const char *const emotion_names[EMOTIONS] = {"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"};

static const emotion_name other_names[] = {{"neutral", EMOTION_NEUTRAL}, {"neu", EMOTION_NEUTRAL},
    {"calm", EMOTION_NEUTRAL}, {"surprise", EMOTION_SURPRISE}, {"surprised", EMOTION_SURPRISE},
    {"sur", EMOTION_SURPRISE}, {"fear", EMOTION_FEAR}, {"fearful", EMOTION_FEAR}, {"anxiety", EMOTION_FEAR},
    {"fea", EMOTION_FEAR}, {"sadness", EMOTION_SADNESS}, {"sad", EMOTION_SADNESS}, {"joy", EMOTION_JOY},
    {"happy", EMOTION_JOY}, {"happiness", EMOTION_JOY}, {"hap", EMOTION_JOY}, {"disgust", EMOTION_DISGUST},
    {"disgusted", EMOTION_DISGUST}, {"dis", EMOTION_DISGUST}, {"anger", EMOTION_ANGER}, {"angry", EMOTION_ANGER},
    {"ang", EMOTION_ANGER}};

static const emotion_name comment_names[] = {{"anger", EMOTION_ANGER}, {"annoyance", EMOTION_ANGER},
    {"disapproval", EMOTION_ANGER}, {"disgust", EMOTION_DISGUST}, {"fear", EMOTION_FEAR}, {"nervousness", EMOTION_FEAR},
    {"joy", EMOTION_JOY}, {"amusement", EMOTION_JOY}, {"approval", EMOTION_JOY}, {"excitement", EMOTION_JOY},
    {"gratitude", EMOTION_JOY}, {"love", EMOTION_JOY}, {"optimism", EMOTION_JOY}, {"relief", EMOTION_JOY},
    {"pride", EMOTION_JOY}, {"admiration", EMOTION_JOY}, {"desire", EMOTION_JOY}, {"caring", EMOTION_JOY},
    {"sadness", EMOTION_SADNESS}, {"disappointment", EMOTION_SADNESS}, {"embarrassment", EMOTION_SADNESS},
    {"grief", EMOTION_SADNESS}, {"remorse", EMOTION_SADNESS}, {"surprise", EMOTION_SURPRISE},
    {"realization", EMOTION_SURPRISE}, {"confusion", EMOTION_SURPRISE}, {"curiosity", EMOTION_SURPRISE},
    {"neutral", EMOTION_NEUTRAL}};

static int find_name(const emotion_name *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i].name, name) == 0)
            return (int)names[i].is;
    return -1;
}

int emotion_from_name(const char *name)
{
    return find_name(other_names, sizeof other_names / sizeof *other_names, name);
}

int emotion_of_comment(const char *name)
{
    return find_name(comment_names, sizeof comment_names / sizeof *comment_names, name);
}

float emotion_valence(const float weights[EMOTIONS])
{
    return weights[EMOTION_JOY] - weights[EMOTION_ANGER] - weights[EMOTION_DISGUST] - weights[EMOTION_FEAR] -
        weights[EMOTION_SADNESS];
}
