/*
 * tests/encoders/test_language_models.c - every family against transformers: hidden states and gradients of a tiny
 * random model (tools/golden/encoders_language.py), and what happens with wrong input.
 */
#include "support/golden.h"

#include "encoders/language_model.h"
#include "encoders/weights_loading.h"

static const double LIMIT = 1e-5; /* relative to a tensor's largest magnitude */

typedef struct setting {
    tensor_file *file;
    language_model_config config;
    parameter_store *store;
    language_model *model;
    int32_t *ids, *types;
    uint8_t *mask;
    int64_t batch, length;
} setting;

static int32_t *integers(const tensor_file *file, const char *name)
{
    const tensor_entry *e = tensor_file_find(file, name);
    if (e == NULL)
        return NULL;
    int32_t *out = malloc((size_t)e->count * sizeof *out);
    assert_non_null(out);
    assert_true(e->type == TENSOR_I32);
    memcpy(out, e->data, (size_t)e->count * sizeof *out);
    return out;
}

static void set_up(setting *s, const char *name, int trainable)
{
    *s = (setting){.file = golden_open("encoders", name)};
    const char *json = tensor_file_metadata(s->file, "config");
    assert_non_null(json);
    assert_ok(language_model_config_parse(json, strlen(json), &s->config, error));
    s->store = parameter_store_new();
    assert_ok(language_model_add(s->store, "text.", &s->config, trainable, &s->model, error));
    assert_ok(parameter_store_seal(s->store, true, 1, error));
    loading_report report;
    assert_ok(parameter_list_load(language_model_parameters(s->model), s->file, &report, error));
    assert_int_equal(report.loaded, language_model_parameters(s->model)->count);
    const tensor_entry *e = tensor_file_find(s->file, "golden.ids");
    assert_non_null(e);
    s->batch = e->dim[0];
    s->length = e->dim[1];
    s->ids = integers(s->file, "golden.ids");
    s->types = integers(s->file, "golden.types");
    int32_t *mask = integers(s->file, "golden.mask");
    s->mask = malloc((size_t)(s->batch * s->length));
    for (int64_t i = 0; i < s->batch * s->length; i++)
        s->mask[i] = (uint8_t)mask[i];
    free(mask);
}

static void tear_down(setting *s)
{
    language_model_free(s->model);
    parameter_store_free(s->store);
    tensor_file_close(s->file);
    free(s->ids);
    free(s->types);
    free(s->mask);
}

static void compare_hidden(const setting *s, const char *name, int layer, const value *v)
{
    char key[64];
    snprintf(key, sizeof key, "golden.hidden.%d", layer);
    int64_t count;
    float *expected = golden_floats(s->file, key, &count);
    assert_int_equal(count, v->count);
    double error =
        golden_note(0, golden_error(v->device_data, expected, s->batch * s->length, s->config.width, s->mask));
    if (!(error <= LIMIT))
        fail_msg("%s: hidden state %d differs by %.3g", name, layer, error);
    free(expected);
}

/* The golden gradient lies as published; a transposed parameter's lies transposed around. */
static double gradient_error(const setting *s, const listed_parameter *item)
{
    char key[300];
    snprintf(key, sizeof key, "golden.grad.%s", item->published);
    if (tensor_file_find(s->file, key) == NULL) { /* XLNet's segments, when none are given */
        for (int64_t i = 0; i < item->parameter->count; i++)
            if (item->parameter->grad[i] != 0)
                return INFINITY;
        return 0;
    }
    int64_t count;
    float *expected = golden_floats(s->file, key, &count);
    assert_int_equal(count, item->parameter->count);
    float *transposed = expected;
    if (item->transposed) {
        int64_t out = item->parameter->dim[0], in = item->parameter->dim[1];
        transposed = malloc((size_t)count * sizeof *transposed);
        for (int64_t o = 0; o < out; o++)
            for (int64_t i = 0; i < in; i++)
                transposed[o * in + i] = expected[i * out + o];
    }
    double error = golden_error(item->parameter->grad, transposed, 1, count, NULL), largest = 0, found = 0;
    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)expected[i]));
        found = fmax(found, fabs((double)item->parameter->grad[i]));
    }
    if (largest < 1e-9 && found < 1e-4) /* a key's bias shifts all scores alike: 0 but for rounding */
        error = 0;
    if (transposed != expected)
        free(transposed);
    free(expected);
    return error;
}

