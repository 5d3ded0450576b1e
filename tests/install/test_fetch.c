/* tests/install/test_fetch.c - downloading models: from folders (file://) and from a server, resumed, broken off, wrong.
 */
#include "support/http_server.h"
#include "support/models.h"

#include "base/folder.h"
#include "base/sha256.h"
#include "install/install.h"

/* FOLDER/served: a models folder's bert, with its manifest.  path gets the address of the model. */
static void serve_folder(const char *folder, char address[600])
{
    char from[512], path[512];
    publish("bert", folder, "b", from);
    assert_ok(models_import(from, NULL, false, NULL, NULL, error));
    snprintf(from, sizeof from, "%s/models/b", folder);
    assert_int_equal(rename(from, file_in(folder, "b-served", path)), 0);
    snprintf(address, 600, "file://%s", path);
}

static void a_folder_with_a_manifest_is_fetched_and_checked(void **state)
{
    (void)state;
    char folder[256], address[600];
    models_start(folder);
    serve_folder(folder, address);
    assert_ok(models_fetch("mine", address, NULL, error));
    assert_ok(models_verify("mine", NULL, error));
    assert_false(in_models(folder, "mine.part") || in_models(folder, "mine/vocab.txt.sha256.part"));
    json_t *manifest, *entry;
    const char *name;
    assert_ok(models_manifest("mine", &manifest, error));
    assert_int_equal(json_object_size(json_object_get(manifest, "files")), 3);
    json_object_foreach(json_object_get(manifest, "files"), name, entry) assert_null(strstr(name, ".part"));
    json_decref(manifest);
    assert_refused(models_fetch("mine", address, NULL, error), SMAC_ERROR_MISMATCH, "installed already");
    folder_remove(folder);
}

static void a_wrong_sum_is_refused_and_the_file_dropped(void **state)
{
    (void)state;
    char folder[256], address[600], path[600];
    models_start(folder);
    serve_folder(folder, address);
    write_text(address + 7, "vocab.txt", "[PAD]\n[UNK]\n");
    assert_refused(models_fetch("mine", address, NULL, error), SMAC_ERROR_MISMATCH, "vocab.txt from");
    snprintf(path, sizeof path, "%s/models/mine.part/vocab.txt.part", folder);
    assert_false(file_exists(path));
    assert_false(in_models(folder, "mine"));
    write_text(address + 7, "vocab.txt", models_words);
    assert_ok(models_fetch("mine", address, NULL, error));
    folder_remove(folder);
}

/* The first bytes of an interrupted download are used: were they not, the damage would not be noticed. */
static void a_download_goes_on_where_it_stopped(void **state)
{
    (void)state;
    for (int damaged = 0; damaged < 2; damaged++) {
        char folder[256], address[600], path[700], *data;
        size_t size;
        models_start(folder);
        serve_folder(folder, address);
        snprintf(path, sizeof path, "%s/model.safetensors", address + 7);
        assert_ok(file_read(path, 0, &data, &size, error));
        snprintf(path, sizeof path, "%s/models/mine.part", folder);
        assert_ok(folder_make(path, error));
        snprintf(path, sizeof path, "%s/models/mine.part/model.safetensors.part", folder);
        data[size / 4] ^= (char)damaged;
        assert_ok(file_write(path, data, size / 2, error));
        free(data);
        if (damaged)
            assert_refused(models_fetch("mine", address, NULL, error), SMAC_ERROR_MISMATCH, "model.safetensors");
        assert_ok(models_fetch("mine", address, NULL, error));
        assert_ok(models_verify("mine", NULL, error));
        folder_remove(folder);
    }
}

static int stop_in_weights(void *user, const char *what, double done, double total)
{
    (void)total;
    int *left = user;
    return strstr(what, "model.safetensors") && done > 0 && --*left <= 0;
}

static void stopping_keeps_what_came(void **state)
{
    (void)state;
    char folder[256], address[600];
    int left = 1;
    const reporter r = {.progress = stop_in_weights, .user = &left};
    models_start(folder);
    serve_folder(folder, address);
    smac_error e = {0};
    assert_int_equal(models_fetch("mine", address, &r, &e), SMAC_ERROR_INTERRUPTED);
    assert_true(in_models(folder, "mine.part"));
    assert_false(in_models(folder, "mine"));
    assert_ok(models_fetch("mine", address, NULL, error));
    folder_remove(folder);
}

