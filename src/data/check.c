/* data/check.c - counting a dataset and finding what is wrong with it. */
#include "data/check.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "data/check_media.h"

enum { BINS = 7 };

/* The numbers of clips that the makers of a set state; 0: not stated.  Of layouts with folds all folds have the total. */
static const struct {
    const char *layout;
    int64_t clips[SPLIT_COUNT], total;
} official[] = {{"mosi", {1284, 229, 686}, 2199}, {"mosei", {16326, 1871, 4659}, 22856},
    {"sims", {1368, 456, 457}, 2281}, {"simsv2", {2722, 647, 1034}, 4403}, {"meld", {9989, 1109, 2610}, 13708},
    {"goemotions", {43410, 5426, 5427}, 54263}, {"faces", {28709, 3589, 3589}, 35887}, {"mustard", {0, 0, 356}, 690},
    {"iemocap4", {0, 0, 0}, 5531}, {"iemocap6", {0, 0, 0}, 7433}, {"urfunny", {0, 0, 0}, 10166},
    {"cremad", {0, 0, 0}, 7442}, {"ravdess", {0, 0, 0}, 1440}};

/* --- problems ----------------------------------------------------------------------------------------------------- */

void check_problem(json_t *problems, const char *kind, const char *example)
{
    size_t i;
    json_t *one;
    json_array_foreach(problems, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "kind")), kind) != 0)
            continue;
        json_object_set_new(one, "count", json_integer(json_integer_value(json_object_get(one, "count")) + 1));
        json_array_append_new(json_object_get(one, "examples"), json_from_text(example));
        return;
    }
    json_array_append_new(
        problems, json_pack("{s:s, s:i, s:[o]}", "kind", kind, "count", 1, "examples", json_from_text(example)));
}

typedef struct named_item {
    const char *name;
    const dataset_item *item;
} named_item;

static int compare_named(const void *a, const void *b)
{
    const named_item *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->item < y->item ? -1 : x->item > y->item;
}

/* Letters and digits of a text in lower case (ASCII) with single spaces: what makes two texts the same sentence. */
static char *plain_words(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;
    for (const char *c = text; out && *c; c++) {
        unsigned char u = (unsigned char)*c;
        if (isalnum(u) || u >= 0x80)
            *to++ = (char)tolower(u);
        else if (u == '\'')
            continue;
        else if (to > out && to[-1] != ' ')
            *to++ = ' ';
    }
    if (to > out && to[-1] == ' ')
        to--;
    if (out)
        *to = 0;
    return out;
}

static void describe_pair(const named_item *a, const named_item *b, const char *name, text_buffer *out)
{
    out->length = 0;
    text_format(out, "%.80s (%s and %s: %.60s, %.60s)", name, dataset_split_name(a->item->split),
        dataset_split_name(b->item->split), a->item->id, b->item->id);
}

/* Each name once: whether it occurs twice in a split, and whether it is in several splits. */
static void find_repeats(named_item *items, size_t count, const char *within, const char *across, json_t *problems)
{
    text_buffer example = {0};
    qsort(items, count, sizeof *items, compare_named);
    for (size_t first = 0, next; first < count; first = next) {
        const named_item *twice = NULL, *other = NULL;
        bool seen[SPLIT_COUNT] = {false};
        for (next = first; next < count && strcmp(items[next].name, items[first].name) == 0; next++) {
            const dataset_item *item = items[next].item;
            if (item->source != items[first].item->source)
                continue;
            if (seen[item->split] && !twice)
                twice = &items[next];
            if (item->split != items[first].item->split && !other)
                other = &items[next];
            seen[item->split] = true;
        }
        if (within && twice) {
            describe_pair(&items[first], twice, items[first].name, &example);
            check_problem(problems, within, example.data ? example.data : "");
        }
        if (across && other) {
            describe_pair(&items[first], other, items[first].name, &example);
            check_problem(problems, across, example.data ? example.data : "");
        }
    }
    text_free(&example);
}

