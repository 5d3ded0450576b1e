/* train/trainer_pairs.c - clips of each task and modality by label, and samples made of several of them. */
#include "train/trainer_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/emotions.h"
#include "train/trainer_internal.h"

enum { SCORE_BINS = 10, NUMBERS_A_PLACE = 16 };

/* Training clips that have a label of the task and the modality, those of one label side by side. */
typedef struct labelled_clips {
    int64_t *clips;
    int64_t first[TASK_CLASSES_MAX + 1]; /* of each bin, and the end */
} labelled_clips;

typedef struct task_clips {
    int bins;
    int valence[TASK_CLASSES_MAX]; /* of each bin: 1, -1 or 0 */
    labelled_clips of[MODALITIES];
} task_clips;

struct clip_pairs {
    task_clips tasks[OBJECTIVE_TASKS_MAX];
    int task_count;
    int unlike_task, unlike_class; /* -1: none */
};

/* --- labels as bins ----------------------------------------------------------------------------------------------- */

/* The class with the largest weight, or the tenth of the range. */
static int bin_of(const training_task *task, int64_t clip)
{
    const float *truth = task->truth + clip * task->targets;
    const task_description *d = task->task;
    int best = 0;
    if (d->kind == TASK_REGRESSION) {
        int bin = (int)(SCORE_BINS * ((double)truth[0] - d->low) / (d->high - d->low));
        return bin < 0 ? 0 : bin >= SCORE_BINS ? SCORE_BINS - 1 : bin;
    }
    for (int c = 1; c < task->targets; c++)
        best = truth[c] > truth[best] ? c : best;
    return best;
}

static int valence_of(const task_description *task, int bin)
{
    if (task->kind == TASK_REGRESSION)
        return bin < SCORE_BINS * 4 / 10 ? -1 : bin >= SCORE_BINS * 6 / 10 ? 1 : 0;
    const char *name = task->class_names[bin];
    int emotion = emotion_from_name(name);
    if (emotion >= 0)
        return emotion == EMOTION_JOY ? 1 : emotion == EMOTION_NEUTRAL || emotion == EMOTION_SURPRISE ? 0 : -1;
    return strcmp(name, "positive") == 0 ? 1 : strcmp(name, "negative") == 0 ? -1 : 0;
}

static const sample *sample_of(const training *t, int64_t clip)
{
    return &t->cache->samples[t->items[clip]];
}

/* --- the clips ---------------------------------------------------------------------------------------------------- */

static smac_status collect_labelled(const training *t, int task, int m, task_clips *all, smac_error *error)
{
    const training_task *from = &t->tasks[task];
    labelled_clips *out = &all->of[m];
    int64_t next[TASK_CLASSES_MAX] = {0};
    out->clips = memory_new((size_t)t->count + 1, sizeof *out->clips);
    if (!out->clips)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the labels of %lld clips", (long long)t->count);
    for (int64_t i = 0; i < t->count; i++)
        if (from->have[i] && sample_of(t, i)->present[m])
            next[bin_of(from, i)]++;
    for (int bin = 0; bin < all->bins; bin++) {
        out->first[bin + 1] = out->first[bin] + next[bin];
        next[bin] = out->first[bin];
    }
    for (int64_t i = 0; i < t->count; i++)
        if (from->have[i] && sample_of(t, i)->present[m])
            out->clips[next[bin_of(from, i)]++] = i;
    return SMAC_OK;
}

/* train.unlike: "sarcasm:sarcastic". */
static smac_status read_unlike(const training *t, clip_pairs *p, smac_error *error)
{
    const char *text = t->run->train.unlike, *colon = strchr(text, ':');
    p->unlike_task = p->unlike_class = -1;
    if (!*text)
        return SMAC_OK;
    for (int k = 0; colon && k < t->task_count; k++) {
        const task_description *task = t->tasks[k].task;
        if (strncmp(task->name, text, (size_t)(colon - text)) != 0 || task->name[colon - text])
            continue;
        for (int c = 0; c < task->classes; c++)
            if (strcmp(task->class_names[c], colon + 1) == 0) {
                p->unlike_task = k;
                p->unlike_class = c;
            }
    }
    if (p->unlike_class < 0)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "train.unlike is '%.100s', expected TASK:CLASS of one of the run's tasks, as sarcasm:sarcastic", text);
    return SMAC_OK;
}

