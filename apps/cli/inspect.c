/* apps/cli/inspect.c - semanticmac inspect: what is in a model file, a file of tensors, or a recording. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli.h"
#include "media/media.h"
#include "media/sound.h"
#include "train/run_configuration.h"
#include "weights/tensor_file.h"

static int run(int argc, char **argv);

const command command_inspect = {
    "inspect", "inspect FILE...", "what is in a model file, a file of tensors or a recording", NULL, run};

/* A text of the file's as one line: it may hold line ends, escapes and other encodings. */
static const char *printable(const char *text, char out[600])
{
    utf8_printable(text, strlen(text), out, 600);
    return out;
}

/* The keys of a model file of ours that are not at their defaults: of the model, or of the run that made it. */
static void print_settings(const char *what, const char *text, bool is_run)
{
    run_configuration *c = memory_new(2, sizeof *c);
    json_t *object = json_loads(text, 0, NULL);
    settings_view views[2] = {{NULL, NULL}, {NULL, NULL}};
    setting_place place;
    smac_error error;
    for (int i = 0; c && i < 2; i++) {
        run_configuration_defaults(&c[i]);
        views[i] = is_run ? (settings_view){&run_table, &c[i].run} : (settings_view){&configuration_table, &c[i].model};
    }
    printf("  %s:", what);
    bool known = c && object && settings_from_json((settings_views){&views[0], 1}, object, &error) == SMAC_OK;
    if (c && object && !known && !is_run)
        known = configuration_from_old_json(&c[0].model, object, &error) == SMAC_OK;
    for (size_t i = 0; known && settings_at((settings_views){&views[0], 1}, i, &place); i++) {
        char value[SETTINGS_TEXT_MAX], usual[SETTINGS_TEXT_MAX];
        setting_to_text(place.setting, place.value, value);
        if (settings_get((settings_views){&views[1], 1}, place.name, usual) && strcmp(value, usual))
            printf(" %s=%s", place.name, value);
    }
    printf(known ? " (the rest at the defaults)\n" : " not readable by this version\n");
    json_decref(object);
    free(c);
}

static void print_metadata(const tensor_file *file)
{
    const char *key;
    for (size_t i = 0; (key = tensor_file_metadata_key(file, i)); i++) {
        bool is_run = !strcmp(key, "semanticmac.run");
        if (is_run || !strcmp(key, "semanticmac.configuration")) {
            print_settings(is_run ? "run" : "configuration", tensor_file_metadata(file, key), is_run);
            continue;
        }
        const char *text = tensor_file_metadata(file, key);
        size_t length = strlen(text), shown = length > 600 ? 160 : length;
        char name[600], *line = memory_new(shown + 4, 1);
        if (line)
            utf8_printable(text, shown, line, shown + 4);
        printf("  %s: %s%s\n", printable(key, name), line ? line : "", shown < length ? " ..." : "");
        free(line);
    }
}

static void print_tensors(const tensor_file *file, const char *path, bool all)
{
    double values = 0, bytes = 0;
    size_t count = tensor_file_count(file);
    for (size_t i = 0; i < count; i++) {
        values += (double)tensor_file_at(file, i)->count;
        bytes += (double)tensor_file_at(file, i)->bytes;
    }
    char name[600];
    printf("%s: %s, %zu tensors, %.6g values, %.4g MB\n", printable(path, name), tensor_file_kind(file), count, values,
        bytes / 1e6);
    print_metadata(file);
    for (size_t i = 0; i < count && (all || i < 20); i++) {
        const tensor_entry *e = tensor_file_at(file, i);
        char shape[160];
        printf("  %-64s %-5s %s\n", printable(e->name, name), tensor_type_name(e->type),
            tensor_shape_text(e->rank, e->dim, shape, sizeof shape));
    }
    if (!all && count > 20)
        printf("  ... and %zu more (--all lists them)\n", count - 20);
}

