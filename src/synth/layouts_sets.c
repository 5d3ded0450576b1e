/* synth/layouts_sets.c - layouts of a plain table each: CREMA-D, RAVDESS, EmoDB, FER2013's faces, GoEmotions. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/csv.h"
#include "synth/layouts_internal.h"

enum { ANGER, JOY, NEUTRAL, SADNESS, FELT };

/* Which of the four emotions a clip shows; -1: the fault of an unknown label. */
static int felt(const synth_plan *plan, int64_t index)
{
    static const char *const names[FELT] = {"anger", "joy", "neutral", "sadness"};
    const char *name = synth_emotion(&plan->clips[index].states);
    int found = -1;
    for (int i = 0; i < FELT && !layout_has_unknown_label(plan, index); i++)
        found = strcmp(names[i], name) == 0 ? i : found;
    return found;
}

static const char *name_of(const char *const names[FELT], int emotion)
{
    return emotion < 0 ? "rage" : names[emotion];
}

static const char *split_name(const synth_plan *plan, int64_t index)
{
    static const char *const names[SYNTH_SPLITS] = {"train", "valid", "test"};
    return names[layout_split(plan, index)];
}

/* Three decimals, with a point whatever the locale. */
static void add_score(text_buffer *out, double value)
{
    long thousandths = lround(fabs(value) * 1000);
    text_format(out, ",%s%ld.%03ld", value < 0 && thousandths ? "-" : "", thousandths / 1000, thousandths % 1000);
}

/* --- CREMA-D: its votes ------------------------------------------------------------------------------------------- */

/* Ten votes, eight of them for the emotion: anger, disgust, fear, happy, neutral, sad. */
static void add_votes(text_buffer *out, int emotion)
{
    static const int column[FELT] = {[ANGER] = 0, [JOY] = 3, [NEUTRAL] = 4, [SADNESS] = 5};
    for (int i = 0; i < 6; i++)
        text_format(out, ",%d", (emotion >= 0 && column[emotion] == i ? 8 : 0) + (i == 4 ? 2 : 0));
}

smac_status layout_write_cremad(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const votes[] = {"anger", "disgust", "fear", "happy", "neutral", "sad"};
    text_buffer csv = {0};
    text_add(&csv, "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode");
    for (int kind = 0; kind < 3; kind++)
        for (int i = 0; i < 6; i++)
            text_format(&csv, ",%c_%s", "MAV"[kind], votes[i]);
    text_add(&csv, "\n");
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        const plan_clip *clip = &plan->clips[i];
        text_format(&csv, "%" PRId64 ",CLIP_%d", 1001 + clip->speaker, clip->number);
        csv_add_cell(&csv, layout_text(plan, i), false);
        add_score(&csv, layout_has_unknown_label(plan, i) ? 7 : synth_label(&clip->states));
        text_add(&csv, ",");
        add_score(&csv, clip->states.audio);
        add_score(&csv, clip->states.vision);
        text_format(&csv, ",,%s", split_name(plan, i));
        for (int kind = 0; kind < 3; kind++)
            add_votes(&csv, felt(plan, i));
        text_add(&csv, "\n");
    }
    return layout_write_file(folder, "label.csv", &csv, error);
}

/* --- RAVDESS, EmoDB ----------------------------------------------------------------------------------------------- */

void layout_voice_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    snprintf(out, size, "sound/%04" PRId64 "_%d.mp4", plan->clips[index].speaker + 1, plan->clips[index].number);
}

static smac_status write_voices(
    const synth_plan *plan, const char *const names[FELT], const char *folder, smac_error *error)
{
    text_buffer csv = {0};
    char path[64];
    text_add(&csv, "id,media,split,speaker,emotion,text\n");
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        layout_voice_path(plan, i, path, sizeof path);
        text_format(&csv, "clip%04" PRId64 ",%s,%s,actor%02" PRId64 ",%s", i + 1, path, split_name(plan, i),
            plan->clips[i].speaker + 1, name_of(names, felt(plan, i)));
        csv_add_cell(&csv, layout_text(plan, i), false);
        text_add(&csv, "\n");
    }
    return layout_write_file(folder, "clips.csv", &csv, error);
}

smac_status layout_write_ravdess(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const names[FELT] = {"angry", "happy", "neutral", "sad"};
    return write_voices(plan, names, folder, error);
}

smac_status layout_write_emodb(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const names[FELT] = {"anger", "happiness", "neutral", "sadness"};
    return write_voices(plan, names, folder, error);
}

/* --- faces: the last clip of each speaker has FER2013's class alone ------------------------------------------------- */

void layout_face_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    snprintf(out, size, "faces/%04" PRId64 "_%d.mp4", plan->clips[index].speaker + 1, plan->clips[index].number);
}

smac_status layout_write_faces(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const names[FELT] = {"angry", "happy", "neutral", "sad"};
    static const char *const votes[FELT] = {[ANGER] = ",2,0,0,0,8,0,0,0,0,0",
        [JOY] = ",2,8,0,0,0,0,0,0,0,0",
        [NEUTRAL] = ",10,0,0,0,0,0,0,0,0,0",
        [SADNESS] = ",2,0,0,8,0,0,0,0,0,0"};
    text_buffer csv = {0};
    char path[64];
    text_add(&csv, "media,split,fer2013,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,nf\n");
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        bool voted = felt(plan, i) >= 0 && plan->clips[i].number != plan->options.clips_per_speaker;
        layout_face_path(plan, i, path, sizeof path);
        text_format(&csv, "%s,%s,%s%s\n", path, split_name(plan, i), name_of(names, felt(plan, i)),
            voted ? votes[felt(plan, i)] : ",,,,,,,,,,");
    }
    return layout_write_file(folder, "pictures.csv", &csv, error);
}

/* --- GoEmotions ---------------------------------------------------------------------------------------------------- */

smac_status layout_write_goemotions(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const names[FELT] = {"anger annoyance", "joy", "neutral", "sadness"};
    text_buffer csv = {0};
    text_add(&csv, "id,split,text,emotions\n");
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        text_format(&csv, "comment%04" PRId64 ",%s", i + 1, split_name(plan, i));
        csv_add_cell(&csv, layout_text(plan, i), false);
        text_format(&csv, ",%s\n", name_of(names, felt(plan, i)));
    }
    return layout_write_file(folder, "comments.csv", &csv, error);
}
