/* model/configuration_json.c - the configuration to and from JSON, and to YAML with its documentation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "model/configuration.h"

enum { NAME_MAX_LENGTH = 128 };

json_t *configuration_to_json(const configuration *c)
{
    json_t *root = json_object();
    char section[NAME_MAX_LENGTH], text[CONFIGURATION_TEXT_MAX];
    for (size_t i = 0; root && i < configuration_key_count(); i++) {
        const configuration_key *key = configuration_key_at(i);
        const char *point = strchr(key->name, '.');
        const void *place = (const char *)c + key->offset;
        json_t *item;
        configuration_get(c, key->name, text);
        switch (key->type) {
        case KEY_INTEGER:
            item = json_integer(*(const int64_t *)place);
            break;
        case KEY_NUMBER:
            item = json_real(*(const double *)place);
            break;
        case KEY_SWITCH:
            item = json_boolean(*(const bool *)place);
            break;
        default:
            item = json_string(text);
        }
        snprintf(section, sizeof section, "%.*s", (int)(point - key->name), key->name);
        json_t *object = json_object_get(root, section);
        if (!object && json_object_set_new(root, section, json_object()) == 0)
            object = json_object_get(root, section);
        if (!object || json_object_set_new(object, point + 1, item) != 0) {
            json_decref(root);
            return NULL;
        }
    }
    return root;
}

static smac_status set_from_json(configuration *c, const char *name, const json_t *item, smac_error *error)
{
    char text[64];
    switch (json_typeof(item)) {
    case JSON_STRING:
        return configuration_set(c, name, json_string_value(item), error);
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(item));
        return configuration_set(c, name, text, error);
    case JSON_REAL: {
        /* a whole number that was written with a point is one for an integer key too */
        double real = json_real_value(item);
        const configuration_key *key = configuration_key_find(name);
        if (key && key->type == KEY_INTEGER && fabs(real) < 1e18 && real == (double)(int64_t)real)
            snprintf(text, sizeof text, "%lld", (long long)real);
        else
            number_format(text, sizeof text, "%.17g", real);
        return configuration_set(c, name, text, error);
    }
    case JSON_TRUE:
        return configuration_set(c, name, "true", error);
    case JSON_FALSE:
        return configuration_set(c, name, "false", error);
    default:
        return FAIL(error, SMAC_ERROR_FORMAT, "configuration key %.100s is not a text, a number or true/false", name);
    }
}

smac_status configuration_from_json(configuration *c, const json_t *object, smac_error *error)
{
    if (!json_is_object(object))
        return FAIL(error, SMAC_ERROR_FORMAT, "the configuration is not a JSON object");
    configuration next = *c; /* all or nothing */
    const char *section, *name;
    json_t *inner, *item;
    json_object_foreach((json_t *)object, section, inner)
    {
        if (!json_is_object(inner)) {
            TRY(set_from_json(&next, section, inner, error));
            continue;
        }
        json_object_foreach(inner, name, item)
        {
            char full[NAME_MAX_LENGTH];
            if (snprintf(full, sizeof full, "%s.%s", section, name) >= (int)sizeof full)
                return FAIL(error, SMAC_ERROR_ARGUMENT, "unknown configuration key '%.60s.%.60s'", section, name);
            TRY(set_from_json(&next, full, item, error));
        }
    }
    *c = next;
    return SMAC_OK;
}

char *configuration_to_yaml(const configuration *c)
{
    text_buffer out = {0};
    char section[NAME_MAX_LENGTH] = "", text[CONFIGURATION_TEXT_MAX], allowed[CONFIGURATION_TEXT_MAX];
    for (size_t i = 0; i < configuration_key_count(); i++) {
        const configuration_key *key = configuration_key_at(i);
        const char *point = strchr(key->name, '.');
        size_t length = (size_t)(point - key->name);
        if (strncmp(section, key->name, length) != 0 || section[length] != 0) {
            snprintf(section, sizeof section, "%.*s", (int)length, key->name);
            text_format(&out, "%s%s:\n", i ? "\n" : "", section);
        }
        configuration_get(c, key->name, text);
        configuration_key_allowed(key, allowed);
        text_format(&out, "  # %s (%s)\n  %s: ", key->documentation, allowed, point + 1);
        if (key->type == KEY_TEXT) { /* double-quoted: JSON's escapes are YAML's too */
            json_t *quoted = json_string(text);
            char *dump = quoted ? json_dumps(quoted, JSON_ENCODE_ANY) : NULL;
            json_decref(quoted);
            if (!dump)
                out.failed = true;
            else
                text_add(&out, dump);
            free(dump);
        } else {
            text_add(&out, text);
        }
        text_add_char(&out, '\n');
    }
    if (out.failed) {
        text_free(&out);
        return NULL;
    }
    return out.data;
}

char *configuration_to_markdown(void)
{
    text_buffer out = {0};
    char allowed[CONFIGURATION_TEXT_MAX];
    size_t section = 0;
    text_add(&out,
        "# Configuration keys\n\n"
        "Each can stand in a YAML file (`--config FILE`, sections as maps) and on the command line "
        "(`--set section.key=value`, which wins).\nUnknown keys and values outside their range are errors. "
        "Formulas: `method.md`.  This page is made from the table in\n`src/model/configuration.c`; a test compares "
        "them.\n");
    for (size_t i = 0; i < configuration_key_count(); i++) {
        const configuration_key *key = configuration_key_at(i);
        size_t length = (size_t)(strchr(key->name, '.') - key->name);
        if (i == 0 || length != section || strncmp(key->name, configuration_key_at(i - 1)->name, length + 1) != 0)
            text_format(&out, "\n## %.*s\n\n| key | default | allowed | meaning |\n|---|---|---|---|\n", (int)length,
                key->name);
        section = length;
        configuration_key_allowed(key, allowed);
        text_format(&out, "| `%s` | %s%s%s | %s | %s |\n", key->name, key->initial[0] ? "`" : "empty", key->initial,
            key->initial[0] ? "`" : "", allowed, key->documentation);
    }
    if (out.failed) {
        text_free(&out);
        return NULL;
    }
    return out.data;
}