static void check_gradients(const setting *s, const char *name, int trainable)
{
    const parameter_list *list = language_model_parameters(s->model);
    size_t trained = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i].parameter->trainable)
            continue;
        trained++;
        double error = golden_note(1, gradient_error(s, &list->items[i]));
        if (!(error <= LIMIT))
            fail_msg("%s: the gradient of %s differs by %.3g", name, list->items[i].published, error);
    }
    if (trainable < 0)
        assert_int_equal(trained, list->count);
    else
        assert_true(trained > 0 && trained < list->count);
}

/* last hidden states * direction, over the positions that count */
static value *scalar_loss(tape *t, const setting *s, value *last)
{
    int64_t count;
    float *direction = golden_floats(s->file, "golden.direction", &count);
    for (int64_t i = 0; i < count; i++)
        direction[i] = s->mask[i / s->config.width] ? direction[i] : 0;
    value *loss = op_sum(t, op_multiply(t, last, tape_value(t, last->rank, last->dim, direction)));
    free(direction);
    return loss;
}

static void train_and_compare(const char *name, int trainable)
{
    setting s;
    set_up(&s, name, trainable);
    tape *t = tape_new(&(tape_options){.record = true, .check_finite = true});
    value *last = language_model_forward(t, s.model,
        &(language_input){.batch = s.batch, .length = s.length, .ids = s.ids, .mask = s.mask, .token_types = s.types},
        NULL);
    if (last == NULL)
        assert_ok(tape_status(t, error));
    compare_hidden(&s, name, (int)s.config.layers, last);
    parameter_zero_gradients(s.store);
    assert_ok(tape_backward(t, scalar_loss(t, &s, last), 1, error));
    check_gradients(&s, name, trainable);
    tape_free(t);
    tear_down(&s);
}

/* Every hidden state without a tape that records, with and without keeping them. */
static void infer_and_compare(const char *name)
{
    setting s;
    set_up(&s, name, 0);
    tape *t = tape_new(NULL);
    value *hidden[16];
    value *last = language_model_forward(t, s.model,
        &(language_input){.batch = s.batch, .length = s.length, .ids = s.ids, .mask = s.mask, .token_types = s.types},
        hidden);
    if (last == NULL)
        assert_ok(tape_status(t, error));
    for (int i = 0; i <= s.config.layers; i++)
        compare_hidden(&s, name, i, hidden[i]);
    float *kept = malloc((size_t)last->count * sizeof *kept);
    memcpy(kept, last->device_data, (size_t)last->count * sizeof *kept);
    tape_reset(t, NULL);
    last = language_model_forward(t, s.model,
        &(language_input){.batch = s.batch, .length = s.length, .ids = s.ids, .mask = s.mask, .token_types = s.types},
        NULL);
    assert_non_null(last);
    assert_memory_equal(kept, last->device_data, (size_t)last->count * sizeof *kept);
    free(kept);
    tape_free(t);
    tear_down(&s);
}

static void family(void **state)
{
    const char *name = *state;
    infer_and_compare(name);
    train_and_compare(name, -1);
    train_and_compare(name, 1);
    golden_report(name);
}

