/* base/settings.c - finding keys, setting and getting their values. */
#include "base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"

/* --- finding ------------------------------------------------------------------------------------------------------ */

bool settings_at(settings_views views, size_t index, setting_place *out)
{
    for (size_t v = 0; v < views.count; v++) {
        const settings_table *table = views.items[v].table;
        for (size_t p = 0; p < table->part_count; p++) {
            const settings_section *section = table->parts[p].section;
            if (index >= section->count) {
                index -= section->count;
                continue;
            }
            out->section = section;
            out->setting = &section->settings[index];
            out->value = (char *)views.items[v].values + table->parts[p].offset + out->setting->offset;
            snprintf(out->name, sizeof out->name, "%s.%s", section->name, out->setting->name);
            return true;
        }
    }
    return false;
}

bool settings_find(settings_views views, const char *name, setting_place *out)
{
    for (size_t i = 0; name && settings_at(views, i, out); i++)
        if (strcmp(out->name, name) == 0)
            return true;
    return false;
}

const settings_list *settings_find_list(settings_views views, const char *name, void **values)
{
    for (size_t v = 0; v < views.count; v++) {
        const settings_table *table = views.items[v].table;
        for (size_t i = 0; i < table->list_count; i++)
            if (strcmp(table->lists[i].section->name, name) == 0) {
                *values = views.items[v].values;
                return &table->lists[i];
            }
    }
    return NULL;
}

/* --- what a key allows -------------------------------------------------------------------------------------------- */

/* The i-th of "a|b|c": its start, and its length through *length; NULL after the last. */
static const char *choice_at(const char *choices, int i, size_t *length)
{
    const char *at = choices;
    for (; i > 0; i--) {
        at = strchr(at, '|');
        if (!at)
            return NULL;
        at++;
    }
    *length = strcspn(at, "|");
    return at;
}

static void list_choices(const char *choices, char out[SETTINGS_TEXT_MAX])
{
    size_t used = 0, length, next_length;
    out[0] = 0;
    for (int i = 0;; i++) {
        const char *choice = choice_at(choices, i, &length);
        if (!choice)
            break;
        bool more = choice_at(choices, i + 1, &next_length) != NULL;
        const char *glue = i == 0 ? "" : more ? ", " : " or ";
        used += (size_t)snprintf(out + used, SETTINGS_TEXT_MAX - used, "%s%.*s", glue, (int)length, choice);
    }
}

void setting_allowed(const setting *s, char out[SETTINGS_TEXT_MAX])
{
    switch (s->type) {
    case SETTING_INTEGER:
        number_format(out, SETTINGS_TEXT_MAX, "a whole number from %.0f to %.0f", s->low, s->high);
        break;
    case SETTING_NUMBER:
        number_format(out, SETTINGS_TEXT_MAX, "a number from %.10g to %.10g", s->low, s->high);
        break;
    case SETTING_SWITCH:
        snprintf(out, SETTINGS_TEXT_MAX, "true or false");
        break;
    case SETTING_TEXT:
        snprintf(out, SETTINGS_TEXT_MAX, "a text of at most %d bytes", SETTINGS_TEXT_MAX - 1);
        break;
    case SETTING_CHOICE:
        list_choices(s->choices, out);
        break;
    }
}

/* --- unknown names ------------------------------------------------------------------------------------------------ */