static smac_status find_duplicates(const dataset *d, json_t *problems, smac_error *error)
{
    named_item *items = memory_new((size_t)d->count + 1, sizeof *items);
    char **texts = memory_new((size_t)d->count + 1, sizeof *texts);
    size_t count = 0;
    smac_status status =
        items && texts ? SMAC_OK : FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld ids", (long long)d->count);
    for (int64_t i = 0; status == SMAC_OK && i < d->count; i++)
        items[count++] = (named_item){d->items[i].id, &d->items[i]};
    if (status == SMAC_OK)
        find_repeats(items, count, "an id occurs twice in a split", "an id is in two splits", problems);
    count = 0;
    for (int64_t i = 0; status == SMAC_OK && i < d->count; i++) {
        if (!(texts[i] = plain_words(d->items[i].text)))
            status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for %lld texts", (long long)d->count);
        else if (strlen(texts[i]) >= 20) /* "yes" and "thank you" are said by many */
            items[count++] = (named_item){texts[i], &d->items[i]};
    }
    if (status == SMAC_OK)
        find_repeats(items, count, NULL, "a text of 20 letters or more is in two splits", problems);
    count = 0;
    for (int64_t i = 0; status == SMAC_OK && i < d->count; i++)
        if (d->items[i].speaker && *d->items[i].speaker)
            items[count++] = (named_item){d->items[i].speaker, &d->items[i]};
    if (status == SMAC_OK)
        find_repeats(items, count, NULL, "a speaker is in two splits", problems);
    for (int64_t i = 0; texts && i < d->count; i++)
        free(texts[i]);
    free(texts);
    free(items);
    return status;
}

/* --- counts ------------------------------------------------------------------------------------------------------- */

/* split SPLIT_COUNT: of all of them. */
static json_t *official_count(const dataset_source *source, int split)
{
    int64_t count = 0;
    for (size_t i = 0; i < sizeof official / sizeof *official; i++) {
        size_t length = strlen(official[i].layout);
        const char *rest = source->layout + length;
        if (strncmp(official[i].layout, source->layout, length) != 0 || (*rest && *rest != '-'))
            continue;
        count = split == SPLIT_COUNT ? official[i].total : *rest ? 0 : official[i].clips[split];
    }
    return count ? json_integer(count) : json_null();
}

static json_t *count_split(const dataset *d, int source, int split)
{
    int64_t clips = 0, media = 0, words = 0, context = 0, features[MODALITIES] = {0};
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        if (item->source != source || (int)item->split != split)
            continue;
        clips++;
        media += item->media != NULL;
        words += *item->text != 0;
        context += item->context_count > 0;
        for (int m = 0; m < MODALITIES; m++)
            features[m] += item->features[m].data != NULL;
    }
    json_t *out = json_pack("{s:I, s:o, s:I, s:I, s:I}", "clips", (json_int_t)clips, "official",
        official_count(&d->sources[source], split), "with_media", (json_int_t)media, "with_words", (json_int_t)words,
        "with_context", (json_int_t)context);
    json_t *vectors = json_object();
    for (int m = 0; m < MODALITIES; m++)
        if (features[m])
            json_object_set_new(vectors, modality_name(m), json_integer(features[m]));
    json_object_set_new(out, "with_vectors", vectors);
    return out;
}

/* Labels of one task in one split of one source; NULL when there are none. */
static json_t *count_labels(const dataset *d, int source, int split, int task)
{
    const task_description *t = &d->tasks[task];
    double sums[TASK_CLASSES_MAX] = {0}, least = INFINITY, most = -INFINITY, sum = 0;
    int64_t labelled = 0, own[TRUTH_KINDS] = {0}, bins[BINS] = {0};
    for (int64_t i = 0; i < d->count; i++) {
        const dataset_item *item = &d->items[i];
        const dataset_target *target = dataset_target_of(item, task);
        if (item->source != source || (int)item->split != split || !target)
            continue;
        for (int k = TRUTH_TEXT; k < TRUTH_KINDS; k++)
            own[k] += target->values[k] != NULL;
        const float *v = target->values[TRUTH_MULTIMODAL];
        if (!v)
            continue;
        labelled++;
        for (int c = 0; c < task_targets(t); c++)
            sums[c] += (double)v[c];
        if (t->kind == TASK_REGRESSION) {
            int bin = (int)floor(((double)v[0] - t->low) / (t->high - t->low) * BINS);
            bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
            least = fmin(least, (double)v[0]);
            most = fmax(most, (double)v[0]);
            sum += (double)v[0];
        }
    }
    if (labelled == 0)
        return NULL;
    json_t *out = json_pack("{s:I}", "labelled", (json_int_t)labelled), *owned = json_object();
    for (int m = 0; m < MODALITIES; m++)
        if (own[TRUTH_TEXT + m])
            json_object_set_new(owned, modality_name(m), json_integer(own[TRUTH_TEXT + m]));
    json_object_set_new(out, "own", owned);
    if (t->kind == TASK_REGRESSION) {
        json_t *histogram = json_array();
        for (int b = 0; b < BINS; b++)
            json_array_append_new(histogram, json_integer(bins[b]));
        json_object_set_new(out, "min", json_from_number(least));
        json_object_set_new(out, "mean", json_from_number(sum / (double)labelled));
        json_object_set_new(out, "max", json_from_number(most));
        json_object_set_new(out, "histogram", histogram);
        return out;
    }
    json_t *classes = json_object();
    for (int c = 0; c < t->classes; c++)
        json_object_set_new(classes, t->class_names[c], json_from_number(round(sums[c] * 100) / 100));
    json_object_set_new(out, "classes", classes);
    return out;
}

