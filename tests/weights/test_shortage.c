/* tests/weights/test_shortage.c - opening weight files of every kind, and writing one, while every allocation fails. */
#include "support/shortage.h"

#include <unistd.h>

#include "weights/safetensors.h"

#define GOLDEN SMAC_SOURCE_DIR "/tests/golden/"

static smac_status open_and_copy(void *context, smac_error *error)
{
    tensor_file *f = NULL;
    TRY(tensor_file_open(context, &f, error));
    smac_status status = SMAC_OK;
    tensor_entry *entries = malloc((tensor_file_count(f) + 1) * sizeof *entries);
    for (size_t i = 0; entries && i < tensor_file_count(f); i++)
        entries[i] = *tensor_file_at(f, i);
    char path[] = "/tmp/smac-shortage-XXXXXX";
    int file = mkstemp(path);
    if (file < 0)
        status = FAIL(error, SMAC_ERROR_IO, "no temporary file");
    else if (!entries)
        status = FAIL(error, SMAC_ERROR_MEMORY, "no memory for the entries");
    else
        status = safetensors_write(path, entries, tensor_file_count(f), NULL, 0, error);
    if (file >= 0) {
        close(file);
        unlink(path);
    }
    free(entries);
    tensor_file_close(f);
    return status;
}

static void every_kind_survives(void **state)
{
    (void)state;
    static const char *const names[] = {
        "autograd/operations.safetensors", "weights/nested.pt", "weights/flat.old.pth", "weights/flat.pth"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[600];
        snprintf(path, sizeof path, GOLDEN "%s", names[i]);
        int64_t count = shortage_sweep(names[i], open_and_copy, path, 400);
        print_message("%s: %lld allocations\n", names[i], (long long)count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_survives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