static void wrong_use_is_told(void **state)
{
    (void)state;
    char folder[256], address[600];
    models_start(folder);
    setenv("no_proxy", "127.0.0.1", 1);
    assert_refused(models_fetch("gtp2", NULL, NULL, error), SMAC_ERROR_NOT_FOUND, "did you mean gpt2?");
    assert_refused(models_fetch("m", "ftp://x/y", NULL, error), SMAC_ERROR_ARGUMENT, "is not an address");
    assert_refused(
        models_fetch("a/b", "file:///x", NULL, error), SMAC_ERROR_ARGUMENT, "is not valid as a model's name");
    snprintf(address, sizeof address, "file://%s/nothing", folder);
    assert_refused(models_fetch("m", address, NULL, error), SMAC_ERROR_NOT_FOUND, "there is no file://");
    assert_false(in_models(folder, "m.part")); /* nothing came: nothing stays */
    assert_refused(
        models_fetch("m", "http://127.0.0.1:9/m", NULL, error), SMAC_ERROR_IO, "127.0.0.1:9 cannot be reached");
    folder_remove(folder);
}

/* A manifest of somebody else must not write outside the folder. */
static void a_hostile_manifest_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"../evil", "/etc/x", ".hidden", "semanticmac.json", "x.part"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char folder[256], address[600], text[300], served[512];
        models_start(folder);
        assert_ok(folder_make(file_in(folder, "served", served), error));
        snprintf(text, sizeof text, "{\"files\": {\"%s\": {\"bytes\": 1, \"sha256\": \"%064d\"}}}", names[i], 0);
        write_text(served, "semanticmac.json", text);
        snprintf(address, sizeof address, "file://%s", served);
        assert_refused(models_fetch("m", address, NULL, error), SMAC_ERROR_FORMAT, "bad entry");
        write_text(served, "semanticmac.json", "[1, 2");
        assert_refused(models_fetch("m", address, NULL, error), SMAC_ERROR_FORMAT, "is not a manifest");
        folder_remove(folder);
    }
}

static void no_room_is_told_before_the_bytes_come(void **state)
{
    (void)state;
    char folder[256], address[600], text[300], served[512];
    models_start(folder);
    assert_ok(folder_make(file_in(folder, "served", served), error));
    snprintf(text, sizeof text, "{\"files\": {\"model.bin\": {\"bytes\": 900000000000000, \"sha256\": \"%064d\"}}}", 0);
    write_text(served, "semanticmac.json", text);
    snprintf(address, sizeof address, "file://%s", served);
    assert_refused(models_fetch("m", address, NULL, error), SMAC_ERROR_IO, "900000000.0 MB are needed");
    folder_remove(folder);
}

static void imagebind_comes_as_its_own_file(void **state)
{
    (void)state;
    char folder[256], address[600], served[512], path[512], expected[512], *found;
    models_start(folder);
    assert_ok(folder_make(file_in(folder, "served", served), error));
    publish_imagebind(served, "imagebind_huge.pth", path);
    snprintf(address, sizeof address, "file://%s", served);
    assert_ok(models_fetch("ImageBind-Huge", address, NULL, error));
    assert_ok(models_find("imagebind-huge", &found, error));
    snprintf(expected, sizeof expected, "%s/models/imagebind-huge/imagebind_huge.pth", folder);
    assert_string_equal(found, expected);
    free(found);
    folder_remove(folder);
}