static json_t *count_source(const dataset *d, int index)
{
    const dataset_source *source = &d->sources[index];
    json_t *splits = json_object(), *tasks = json_object();
    for (int s = 0; s < SPLIT_COUNT; s++)
        json_object_set_new(splits, dataset_split_name((dataset_split)s), count_split(d, index, s));
    for (int k = 0; k < source->task_count; k++) {
        const task_description *t = &d->tasks[source->task[k]];
        json_t *by_split = json_object();
        for (int s = 0; s < SPLIT_COUNT; s++) {
            json_t *labels = count_labels(d, index, s, source->task[k]);
            if (labels)
                json_object_set_new(by_split, dataset_split_name((dataset_split)s), labels);
        }
        json_t *task = json_pack("{s:o}", "splits", by_split);
        if (t->kind == TASK_REGRESSION)
            json_object_set_new(task, "range", json_pack("[f, f]", t->low, t->high));
        json_object_set_new(tasks, t->name, task);
    }
    return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o}", "name", json_from_text(source->name), "layout", source->layout,
        "clips", (json_int_t)source->count, "official", official_count(source, SPLIT_COUNT), "splits", splits, "tasks",
        tasks);
}

/* --- clips -------------------------------------------------------------------------------------------------------- */

static void check_vectors(const dataset_item *item, int64_t width[MODALITIES], json_t *problems)
{
    for (int m = 0; m < MODALITIES; m++) {
        const feature_sequence *f = &item->features[m];
        if (!f->data)
            continue;
        if (width[m] && f->width != width[m])
            check_problem(problems, "vectors of another width than the first clip's", item->id);
        width[m] = width[m] ? width[m] : f->width;
        for (int64_t i = 0; i < f->steps * f->crops * f->width; i++)
            if (!isfinite(f->data[i])) {
                check_problem(problems, "vectors that are not finite", item->id);
                break;
            }
    }
}

static void check_item(const dataset_item *item, int64_t width[MODALITIES], json_t *problems)
{
    bool vectors = false, labelled = false;
    for (int m = 0; m < MODALITIES; m++)
        vectors = vectors || item->features[m].data;
    for (int k = 0; k < item->target_count; k++)
        labelled = labelled || item->targets[k].values[TRUTH_MULTIMODAL];
    const char *text = item->text + strspn(item->text, " \t\r\n");
    if (!*text && !item->media && !vectors)
        check_problem(problems, "neither words nor media nor vectors", item->id);
    else if (!*text && item->text[0])
        check_problem(problems, "a text of white space alone", item->id);
    if (!labelled && item->split != SPLIT_TEST)
        check_problem(problems, "no label outside the test part", item->id);
    if (item->end > 0 && item->end <= item->start)
        check_problem(problems, "a stretch that ends before it starts", item->id);
    check_vectors(item, width, problems);
}

/* What the reader left out or replaced. */
static void tell_losses(const dataset *d, json_t *problems)
{
    static const char *const kinds[LOSS_KINDS] = {[LOSS_ROW] = "a row that cannot be used",
        [LOSS_MEDIA] = "a media file that is missing or damaged",
        [LOSS_VALUES] = "vectors with values that are not finite"};
    for (int64_t i = 0; i < d->loss_count; i++)
        check_problem(problems, kinds[d->losses[i].kind], d->losses[i].message);
}

smac_status dataset_check(
    const dataset *d, const check_options *options, const reporter *r, json_t **out, smac_error *error)
{
    json_t *sources = json_array(), *problems = json_array(), *media = NULL;
    int64_t width[MODALITIES] = {0};
    for (int i = 0; i < d->source_count; i++)
        json_array_append_new(sources, count_source(d, i));
    tell_losses(d, problems);
    for (int64_t i = 0; i < d->count; i++)
        check_item(&d->items[i], width, problems);
    smac_status status = find_duplicates(d, problems, error);
    if (status == SMAC_OK && options->media)
        status = check_media(d, problems, r, &media, error);
    *out = status == SMAC_OK
        ? json_pack("{s:O, s:O, s:o}", "sources", sources, "problems", problems, "media", media ? media : json_null())
        : NULL;
    json_decref(sources);
    json_decref(problems);
    return status == SMAC_OK && !*out ? FAIL(error, SMAC_ERROR_MEMORY, "no memory for the report") : status;
}