static void config_survives_writing(void **state)
{
    setting s;
    set_up(&s, *state, 0);
    text_buffer text = {0};
    language_model_config_to_json(&s.config, &text);
    language_model_config again;
    assert_ok(language_model_config_parse(text.data, text.length, &again, error));
    again.initial_scale = s.config.initial_scale;
    language_model_config a, b; /* compared byte by byte: padding made equal first */
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
#define COPY(f) (a.f = s.config.f, b.f = again.f)
    COPY(family), COPY(vocabulary), COPY(width), COPY(embedding_width), COPY(layers), COPY(heads), COPY(head_width);
    COPY(hidden), COPY(positions), COPY(token_types), COPY(pad_id), COPY(buckets), COPY(bucket_distance), COPY(groups);
    COPY(inner_groups), COPY(activation), COPY(gated), COPY(shared_position_projection), COPY(content_to_position);
    COPY(relative_norm), COPY(convolution), COPY(convolution_activation), COPY(scale_flat), COPY(scale_by_layer);
    COPY(position_to_content), COPY(norm_epsilon), COPY(dropout), COPY(attention_dropout);
#undef COPY
    assert_memory_equal(&a, &b, sizeof a);
    text_free(&text);
    tear_down(&s);
}

static void wrong_input_is_refused(void **state)
{
    (void)state;
    setting s;
    set_up(&s, "bert", 0);
    tape *t = tape_new(NULL);
    smac_error error;
    s.ids[5] = 37;
    assert_null(language_model_forward(t, s.model,
        &(language_input){.batch = s.batch, .length = s.length, .ids = s.ids, .mask = s.mask, .token_types = s.types},
        NULL));
    assert_int_equal(tape_status(t, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "37"));
    tape_reset(t, NULL);
    assert_null(language_model_forward(t, s.model, &(language_input){.batch = 1, .length = 33, .ids = s.ids}, NULL));
    assert_int_equal(tape_status(t, &error), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "33"));
    tape_free(t);
    tear_down(&s);
}

static void weights_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    setting s;
    set_up(&s, "bert", 0);
    language_model_config wrong = s.config;
    wrong.hidden = 41;
    parameter_store *store = parameter_store_new();
    language_model *model;
    assert_ok(language_model_add(store, "", &wrong, -1, &model, error));
    assert_ok(parameter_store_seal(store, true, 1, error));
    smac_error found;
    assert_int_equal(parameter_list_load(language_model_parameters(model), s.file, NULL, &found), SMAC_ERROR_MISMATCH);
    assert_non_null(strstr(found.message, "encoder.layer.0.intermediate.dense.weight"));
    assert_non_null(strstr(found.message, "40"));
    assert_non_null(strstr(found.message, "41"));
    language_model_free(model);
    parameter_store_free(store);

    wrong = s.config;
    wrong.layers = wrong.groups = 4;
    store = parameter_store_new();
    assert_ok(language_model_add(store, "", &wrong, -1, &model, error));
    assert_ok(parameter_store_seal(store, true, 1, error));
    assert_int_equal(parameter_list_load(language_model_parameters(model), s.file, NULL, &found), SMAC_ERROR_NOT_FOUND);
    assert_non_null(strstr(found.message, "encoder.layer.3."));
    language_model_free(model);
    parameter_store_free(store);
    tear_down(&s);
}

/* RoBERTa's padding id has a default of its own, so that "none" must be written too. */
static void no_padding_id_survives_writing(void **state)
{
    (void)state;
    const char *json = "{\"model_type\": \"roberta\", \"pad_token_id\": -1, \"hidden_dropout_prob\": -0.0}";
    language_model_config config, again;
    text_buffer text = {0};
    assert_ok(language_model_config_parse(json, strlen(json), &config, error));
    assert_int_equal(config.pad_id, -1);
    assert_false(signbit(config.dropout));
    language_model_config_to_json(&config, &text);
    assert_ok(language_model_config_parse(text.data, text.length, &again, error));
    assert_int_equal(again.pad_id, -1);
    text_free(&text);
}

