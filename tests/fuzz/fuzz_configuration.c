/*
 * Fuzz target of the configuration.  First byte modulo 3: 0 a YAML file, 1 --set texts, one a line, 2 JSON.  Whatever was set can be written, as YAML and as JSON, and read back to the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json_mutator.h"
#include "train/configuration_file.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    if (size < 2 || data[0] % 3 != 2)
        return LLVMFuzzerMutate(data, size, max_size);
    return 1 + json_mutate(data + 1, size - 1, max_size - 1, seed);
}

static smac_status set_lines(run_configuration *c, const char *text, size_t size, smac_error *error)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        char *line = memory_copy_text_n(text + at, length);
        smac_status status = line ? run_configuration_assign(c, line, error) : SMAC_OK;
        free(line);
        TRY(status);
        at += length + 1;
    }
    return SMAC_OK;
}

static void same(settings_views a, settings_views b)
{
    char x[SETTINGS_TEXT_MAX], y[SETTINGS_TEXT_MAX];
    setting_place place;
    for (size_t i = 0; settings_at(a, i, &place); i++) {
        setting_to_text(place.setting, place.value, x);
        if (!settings_get(b, place.name, y) || strcmp(x, y) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    const char *text = (const char *)data + 1;
    static run_configuration c, again;
    settings_view room[2], room_again[2];
    smac_error error = {0};
    smac_status status;
    run_configuration_defaults(&c);
    if (data[0] % 3 == 0) {
        status = configuration_parse_yaml(&c, text, size - 1, "fuzz", &error);
    } else if (data[0] % 3 == 1) {
        status = set_lines(&c, text, size - 1, &error);
    } else {
        json_t *root = json_loadb(text, size - 1, 0, NULL);
        status = settings_from_json(run_views(&c, room), root, &error);
        json_decref(root);
    }
    if (status != SMAC_OK && !error.message[0])
        abort();
    if (status != SMAC_OK)
        return 0;
    run_configuration_check(&c, &error);
    settings_views views = run_views(&c, room), views_again = run_views(&again, room_again);
    char *yaml = settings_to_yaml(views);
    run_configuration_defaults(&again);
    if (!yaml || configuration_parse_yaml(&again, yaml, strlen(yaml), "again", &error) != SMAC_OK)
        abort();
    same(views, views_again);
    free(yaml);
    json_t *json = settings_to_json(views);
    run_configuration_defaults(&again);
    if (!json || settings_from_json(views_again, json, &error) != SMAC_OK)
        abort();
    same(views, views_again);
    json_decref(json);
    return 0;
}
