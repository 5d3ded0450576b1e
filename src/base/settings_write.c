/* base/settings_write.c - settings to and from JSON, and to YAML and Markdown with their documentation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/settings.h"
#include "base/text.h"

enum { NAME_LENGTH = 128 };

/* --- to JSON ------------------------------------------------------------------------------------------------------ */

static json_t *value_to_json(const setting *s, const void *value)
{
    char text[SETTINGS_TEXT_MAX];
    switch (s->type) {
    case SETTING_INTEGER:
        return json_integer(*(const int64_t *)value);
    case SETTING_NUMBER:
        return json_real(*(const double *)value);
    case SETTING_SWITCH:
        return json_boolean(*(const bool *)value);
    default:
        setting_to_text(s, value, text);
        return json_string(text);
    }
}

static json_t *section_to_json(const settings_section *section, const void *values)
{
    json_t *o = json_object();
    for (size_t i = 0; o && i < section->count; i++) {
        const setting *s = &section->settings[i];
        if (json_object_set_new(o, s->name, value_to_json(s, (const char *)values + s->offset)) != 0) {
            json_decref(o);
            return NULL;
        }
    }
    return o;
}

static int64_t list_count(const settings_list *list, const void *values)
{
    return *(const int64_t *)(const void *)((const char *)values + list->count_offset);
}

static const void *list_element(const settings_list *list, const void *values, int64_t i)
{
    return (const char *)values + list->offset + (size_t)i * list->each;
}

