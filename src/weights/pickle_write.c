/* weights/pickle_write.c - the opcodes. */
#include "weights/pickle_write.h"

#include <string.h>

/* Little-endian. */
static void put_integer(FILE *f, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        fputc((int)(value >> (8 * i) & 255), f);
}

void pickle_write_begin(FILE *f)
{
    fwrite("\x80\x04", 1, 2, f);
}

void pickle_write_end(FILE *f)
{
    fputc('.', f);
}

void pickle_write_open(FILE *f, char what)
{
    fwrite(what == '{' ? "}(" : "](", 1, 2, f);
}

void pickle_write_close(FILE *f, char what)
{
    fputc(what == '{' ? 'u' : 'e', f);
}

void pickle_write_text(FILE *f, const char *text)
{
    size_t length = strlen(text);
    fputc(length < 256 ? 0x8c : 'X', f);
    put_integer(f, length, length < 256 ? 1 : 4);
    fwrite(text, 1, length, f);
}

void pickle_write_integer(FILE *f, int64_t value)
{
    fputc('J', f);
    put_integer(f, (uint64_t)value, 4);
}

static void write_global(FILE *f, const char *module, const char *name)
{
    pickle_write_text(f, module);
    pickle_write_text(f, name);
    fputc(0x93, f);
}

/* numpy's reconstruct(ndarray, (0,), b"b") with the state (1, shape, float32, False, bytes) up to the bytes' length. */
void pickle_write_array_begin(FILE *f, int rank, const int64_t *dim)
{
    static const char head[] = "K\x00\x85"
                               "C\x01"
                               "b\x87R(K\x01(";
    static const char type[] = "\x89\x88\x87R(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb";
    uint64_t bytes = sizeof(float);
    write_global(f, "numpy.core.multiarray", "_reconstruct"); /* NumPy 2 keeps this name for pickles */
    write_global(f, "numpy", "ndarray");
    fwrite(head, 1, sizeof head - 1, f);
    for (int i = 0; i < rank; i++) {
        pickle_write_integer(f, dim[i]);
        bytes *= (uint64_t)dim[i];
    }
    fputc('t', f);
    write_global(f, "numpy", "dtype");
    pickle_write_text(f, "f4");
    fwrite(type, 1, sizeof type - 1, f);
    fputc(0x89, f);
    fputc(0x8e, f);
    put_integer(f, bytes, 8);
}

void pickle_write_floats(FILE *f, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        const unsigned char bytes[4] = {bits & 255, bits >> 8 & 255, bits >> 16 & 255, bits >> 24};
        fwrite(bytes, 1, 4, f);
    }
}

void pickle_write_array_end(FILE *f)
{
    fputc('t', f);
    fputc('b', f);
}