static void configs_that_are_not_supported_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *named;
        smac_status status;
    } cases[] = {
        {"{\"model_type\": \"llama\"}", "llama", SMAC_ERROR_UNSUPPORTED},
        {"{\"vocab_size\": 3}", "there is neither model_type nor architectures", SMAC_ERROR_UNSUPPORTED},
        {"{\"architectures\": [\"MambaModel\"]}", "the architecture \"MambaModel\"", SMAC_ERROR_UNSUPPORTED},
        {"[1]", "JSON object", SMAC_ERROR_FORMAT},
        {"{", "line", SMAC_ERROR_FORMAT},
        {"{\"model_type\": \"bert\", \"hidden_size\": \"big\"}", "hidden_size", SMAC_ERROR_FORMAT},
        {"{\"model_type\": \"bert\", \"hidden_size\": -3}", "width", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"albert\", \"layer_norm_eps\": 1e112}", "layer_norm_eps", SMAC_ERROR_FORMAT},
        {"{\"model_type\": \"bert\", \"layer_norm_eps\": 1e12}", "epsilon", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"bert\", \"hidden_size\": 770}", "770", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"bert\", \"num_hidden_layers\": 1099511627776}", "layers", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"roberta\", \"pad_token_id\": 9223372036854775807}", "padding", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"mpnet\", \"pad_token_id\": -2}", "padding", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"albert\", \"inner_group_num\": 16777216}", "groups", SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"bert\", \"hidden_act\": \"mish\"}", "mish", SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"bert\", \"position_embedding_type\": \"relative_key\"}", "relative_key",
            SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"xlnet\", \"clamp_len\": 7}", "clamp_len", SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"mpnet\", \"relative_attention_num_buckets\": 48}", "relative_attention_num_buckets",
            SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"conv_kernel_size\": 3, \"conv_groups\": 2}",
            "conv_groups", SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"conv_kernel_size\": 4}", "convolution",
            SMAC_ERROR_ARGUMENT},
        {"{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"norm_rel_ebd\": \"batch\"}", "norm_rel_ebd",
            SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"norm_rel_ebd\": \"layer_norm\", "
         "\"pos_att_type\": [\"c2p\", \"q2q\"]}",
            "q2q", SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"norm_rel_ebd\": \"layer_norm\", "
         "\"pos_att_type\": \"p2c|p2p\"}",
            "p2p", SMAC_ERROR_UNSUPPORTED},
        {"{\"model_type\": \"t5\", \"feed_forward_proj\": \"gated-mish\"}", "mish", SMAC_ERROR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        language_model_config config;
        smac_error error = {0};
        smac_status status = language_model_config_parse(cases[i].json, strlen(cases[i].json), &config, &error);
        if (status != cases[i].status || strstr(error.message, cases[i].named) == NULL)
            fail_msg("%s gave status %d, \"%s\"", cases[i].json, (int)status, error.message);
    }
}

static language_model_config parse(const char *json)
{
    language_model_config c;
    assert_ok(language_model_config_parse(json, strlen(json), &c, error));
    return c;
}

/* The common name of a key where the family has one of its own, and what T5's newer files say beside the old key. */
static void names_that_transformers_takes_too(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"model_type\": \"xlnet\", \"n_token\": 77}").vocabulary, 77);
    assert_int_equal(parse("{\"model_type\": \"gpt2\", \"max_position_embeddings\": 33}").positions, 33);
    assert_int_equal(parse("{\"model_type\": \"t5\", \"head_dim\": 9}").head_width, 9);
    language_model_config c = parse("{\"model_type\": \"t5\", \"feed_forward_proj\": \"gated-gelu\", \"dense_act_fn\": "
                                    "\"silu\"}");
    assert_int_equal(c.activation, ACTIVATION_SILU);
    assert_true(c.gated);
    assert_false(
        parse("{\"model_type\": \"t5\", \"feed_forward_proj\": \"gated-gelu\", \"is_gated_act\": false}").gated);
    assert_false(parse("{\"model_type\": \"deberta-v2\", \"relative_attention\": true}").relative_norm);
    assert_true(parse("{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"norm_rel_ebd\": "
                      "\"Layer_Norm\"}")
                    .relative_norm);
}

