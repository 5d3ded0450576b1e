/* synth/layouts.c - tables of the layouts; each clip's place in them. */
#include "synth/layouts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "synth/layouts_internal.h"

/* The clips that have the faults. */
enum { MISSING_CLIP, DAMAGED_CLIP, EMPTY_CLIP, LABEL_CLIP };

typedef struct layout {
    const char *name;
    void (*path)(const synth_plan *plan, int64_t index, char *out, size_t size); /* NULL: no recordings */
    smac_status (*write)(const synth_plan *plan, const char *folder, smac_error *error);
} layout;

bool layout_has_fault(const synth_plan *plan, unsigned fault)
{
    return (plan->options.faults & fault) != 0;
}

/* --- what rows hold ----------------------------------------------------------------------------------------------- */

int64_t layout_rows(const synth_plan *plan)
{
    return plan->options.clips + (layout_has_fault(plan, SYNTH_DUPLICATE) ? 1 : 0);
}

int64_t layout_clip_of_row(const synth_plan *plan, int64_t row)
{
    return row < plan->options.clips ? row : plan->options.clips - 1;
}

const char *layout_text(const synth_plan *plan, int64_t index)
{
    return index == EMPTY_CLIP && layout_has_fault(plan, SYNTH_EMPTY) ? "" : plan->clips[index].text;
}

bool layout_is_damaged(const synth_plan *plan, int64_t index)
{
    return index == DAMAGED_CLIP && layout_has_fault(plan, SYNTH_DAMAGED);
}

bool layout_has_unknown_label(const synth_plan *plan, int64_t index)
{
    return index == LABEL_CLIP && layout_has_fault(plan, SYNTH_LABEL);
}

static const char *emotion_of(const synth_plan *plan, int64_t index)
{
    return layout_has_unknown_label(plan, index) ? "rage" : synth_emotion(&plan->clips[index].states);
}

synth_split layout_split(const synth_plan *plan, int64_t index)
{
    return plan->speakers[plan->clips[index].speaker].split;
}

static const char *split_name(const synth_plan *plan, int64_t index)
{
    static const char *const names[SYNTH_SPLITS] = {"train", "valid", "test"};
    return names[layout_split(plan, index)];
}

const char *layout_said_before(const synth_plan *plan, int64_t index)
{
    return index > 0 && plan->clips[index - 1].speaker == plan->clips[index].speaker ? plan->clips[index - 1].text
                                                                                     : NULL;
}

static void add_quoted(text_buffer *out, const char *text)
{
    json_t *value = json_from_text(text);
    char *quoted = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    if (quoted)
        text_add(out, quoted);
    else
        out->failed = true;
    free(quoted);
    json_decref(value);
}

smac_status layout_write_file(const char *folder, const char *name, text_buffer *text, smac_error *error)
{
    char *path = path_join(folder, name), *slash = path ? strrchr(path, '/') : NULL;
    char *within = slash ? memory_copy_text_n(path, (size_t)(slash - path)) : NULL;
    smac_status status =
        !within || text->failed ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for %s", name) : folder_make(within, error);
    if (status == SMAC_OK)
        status = file_write(path, text->data ? text->data : "", text->length, error);
    free(within);
    free(path);
    text_free(text);
    return status;
}

/* --- CH-SIMS ------------------------------------------------------------------------------------------------------ */

static smac_status write_sims(const synth_plan *plan, const char *folder, smac_error *error)
{
    text_buffer csv = {0};
    synth_plan_csv_head(&csv);
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        synth_plan_csv_row(plan, i, layout_text(plan, i), layout_has_unknown_label(plan, i) ? 7 : NAN, &csv);
    }
    return layout_write_file(folder, "label.csv", &csv, error);
}

/* --- MELD: a speaker's clips are a dialogue ----------------------------------------------------------------------- */

static void meld_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    static const char *const folders[SYNTH_SPLITS] = {
        "train_splits", "dev_splits_complete", "output_repeated_splits_test"};
    snprintf(out, size, "%s/dia%" PRId64 "_utt%d.mp4", folders[layout_split(plan, index)], plan->clips[index].speaker,
        plan->clips[index].number - 1);
}

