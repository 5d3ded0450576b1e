/* text/part.c - steps and Sequences of steps. */
#include "text/part.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { MOST_DEPTH = 16 };

static smac_status read_at(const part_format *f, const json_t *value, int depth, void *user, smac_error *error);

static smac_status read_sequence(const part_format *f, const json_t *value, int depth, void *user, smac_error *error)
{
    const json_t *list = json_object_get(value, f->list);
    char what[80], members[80];
    snprintf(what, sizeof what, "the %s Sequence", f->part);
    snprintf(members, sizeof members, "type %s", f->list);
    TRY(json_allow_members(value, what, members, error));
    if (!json_is_array(list) || depth > MOST_DEPTH)
        return FAIL(error, SMAC_ERROR_FORMAT, "%s has no list \"%s\" or is too deep", what, f->list);
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(read_at(f, json_array_get(list, i), depth + 1, user, error));
    return SMAC_OK;
}

static smac_status read_at(const part_format *f, const json_t *value, int depth, void *user, smac_error *error)
{
    const char *type;
    if (!json_is_object(value))
        return FAIL(error, SMAC_ERROR_FORMAT, "the %s is not a JSON object", f->part);
    TRY(error_context(error, json_get_text(value, "type", true, &type, error), "%s", f->part));
    if (strcmp(type, "Sequence") == 0)
        return read_sequence(f, value, depth, user, error);
    for (const part_kind *k = f->kinds; k->type; k++) {
        if (strcmp(type, k->type) != 0)
            continue;
        char what[80], members[160];
        snprintf(what, sizeof what, "the %s %s", f->part, type);
        snprintf(members, sizeof members, "type %s", k->members);
        TRY(json_allow_members(value, what, members, error));
        return error_context(error, f->read(user, k->kind, value, error), "%s %s", f->part, type);
    }
    return FAIL(error, SMAC_ERROR_UNSUPPORTED, "the %s \"%.80s\" is not supported", f->part, type);
}

smac_status part_read(const part_format *format, const json_t *value, void *user, smac_error *error)
{
    return value && !json_is_null(value) ? read_at(format, value, 0, user, error) : SMAC_OK;
}
