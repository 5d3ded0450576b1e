/*
 * base/settings.h - numbers and switches by name.  A module registers the keys of its settings as a section: for each key
 * its place in the module's struct, its default, what it allows and one line of documentation.  Sections make a table,
 * which describes one struct; YAML files, --set key=value, the page of keys and the metadata of files are made from
 * tables alone.
 *
 * Keys are called "section.name".  A table may have lists: arrays of structs, each described by a section of its own
 * ("data" is a list of datasets); their values come from YAML, JSON and the program, not from one key=value.
 */
#ifndef SMAC_BASE_SETTINGS_H
#define SMAC_BASE_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SETTINGS_TEXT_MAX = 512 }; /* longest text value with its NUL; longer ones are refused */

typedef enum setting_type {
    SETTING_INTEGER, /* int64_t */
    SETTING_NUMBER,  /* double */
    SETTING_SWITCH,  /* bool */
    SETTING_CHOICE,  /* an enum of int's size */
    SETTING_TEXT     /* char[SETTINGS_TEXT_MAX] */
} setting_type;

typedef struct setting {
    const char *name; /* "latents" */
    setting_type type;
    size_t offset;             /* of the member in the section's struct */
    const char *initial;       /* the default as text */
    double low, high;          /* SETTING_INTEGER, SETTING_NUMBER: both ends are allowed */
    const char *choices;       /* SETTING_CHOICE: "none|tanh|sigmoid|both" in the order of the enum; else NULL */
    const char *documentation; /* one line */
} setting;

/* For tables of keys: SETTING_I(perceiver_settings, latents, "16", 1, 4096, "latent vectors ..."). */
#define SETTING_I(type, member, initial, low, high, text)                                \
    {                                                                                    \
#member, SETTING_INTEGER, offsetof(type, member), initial, low, high, NULL, text \
    }
#define SETTING_N(type, member, initial, low, high, text)                               \
    {                                                                                   \
#member, SETTING_NUMBER, offsetof(type, member), initial, low, high, NULL, text \
    }
#define SETTING_S(type, member, initial, text)                                     \
    {                                                                              \
#member, SETTING_SWITCH, offsetof(type, member), initial, 0, 1, NULL, text \
    }
#define SETTING_C(type, member, initial, choices, text)                               \
    {                                                                                 \
#member, SETTING_CHOICE, offsetof(type, member), initial, 0, 0, choices, text \
    }
#define SETTING_T(type, member, initial, text)                                   \
    {                                                                            \
#member, SETTING_TEXT, offsetof(type, member), initial, 0, 0, NULL, text \
    }

typedef struct settings_section {
    const char *name; /* "perceiver" */
    const setting *settings;
    size_t count;
} settings_section;

/* A section's struct within the table's struct. */
typedef struct settings_part {
    const settings_section *section;
    size_t offset;
} settings_part;

/* An array of structs within the table's struct, and how many of them are in use (int64_t). */
typedef struct settings_list {
    const settings_section *section; /* its name is the list's */
    size_t offset, count_offset, each;
    int64_t most;
    const char *documentation;
} settings_list;

/* A key that has another name now, or is no longer there (now NULL): hint says what to write. */
typedef struct settings_renamed {
    const char *before, *now, *hint;
} settings_renamed;

typedef struct settings_table {
    const settings_part *parts;
    size_t part_count;
    const settings_list *lists;
    size_t list_count;
    const settings_renamed *renamed;
    size_t renamed_count;
} settings_table;

/* A table with the struct that it describes.  Several views are one set of names. */
typedef struct settings_view {
    const settings_table *table;
    void *values;
} settings_view;
typedef struct settings_views {
    const settings_view *items;
    size_t count;
} settings_views;

/* --- keys --------------------------------------------------------------------------------------------------------- */

/* One key of a view: where its value lies, and its full name. */
typedef struct setting_place {
    const settings_section *section;
    const setting *setting;
    void *value;
    char name[96]; /* "perceiver.latents" */
} setting_place;
/* In the order of the tables: false past the end. */
bool settings_at(settings_views views, size_t index, setting_place *out);
bool settings_find(settings_views views, const char *name, setting_place *out);

void settings_defaults(settings_view view); /* lists become empty */

/* Set one key from text.  Unknown key: the message names the nearest ones, or what a renamed one is called now; bad
 * value: the allowed range or choices. */
smac_status settings_set(settings_views views, const char *name, const char *text, smac_error *error);
/* The same from "name=value" (the first '=' separates them). */
smac_status settings_assign(settings_views views, const char *assignment, smac_error *error);
/* The value as text that settings_set reads back to the same value; returns false for an unknown key. */
bool settings_get(settings_views views, const char *name, char out[SETTINGS_TEXT_MAX]);
/* The same of a setting and its value. */
void setting_to_text(const setting *s, const void *value, char out[SETTINGS_TEXT_MAX]);
/* What a key allows, for messages and documents: "a whole number from 1 to 4096", "none, tanh, sigmoid or both", ... */
void setting_allowed(const setting *s, char out[SETTINGS_TEXT_MAX]);

/* --- lists -------------------------------------------------------------------------------------------------------- */

/* The list of a name; NULL: there is none. */
const settings_list *settings_find_list(settings_views views, const char *name, void **values);
/* A further element with default values, or NULL when the list is full. */
void *settings_list_add(const settings_list *list, void *values);
/* Set one key of an element from text; name is the key's alone. */
smac_status settings_list_set(
    const settings_list *list, void *element, const char *name, const char *text, smac_error *error);

/* --- JSON, YAML, Markdown ----------------------------------------------------------------------------------------- */

/* {"section": {"name": value, ...}, "list": [{...}], ...}; a new reference, NULL when memory is short. */
json_t *settings_to_json(settings_views views);
/* From JSON: nested sections or flat "section.name" keys; keys that are absent keep their value, a list that is there
 * replaces the list before; unknown keys are errors.  After an error some keys may be set. */
smac_status settings_from_json(settings_views views, const json_t *object, smac_error *error);
/* A YAML file with all keys, their documentation as comments.  Free with free(); NULL when memory is short. */
char *settings_to_yaml(settings_views views);
/* The keys as Markdown tables with default, range and meaning, a heading a section.  Free with free(). */
char *settings_to_markdown(const settings_table *table);

#endif