/* Levenshtein's distance of two short names. */
static int name_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST || lb > LONGEST)
        return 1000;
    int row[LONGEST + 1];
    for (size_t j = 0; j <= lb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int corner = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            int best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (corner + 1 < best)
                best = corner + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

static int key_distance(const char *name, const char *key)
{
    int distance = name_distance(name, key);
    const char *tail = strchr(key, '.');
    if (tail && !strchr(name, '.')) { /* "latents" is meant for "perceiver.latents" */
        int short_distance = name_distance(name, tail + 1);
        if (short_distance < distance)
            distance = short_distance;
    }
    return distance;
}

static const settings_renamed *find_renamed(settings_views views, const char *name)
{
    for (size_t v = 0; v < views.count; v++) {
        const settings_table *table = views.items[v].table;
        for (size_t i = 0; i < table->renamed_count; i++)
            if (strcmp(table->renamed[i].before, name) == 0)
                return &table->renamed[i];
    }
    return NULL;
}

static smac_status unknown_key(settings_views views, const char *name, smac_error *error)
{
    char nearest[3][96] = {"", "", ""};
    int distance[3] = {1000, 1000, 1000};
    setting_place place;
    const settings_renamed *renamed = find_renamed(views, name);
    if (renamed && renamed->now)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "configuration key %s is called %s now%s%s; write that", name,
            renamed->now, renamed->hint ? ": " : "", renamed->hint ? renamed->hint : "");
    if (renamed)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "there is no configuration key %s any more; %s", name, renamed->hint);
    for (size_t i = 0; settings_at(views, i, &place); i++) {
        int d = key_distance(name, place.name);
        for (int rank = 0; rank < 3; rank++) {
            if (d >= distance[rank])
                continue;
            for (int p = 2; p > rank; p--) {
                memcpy(nearest[p], nearest[p - 1], sizeof nearest[p]);
                distance[p] = distance[p - 1];
            }
            memcpy(nearest[rank], place.name, sizeof nearest[rank]);
            distance[rank] = d;
            break;
        }
    }
    return FAIL(error, SMAC_ERROR_ARGUMENT,
        "unknown configuration key '%.100s'; write one that is known, as %s, %s or %s", name, nearest[0], nearest[1],
        nearest[2]);
}

/* --- setting ------------------------------------------------------------------------------------------------------ */

