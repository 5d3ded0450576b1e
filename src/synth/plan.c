/* synth/plan.c - planning a set.  See plan.h. */
#include "synth/plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/memory.h"
#include "synth/sentences.h"

static random_sequence stream(const synth_options *options, const char *name, int64_t index)
{
    return random_start(options->seed, random_stream(name) + (uint64_t)index);
}

/* Speakers to splits (shuffled), and to each the next variant of its split. */
static smac_status share_out(synth_plan *plan, smac_error *error)
{
    int64_t count = plan->speaker_count;
    size_t variants = voice_variant_count();
    int64_t *order = memory_new((size_t)count, sizeof *order), *voices = memory_new(variants, sizeof *voices);
    if (!order || !voices) {
        free(order);
        free(voices);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for %" PRId64 " speakers", count);
    }
    for (int64_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = 0; i < variants; i++)
        voices[i] = (int64_t)i;
    random_sequence random = stream(&plan->options, "synth speakers", 0);
    random_shuffle(&random, order, count);
    random_shuffle(&random, voices, (int64_t)variants);
    int64_t test = count < 2 ? 0 : (int64_t)fmax(1, floor(0.2 * (double)count + 0.5));
    int64_t valid = count < 3 ? 0 : (int64_t)fmax(1, floor(0.1 * (double)count + 0.5));
    int64_t first[SYNTH_SPLITS] = {test + valid, test, 0}; /* of the shuffled speakers: test, valid, train */
    size_t test_voices = variants / 5, valid_voices = variants / 10;
    size_t from[SYNTH_SPLITS] = {test_voices + valid_voices, test_voices, 0};
    size_t many[SYNTH_SPLITS] = {variants - test_voices - valid_voices, valid_voices, test_voices};
    for (int64_t i = 0; i < count; i++) {
        synth_split split = i < test ? SYNTH_TEST : i < test + valid ? SYNTH_VALID : SYNTH_TRAIN;
        size_t rank = (size_t)(i - first[split]);
        plan->speakers[order[i]] = (plan_speaker){split, (size_t)voices[from[split] + rank % many[split]]};
    }
    free(order);
    free(voices);
    return SMAC_OK;
}

/* A set of sentences already used, by their 64-bit hash (a collision only costs another draw). */
typedef struct used_set {
    uint64_t *slots; /* 0: free */
    size_t mask;
} used_set;

static bool use(used_set *set, const char *text)
{
    uint64_t hash = random_stream(text);
    hash += hash == 0;
    for (size_t at = (size_t)hash & set->mask;; at = (at + 1) & set->mask) {
        if (set->slots[at] == hash)
            return false;
        if (!set->slots[at]) {
            set->slots[at] = hash;
            return true;
        }
    }
}

/* Draw states of the kind and a sentence that shows s_t, until the words' real value still is of the kind. */
static smac_status plan_one(
    const synth_plan *plan, int64_t index, synth_kind kind, used_set *used, plan_clip *clip, smac_error *error)
{
    random_sequence random = stream(&plan->options, "synth clip", index);
    for (int tries = 0; tries < 1000; tries++) {
        clip->states = synth_states_draw(&random, kind);
        synth_sentence sentence;
        synth_sentence_near(&random, clip->states.temper, clip->states.text, 0.04, &sentence);
        clip->states.text = sentence.value;
        if (!synth_states_are(&clip->states, kind) || !use(used, sentence.text))
            continue;
        clip->text = memory_copy_text(sentence.text);
        return clip->text ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for a sentence");
    }
    return FAIL(error, SMAC_ERROR_UNSUPPORTED,
        "the grammar has no new sentence left for clip %" PRId64 ": ask for fewer clips", index + 1);
}