static smac_status write_meld(const synth_plan *plan, const char *folder, smac_error *error)
{
    static const char *const files[SYNTH_SPLITS] = {"train_sent_emo.csv", "dev_sent_emo.csv", "test_sent_emo.csv"};
    for (int split = 0; split < SYNTH_SPLITS; split++) {
        const char *end = split == SYNTH_TRAIN ? "\r\n" : "\n"; /* as in the release */
        text_buffer csv = {0};
        int64_t count = 0;
        text_format(&csv,
            "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime%s",
            end);
        for (int64_t row = 0; row < layout_rows(plan); row++) {
            int64_t i = layout_clip_of_row(plan, row);
            double label = synth_label(&plan->clips[i].states);
            if (layout_split(plan, i) != (synth_split)split)
                continue;
            text_format(&csv, "%" PRId64, ++count);
            csv_add_cell(&csv, layout_text(plan, i), false);
            text_format(&csv, ",speaker_%04" PRId64 ",%s,%s,%" PRId64 ",%d,1,1,\"00:00:00,000\",\"00:00:02,000\"%s",
                plan->clips[i].speaker + 1, emotion_of(plan, i),
                label <= -0.1      ? "negative"
                    : label <= 0.1 ? "neutral"
                                   : "positive",
                plan->clips[i].speaker, plan->clips[i].number - 1, end);
        }
        smac_status status = SMAC_OK;
        if (count)
            status = layout_write_file(folder, files[split], &csv, error);
        text_free(&csv);
        TRY(status);
    }
    return SMAC_OK;
}

/* --- MUStARD ------------------------------------------------------------------------------------------------------ */

static void mustard_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    snprintf(
        out, size, "utterances_final/%" PRId64 "_%d.mp4", plan->clips[index].speaker + 1, plan->clips[index].number);
}

static smac_status write_mustard(const synth_plan *plan, const char *folder, smac_error *error)
{
    text_buffer json = {0};
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        const plan_clip *clip = &plan->clips[i];
        const char *before = layout_said_before(plan, i);
        text_format(
            &json, "%s\"%" PRId64 "_%d\": {\"utterance\": ", row ? ",\n" : "{", clip->speaker + 1, clip->number);
        add_quoted(&json, layout_text(plan, i));
        text_format(&json, ", \"speaker\": \"SPEAKER_%" PRId64 "\", \"context\": [", clip->speaker + 1);
        if (before)
            add_quoted(&json, before);
        text_add(&json, "], \"context_speakers\": [");
        if (before)
            text_format(&json, "\"SPEAKER_%" PRId64 "\"", clip->speaker + 1);
        text_format(&json, "], \"show\": \"%s\", \"sarcasm\": %s}",
            layout_split(plan, i) == SYNTH_TEST ? "FRIENDS" : "BBT",
            layout_has_unknown_label(plan, i)  ? "\"perhaps\""
                : synth_sarcasm(&clip->states) ? "true"
                                               : "false");
    }
    text_add(&json, "}\n");
    return layout_write_file(folder, "sarcasm_data.json", &json, error);
}

/* --- UR-FUNNY, CMU-MultimodalSDK (synth/layouts_binary.c) ----------------------------------------------------------- */

static void urfunny_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    (void)plan;
    snprintf(out, size, "urfunny2_videos/%" PRId64 ".mp4", index + 1);
}

static void csd_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    snprintf(out, size, "Raw/Video/Segmented/video_%04" PRId64 "_%d.mp4", plan->clips[index].speaker + 1,
        plan->clips[index].number);
}

/* --- IEMOCAP: a speaker's clips are a dialogue; those of the test part are session 5 --------------------------------- */

static int session_of(const synth_plan *plan, int64_t speaker)
{
    return plan->speakers[speaker].split == SYNTH_TEST ? 5 : 1 + (int)(speaker % 4);
}

static void iemocap_dialogue(const synth_plan *plan, int64_t speaker, char *out, size_t size)
{
    snprintf(out, size, "Ses%02dF_impro%02" PRId64, session_of(plan, speaker), speaker + 1);
}

