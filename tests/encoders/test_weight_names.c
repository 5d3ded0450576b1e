/*
 * tests/encoders/test_weight_names.c - the same weights under other names: common prefixes, one level of nesting, tied
 * tables under another name, config.json without model_type; and what is refused.
 */
#include "support/folder.h"
#include "support/golden.h"

#include "encoders/encoder.h"
#include "encoders/weights_loading.h"
#include "weights/safetensors.h"

/* The golden file's weights as PATH, each name with front before it; the tensor `from` under the name `to`. */
static void write_renamed(const char *golden, const char *front, const char *from, const char *to, const char *path)
{
    tensor_file *g = golden_open("encoders", golden);
    size_t count = 0, all = tensor_file_count(g);
    tensor_entry *entries = calloc(all, sizeof *entries);
    char(*names)[200] = calloc(all, sizeof *names);
    for (size_t i = 0; i < all; i++) {
        const tensor_entry *e = tensor_file_at(g, i);
        if (strncmp(e->name, "golden.", 7) == 0)
            continue;
        snprintf(names[count], sizeof *names, "%s%s", front, from && strcmp(e->name, from) == 0 ? to : e->name);
        entries[count] = *e;
        entries[count].name = names[count];
        count++;
    }
    assert_ok(safetensors_write(path, entries, count, NULL, 0, error));
    free(entries);
    free(names);
    tensor_file_close(g);
}

/* Loads PATH as the model of the golden file. */
static smac_status load(const char *golden, const char *path, smac_error *failure)
{
    tensor_file *g = golden_open("encoders", golden), *file;
    const char *json = tensor_file_metadata(g, "config");
    encoder_config config;
    encoder *e;
    parameter_store *store = parameter_store_new();
    assert_ok(encoder_config_read(json, strlen(json), MODALITY_TEXT, &config, error));
    assert_ok(tensor_file_open(path, &file, error));
    assert_ok(encoder_new(store, "text.", &config, 0, &e, error));
    assert_ok(parameter_store_seal(store, false, 1, error));
    smac_status status = encoder_load(e, file, failure);
    encoder_free(e);
    parameter_store_free(store);
    tensor_file_close(file);
    tensor_file_close(g);
    return status;
}

static void prefixes_and_nesting_are_found(void **state)
{
    (void)state;
    static const char *const fronts[] = {"module.", "module.bert.", "state_dict.bert.", "model.state_dict.module.",
        "0.auto_model.", "_orig_mod.", "bert."};
    char folder[256], path[512];
    folder_new(folder);
    file_in(folder, "model.safetensors", path);
    for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
        write_renamed("bert", fronts[i], NULL, NULL, path);
        assert_ok(load("bert", path, error));
    }
    folder_remove(folder);
}

static void tied_tables_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *golden, *from, *to;
    } cases[] = {
        {"t5", "shared.weight", "encoder.embed_tokens.weight"},
        {"t5", "shared.weight", "decoder.embed_tokens.weight"},
        {"t5", "shared.weight", "lm_head.weight"},
        {"bert", "embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"},
        {"distilbert", "distilbert.embeddings.word_embeddings.weight", "vocab_projector.weight"},
        {"roberta", "roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"},
        {"albert", "albert.embeddings.word_embeddings.weight", "predictions.decoder.weight"},
        {"gpt2", "wte.weight", "lm_head.weight"},
        {"xlnet", "transformer.word_embedding.weight", "lm_loss.weight"},
    };
    char folder[256], path[512];
    folder_new(folder);
    file_in(folder, "model.safetensors", path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_renamed(cases[i].golden, "", cases[i].from, cases[i].to, path);
        assert_ok(load(cases[i].golden, path, error));
        write_renamed(cases[i].golden, "module.", cases[i].from, cases[i].to, path);
        assert_ok(load(cases[i].golden, path, error));
    }
    folder_remove(folder);
}

static void what_is_missing_is_named_with_what_is_there(void **state)
{
    (void)state;
    char folder[256], path[512];
    smac_error found = {0};
    folder_new(folder);
    file_in(folder, "model.safetensors", path);
    write_renamed("bert", "x.", "encoder.layer.1.output.dense.bias", "other.bias", path);
    assert_int_equal(load("bert", path, &found), SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(found.message, "encoder.layer.1.output.dense.bias"));
    assert_non_null(strstr(found.message, "the first is x."));
    folder_remove(folder);
}

static void the_class_stands_in_for_a_missing_type(void **state)
{
    (void)state;
    static const struct {
        const char *class, *family;
    } cases[] = {{"BertModel", "bert"}, {"BertForMaskedLM", "bert"}, {"DistilBertForMaskedLM", "distilbert"},
        {"RobertaForMaskedLM", "roberta"}, {"XLMRobertaModel", "xlm-roberta"}, {"MPNetForMaskedLM", "mpnet"},
        {"AlbertForPreTraining", "albert"}, {"DebertaV2ForMaskedLM", "deberta-v2"}, {"XLNetLMHeadModel", "xlnet"},
        {"GPT2LMHeadModel", "gpt2"}, {"T5ForConditionalGeneration", "t5"}, {"T5EncoderModel", "t5"},
        {"BertGenerationEncoder", NULL}, {"LlamaForCausalLM", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[200];
        language_model_config c;
        smac_error found = {0};
        snprintf(json, sizeof json, "{\"architectures\": [\"%s\"], \"relative_attention\": true}", cases[i].class);
        smac_status status = language_model_config_parse(json, strlen(json), &c, &found);
        if (cases[i].family) {
            assert_int_equal(status, SMAC_OK);
            assert_string_equal(language_family_name(c.family), cases[i].family);
        } else {
            assert_int_equal(status, SMAC_ERROR_UNSUPPORTED);
            assert_non_null(strstr(found.message, cases[i].class));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_and_nesting_are_found),
        cmocka_unit_test(tied_tables_are_found),
        cmocka_unit_test(what_is_missing_is_named_with_what_is_there),
        cmocka_unit_test(the_class_stands_in_for_a_missing_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