smac_status synth_plan_make(const synth_options *options, synth_plan *out, smac_error *error)
{
    int64_t count = options->clips, a_speaker = options->clips_per_speaker;
    *out = (synth_plan){.options = *options, .speaker_count = (count + a_speaker - 1) / a_speaker};
    out->speakers = memory_new((size_t)out->speaker_count, sizeof *out->speakers);
    out->clips = memory_new((size_t)count, sizeof *out->clips);
    used_set used = {NULL, 1023};
    while (used.mask < (size_t)count * 4)
        used.mask = used.mask * 2 + 1;
    used.slots = memory_new(used.mask + 1, sizeof *used.slots);
    smac_status status = SMAC_OK;
    if (!out->speakers || !out->clips || !used.slots)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for a plan of %" PRId64 " clips", count);
    else
        status = share_out(out, error);
    int64_t in_split[SYNTH_SPLITS] = {0};
    for (int64_t i = 0; i < count && status == SMAC_OK; i++) {
        plan_clip *clip = &out->clips[i];
        clip->speaker = i / a_speaker;
        clip->number = (int)(i % a_speaker) + 1;
        synth_split split = out->speakers[clip->speaker].split;
        status = plan_one(out, i, synth_kind_at(in_split[split]++), &used, clip, error);
    }
    free(used.slots);
    if (status != SMAC_OK)
        synth_plan_free(out);
    return status;
}

void synth_plan_free(synth_plan *plan)
{
    if (plan->clips)
        for (int64_t i = 0; i < plan->options.clips; i++)
            free(plan->clips[i].text);
    free(plan->clips);
    free(plan->speakers);
    *plan = (synth_plan){0};
}

clip_plan synth_plan_clip(const synth_plan *plan, int64_t index)
{
    const plan_clip *clip = &plan->clips[index];
    size_t variant = plan->speakers[clip->speaker].variant;
    clip_plan out = {
        .states = clip->states, .text = clip->text, .random = stream(&plan->options, "synth details", index)};
    random_sequence random = stream(&plan->options, "synth voice", clip->speaker);
    voice_identity_draw(&random, variant, &out.voice);
    random = stream(&plan->options, "synth face", clip->speaker);
    face_identity_draw(&random, voice_variant_woman(variant), &out.face);
    return out;
}

void synth_plan_path(const synth_plan *plan, int64_t index, char *out, size_t size)
{
    const plan_clip *clip = &plan->clips[index];
    snprintf(out, size, "Raw/video_%04" PRId64 "/%04d.mp4", clip->speaker + 1, clip->number);
}

/* Four decimals with a point whatever the locale; -0 is 0. */
static void add_number(text_buffer *out, double value)
{
    long ten_thousandths = lround(value * 10000);
    long size = labs(ten_thousandths);
    text_format(out, ",%s%ld.%04ld", ten_thousandths < 0 ? "-" : "", size / 10000, size % 10000);
}

void synth_plan_csv_head(text_buffer *out)
{
    text_add(out,
        "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode,"
        "conflict,emotion,humor,sarcasm,irony,speaker,voice\n");
}

void synth_plan_csv_row(const synth_plan *plan, int64_t index, const char *text, double label, text_buffer *out)
{
    static const char *const modes[] = {"train", "valid", "test"};
    const plan_clip *clip = &plan->clips[index];
    const synth_states *s = &clip->states;
    clip_plan full = synth_plan_clip(plan, index);
    double own = synth_label(s);
    text_format(out, "video_%04" PRId64 ",%04d", clip->speaker + 1, clip->number);
    csv_add_cell(out, text, false);
    add_number(out, isnan(label) ? own : label);
    add_number(out, s->text);
    add_number(out, s->audio);
    add_number(out, s->vision);
    text_format(out, ",%s,%s,%d,%s,%d,%d,%d,speaker_%04" PRId64 ",%s\n", synth_annotation(own),
        modes[plan->speakers[clip->speaker].split], synth_conflict(s), synth_emotion(s), synth_humor(s),
        synth_sarcasm(s), synth_irony(s), clip->speaker + 1, full.voice.name);
}

void synth_plan_csv(const synth_plan *plan, text_buffer *out)
{
    synth_plan_csv_head(out);
    for (int64_t i = 0; i < plan->options.clips; i++)
        synth_plan_csv_row(plan, i, plan->clips[i].text, NAN, out);
}