/* FOLDER/served without a manifest: bert in two shards, named by an index. */
static void serve_shards(const char *folder, const char *stem, const char *ending, char address[600])
{
    char served[512], path[512], text[60000], *at = text;
    tensor_file *g = golden_open("encoders", "bert");
    publish("bert", folder, "served", served);
    remove(file_in(served, "model.safetensors", path));
    size_t count = tensor_file_count(g), half = count / 2;
    tensor_entry *entries = calloc(count, sizeof *entries);
    at += sprintf(at, "{\"weight_map\": {");
    for (size_t i = 0; i < count; i++) {
        entries[i] = *tensor_file_at(g, i);
        at += sprintf(at, "%s\"%s\": \"%s-%d%s\"", i ? ", " : "", entries[i].name, stem, i < half ? 1 : 2, ending);
        assert_true(at < text + sizeof text - 200);
    }
    strcpy(at, "}}");
    for (int k = 1; k <= 2; k++) {
        char name[60];
        snprintf(name, sizeof name, "%s-%d%s", stem, k, ending);
        assert_ok(safetensors_write(
            file_in(served, name, path), entries + (k == 1 ? 0 : half), k == 1 ? half : count - half, NULL, 0, error));
    }
    char index[60];
    snprintf(index, sizeof index, "%s%s.index.json", stem, ending);
    write_text(served, index, text);
    free(entries);
    tensor_file_close(g);
    snprintf(address, 600, "file://%s", served);
}

static void shards_are_fetched(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {{"model", ".safetensors"}, {"pytorch_model", ".bin"}};
    for (int k = 0; k < 2; k++) {
        char folder[256], address[600], models[512], path[512];
        model_summary summary;
        models_start(folder);
        serve_shards(folder, kinds[k][0], kinds[k][1], address);
        assert_ok(models_fetch("mine", address, NULL, error));
        assert_ok(models_verify("mine", NULL, error));
        assert_ok(models_recognise(file_in(file_in(folder, "models", models), "mine", path), &summary, error));
        assert_string_equal(summary.family, "bert");
        char *small = NULL;
        assert_ok(models_convert("mine", PRECISION_BF16, NULL, NULL, &small, error));
        assert_ok(models_recognise(file_in(models, small, path), &summary, error));
        assert_true(in_models(folder, "mine-bf16/model.safetensors"));
        assert_false(in_models(folder, "mine-bf16/model.safetensors.index.json") ||
            in_models(folder, "mine-bf16/pytorch_model.bin.index.json"));
        free(small);
        folder_remove(folder);
    }
}

/* What came from one address must not be mixed with another's, nor with what a manifest said before. */
static void addresses_are_not_mixed(void **state)
{
    (void)state;
    for (int manifest = 0; manifest < 2; manifest++) {
        char folder[256], address[600], other[610], weights[600], path[512], kept[600], *config, *found;
        models_start(folder);
        serve_folder(folder, address);
        if (!manifest)
            remove(file_in(address + 7, "semanticmac.json", path));
        /* the first one has another configuration, and loses its weights during the download */
        snprintf(other, sizeof other, "%s-first", address);
        assert_ok(folder_make(other + 7, error));
        assert_ok(file_read(file_in(address + 7, "config.json", path), 0, &config, NULL, error));
        char *longer = malloc(strlen(config) + 10);
        sprintf(longer, "%s\n\n", config);
        write_text(other + 7, "config.json", longer);
        write_text(other + 7, "vocab.txt", models_words);
        assert_int_not_equal(models_fetch("mine", other, NULL, NULL), SMAC_OK);
        snprintf(kept, sizeof kept, "%s/models/mine.part/config.json", folder);
        assert_true(file_exists(kept));
        assert_ok(models_fetch("mine", address, NULL, error));
        snprintf(weights, sizeof weights, "%s/models/mine", folder);
        assert_ok(file_read(file_in(weights, "config.json", path), 0, &found, NULL, error));
        assert_string_equal(found, config);
        assert_false(in_models(folder, "mine/source.part"));
        free(longer);
        free(config);
        free(found);
        folder_remove(folder);
    }
}

/* The same address, but its manifest says other sums than those of the files that are here. */
static void a_newer_manifest_counts(void **state)
{
    (void)state;
    char folder[256], address[600], path[512], *text, *found;
    models_start(folder);
    serve_folder(folder, address);
    assert_ok(file_read(file_in(address + 7, "vocab.txt", path), 0, &text, NULL, error));
    char part[600];
    snprintf(part, sizeof part, "%s/models/mine.part", folder);
    assert_ok(folder_make(part, error));
    write_text(part, "vocab.txt", "[PAD]\n"); /* whole, of an older release */
    char digest[65];
    assert_ok(sha256_file(file_in(part, "vocab.txt", path), digest, error));
    write_text(part, "vocab.txt.sha256.part", digest);
    assert_ok(models_fetch("mine", address, NULL, error));
    snprintf(part, sizeof part, "%s/models/mine", folder);
    assert_ok(file_read(file_in(part, "vocab.txt", path), 0, &found, NULL, error));
    assert_string_equal(found, text);
    assert_ok(models_verify("mine", NULL, error));
    free(text);
    free(found);
    folder_remove(folder);
}

