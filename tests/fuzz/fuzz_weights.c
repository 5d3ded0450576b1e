/* tests/fuzz/fuzz_weights.c - libFuzzer: any bytes as a file of tensors (safetensors, PyTorch, CTranslate2) or a pickle. */
#include <stdint.h>
#include <stdlib.h>

#include "safetensors_mutator.h"
#include "weights/pickle.h"
#include "weights/tensor_file_internal.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return safetensors_mutate(data, size, max_size, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smac_error error;
    tensor_file *file = tensor_file_new("fuzz");
    if (file && tensor_file_read_into(file, data, size, "fuzz", &error) == SMAC_OK &&
        tensor_file_index(file, "fuzz", &error) == SMAC_OK)
        for (size_t i = 0; i < tensor_file_count(file); i++) { /* every byte that a tensor claims can be read */
            const tensor_entry *e = tensor_file_at(file, i);
            float *out = e->count < 1 << 20 ? malloc((size_t)(e->count + 1) * sizeof *out) : NULL;
            if (out)
                tensor_to_f32(e, out);
            free(out);
        }
    tensor_file_close(file);
    arena *memory = arena_new(0);
    pickle_value *root;
    if (memory)
        pickle_read(data, size, "fuzz", memory, &root, &error);
    arena_free(memory);
    return 0;
}