static bool text_to_switch(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *out = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static bool text_to_choice(const char *text, const char *choices, int *out)
{
    size_t length;
    const char *choice;
    for (int i = 0; (choice = choice_at(choices, i, &length)) != NULL; i++) {
        if (strlen(text) == length && strncmp(choice, text, length) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* The text as the setting's value; false when it is not one that the setting allows. */
static bool set_value(const setting *s, void *value, const char *text)
{
    int64_t integer;
    double number;
    bool on;
    int choice;
    switch (s->type) {
    case SETTING_INTEGER:
        if (!number_parse_integer(text, &integer) || (double)integer < s->low || (double)integer > s->high)
            return false;
        *(int64_t *)value = integer;
        return true;
    case SETTING_NUMBER:
        if (!number_parse(text, &number) || !(number >= s->low && number <= s->high))
            return false;
        *(double *)value = number + 0.0; /* -0 becomes 0: JSON does not keep its sign */
        return true;
    case SETTING_SWITCH:
        if (!text_to_switch(text, &on))
            return false;
        *(bool *)value = on;
        return true;
    case SETTING_CHOICE:
        if (!text_to_choice(text, s->choices, &choice))
            return false;
        memcpy(value, &choice, sizeof choice);
        return true;
    case SETTING_TEXT:
        if (strlen(text) >= SETTINGS_TEXT_MAX || utf8_invalid_at(text, strlen(text)) != SIZE_MAX)
            return false;
        memset(value, 0, SETTINGS_TEXT_MAX);
        memcpy(value, text, strlen(text));
        return true;
    }
    return false;
}

static smac_status set_or_refuse(const char *name, const setting *s, void *value, const char *text, smac_error *error)
{
    char allowed[SETTINGS_TEXT_MAX];
    if (set_value(s, value, text ? text : ""))
        return SMAC_OK;
    setting_allowed(s, allowed);
    return FAIL(error, SMAC_ERROR_ARGUMENT, "configuration key %s is '%.100s', set it to %s", name, text, allowed);
}

smac_status settings_set(settings_views views, const char *name, const char *text, smac_error *error)
{
    setting_place place;
    if (!settings_find(views, name, &place))
        return unknown_key(views, name ? name : "", error);
    return set_or_refuse(place.name, place.setting, place.value, text, error);
}

smac_status settings_assign(settings_views views, const char *assignment, smac_error *error)
{
    const char *equals = assignment ? strchr(assignment, '=') : NULL;
    if (!equals || equals == assignment)
        return FAIL(error, SMAC_ERROR_ARGUMENT,
            "setting '%.100s' has no name and value; write it as name=value, for example model.width=128",
            assignment ? assignment : "");
    char *name = memory_copy_text_n(assignment, (size_t)(equals - assignment));
    if (!name)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a configuration key's name");
    smac_status status = settings_set(views, name, equals + 1, error);
    free(name);
    return status;
}

static void set_defaults(const settings_section *section, void *values)
{
    for (size_t i = 0; i < section->count; i++)
        set_value(&section->settings[i], (char *)values + section->settings[i].offset, section->settings[i].initial);
}

void settings_defaults(settings_view view)
{
    for (size_t p = 0; p < view.table->part_count; p++)
        set_defaults(view.table->parts[p].section, (char *)view.values + view.table->parts[p].offset);
    for (size_t i = 0; i < view.table->list_count; i++)
        memset((char *)view.values + view.table->lists[i].count_offset, 0, sizeof(int64_t));
}

/* --- getting ------------------------------------------------------------------------------------------------------ */

/* The shortest text of a number, at least six digits long where it has so many, that reads back to the same bits. */
static void number_to_text(double number, char out[SETTINGS_TEXT_MAX])
{
    for (int digits = 6; digits <= 17; digits++) {
        double back;
        number_format(out, SETTINGS_TEXT_MAX, "%.*g", digits, number);
        if (number_parse(out, &back) && back == number)
            return;
    }
}

void setting_to_text(const setting *s, const void *value, char out[SETTINGS_TEXT_MAX])
{
    size_t length = 0;
    int choice;
    const char *name = NULL;
    switch (s->type) {
    case SETTING_INTEGER:
        snprintf(out, SETTINGS_TEXT_MAX, "%lld", (long long)*(const int64_t *)value);
        break;
    case SETTING_NUMBER:
        number_to_text(*(const double *)value, out);
        break;
    case SETTING_SWITCH:
        snprintf(out, SETTINGS_TEXT_MAX, "%s", *(const bool *)value ? "true" : "false");
        break;
    case SETTING_CHOICE:
        memcpy(&choice, value, sizeof choice);
        name = choice >= 0 ? choice_at(s->choices, choice, &length) : NULL;
        snprintf(out, SETTINGS_TEXT_MAX, "%.*s", (int)length, name ? name : "");
        break;
    case SETTING_TEXT:
        snprintf(out, SETTINGS_TEXT_MAX, "%s", (const char *)value);
        break;
    }
}

bool settings_get(settings_views views, const char *name, char out[SETTINGS_TEXT_MAX])
{
    setting_place place;
    if (!settings_find(views, name, &place))
        return false;
    setting_to_text(place.setting, place.value, out);
    return true;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

void *settings_list_add(const settings_list *list, void *values)
{
    int64_t *count = (int64_t *)(void *)((char *)values + list->count_offset);
    if (*count >= list->most)
        return NULL;
    void *element = (char *)values + list->offset + (size_t)(*count)++ * list->each;
    memset(element, 0, list->each);
    set_defaults(list->section, element);
    return element;
}

smac_status settings_list_set(
    const settings_list *list, void *element, const char *name, const char *text, smac_error *error)
{
    char full[96];
    for (size_t i = 0; i < list->section->count; i++) {
        const setting *s = &list->section->settings[i];
        if (strcmp(s->name, name) != 0)
            continue;
        snprintf(full, sizeof full, "%s.%s", list->section->name, name);
        return set_or_refuse(full, s, (char *)element + s->offset, text, error);
    }
    return FAIL(error, SMAC_ERROR_ARGUMENT,
        "'%.60s' is not a key of an element of %s; expected one of its %zu keys, as %s", name, list->section->name,
        list->section->count, list->section->settings[0].name);
}