/* A disk that fails at the very end does not cost the download. */
static void a_failure_of_this_machine_keeps_what_came(void **state)
{
    (void)state;
    char folder[256], address[600], blocked[600];
    models_start(folder);
    serve_folder(folder, address);
    snprintf(blocked, sizeof blocked, "%s/models/mine.part/semanticmac.json/x", folder);
    assert_ok(folder_make(blocked, error));
    assert_int_equal(models_fetch("mine", address, NULL, NULL), SMAC_ERROR_IO);
    assert_true(in_models(folder, "mine.part/model.safetensors"));
    blocked[strlen(blocked) - 2] = 0;
    folder_remove(blocked);
    char path[512];
    remove(file_in(address + 7, "model.safetensors", path)); /* it must not be asked for again */
    assert_ok(models_fetch("mine", address, NULL, error));
    assert_ok(models_verify("mine", NULL, error));
    assert_false(in_models(folder, "mine/vocab.txt.sha256.part"));
    folder_remove(folder);
}

/* --- over HTTP ---------------------------------------------------------------------------------------------------- */

/* A hub: FOLDER/hub/google-bert/bert-base-uncased/resolve/main/ holds the tiny bert. */
static void start_hub(http_server *s, char folder[256], char path[512])
{
    char address[100], main[512];
    static char served[300];
    models_start(folder);
    setenv("no_proxy", "127.0.0.1", 1);
    snprintf(served, sizeof served, "%s/hub", folder);
    publish("bert", folder, "b", path);
    snprintf(main, sizeof main, "%s/google-bert/bert-base-uncased/resolve", served);
    assert_ok(folder_make(main, error));
    strcat(main, "/main");
    assert_int_equal(rename(path, main), 0);
    snprintf(path, 512, "%s", main);
    http_start(s, served, address);
    setenv("SEMANTICMAC_HUB", address, 1);
}

static void stop_hub(http_server *s, const char *folder)
{
    http_stop(s);
    unsetenv("SEMANTICMAC_HUB");
    folder_remove(folder);
}

static void the_hub_gives_a_known_model(void **state)
{
    (void)state;
    http_server s;
    char folder[256], path[512], file[600], digest[65];
    start_hub(&s, folder, path);
    snprintf(file, sizeof file, "%s/model.safetensors", path);
    assert_ok(sha256_file(file, digest, error));
    digest[3] ^= 1; /* the server's sum of a large file is checked */
    if (!strchr("0123456789abcdef", digest[3]))
        digest[3] = '0';
    s.linked = digest;
    assert_refused(models_fetch("bert-base-uncased", NULL, NULL, error), SMAC_ERROR_MISMATCH, "model.safetensors");
    assert_false(in_models(folder, "bert-base-uncased"));
    assert_ok(sha256_file(file, digest, error));
    assert_ok(models_fetch("bert-base-uncased", NULL, NULL, error));
    assert_ok(models_verify("bert-base-uncased", NULL, error));
    json_t *manifest;
    assert_ok(models_manifest("bert-base-uncased", &manifest, error));
    assert_string_equal(json_string_value(json_object_get(manifest, "licence")), "Apache-2.0");
    assert_non_null(strstr(json_string_value(json_object_get(manifest, "source")), "google-bert/bert-base-uncased"));
    json_decref(manifest);
    stop_hub(&s, folder);
}

