/* autograd/gather_packed.c - rows of a table that is held packed for products (an embedding that also gives logits). */
#include "autograd/internal.h"
#include "autograd/ops_decoder.h"

value *op_gather_packed(tape *t, value *table, const int32_t *indices, int64_t count)
{
    const parameter *p = table != NULL ? table->parameter : NULL;
    if (tape_status(t, NULL) != SMAC_OK)
        return NULL;
    if (p == NULL || p->packed == NULL || p->rank != 2 || count < 1) {
        tape_fail(t, SMAC_ERROR_MISMATCH, "op_gather_packed",
            "op_gather_packed: %lld rows were asked for of %s, expected at least 1 of a packed table (V, D)",
            (long long)count, p != NULL ? p->name : "a value that is not a parameter");
        return NULL;
    }
    for (int64_t i = 0; i < count; i++)
        if (indices[i] < 0 || indices[i] >= p->dim[0]) {
            tape_fail(t, SMAC_ERROR_ARGUMENT, "op_gather_packed",
                "op_gather_packed: index number %lld is %d, expected 0 to %lld", (long long)i, (int)indices[i],
                (long long)p->dim[0] - 1);
            return NULL;
        }
    value *out = op_result(t, 2, (int64_t[]){count, p->dim[1]}, false);
    const int32_t *places = op_upload(t, indices, (size_t)count * sizeof *indices);
    if (out == NULL || places == NULL ||
        !OP_RUN(t, "op_gather_packed", packed_rows,
            &(packed_rows_problem){.y = out->device_data, .table = p->packed, .indices = places, .count = count}))
        return NULL;
    return out;
}