/* Whether some clip lacks a modality that a clip with the same label has. */
static bool can_join(const training *t, const clip_pairs *p)
{
    for (int k = 0; k < p->task_count; k++)
        for (int64_t i = 0; i < t->count; i++)
            for (int m = 0; t->tasks[k].have[i] && m < MODALITIES; m++) {
                int bin = bin_of(&t->tasks[k], i);
                const int64_t *first = p->tasks[k].of[m].first;
                if (t->model->has[m] && !sample_of(t, i)->present[m] && first[bin + 1] > first[bin])
                    return true;
            }
    return false;
}

smac_status clip_pairs_new(const training *t, clip_pairs **out, smac_error *error)
{
    *out = NULL;
    if (!(t->run->train.pairs > 0))
        return SMAC_OK;
    clip_pairs *p = memory_new(1, sizeof *p);
    if (!p)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for pairs of clips");
    smac_status status = read_unlike(t, p, error);
    p->task_count = t->task_count;
    for (int k = 0; k < t->task_count && status == SMAC_OK; k++) {
        task_clips *task = &p->tasks[k];
        task->bins = t->tasks[k].task->kind == TASK_REGRESSION ? SCORE_BINS : t->tasks[k].targets;
        for (int bin = 0; bin < task->bins; bin++)
            task->valence[bin] = valence_of(t->tasks[k].task, bin);
        for (int m = 0; m < MODALITIES && status == SMAC_OK; m++)
            status = collect_labelled(t, k, m, task, error);
    }
    if (status != SMAC_OK) {
        clip_pairs_free(p);
        return status;
    }
    if (!can_join(t, p))
        report_log(t->report, LOG_WARNING,
            "train.pairs has no effect: no training clip lacks a modality that another one with the same label has");
    *out = p;
    return SMAC_OK;
}

void clip_pairs_free(clip_pairs *p)
{
    for (int k = 0; p && k < p->task_count; k++)
        for (int m = 0; m < MODALITIES; m++)
            free(p->tasks[k].of[m].clips);
    free(p);
}

/* --- one sample --------------------------------------------------------------------------------------------------- */

/* Random numbers of one place of the epoch. */
typedef struct place_numbers {
    uint64_t seed, stream, at;
} place_numbers;

static double number_at(const place_numbers *n, int which)
{
    return (double)random_uniform_at(n->seed, n->stream, n->at + (uint64_t)which);
}

static int64_t below(double u, int64_t count)
{
    int64_t k = (int64_t)(u * (double)count);
    return k < count ? k : count - 1;
}

/* A clip of the bin, or unlike: of a bin of the opposite valence; -1: there is none. */
static int64_t draw_part(const task_clips *task, int m, int bin, bool unlike, double u)
{
    const labelled_clips *of = &task->of[m];
    int64_t count = 0;
    for (int b = 0; b < task->bins; b++)
        if (unlike ? task->valence[b] == -task->valence[bin] : b == bin)
            count += of->first[b + 1] - of->first[b];
    if (count == 0 || (unlike && task->valence[bin] == 0))
        return -1;
    int64_t k = below(u, count);
    for (int b = 0; b < task->bins; b++) {
        int64_t own = of->first[b + 1] - of->first[b];
        if (!(unlike ? task->valence[b] == -task->valence[bin] : b == bin))
            continue;
        if (k < own)
            return of->clips[of->first[b] + k];
        k -= own;
    }
    return -1;
}

