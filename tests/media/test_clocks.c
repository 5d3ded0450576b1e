/*
 * MPEG-TS whose clock wraps, jumps or begins again.  tests/golden/media/clock.ts: 3 s, frame n (5 a second) is grey of
 * level 16 + 12 n, a tone from 1.0 to 1.2 s, the clock begins at 10 s.  The tests change its time stamps.
 */
#include "watched.h"

#include "base/file.h"

enum { PACKET = 188 };
static const int64_t WRAP = (int64_t)1 << 33;
static const double LENGTH = 3.0;

typedef struct transport {
    uint8_t *bytes;
    size_t size;
} transport;

static void stamp_shift(uint8_t *b, int64_t shift) /* the five bytes of a PTS or DTS */
{
    int64_t stamp = (int64_t)(b[0] >> 1 & 7) << 30 | (int64_t)b[1] << 22 | (int64_t)(b[2] >> 1) << 15 |
        (int64_t)b[3] << 7 | b[4] >> 1;
    stamp = (stamp + shift + WRAP) % WRAP;
    b[0] = (uint8_t)((b[0] & 0xF1) | (stamp >> 30 & 7) << 1);
    b[1] = (uint8_t)(stamp >> 22);
    b[2] = (uint8_t)((stamp >> 15 & 0x7F) << 1 | 1);
    b[3] = (uint8_t)(stamp >> 7);
    b[4] = (uint8_t)((stamp & 0x7F) << 1 | 1);
}

static void packet_shift(uint8_t *p, int64_t shift)
{
    size_t payload = 4;
    if (p[3] & 0x20) {
        payload += 1 + (size_t)p[4];
        if (p[4] >= 7 && p[5] & 0x10) { /* the clock reference: 33 bits, then 15 others */
            int64_t clock =
                (int64_t)p[6] << 25 | (int64_t)p[7] << 17 | (int64_t)p[8] << 9 | (int64_t)p[9] << 1 | p[10] >> 7;
            clock = (clock + shift + WRAP) % WRAP;
            p[6] = (uint8_t)(clock >> 25);
            p[7] = (uint8_t)(clock >> 17);
            p[8] = (uint8_t)(clock >> 9);
            p[9] = (uint8_t)(clock >> 1);
            p[10] = (uint8_t)((p[10] & 0x7F) | (clock & 1) << 7);
        }
    }
    if (!(p[3] & 0x10) || !(p[1] & 0x40) || payload + 19 > PACKET)
        return;
    uint8_t *pes = p + payload;
    if (pes[0] || pes[1] || pes[2] != 1 || pes[3] < 0xC0 || pes[3] > 0xEF)
        return;
    if (pes[7] & 0x80)
        stamp_shift(pes + 9, shift);
    if ((pes[7] & 0xC0) == 0xC0)
        stamp_shift(pes + 14, shift);
}

/* Add the film with its clock shifted by so many seconds; without: a PID to leave out. */
static void transport_add(transport *t, double seconds, int without)
{
    char path[600], *data;
    size_t size;
    snprintf(path, sizeof path, "%s/tests/golden/media/clock.ts", SMAC_SOURCE_DIR);
    assert_ok(file_read(path, 1 << 20, &data, &size, error));
    assert_int_equal(size % PACKET, 0);
    t->bytes = realloc(t->bytes, t->size + size);
    for (size_t at = 0; at < size; at += PACKET) {
        uint8_t *packet = t->bytes + t->size;
        memcpy(packet, data + at, PACKET);
        if (((packet[1] & 0x1F) << 8 | packet[2]) == without)
            continue;
        packet_shift(packet, llround(seconds * 90000));
        t->size += PACKET;
    }
    free(data);
}

static watched *transport_watch(transport *t)
{
    media_memory memory = {t->bytes, t->size, 0};
    media_input input = media_input_memory(&memory, "clock.ts");
    watched *w = watch(&input, NULL);
    assert_int_equal(w->status, SMAC_OK);
    free(t->bytes);
    *t = (transport){0};
    return w;
}

enum { PICTURE_PID = 0x100, SOUND_PID = 0x101 };

static void check_copy(const watched *w, double from)
{
    assert_near(watched_loud_after(w, from + 0.05), from + 1.0, 0.04);
    for (int n = 1; n < 14; n++)
        assert_near(watched_grey_at(w, from + (n + 0.5) / 5), 16 + 12 * n, 4);
}

static void the_clock_may_wrap(void **state)
{
    (void)state;
    transport t = {0};
    transport_add(&t, 0, -1);
    watched *plain = transport_watch(&t);
    check_copy(plain, 0.03);
    for (double before = 0.05; before < 3; before += 0.45) { /* seconds before the wrap */
        transport_add(&t, (double)WRAP / 90000 - 10 - before, -1);
        watched *w = transport_watch(&t);
        assert_int_equal(w->pictures, plain->pictures);
        assert_int_equal(w->samples, plain->samples);
        assert_memory_equal(w->sound, plain->sound, w->samples * sizeof *w->sound);
        check_copy(w, 0.03);
        watched_warned(w, NULL);
        watched_free(w);
    }
    watched_free(plain);
}

static void films_in_one_file_follow_each_other(void **state)
{
    (void)state;
    static const double shifts[] = {0, 3600, 50000, 14, -5};
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        transport t = {0};
        transport_add(&t, 0, -1);
        transport_add(&t, shifts[i], -1);
        watched *w = transport_watch(&t);
        check_copy(w, 0.03);
        check_copy(w, LENGTH + 0.03);
        assert_near((double)w->samples / 16000, 2 * LENGTH, 0.07);
        watched_warned(w, "picture and sound jump by");
        watched_free(w);
    }
}

static void a_gap_that_the_other_stream_fills_is_kept(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        transport t = {0};
        for (int i = 0; i < 10; i++)
            transport_add(&t, LENGTH * i, i == 0 || i == 9 ? -1 : kind == 0 ? SOUND_PID : PICTURE_PID);
        watched *w = transport_watch(&t);
        check_copy(w, 0.03);
        check_copy(w, 9 * LENGTH + 0.03);
        watched_free(w);
    }
}

static void a_lone_stream_whose_clock_jumps_goes_on(void **state)
{
    (void)state;
    static const double shifts[] = {0, 3600, -5};
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        transport t = {0};
        transport_add(&t, 0, PICTURE_PID);
        transport_add(&t, shifts[i], PICTURE_PID);
        watched *w = transport_watch(&t);
        assert_near(watched_loud_after(w, 0), 1.0, 0.04);
        assert_near(watched_loud_after(w, 2), LENGTH + 1.03, 0.03);
        watched_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_may_wrap),
        cmocka_unit_test(films_in_one_file_follow_each_other),
        cmocka_unit_test(a_gap_that_the_other_stream_fills_is_kept),
        cmocka_unit_test(a_lone_stream_whose_clock_jumps_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