/* The connection breaks again and again; each run goes on, and no byte comes twice. */
static void broken_connections_are_gone_on_from(void **state)
{
    (void)state;
    http_server s;
    char folder[256], path[512], file[600];
    struct stat info;
    start_hub(&s, folder, path);
    snprintf(file, sizeof file, "%s/model.safetensors", path);
    assert_int_equal(stat(file, &info), 0);
    s.break_after = (size_t)info.st_size / 3 + 1;
    int runs = 0;
    smac_error e = {0};
    while (models_fetch("bert-base-uncased", NULL, NULL, &e) != SMAC_OK && runs < 10) {
        assert_int_equal(e.code, SMAC_ERROR_IO);
        assert_non_null(strstr(e.message, "goes on from there"));
        runs++;
    }
    assert_int_equal(runs, 2);
    assert_int_equal(s.last_start, 2 * s.break_after);
    assert_ok(models_verify("bert-base-uncased", NULL, error));
    stop_hub(&s, folder);
}

static void part_of(const char *folder, const char *path, size_t keep, size_t more)
{
    char file[600], *data;
    size_t size;
    snprintf(file, sizeof file, "%s/model.safetensors", path);
    assert_ok(file_read(file, 0, &data, &size, error));
    snprintf(file, sizeof file, "%s/models/bert-base-uncased.part", folder);
    assert_ok(folder_make(file, error));
    strcat(file, "/model.safetensors.part");
    char *longer = calloc(size + more, 1);
    memcpy(longer, data, size);
    assert_ok(file_write(file, longer, (keep ? keep : size) + more, error));
    free(longer);
    free(data);
}

static void servers_without_ranges_and_whole_parts_work(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        http_server s;
        char folder[256], path[512];
        start_hub(&s, folder, path);
        s.no_ranges = k == 0;
        /* 0: a server without ranges sends all again; 1: all was there (416); 2: more was there than there is (416) */
        part_of(folder, path, k == 0 ? 1000 : 0, k == 2 ? 7 : 0);
        assert_ok(models_fetch("bert-base-uncased", NULL, NULL, error));
        assert_ok(models_verify("bert-base-uncased", NULL, error));
        struct stat info;
        char file[600];
        snprintf(file, sizeof file, "%s/model.safetensors", path);
        assert_int_equal(stat(file, &info), 0);
        assert_int_equal(s.last_start, k == 1 ? info.st_size : 0);
        stop_hub(&s, folder);
    }
}

static void a_model_that_does_not_fit_is_not_installed(void **state)
{
    (void)state;
    http_server s;
    char folder[256], path[512];
    start_hub(&s, folder, path);
    write_text(path, "config.json",
        "{\"model_type\": \"bert\", \"vocab_size\": 12, \"hidden_size\": 8, \"num_hidden_layers\": 1,"
        "\"num_attention_heads\": 2, \"intermediate_size\": 8, \"max_position_embeddings\": 16, \"type_vocab_size\": "
        "2}");
    assert_refused(models_fetch("bert-base-uncased", NULL, NULL, error), SMAC_ERROR_MISMATCH, "has shape");
    assert_false(in_models(folder, "bert-base-uncased") || in_models(folder, "bert-base-uncased.part"));
    char vocabulary[512];
    remove(file_in(path, "vocab.txt", vocabulary));
    assert_refused(models_fetch("bert-base-uncased", NULL, NULL, error), SMAC_ERROR_NOT_FOUND, "vocab.txt");
    stop_hub(&s, folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_with_a_manifest_is_fetched_and_checked),
        cmocka_unit_test(a_wrong_sum_is_refused_and_the_file_dropped),
        cmocka_unit_test(a_download_goes_on_where_it_stopped),
        cmocka_unit_test(stopping_keeps_what_came),
        cmocka_unit_test(wrong_use_is_told),
        cmocka_unit_test(a_hostile_manifest_is_refused),
        cmocka_unit_test(no_room_is_told_before_the_bytes_come),
        cmocka_unit_test(shards_are_fetched),
        cmocka_unit_test(addresses_are_not_mixed),
        cmocka_unit_test(a_newer_manifest_counts),
        cmocka_unit_test(a_failure_of_this_machine_keeps_what_came),
        cmocka_unit_test(imagebind_comes_as_its_own_file),
        cmocka_unit_test(the_hub_gives_a_known_model),
        cmocka_unit_test(broken_connections_are_gone_on_from),
        cmocka_unit_test(servers_without_ranges_and_whole_parts_work),
        cmocka_unit_test(a_model_that_does_not_fit_is_not_installed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