static void every_activation_survives_writing(void **state)
{
    (void)state;
    static const char *const first[] = {
        "\"bert\", \"hidden_act\": \"", "\"t5\", \"feed_forward_proj\": \"", "\"t5\", \"feed_forward_proj\": \"gated-"};
    static const struct {
        const char *name;
        activation activation;
    } names[] = {{"gelu_python", ACTIVATION_GELU}, {"gelu_new", ACTIVATION_GELU_TANH}, {"relu", ACTIVATION_RELU},
        {"gelu_accurate", ACTIVATION_GELU_TANH}, {"gelu_python_tanh", ACTIVATION_GELU_TANH}, {"tanh", ACTIVATION_TANH},
        {"sigmoid", ACTIVATION_SIGMOID}, {"linear", ACTIVATION_NONE}, {"swish", ACTIVATION_SILU},
        {"quick_gelu", ACTIVATION_QUICK_GELU}};
    for (size_t k = 0; k < sizeof first / sizeof *first; k++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            char json[200];
            snprintf(json, sizeof json, "{\"model_type\": %s%s\"}", first[k], names[i].name);
            language_model_config c = parse(json);
            text_buffer text = {0};
            language_model_config_to_json(&c, &text);
            language_model_config again = parse(text.data);
            if (c.activation != names[i].activation || again.activation != c.activation || again.gated != c.gated)
                fail_msg("%s, written as %s", json, text.data);
            text_free(&text);
        }
}

/* relative_attention without pos_att_type: the table is there, and no score comes of it. */
static void deberta_without_position_terms(void **state)
{
    (void)state;
    language_model_config c =
        parse("{\"model_type\": \"deberta-v2\", \"relative_attention\": true, \"hidden_size\": 8, "
              "\"num_hidden_layers\": 1, \"num_attention_heads\": 2, \"intermediate_size\": 8, \"vocab_size\": 9, "
              "\"pos_att_type\": null}");
    parameter_store *store = parameter_store_new();
    language_model *model;
    assert_ok(language_model_add(store, "", &c, 0, &model, error));
    assert_ok(parameter_store_seal(store, true, 1, error));
    tape *t = tape_new(NULL);
    const int32_t ids[] = {1, 2, 3};
    if (language_model_forward(t, model, &(language_input){.batch = 1, .length = 3, .ids = ids}, NULL) == NULL)
        assert_ok(tape_status(t, error));
    tape_free(t);
    language_model_free(model);
    parameter_store_free(store);
}

static void base_sizes_can_be(void **state)
{
    (void)state;
    size_t count = 0;
    for (const language_family *f; (f = language_family_at(count)) != NULL; count++) {
        language_model_config config;
        assert_ok(language_model_config_base(f, &config, error));
        assert_ok(language_model_config_check(&config, error));
        assert_ptr_equal(language_family_find(language_family_name(f)), f);
    }
    assert_true(count >= 10);
}

