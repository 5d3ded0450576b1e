/* data/check_render.c - the report of a check for people. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "data/check.h"

static int64_t whole(const json_t *object, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(object, name));
}

/* Names come from files: control characters would reach the terminal. */
static void add_name(text_buffer *out, const char *name)
{
    char clean[600];
    utf8_printable(name, strlen(name), clean, sizeof clean);
    text_add(out, clean);
}

static void render_splits(const json_t *splits, text_buffer *out)
{
    const char *name;
    json_t *one;
    text_add(out, "  split    clips  official  media  words  context\n");
    json_object_foreach((json_t *)(uintptr_t)splits, name, one)
    {
        const json_t *official = json_object_get(one, "official");
        text_format(out, "  %-6s %7lld  ", name, (long long)whole(one, "clips"));
        if (json_is_integer(official))
            text_format(out, "%8lld", (long long)json_integer_value(official));
        else
            text_add(out, "       -");
        text_format(out, "%7lld%7lld%9lld", (long long)whole(one, "with_media"), (long long)whole(one, "with_words"),
            (long long)whole(one, "with_context"));
        const char *modality;
        json_t *count;
        json_object_foreach(json_object_get(one, "with_vectors"), modality, count)
            text_format(out, "  %s vectors %lld", modality, (long long)json_integer_value(count));
        if (json_is_integer(official) && whole(one, "clips") != json_integer_value(official))
            text_format(out, "  (%lld %s)", (long long)llabs(json_integer_value(official) - whole(one, "clips")),
                whole(one, "clips") < json_integer_value(official) ? "missing" : "too many");
        text_add_char(out, '\n');
    }
}

static void render_total(const json_t *source, text_buffer *out)
{
    const json_t *official = json_object_get(source, "official");
    if (json_is_integer(official))
        text_format(
            out, "  all    %7lld  %8lld\n", (long long)whole(source, "clips"), (long long)json_integer_value(official));
}

static void render_labels(const char *task, const json_t *splits, text_buffer *out)
{
    const char *name, *label;
    json_t *one, *count;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)splits, name, one)
    {
        text_add(out, "  ");
        add_name(out, task);
        text_format(out, ", %s: %lld labelled", name, (long long)whole(one, "labelled"));
        json_object_foreach(json_object_get(one, "own"), label, count)
            text_format(out, ", %lld by %s alone", (long long)json_integer_value(count), label);
        text_add(out, ":");
        if (json_object_get(one, "classes")) {
            json_object_foreach(json_object_get(one, "classes"), label, count)
            {
                text_add_char(out, ' ');
                add_name(out, label);
                text_format(out, " %g", json_number_value(count));
            }
        } else {
            text_format(out,
                " %.3g to %.3g, mean %.3g; sevenths of the range:", json_number_value(json_object_get(one, "min")),
                json_number_value(json_object_get(one, "max")), json_number_value(json_object_get(one, "mean")));
            json_array_foreach(json_object_get(one, "histogram"), i, count)
                text_format(out, " %lld", (long long)json_integer_value(count));
        }
        text_add_char(out, '\n');
    }
}

/* A few examples of each kind; the JSON report has them all. */
static void render_problems(const json_t *problems, text_buffer *out)
{
    enum { EXAMPLES = 5 };
    size_t i, k;
    json_t *one, *example;
    if (json_array_size(problems) == 0)
        text_add(out, "no problem found\n");
    json_array_foreach((json_t *)(uintptr_t)problems, i, one)
    {
        text_format(
            out, "%lld x %s\n", (long long)whole(one, "count"), json_string_value(json_object_get(one, "kind")));
        json_array_foreach(json_object_get(one, "examples"), k, example)
        {
            if (k == EXAMPLES)
                break;
            text_add(out, "    ");
            add_name(out, json_string_value(example));
            text_add_char(out, '\n');
        }
    }
}

void dataset_check_render(const json_t *report, text_buffer *out)
{
    size_t i;
    json_t *source, *task;
    const char *name;
    json_array_foreach(json_object_get(report, "sources"), i, source)
    {
        text_format(out, "%s (layout %s)\n", json_string_value(json_object_get(source, "name")),
            json_string_value(json_object_get(source, "layout")));
        render_splits(json_object_get(source, "splits"), out);
        render_total(source, out);
        json_object_foreach(json_object_get(source, "tasks"), name, task)
            render_labels(name, json_object_get(task, "splits"), out);
        text_add_char(out, '\n');
    }
    const json_t *media = json_object_get(report, "media"), *seconds = json_object_get(media, "seconds");
    if (json_is_object(media) && whole(media, "opened") == 0)
        text_add(out, "media: no clip has a file that can be opened\n\n");
    else if (json_is_object(media))
        text_format(out, "media: %lld clips opened; seconds: shortest %.2f, median %.2f, longest %.2f, in all %.0f\n\n",
            (long long)whole(media, "opened"), json_number_value(json_object_get(seconds, "min")),
            json_number_value(json_object_get(seconds, "median")), json_number_value(json_object_get(seconds, "max")),
            json_number_value(json_object_get(seconds, "sum")));
    render_problems(json_object_get(report, "problems"), out);
}