static void print_track(const media_info *m, const media_track *t)
{
    static const char *const kinds[] = {"picture", "sound", "subtitles"};
    printf("  %-9s  stream %d: %s", kinds[t->kind], t->stream, t->codec);
    if (t->kind == MEDIA_TRACK_PICTURE && t->is_chosen) {
        printf(" %s, %d x %d", m->picture_format, m->width, m->height);
        if (fabs(m->pixel_aspect - 1) > 1e-9)
            printf(" (stored as %d x %d, its pixels are %.4g times as wide as high)", t->width, t->height,
                m->pixel_aspect);
        if (m->rotation)
            printf(" (rotated by %d)", m->rotation);
        if (!m->is_still)
            printf(", %.4g a second", m->frame_rate);
        printf(m->mirrored ? ", mirrored" : "");
    } else if (t->kind == MEDIA_TRACK_PICTURE) {
        printf(", %d x %d", t->width, t->height);
    } else if (t->kind == MEDIA_TRACK_SOUND) {
        printf(", %d Hz, %d channel%s", t->sample_rate, t->channels, t->channels == 1 ? "" : "s");
    }
    printf("%s%s", *t->language ? ", " : "", t->language);
    char title[600];
    if (*t->title)
        printf(", \"%s\"", printable(t->title, title));
    printf("%s%s%s%s%s\n", t->is_default ? ", default" : "", t->is_forced ? ", forced" : "",
        t->is_secondary ? ", secondary" : "",
        t->kind == MEDIA_TRACK_SUBTITLES && !t->is_text ? ", pictures of text (not read)" : "",
        t->is_chosen ? "" : ", not used");
}

static void print_media(const media_info *m, const char *path)
{
    char name[600];
    printf("%s: %s, %d stream%s, ", printable(path, name), m->container, m->streams, m->streams == 1 ? "" : "s");
    if (m->is_still)
        printf("a still picture\n");
    else if (m->duration > 0)
        printf("%.3f s\n", m->duration);
    else
        printf("length not known\n");
    if (!m->has_picture)
        printf("  picture    none\n");
    if (!m->has_sound)
        printf("  sound      none\n");
    for (int i = 0; i < m->track_count; i++)
        print_track(m, &m->tracks[i]);
}

/* A safetensors file starts with the length of its header and a brace. */
static bool looks_like_tensors(const char *path)
{
    size_t length = strlen(path);
    static const char *const endings[] = {".safetensors", ".index.json", ".pth", ".pt", ".bin"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (length > strlen(endings[i]) && !strcmp(path + length - strlen(endings[i]), endings[i]))
            return true;
    if (file_is_folder(path))
        return true;
    unsigned char head[9] = {0};
    struct stat status;
    bool regular = stat(path, &status) == 0 && S_ISREG(status.st_mode); /* a pipe would be waited for */
    FILE *file = regular ? fopen(path, "rb") : NULL;
    size_t got = file ? fread(head, 1, 9, file) : 0;
    if (file)
        fclose(file);
    return got == 9 && head[8] == '{' && !head[5] && !head[6] && !head[7];
}

static int run(int argc, char **argv)
{
    bool all = false;
    const option_row rows[] = {{"all", 'a', OPTION_FLAG, &all, NULL, "list every tensor"}};
    int count, status = options_parse(&command_inspect, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count == 0)
        return usage_error(&command_inspect, "no file is named, give at least one");
    status = EXIT_DONE;
    for (int i = 0; i < count; i++) {
        const char *path = argv[1 + i];
        smac_error error = {0};
        if (looks_like_tensors(path)) {
            tensor_file *file = NULL;
            if (tensor_file_open(path, &file, &error) == SMAC_OK)
                print_tensors(file, path, all);
            else
                status = failure(&command_inspect, &error);
            tensor_file_close(file);
            continue;
        }
        media_info info;
        if (media_probe(path, NULL, &info, &error) == SMAC_OK)
            print_media(&info, path);
        else
            status = failure(&command_inspect, &error);
    }
    return status;
}