static json_t *list_to_json(const settings_list *list, const void *values)
{
    json_t *array = json_array();
    for (int64_t i = 0; array && i < list_count(list, values); i++)
        if (json_array_append_new(array, section_to_json(list->section, list_element(list, values, i))) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* The members of from join the object of that name in o. */
static bool join_section(json_t *o, const char *name, json_t *from)
{
    json_t *there = json_object_get(o, name);
    bool joined = from && (there ? json_object_update(there, from) == 0 : json_object_set(o, name, from) == 0);
    json_decref(from);
    return joined;
}

json_t *settings_to_json(settings_views views)
{
    json_t *root = json_object();
    bool made = root != NULL;
    for (size_t v = 0; made && v < views.count; v++) {
        const settings_table *table = views.items[v].table;
        const void *values = views.items[v].values;
        for (size_t p = 0; made && p < table->part_count; p++) {
            const settings_part *part = &table->parts[p];
            made = join_section(
                root, part->section->name, section_to_json(part->section, (const char *)values + part->offset));
        }
        for (size_t i = 0; made && i < table->list_count; i++)
            made =
                json_object_set_new(root, table->lists[i].section->name, list_to_json(&table->lists[i], values)) == 0;
    }
    if (made)
        return root;
    json_decref(root);
    return NULL;
}

/* --- from JSON ---------------------------------------------------------------------------------------------------- */

/* A JSON value as the text that settings_set reads; NULL: it is none.  room holds the text of a number. */
static const char *json_to_text(const json_t *item, char room[64])
{
    double real = json_real_value(item);
    switch (json_typeof(item)) {
    case JSON_STRING:
        return json_string_value(item);
    case JSON_INTEGER:
        snprintf(room, 64, "%lld", (long long)json_integer_value(item));
        return room;
    case JSON_REAL: /* a whole number that was written with a point is one for an integer key too */
        if (fabs(real) < 1e15 && real == (double)(int64_t)real)
            snprintf(room, 64, "%lld", (long long)real);
        else
            number_format(room, 64, "%.17g", real);
        return room;
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    default:
        return NULL;
    }
}

static smac_status set_from_json(settings_views views, const char *name, const json_t *item, smac_error *error)
{
    char room[64];
    const char *text = json_to_text(item, room);
    if (!text)
        return FAIL(error, SMAC_ERROR_FORMAT, "configuration key %.100s is not a text, a number or true/false", name);
    return settings_set(views, name, text, error);
}

static smac_status list_from_json(const settings_list *list, void *values, const json_t *array, smac_error *error)
{
    size_t i;
    json_t *one, *item;
    const char *name;
    if (!json_is_array(array))
        return FAIL(error, SMAC_ERROR_FORMAT, "%s is not a list", list->section->name);
    memset((char *)values + list->count_offset, 0, sizeof(int64_t));
    json_array_foreach((json_t *)(uintptr_t)array, i, one)
    {
        void *element = json_is_object(one) ? settings_list_add(list, values) : NULL;
        if (!element)
            return FAIL(error, SMAC_ERROR_FORMAT, "element %zu of %s is not a map of keys, or is one of more than %lld",
                i + 1, list->section->name, (long long)list->most);
        json_object_foreach(one, name, item)
        {
            char room[64];
            const char *text = json_to_text(item, room);
            if (!text)
                return FAIL(error, SMAC_ERROR_FORMAT, "%s.%.60s is not a text, a number or true/false",
                    list->section->name, name);
            TRY(settings_list_set(list, element, name, text, error));
        }
    }
    return SMAC_OK;
}

smac_status settings_from_json(settings_views views, const json_t *object, smac_error *error)
{
    if (!json_is_object(object))
        return FAIL(error, SMAC_ERROR_FORMAT, "the configuration is not a JSON object");
    const char *section, *name;
    json_t *inner, *item;
    json_object_foreach((json_t *)(uintptr_t)object, section, inner)
    {
        void *values;
        const settings_list *list = settings_find_list(views, section, &values);
        if (list) {
            TRY(list_from_json(list, values, inner, error));
            continue;
        }
        if (!json_is_object(inner)) {
            TRY(set_from_json(views, section, inner, error));
            continue;
        }
        json_object_foreach(inner, name, item)
        {
            char full[NAME_LENGTH];
            if (snprintf(full, sizeof full, "%s.%s", section, name) >= (int)sizeof full)
                return FAIL(error, SMAC_ERROR_ARGUMENT, "unknown configuration key '%.60s.%.60s'", section, name);
            TRY(set_from_json(views, full, item, error));
        }
    }
    return SMAC_OK;
}

/* --- YAML --------------------------------------------------------------------------------------------------------- */

/* A value as YAML: texts double-quoted, for JSON's escapes are YAML's too. */
static void add_yaml_value(text_buffer *out, const setting *s, const void *value)
{
    char text[SETTINGS_TEXT_MAX];
    setting_to_text(s, value, text);
    if (s->type != SETTING_TEXT) {
        text_add(out, text);
        return;
    }
    json_t *quoted = json_string(text);
    char *dump = quoted ? json_dump_text(quoted, JSON_ENCODE_ANY) : NULL;
    json_decref(quoted);
    out->failed = out->failed || !dump;
    text_add(out, dump ? dump : "");
    free(dump);
}

static void add_yaml_keys(text_buffer *out, const settings_section *section, const void *values)
{
    char allowed[SETTINGS_TEXT_MAX];
    for (size_t i = 0; i < section->count; i++) {
        const setting *s = &section->settings[i];
        setting_allowed(s, allowed);
        text_format(out, "  # %s (%s)\n  %s: ", s->documentation, allowed, s->name);
        add_yaml_value(out, s, (const char *)values + s->offset);
        text_add_char(out, '\n');
    }
}

/* The n-th part of all tables, and its struct. */
static const settings_section *part_at(settings_views views, size_t n, const void **values)
{
    for (size_t v = 0; v < views.count; v++) {
        const settings_table *table = views.items[v].table;
        if (n < table->part_count) {
            *values = (const char *)views.items[v].values + table->parts[n].offset;
            return table->parts[n].section;
        }
        n -= table->part_count;
    }
    return NULL;
}

/* The keys of all parts of that name from the n-th on; nothing when an earlier part has the name. */
static void add_yaml_section(text_buffer *out, settings_views views, size_t n)
{
    const void *values;
    const settings_section *section = part_at(views, n, &values), *other;
    for (size_t i = 0; i < n; i++)
        if (strcmp(part_at(views, i, &values)->name, section->name) == 0)
            return;
    text_format(out, "%s%s:\n", n ? "\n" : "", section->name);
    for (size_t i = n; (other = part_at(views, i, &values)) != NULL; i++)
        if (strcmp(other->name, section->name) == 0)
            add_yaml_keys(out, other, values);
}

static void add_yaml_list(text_buffer *out, const settings_list *list, const void *values)
{
    int64_t count = list_count(list, values);
    text_format(out, "\n# %s\n%s:%s\n", list->documentation, list->section->name, count ? "" : " []");
    for (int64_t i = 0; i < count; i++) {
        const char *element = list_element(list, values, i);
        for (size_t s = 0; s < list->section->count; s++) {
            const setting *one = &list->section->settings[s];
            text_format(out, "  %s %s: ", s == 0 ? "-" : " ", one->name);
            add_yaml_value(out, one, element + one->offset);
            text_add_char(out, '\n');
        }
    }
}

char *settings_to_yaml(settings_views views)
{
    text_buffer out = {0};
    const void *values;
    for (size_t n = 0; part_at(views, n, &values); n++)
        add_yaml_section(&out, views, n);
    for (size_t v = 0; v < views.count; v++)
        for (size_t i = 0; i < views.items[v].table->list_count; i++)
            add_yaml_list(&out, &views.items[v].table->lists[i], views.items[v].values);
    if (out.failed) {
        text_free(&out);
        return NULL;
    }
    return out.data;
}

/* --- Markdown ----------------------------------------------------------------------------------------------------- */

static void add_markdown_section(text_buffer *out, const settings_section *section, const char *prefix)
{
    char allowed[SETTINGS_TEXT_MAX];
    text_add(out, "| key | default | allowed | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < section->count; i++) {
        const setting *s = &section->settings[i];
        setting_allowed(s, allowed);
        text_format(out, "| `%s%s` | %s%s%s | %s | %s |\n", prefix, s->name, s->initial[0] ? "`" : "empty", s->initial,
            s->initial[0] ? "`" : "", allowed, s->documentation);
    }
}

char *settings_to_markdown(const settings_table *table)
{
    text_buffer out = {0};
    for (size_t p = 0; p < table->part_count; p++) {
        const settings_section *section = table->parts[p].section;
        char prefix[NAME_LENGTH];
        snprintf(prefix, sizeof prefix, "%s.", section->name);
        text_format(&out, "\n### %s\n\n", section->name);
        add_markdown_section(&out, section, prefix);
    }
    for (size_t i = 0; i < table->list_count; i++) {
        text_format(&out, "\n### %s\n\n%s\n\n", table->lists[i].section->name, table->lists[i].documentation);
        add_markdown_section(&out, table->lists[i].section, "");
    }
    if (out.failed) {
        text_free(&out);
        return NULL;
    }
    return out.data;
}