static void iemocap_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    char dialogue[64];
    const plan_clip *clip = &plan->clips[index];
    iemocap_dialogue(plan, clip->speaker, dialogue, sizeof dialogue);
    snprintf(out, size, "Session%d/sentences/wav/%.40s/%.40s_F%03d.wav", session_of(plan, clip->speaker), dialogue,
        dialogue, clip->number - 1);
}

static const char *iemocap_code(const synth_plan *plan, int64_t index)
{
    static const char *const codes[][2] = {{"joy", "hap"}, {"sadness", "sad"}, {"anger", "ang"}, {"neutral", "neu"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i][0], emotion_of(plan, index)) == 0)
            return codes[i][1];
    return "rag"; /* the fault of an unknown label */
}

static smac_status write_iemocap(const synth_plan *plan, const char *folder, smac_error *error)
{
    for (int64_t speaker = 0; speaker < plan->speaker_count; speaker++) {
        char dialogue[64], name[160];
        text_buffer labels = {0}, words = {0};
        iemocap_dialogue(plan, speaker, dialogue, sizeof dialogue);
        text_add(&labels, "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n");
        for (int64_t row = 0; row < layout_rows(plan); row++) {
            int64_t i = layout_clip_of_row(plan, row);
            int number = plan->clips[i].number - 1;
            if (plan->clips[i].speaker != speaker)
                continue;
            text_format(&labels, "[%d.0000 - %d.0000]\t%s_F%03d\t%s\t[2.5000, 2.5000, 2.5000]\nC-E1:\tNeutral;\t()\n\n",
                10 * number, 10 * number + 8, dialogue, number, iemocap_code(plan, i));
            text_format(&words, "%s_F%03d [%03d.0000-%03d.0000]: %s\n", dialogue, number, 10 * number, 10 * number + 8,
                layout_text(plan, i));
        }
        snprintf(name, sizeof name, "Session%d/dialog/EmoEvaluation/%s.txt", session_of(plan, speaker), dialogue);
        smac_status status = layout_write_file(folder, name, &labels, error);
        snprintf(name, sizeof name, "Session%d/dialog/transcriptions/%s.txt", session_of(plan, speaker), dialogue);
        if (status == SMAC_OK)
            status = layout_write_file(folder, name, &words, error);
        text_free(&words);
        TRY(status);
    }
    return SMAC_OK;
}

/* --- a table, a manifest ------------------------------------------------------------------------------------------ */

static void plain_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    snprintf(out, size, "clips/%04" PRId64 "_%d.mp4", plan->clips[index].speaker + 1, plan->clips[index].number);
}

static smac_status write_table(const synth_plan *plan, const char *folder, smac_error *error)
{
    text_buffer csv = {0};
    char path[64];
    text_add(&csv, "id,media,text,speaker,split,emotion\n");
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        plain_path(plan, i, path, sizeof path);
        text_format(&csv, "clip%04" PRId64 ",%s", i + 1, path);
        csv_add_cell(&csv, layout_text(plan, i), false);
        text_format(&csv, ",speaker_%04" PRId64 ",%s,%s\n", plan->clips[i].speaker + 1,
            layout_has_unknown_label(plan, i) ? "later" : split_name(plan, i), synth_emotion(&plan->clips[i].states));
    }
    return layout_write_file(folder, "clips.csv", &csv, error);
}

static smac_status write_manifest(const synth_plan *plan, const char *folder, smac_error *error)
{
    text_buffer json = {0};
    char path[64];
    text_add(&json,
        "{\"tasks\": {\"sentiment\": {\"range\": [-1, 1], \"protocol\": \"sims\"}, \"emotion\": {\"classes\": "
        "[\"neutral\", \"joy\", \"sadness\", \"anger\"]}}}\n");
    for (int64_t row = 0; row < layout_rows(plan); row++) {
        int64_t i = layout_clip_of_row(plan, row);
        const synth_states *s = &plan->clips[i].states;
        plain_path(plan, i, path, sizeof path);
        text_format(&json, "{\"id\": \"clip%04" PRId64 "\", \"split\": \"%s\", \"media\": \"%s\", \"text\": ", i + 1,
            split_name(plan, i), path);
        add_quoted(&json, layout_text(plan, i));
        if (layout_said_before(plan, i)) {
            text_add(&json, ", \"context\": ");
            add_quoted(&json, layout_said_before(plan, i));
        }
        text_format(&json,
            ", \"speaker\": \"speaker_%04" PRId64 "\", \"labels\": {\"sentiment\": %.4f, \"emotion\": \"%s\"}, "
            "\"labels_text\": {\"sentiment\": %.4f}, \"labels_audio\": {\"sentiment\": %.4f}, \"labels_vision\": "
            "{\"sentiment\": %.4f}}\n",
            plan->clips[i].speaker + 1, synth_label(s), emotion_of(plan, i), s->text, s->audio, s->vision);
    }
    return layout_write_file(folder, "set.jsonl", &json, error);
}

