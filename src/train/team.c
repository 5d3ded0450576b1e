/* train/team.c - what the ranks of a team share, on top of its functions; nothing to do for one process. */
#include "train/team.h"

#include <stdlib.h>
#include <string.h>

#include "autograd/ops.h"
#include "base/memory.h"

int team_size(const team *t)
{
    return t ? t->size : 1;
}

int team_rank(const team *t)
{
    return t ? t->rank : 0;
}

bool team_is_first(const team *t)
{
    return team_rank(t) == 0;
}

smac_status team_sum(const team *t, double *values, size_t count, smac_error *error)
{
    return t ? t->sum(t->context, values, count, error) : SMAC_OK;
}

smac_status team_agree(const team *t, smac_status mine, bool *stop, smac_error *error)
{
    return t ? t->agree(t->context, mine, stop, error) : mine;
}

int64_t team_rows(const team *t, int rank, int64_t count, int64_t *first)
{
    int64_t size = team_size(t), from = count * rank / size;
    if (first)
        *first = from;
    return count * (rank + 1) / size - from;
}

smac_status team_sum_gradients(const team *t, parameter_store *store, smac_error *error)
{
    if (!t)
        return SMAC_OK;
    float *block = parameter_trainable_gradients(store), *host = parameter_block_map(store, block);
    if (!host)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory to sum the gradients over the team");
    smac_status status = t->sum_floats(t->context, host, (size_t)parameter_trainable_count(store), error);
    smac_status back = parameter_block_unmap(store, block, host, status == SMAC_OK, status == SMAC_OK ? error : NULL);
    return status != SMAC_OK ? status : back;
}

smac_status team_gather_rows(const team *t, const void *mine, int64_t count, size_t width, void *all, smac_error *error)
{
    if (!t) {
        if (all != mine)
            memmove(all, mine, (size_t)count * width);
        return SMAC_OK;
    }
    size_t *bytes = memory_new((size_t)t->size, sizeof *bytes);
    if (!bytes)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a team of %d", t->size);
    for (int rank = 0; rank < t->size; rank++)
        bytes[rank] = (size_t)team_rows(t, rank, count, NULL) * width;
    smac_status status = t->gather(t->context, mine, bytes, all, error);
    free(bytes);
    return status;
}

value *team_gather_value(const team *t, tape *tape, value *own, int64_t count, int64_t width)
{
    if (!t)
        return own;
    int64_t first, rows = team_rows(t, t->rank, count, &first);
    float *all = tape_scratch(tape, (size_t)(count * width) * sizeof *all);
    const float *mine = own ? tape_numbers(tape, own) : NULL;
    smac_error error = {0};
    if (!all || (rows > 0 && !mine))
        return NULL;
    smac_status status = team_gather_rows(t, mine, count, (size_t)width * sizeof *all, all, &error);
    if (status != SMAC_OK) {
        tape_fail_as(tape, &error);
        return NULL;
    }
    value *parts[3];
    int part_count = 0;
    if (first > 0)
        parts[part_count++] = tape_value(tape, 2, (int64_t[]){first, width}, all);
    if (rows > 0)
        parts[part_count++] = own;
    if (first + rows < count)
        parts[part_count++] =
            tape_value(tape, 2, (int64_t[]){count - first - rows, width}, all + (first + rows) * width);
    return part_count == 1 ? parts[0] : op_concat(tape, parts, part_count, 0);
}