/* Each missing modality with an even chance, but at least one where there is one; false: none could be had. */
static bool fill_parts(const training *t, const clip_pairs *p, const place_numbers *n, int64_t clip, clip_pair *pair)
{
    const task_clips *task = &p->tasks[pair->task];
    int bin = bin_of(&t->tasks[pair->task], clip), found[MODALITIES], count = 0;
    int64_t parts[MODALITIES];
    for (int m = 0; m < MODALITIES; m++) {
        if (!t->model->has[m] || pair->part[m] >= 0)
            continue;
        parts[m] = draw_part(task, m, bin, pair->unlike, number_at(n, 3 + m));
        if (parts[m] >= 0)
            found[count++] = m;
    }
    if (count == 0)
        return false;
    int sure = found[below(number_at(n, 6), count)];
    for (int i = 0; i < count; i++)
        if (found[i] == sure || number_at(n, 7 + found[i]) < 0.5)
            pair->part[found[i]] = parts[found[i]];
    return true;
}

clip_pair clip_pairs_at(const training *t, int64_t place, int64_t clip)
{
    const clip_pairs *p = t->pairs;
    clip_pair pair = {.made = false};
    place_numbers n = {(uint64_t)t->run->train.seed, random_stream("train.pairs"),
        ((uint64_t)(t->epoch - 1) * (uint64_t)t->count + (uint64_t)place) * NUMBERS_A_PLACE};
    if (!p || number_at(&n, 0) >= t->run->train.pairs)
        return pair;
    for (int m = 0; m < MODALITIES; m++)
        pair.part[m] = t->model->has[m] && sample_of(t, clip)->present[m] ? clip : -1;
    pair.unlike = p->unlike_task >= 0 && number_at(&n, 1) < t->run->train.pairs_unlike;
    int from = (int)below(number_at(&n, 2), p->task_count);
    for (int i = 0; i < p->task_count && !pair.made; i++) {
        pair.task = (from + i) % p->task_count;
        bool usable = t->tasks[pair.task].have[clip] && !(pair.unlike && pair.task == p->unlike_task);
        pair.made = usable && fill_parts(t, p, &n, clip, &pair);
    }
    return pair;
}

void clip_pair_sample(const training *t, const clip_pair *pair, sample *out)
{
    memset(out, 0, sizeof *out);
    for (int m = 0; m < MODALITIES; m++)
        if (pair->part[m] >= 0)
            sample_borrow(out, sample_of(t, pair->part[m]), m);
}

/* Fused and shared heads: the mean of the parts' truth; each modality's head: its own part's label. */
static void labels_of_parts(const training *t, const clip_pair *pair, const pair_labels *out)
{
    const training_task *task = &t->tasks[pair->task];
    int n = task->targets, count = 0;
    memset(out->target, 0, (size_t)n * sizeof *out->target);
    for (int m = 0; m < MODALITIES; m++) {
        if (pair->part[m] < 0)
            continue;
        label_generation_gather(task->labels, (modality)m, &pair->part[m], 1, out->labels[m]);
        for (int c = 0; c < n; c++)
            out->target[c] += task->truth[pair->part[m] * n + c];
        count++;
    }
    for (int c = 0; c < n; c++)
        out->target[c] /= (float)count;
    memcpy(out->labels[MODALITY_SHARED], out->target, (size_t)n * sizeof *out->target);
}

/* The class of train.unlike, or of parts that agree the others evenly. */
static void labels_of_likeness(const training *t, const clip_pair *pair, const pair_labels *out)
{
    int n = t->tasks[t->pairs->unlike_task].targets, unlike = t->pairs->unlike_class;
    for (int c = 0; c < n; c++)
        out->target[c] = (c == unlike) == pair->unlike ? 1 / (float)(pair->unlike ? 1 : n - 1) : 0;
    for (int m = 0; m < MODALITIES_AND_SHARED; m++)
        memcpy(out->labels[m], out->target, (size_t)n * sizeof *out->target);
    *out->fused_only = 1;
}

void clip_pair_labels(const training *t, const clip_pair *pair, int task, const pair_labels *out)
{
    bool common = task == pair->task && !pair->unlike;
    *out->fused_only = 0;
    *out->valid = common || task == t->pairs->unlike_task;
    if (common)
        labels_of_parts(t, pair, out);
    else if (*out->valid)
        labels_of_likeness(t, pair, out);
}