/* --- folders of classes ------------------------------------------------------------------------------------------- */

static void class_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    snprintf(out, size, "%s/%s/%04" PRId64 "_%d.mp4", split_name(plan, index), emotion_of(plan, index),
        plan->clips[index].speaker + 1, plan->clips[index].number);
}

static smac_status write_nothing(const synth_plan *plan, const char *folder, smac_error *error)
{
    (void)plan, (void)folder, (void)error;
    return SMAC_OK; /* the folders say everything */
}

/* --- the layouts -------------------------------------------------------------------------------------------------- */

static const layout layouts[] = {{"sims", synth_plan_path, write_sims}, {"meld", meld_path, write_meld},
    {"mustard", mustard_path, write_mustard}, {"urfunny", urfunny_path, layout_write_urfunny},
    {"iemocap", iemocap_path, write_iemocap}, {"csd", csd_path, layout_write_csd},
    {"pickle", NULL, layout_write_pickle}, {"cremad", NULL, layout_write_cremad},
    {"ravdess", layout_voice_path, layout_write_ravdess}, {"emodb", layout_voice_path, layout_write_emodb},
    {"faces", layout_face_path, layout_write_faces}, {"goemotions", NULL, layout_write_goemotions},
    {"table", plain_path, write_table}, {"manifest", plain_path, write_manifest},
    {"folder", class_path, write_nothing}};

static const layout *find_layout(const char *name)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (strcmp(layouts[i].name, name) == 0)
            return &layouts[i];
    return NULL;
}

bool layout_is_known(const char *name)
{
    return find_layout(name) != NULL;
}

const char *layout_names(void)
{
    return "sims, meld, mustard, urfunny, iemocap, csd, pickle, cremad, ravdess, emodb, faces, goemotions, table, manifest or folder";
}

bool layout_faults(const char *names, unsigned *out)
{
    static const struct {
        const char *name;
        synth_fault fault;
    } faults[] = {{"missing", SYNTH_MISSING}, {"damaged", SYNTH_DAMAGED}, {"empty", SYNTH_EMPTY},
        {"label", SYNTH_LABEL}, {"duplicate", SYNTH_DUPLICATE}};
    *out = 0;
    while (*names) {
        size_t length = strcspn(names, ","), i = 0;
        while (i < sizeof faults / sizeof *faults &&
            (strlen(faults[i].name) != length || strncmp(faults[i].name, names, length) != 0))
            i++;
        if (i == sizeof faults / sizeof *faults)
            return false;
        *out |= faults[i].fault;
        names += length + (names[length] == ',');
    }
    return true;
}

const char *layout_fault_names(void)
{
    return "missing, damaged, empty, label, duplicate";
}

void layout_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    find_layout(plan->options.layout)->path(plan, index, out, size);
}

bool layout_has_media(const synth_plan *plan)
{
    return find_layout(plan->options.layout)->path != NULL;
}

bool layout_is_missing(const synth_plan *plan, int64_t index)
{
    return index == MISSING_CLIP && layout_has_fault(plan, SYNTH_MISSING);
}

smac_status layout_write(const synth_plan *plan, const char *folder, smac_error *error)
{
    if (layout_has_fault(plan, SYNTH_DAMAGED) && layout_has_media(plan)) {
        char name[128];
        text_buffer bytes = {0};
        layout_path(plan, DAMAGED_CLIP, name, sizeof name);
        text_add(&bytes, "not a recording\n");
        TRY(layout_write_file(folder, name, &bytes, error));
    }
    return find_layout(plan->options.layout)->write(plan, folder, error);
}