/* What a config.json does not say is what transformers 4.57.1 takes; only what changes no shape would go unnoticed. */
static void keys_that_are_missing_are_transformers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int64_t vocabulary, width, layers, heads, hidden, positions, types, pad;
        float epsilon;
    } cases[] = {
        {"{\"model_type\": \"bert\"}", 30522, 768, 12, 12, 3072, 512, 2, -1, 1e-12f},
        {"{\"model_type\": \"distilbert\"}", 30522, 768, 6, 12, 3072, 512, 0, -1, 1e-12f},
        {"{\"model_type\": \"roberta\"}", 50265, 768, 12, 12, 3072, 512, 2, 1, 1e-12f},
        {"{\"model_type\": \"xlm-roberta\"}", 30522, 768, 12, 12, 3072, 512, 2, 1, 1e-12f},
        {"{\"model_type\": \"camembert\"}", 30522, 768, 12, 12, 3072, 512, 2, 1, 1e-12f},
        {"{\"model_type\": \"mpnet\"}", 30527, 768, 12, 12, 3072, 512, 0, 1, 1e-12f},
        {"{\"model_type\": \"albert\"}", 30000, 4096, 12, 64, 16384, 512, 2, -1, 1e-12f},
        {"{\"model_type\": \"deberta-v2\", \"relative_attention\": true}", 128100, 1536, 24, 24, 6144, 512, 0, -1,
            1e-7f},
        {"{\"model_type\": \"electra\"}", 30522, 256, 12, 4, 1024, 512, 2, -1, 1e-12f},
        {"{\"model_type\": \"xlnet\"}", 32000, 1024, 24, 16, 4096, 0, 0, -1, 1e-12f},
        {"{\"model_type\": \"gpt2\"}", 50257, 768, 12, 12, 3072, 1024, 0, -1, 1e-5f},
        {"{\"model_type\": \"t5\"}", 32128, 512, 6, 8, 2048, 0, 0, -1, 1e-6f},
        {"{\"model_type\": \"mt5\"}", 250112, 512, 8, 6, 1024, 0, 0, -1, 1e-6f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        language_model_config c;
        assert_ok(language_model_config_parse(cases[i].json, strlen(cases[i].json), &c, error));
        const int64_t found[] = {
            c.vocabulary, c.width, c.layers, c.heads, c.hidden, c.positions, c.token_types, c.pad_id};
        const int64_t wanted[] = {cases[i].vocabulary, cases[i].width, cases[i].layers, cases[i].heads, cases[i].hidden,
            cases[i].positions, cases[i].types, cases[i].pad};
        for (size_t k = 0; k < sizeof found / sizeof found[0]; k++)
            if (found[k] != wanted[k])
                fail_msg("%s: number %zu is %lld, expected %lld", cases[i].json, k, (long long)found[k],
                    (long long)wanted[k]);
        assert_true(c.norm_epsilon == cases[i].epsilon);
    }
}

#define FAMILY(name)                             \
    {                                            \
        "family " name, family, NULL, NULL, name \
    }
#define WRITTEN(name)                                                                    \
    {                                                                                    \
        "config of " name " survives writing", config_survives_writing, NULL, NULL, name \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAMILY("bert"),
        FAMILY("bert_prefixed"),
        FAMILY("distilbert"),
        FAMILY("roberta"),
        FAMILY("xlm_roberta"),
        FAMILY("camembert"),
        FAMILY("mpnet"),
        FAMILY("albert"),
        FAMILY("deberta_v3"),
        FAMILY("deberta_v2_unshared"),
        FAMILY("deberta_v2_convolution"),
        FAMILY("electra"),
        FAMILY("electra_wide"),
        FAMILY("xlnet"),
        FAMILY("xlnet_segments"),
        FAMILY("gpt2"),
        FAMILY("gpt2_scaled"),
        FAMILY("t5"),
        FAMILY("t5_gated"),
        FAMILY("t5_gated_silu"),
        FAMILY("mt5"),
        WRITTEN("mt5"),
        WRITTEN("bert"),
        WRITTEN("distilbert"),
        WRITTEN("roberta"),
        WRITTEN("xlm_roberta"),
        WRITTEN("camembert"),
        WRITTEN("mpnet"),
        WRITTEN("albert"),
        WRITTEN("deberta_v3"),
        WRITTEN("deberta_v2_unshared"),
        WRITTEN("electra"),
        WRITTEN("xlnet"),
        WRITTEN("gpt2"),
        WRITTEN("t5"),
        WRITTEN("t5_gated"),
        WRITTEN("deberta_v2_convolution"),
        WRITTEN("gpt2_scaled"),
        WRITTEN("t5_gated_silu"),
        cmocka_unit_test(names_that_transformers_takes_too),
        cmocka_unit_test(every_activation_survives_writing),
        cmocka_unit_test(deberta_without_position_terms),
        cmocka_unit_test(wrong_input_is_refused),
        cmocka_unit_test(weights_that_do_not_fit_are_refused),
        cmocka_unit_test(no_padding_id_survives_writing),
        cmocka_unit_test(keys_that_are_missing_are_transformers),
        cmocka_unit_test(configs_that_are_not_supported_are_refused),
        cmocka_unit_test(base_sizes_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
