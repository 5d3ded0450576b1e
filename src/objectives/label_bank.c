/* objectives/label_bank.c - the bank of training vectors: making it, writing it, its state. */
#include "objectives/label_bank.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objectives/label_internal.h"

static const char *kind_name(int kind)
{
    return kind == LABEL_BANK_FUSED ? "fused" : modality_name((modality)kind);
}

static bool rule_needs(label_rule rule, int kind)
{
    if (rule == LABEL_RULE_FIXED)
        return false;
    return kind != LABEL_BANK_FUSED || rule == LABEL_RULE_SELF_MM;
}

smac_status label_bank_new(label_rule rule, int64_t samples, int64_t width, label_bank **out, smac_error *error)
{
    size_t size;
    *out = NULL;
    if (samples < 1 || width < 1 || !checked_multiply((size_t)samples, (size_t)width, &size))
        return FAIL(error, SMAC_ERROR_ARGUMENT, "a bank of %lld samples of width %lld; expected at least 1 of each",
            (long long)samples, (long long)width);
    label_bank *bank = memory_new(1, sizeof *bank);
    bool memory = bank != NULL;
    for (int kind = 0; kind < LABEL_BANKS && memory; kind++)
        if (rule_needs(rule, kind))
            memory = (bank->vectors[kind] = memory_new(size, sizeof(float))) != NULL &&
                (bank->written[kind] = memory_new((size_t)samples, 1)) != NULL;
    if (!memory) {
        label_bank_free(bank);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for the banks of %lld samples of width %lld",
            (long long)samples, (long long)width);
    }
    bank->samples = samples;
    bank->width = width;
    *out = bank;
    return SMAC_OK;
}

void label_bank_free(label_bank *bank)
{
    if (!bank)
        return;
    for (int kind = 0; kind < LABEL_BANKS; kind++) {
        free(bank->vectors[kind]);
        free(bank->written[kind]);
    }
    free(bank);
}

smac_status label_bank_write(label_bank *bank, int kind, const int64_t *samples, int64_t count, const float *vectors,
    const uint8_t *present, smac_error *error)
{
    int64_t width = bank->width;
    if (kind < 0 || kind >= LABEL_BANKS)
        return FAIL(error, SMAC_ERROR_ARGUMENT, "bank %d; expected 0 to %d", kind, LABEL_BANKS - 1);
    if (!bank->vectors[kind])
        return SMAC_OK; /* the rule needs none */
    for (int64_t i = 0; i < count; i++) {
        if (samples[i] < 0 || samples[i] >= bank->samples)
            return FAIL(error, SMAC_ERROR_ARGUMENT, "training sample %lld; expected 0 to %lld", (long long)samples[i],
                (long long)bank->samples - 1);
        if (present && !present[i])
            continue;
        for (int64_t d = 0; d < width; d++)
            if (!isfinite(vectors[i * width + d]))
                return FAIL(error, SMAC_ERROR_NUMERIC,
                    "the %s vector of training sample %lld is not finite at place %lld", kind_name(kind),
                    (long long)samples[i], (long long)d);
    }
    for (int64_t i = 0; i < count; i++) {
        if (present && !present[i])
            continue;
        memcpy(bank->vectors[kind] + samples[i] * width, vectors + i * width, (size_t)width * sizeof *vectors);
        bank->written[kind][samples[i]] = 1;
    }
    return SMAC_OK;
}

int label_bank_array_count(const label_bank *bank)
{
    int count = 0;
    for (int kind = 0; kind < LABEL_BANKS; kind++)
        count += bank->vectors[kind] ? 2 : 0;
    return count;
}

label_array label_bank_array_at(const label_bank *bank, int index)
{
    label_array a = {.rows = bank->samples};
    for (int kind = 0; kind < LABEL_BANKS; kind++) {
        if (!bank->vectors[kind])
            continue;
        if (index < 2) {
            snprintf(a.name, sizeof a.name, "%s.%s", index ? "written" : "bank", kind_name(kind));
            a.data = index ? (void *)bank->written[kind] : (void *)bank->vectors[kind];
            a.bytes = index == 1;
            a.columns = index ? 1 : bank->width;
            return a;
        }
        index -= 2;
    }
    return (label_array){.name = ""};
}
