/* tests/support/same_dataset.h - two datasets hold the same clips to the bit; a dataset survives its manifest. */
#ifndef SMAC_TESTS_SUPPORT_SAME_DATASET_H
#define SMAC_TESTS_SUPPORT_SAME_DATASET_H

#include "support/folder.h"

#include "data/dataset.h"
#include "data/manifest_write.h"

/* NULL and "" both mean that there is none. */
static inline void assert_same_text(const char *a, const char *b)
{
    assert_string_equal(a ? a : "", b ? b : "");
}

/* The same file, however its path is spelled. */
static inline void assert_same_media(const char *a, const char *b)
{
    char whole_a[4096], whole_b[4096];
    if (!a || !b) {
        assert_true(!a && !b);
        return;
    }
    assert_non_null(realpath(a, whole_a));
    assert_non_null(realpath(b, whole_b));
    assert_string_equal(whole_a, whole_b);
}

static inline void assert_same_item(const dataset *a, const dataset_item *x, const dataset *b, const dataset_item *y)
{
    assert_string_equal(x->id, y->id);
    assert_string_equal(x->video_id, y->video_id);
    assert_string_equal(x->clip_id, y->clip_id);
    assert_same_text(x->speaker, y->speaker);
    assert_same_text(x->annotation, y->annotation);
    assert_same_media(x->media, y->media);
    assert_true(x->start == y->start && x->end == y->end);
    assert_string_equal(x->text, y->text);
    assert_int_equal(x->context_count, y->context_count);
    for (int64_t i = 0; i < x->context_count; i++)
        assert_string_equal(x->context[i], y->context[i]);
    assert_int_equal(x->split, y->split);
    for (int task = 0; task < a->task_count; task++) {
        const dataset_target *s = dataset_target_of(x, task), *t = dataset_target_of(y, task);
        for (int kind = 0; kind < TRUTH_KINDS; kind++) {
            const float *v = s ? s->values[kind] : NULL, *w = t ? t->values[kind] : NULL;
            assert_true(!v == !w);
            if (v)
                assert_memory_equal(v, w, (size_t)task_targets(&a->tasks[task]) * sizeof *v);
        }
    }
    const dataset_source *p = &a->sources[x->source], *q = &b->sources[y->source];
    for (int64_t i = 0; x->extra && i < p->extra_count; i++) {
        int column = dataset_extra(b, y, p->extra_names[i]);
        assert_true(column >= 0 && column < q->extra_count);
        assert_string_equal(x->extra[i], y->extra[column]);
    }
    for (int m = 0; m < MODALITIES; m++) {
        const feature_sequence *f = &x->features[m], *g = &y->features[m];
        assert_true(!f->data == !g->data);
        if (!f->data)
            continue;
        assert_true(f->steps == g->steps && f->crops == g->crops && f->width == g->width);
        assert_memory_equal(f->data, g->data, (size_t)(f->steps * f->crops * f->width) * sizeof *f->data);
    }
}

static inline void assert_same_dataset(const dataset *a, const dataset *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->task_count, b->task_count);
    assert_true(a->sources[0].lowered == b->sources[0].lowered);
    for (int i = 0; i < a->task_count; i++) {
        const task_description *s = &a->tasks[i], *t = &b->tasks[i];
        assert_string_equal(s->name, t->name);
        assert_string_equal(a->sources[0].protocol[i], b->sources[0].protocol[i]);
        assert_true(s->kind == t->kind && s->classes == t->classes && s->low == t->low && s->high == t->high);
        for (int c = 0; c < s->classes; c++)
            assert_string_equal(s->class_names[c], t->class_names[c]);
    }
    for (int64_t i = 0; i < a->count; i++)
        assert_same_item(a, &a->items[i], b, &b->items[i]);
}

/* Written as a manifest and read again, it is the same. */
static inline void assert_manifest_keeps(const dataset *d)
{
    char folder[256], path[512];
    dataset *again = NULL;
    folder_new(folder);
    file_in(folder, "set.jsonl", path);
    assert_ok(manifest_write(d, path, error));
    dataset_options options = {.path = path};
    assert_ok(dataset_read(&options, NULL, &again, error));
    assert_same_dataset(d, again);
    dataset_free(again);
    folder_remove(folder);
}

#endif
