/* encoders/list_builder.c - names from patterns, and the parameters of tables, norms and matrices. */
#include "encoders/list_builder.h"

#include <string.h>

/* The name of a pattern with an ending. */
static void write_name(const list_builder *b, const char *pattern, const char *ending, text_buffer *out)
{
    int number = 0;
    for (const char *c = pattern; *c; c++) {
        if (c[0] == '{' && c[1] == '}') {
            text_format(out, "%lld", (long long)b->numbers[number++ ? 1 : 0]);
            c++;
        } else if (c[0] == '*') {
            text_add(out, b->word);
        } else if (c[0] == '=' && !c[1]) {
            return;
        } else {
            text_format(out, "%c", *c);
        }
    }
    bool joined = *pattern && pattern[strlen(pattern) - 1] == '_';
    text_format(out, "%s%s", joined ? "" : ".", ending);
}

parameter *build_tensor(
    list_builder *b, const char *pattern, const char *ending, parameter_kind kind, int rank, const int64_t *dim)
{
    text_buffer name = {0};
    parameter *p = NULL;
    if (b->status != SMAC_OK)
        return NULL;
    write_name(b, pattern, ending, &name);
    if (name.failed) {
        b->status = FAIL(b->error, SMAC_ERROR_MEMORY, "no memory for the name of a parameter");
    } else {
        const published_parameter published = {
            .name = name.data, .kind = kind, .rank = rank, .dim = dim, .stage = b->stage};
        p = parameter_list_add(b->list, &published, &b->status, b->error);
    }
    text_free(&name);
    return p;
}

parameter *build_table(list_builder *b, const char *pattern, int64_t rows, int64_t width)
{
    if (pattern == NULL || rows <= 0)
        return NULL;
    return build_tensor(b, pattern, "weight", KIND_TABLE, 2, (int64_t[]){rows, width});
}

void build_norm(list_builder *b, const char *pattern, int64_t width, layer_norm *out)
{
    out->epsilon = b->epsilon;
    out->weight = build_tensor(b, pattern, "weight", KIND_NORM_WEIGHT, 1, &width);
    if (!b->no_biases)
        out->bias = build_tensor(b, pattern, "bias", KIND_BIAS, 1, &width);
}

void build_linear(list_builder *b, const char *pattern, int64_t in, int64_t out, linear *layer)
{
    layer->weight = b->transposed ? build_tensor(b, pattern, "weight", KIND_MATRIX_TRANSPOSED, 2, (int64_t[]){in, out})
                                  : build_tensor(b, pattern, "weight", KIND_MATRIX, 2, (int64_t[]){out, in});
    if (!b->no_biases)
        layer->bias = build_tensor(b, pattern, "bias", KIND_BIAS, 1, &out);
}
