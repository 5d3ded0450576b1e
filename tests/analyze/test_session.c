/*
 * The session of the public interface: it says of live input what is said of a file with the same pictures, sound and
 * words, gives segments as they become whole, in bounded memory; input from memory and by functions; one opening and one
 * decoding; options of other versions; stopping; limits.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "support/film.h"

#include <dlfcn.h>
#include <limits.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "analyze/session.h"
#include "base/file.h"
#include "media/decoder.h"
#include "small_model.h"

#define MEDIA SMAC_SOURCE_DIR "/tests/golden/media/"
#define SPEECH SMAC_SOURCE_DIR "/tests/golden/speech/tiny"

static char model_path[] = "/tmp/smac-session-XXXXXX";
static smac_model *model;

static int open_model(void **state)
{
    (void)state;
    small_model_write(model_path, NULL, 5, 4);
    assert_ok(smac_model_open(model_path, NULL, &model, error));
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    smac_model_free(model);
    unlink(model_path);
    return 0;
}

/* --- one opening, one decoding: libav's functions are counted on their way ------------------------------------------ */

static int openings, packets;

int avformat_open_input(AVFormatContext **format, const char *url, const AVInputFormat *kind, AVDictionary **options)
{
    static int (*real)(AVFormatContext **, const char *, const AVInputFormat *, AVDictionary **);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "avformat_open_input");
    openings++;
    return real(format, url, kind, options);
}

int av_read_frame(AVFormatContext *format, AVPacket *packet)
{
    static int (*real)(AVFormatContext *, AVPacket *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "av_read_frame");
    int code = real(format, packet);
    packets += code >= 0;
    return code;
}

static const film_track tracks[] = {{.kind = FILM_PICTURE}, {.kind = FILM_SOUND}, {.kind = FILM_WORDS}};

/* Six seconds with a hole in the sound, and words. */
static void make_film(film *f, int track_count, int64_t seconds)
{
    film_begin(f, tracks, track_count, (double)seconds);
    for (int64_t at = 0; at < seconds * 1000; at += 100) {
        film_picture(f, 0, at, 100, 40 + (int)(at / 500 % 5) * 40);
        if (at < 2000 || at >= 4000)
            film_tone(f, 1, at, 1600, 0.1 + 0.2 * (double)(at / 1000 % 3), NULL);
        if (track_count > 2 && at % 2000 == 0)
            film_words(f, 2, at, 1500, at % 4000 ? "a very good film" : "so bad it hurts");
    }
}

static void a_recording_is_opened_and_decoded_once(void **state)
{
    (void)state;
    smac_speech *speech;
    assert_ok(smac_speech_open(SPEECH, &speech, error));
    for (int words = 0; words < 2; words++) { /* from subtitles, or from the sound */
        film f;
        smac_analysis *a;
        smac_analyze_options options;
        make_film(&f, 2 + words, 6);
        smac_analyze_options_default(&options);
        options.thumbnails = true;
        options.speech = speech;
        openings = packets = 0;
        assert_ok(smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, error));
        assert_int_equal(openings, 1);
        assert_int_equal(packets, 60 + 40 + (words ? 3 : 0));
        assert_int_equal(a->thumbnail_count, 6);
        if (words)
            assert_string_equal(smac_analysis_words_from(a), "embedded subtitles");
        smac_analysis_free(a);
        film_end(&f);
    }
    smac_speech_free(speech);
}

/* --- the same as of a file ------------------------------------------------------------------------------------------ */

static void check_same_segment(const smac_segment *a, const smac_segment *b)
{
    assert_near(a->start, b->start, 1e-9);
    assert_near(a->end, b->end, 0.05);
    assert_string_equal(a->text, b->text);
    for (int m = 0; m < SMAC_MODALITIES; m++) {
        assert_int_equal(a->has[m], b->has[m]);
        if (a->has[m])
            assert_near(*a->tasks[0].modality[m], *b->tasks[0].modality[m], 2e-4);
    }
    assert_int_equal(a->tasks[0].prediction != NULL, b->tasks[0].prediction != NULL);
    if (a->tasks[0].prediction)
        assert_near(*a->tasks[0].prediction, *b->tasks[0].prediction, 2e-4);
}

/* The film's packets as a camera and a microphone give them. */
static void feed_film(smac_session *s, film *f, int64_t (*each)(smac_session *s, void *user), void *user)
{
    media_input input = film_input(f);
    media_file *file;
    decoder *from;
    assert_ok(media_open(&input, NULL, &file, error));
    assert_ok(decoder_start(file, &(media_options){.subtitles = true}, &from, error));
    for (;;) {
        decoded d;
        assert_ok(decoder_next(from, &d, error));
        if (d.kind == DECODED_END)
            break;
        if (d.kind == DECODED_PICTURE) {
            picture shown;
            assert_ok(decoder_picture(from, &shown, error));
            smac_picture p = {shown.rgb, shown.width, shown.height, shown.stride, SMAC_PIXELS_RGB};
            assert_ok(smac_session_frame(s, &p, d.from, error));
        } else if (!d.hole) {
            smac_sound sound = {d.samples, d.count, 1, 16000, SMAC_SAMPLES_FLOAT};
            assert_ok(smac_session_sound(s, &sound, (double)d.first / 16000, error));
        }
        if (each)
            each(s, user);
    }
    decoder_close(from);
}

typedef struct taking {
    const smac_analysis *expected;
    size_t taken;
    double words; /* given so far */
    int64_t most; /* clips held at once */
} taking;

/* Words a moment after they were said, then all segments that are whole. */
static int64_t take_segments(smac_session *s, void *user)
{
    taking *t = user;
    const smac_segment *one;
    while (t->expected && t->words + 2 <= s->picture_end) {
        const char *text = fmod(t->words, 4) == 0 ? "so bad it hurts" : "a very good film";
        assert_ok(smac_session_words(s, text, t->words, t->words + 1.5, error));
        assert_ok(smac_session_words(s, "", t->words + 1.5, t->words + 2, error));
        t->words += 2;
    }
    for (;;) {
        assert_ok(smac_session_next(s, &one, error));
        if (!one)
            break;
        if (t->expected)
            check_same_segment(one, smac_analysis_segment(t->expected, t->taken));
        assert_true(one->end <= s->picture_end + 0.11);
        t->taken++;
    }
    int64_t held = s->track.lanes[MODALITY_VISION].count;
    t->most = held > t->most ? held : t->most;
    return 0;
}

static void live_input_gives_what_a_file_gives(void **state)
{
    (void)state;
    for (int test = 0; test < 4; test++) {
        int taken = test % 2;
        film f;
        smac_analysis *a, *b;
        smac_session *s;
        smac_analyze_options options;
        make_film(&f, 3, 12);
        smac_analyze_options_default(&options);
        options.window = 2;
        options.latency = 10;
        options.segments = test < 2 ? SMAC_SEGMENTS_WINDOW : SMAC_SEGMENTS_UTTERANCE;
        assert_ok(smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, error));
        assert_ok(smac_session_open(model, &options, &s, error));
        taking t = {.expected = taken ? a : NULL};
        feed_film(s, &f, taken ? take_segments : NULL, &t);
        if (!taken)
            for (; t.words < 12; t.words += 2)
                assert_ok(smac_session_words(
                    s, fmod(t.words, 4) == 0 ? "so bad it hurts" : "a very good film", t.words, t.words + 1.5, error));
        assert_ok(smac_session_finish(s, &b, error));
        assert_true(!taken || (t.taken >= (test < 2 ? 5 : 2) && t.taken < smac_analysis_segment_count(a)));
        if (test < 3) /* the last words were not fed: a window more is in their place */
            assert_int_equal(smac_analysis_segment_count(b) + t.taken, smac_analysis_segment_count(a));
        for (size_t i = t.taken; i < smac_analysis_segment_count(a); i++)
            if (!taken || i + 3 < smac_analysis_segment_count(a))
                check_same_segment(smac_analysis_segment(b, i - t.taken), smac_analysis_segment(a, i));
        if (!taken)
            check_same_segment(smac_analysis_summary(b), smac_analysis_summary(a));
        assert_string_equal(smac_analysis_words_from(b), "session");
        smac_session_free(s);
        smac_analysis_free(a);
        smac_analysis_free(b);
        film_end(&f);
    }
}

/* A minute without words: what is held does not grow, and a modality that does not come is not waited for. */
static void a_session_is_bounded(void **state)
{
    (void)state;
    smac_session *s;
    smac_analysis *a;
    static uint8_t rgb[48 * 32 * 4];
    taking t = {0};
    assert_ok(smac_session_open(model, NULL, &s, error));
    for (int i = 0; i < 600; i++) {
        memset(rgb, 40 + i / 3 % 200, sizeof rgb);
        smac_picture p = {rgb, 48, 32, 0, i % 2 ? SMAC_PIXELS_RGBA : SMAC_PIXELS_BGRA};
        assert_ok(smac_session_frame(s, &p, i * 0.1, error));
        take_segments(s, &t);
    }
    assert_true(t.taken >= 54 && t.most <= 14);
    assert_ok(smac_session_finish(s, &a, error));
    assert_near(smac_analysis_duration(a), 60, 1e-6);
    assert_int_equal(smac_analysis_segment_count(a) + t.taken, 57);
    assert_true(smac_analysis_summary(a)->has[SMAC_VISION] && !smac_analysis_summary(a)->has[SMAC_AUDIO]);
    smac_analysis_free(a);
    const smac_segment *none;
    assert_int_equal(smac_session_next(s, &none, NULL), SMAC_ERROR_ARGUMENT);
    smac_session_free(s);
}

/* With a speech model, segments wait for the words of their time, which come some seconds later; silence has none. */
static void a_session_listens(void **state)
{
    (void)state;
    static float quiet[16000];
    smac_speech *speech;
    smac_session *s;
    smac_analysis *a;
    smac_analyze_options options;
    size_t before = 0, after = 0;
    assert_ok(smac_speech_open(SPEECH, &speech, error));
    smac_analyze_options_default(&options);
    options.speech = speech;
    assert_ok(smac_session_open(model, &options, &s, error));
    for (int i = 0; i < 16000; i++)
        quiet[i] = 2e-4f * (float)(i % 2); /* heard by the model, and silence for the listener */
    for (int second = 0; second < 200; second++) {
        smac_sound sound = {quiet, 16000, 1, 16000, SMAC_SAMPLES_FLOAT};
        const smac_segment *one;
        assert_ok(smac_session_sound(s, &sound, NAN, error));
        for (;;) {
            assert_ok(smac_session_next(s, &one, error));
            if (!one)
                break;
            *(second < 120 ? &before : &after) += 1;
        }
    }
    assert_in_range(before, 100, 117);
    assert_int_equal(smac_session_words(s, "no", 1, 2, NULL), SMAC_ERROR_ARGUMENT);
    assert_ok(smac_session_finish(s, &a, error));
    assert_int_equal(smac_analysis_segment_count(a) + before + after, 197);
    assert_null(smac_analysis_words_from(a));
    smac_analysis_free(a);
    smac_session_free(s);
    smac_speech_free(speech);
}

static void the_camera_may_be_off(void **state)
{
    (void)state;
    smac_session *s;
    smac_analysis *a;
    smac_analyze_options options;
    static uint8_t rgb[32 * 32 * 3];
    static int16_t pcm[2 * 4410];
    for (int i = 0; i < 4410; i++)
        pcm[2 * i] = pcm[2 * i + 1] = (int16_t)(8000 * sin(i * 0.3));
    memset(rgb, 99, sizeof rgb);
    smac_analyze_options_default(&options);
    options.window = 1;
    assert_ok(smac_session_open(model, &options, &s, error));
    smac_picture p = {rgb, 32, 32, 96, SMAC_PIXELS_BGR};
    smac_sound sound = {pcm, 4410, 2, 44100, SMAC_SAMPLES_INT16};
    for (int i = 0; i < 60; i++) { /* pictures from 0 to 2 and from 4 to 6 seconds, sound from 1 s on */
        if (i < 20 || i >= 40)
            assert_ok(smac_session_frame(s, &p, i * 0.1, error));
        else if (i == 20)
            assert_ok(smac_session_frame(s, NULL, 2, error));
        if (i >= 10)
            assert_ok(smac_session_sound(s, &sound, i == 10 ? 1 : NAN, error));
    }
    assert_ok(smac_session_finish(s, &a, error));
    assert_int_equal(smac_analysis_segment_count(a), 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(smac_analysis_segment(a, i)->has[SMAC_VISION], i < 2 || i >= 4);
        assert_int_equal(smac_analysis_segment(a, i)->has[SMAC_AUDIO], i >= 1);
    }
    smac_analysis_free(a);
    smac_session_free(s);
}

/* --- what is refused -------------------------------------------------------------------------------------------------- */

static void wrong_input_is_refused_and_the_session_goes_on(void **state)
{
    (void)state;
    static uint8_t rgb[16 * 16 * 3];
    static const float samples[160];
    smac_session *s;
    smac_analysis *a;
    smac_error why;
    smac_picture p = {rgb, 16, 16, 0, SMAC_PIXELS_RGB}, empty = {rgb, 0, 16, 0, SMAC_PIXELS_RGB};
    smac_sound sound = {samples, 160, 1, 16000, SMAC_SAMPLES_FLOAT}, odd = {samples, 1, 0, 16000, SMAC_SAMPLES_FLOAT};
    memset(rgb, 70, sizeof rgb);
    assert_ok(smac_session_open(model, NULL, &s, error));
    assert_ok(smac_session_frame(s, &p, 1, error));
    assert_int_equal(smac_session_frame(s, &p, 0.5, &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "order of time"));
    assert_int_equal(smac_session_frame(s, &p, NAN, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_frame(s, &p, -1, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_frame(s, &empty, 2, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_sound(s, &odd, 0, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_sound(s, NULL, 0, &why), SMAC_ERROR_ARGUMENT);
    assert_ok(smac_session_sound(s, &sound, 2, error));
    assert_int_equal(smac_session_sound(s, &sound, 1, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_words(s, "\xff", 0, 1, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_words(s, "a", 2, 1, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_words(s, NULL, 0, 1, &why), SMAC_ERROR_ARGUMENT);
    assert_int_equal(smac_session_words(s, "a", 2, 1e9, &why), SMAC_ERROR_ARGUMENT); /* would be whole up to there */
    assert_ok(smac_session_frame(s, &p, 2, error));
    /* beyond the limit: the session ends, and says so again */
    assert_int_equal(smac_session_frame(s, &p, 1e6, &why), SMAC_ERROR_FORMAT);
    assert_non_null(strstr(why.message, "gap"));
    assert_int_equal(smac_session_frame(s, &p, 3, &why), SMAC_ERROR_FORMAT);
    assert_int_equal(smac_session_finish(s, &a, &why), SMAC_ERROR_FORMAT);
    assert_null(a);
    smac_session_free(s);
    assert_ok(smac_session_open(model, NULL, &s, error));
    assert_int_equal(smac_session_finish(s, &a, &why), SMAC_ERROR_FORMAT);
    smac_session_free(s);
    smac_session_free(NULL);
    assert_int_equal(smac_session_frame(NULL, &p, 0, &why), SMAC_ERROR_ARGUMENT);
}

static void limits_are_kept(void **state)
{
    (void)state;
    film f;
    smac_analysis *a = NULL;
    smac_error why;
    smac_analyze_options options;
    make_film(&f, 2, 6);
    smac_analyze_options_default(&options);
    options.max_seconds = 5;
    assert_int_equal(
        smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, &why), SMAC_ERROR_FORMAT);
    options.max_seconds = 0;
    options.max_gap = 1;
    assert_int_equal(
        smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, &why), SMAC_ERROR_FORMAT);
    assert_null(a);
    film_end(&f);
}

static int stop_at(void *user, const char *what, double done, double total)
{
    (void)what, (void)done, (void)total;
    return (*(int *)user)-- <= 0;
}

static void a_request_stops_when_asked(void **state)
{
    (void)state;
    int stops = 0;
    for (int moment = 0, done = 0; !done; moment++) {
        film f;
        smac_analysis *a = NULL;
        smac_error why;
        smac_analyze_options options;
        int left = moment;
        make_film(&f, 2, 6);
        smac_analyze_options_default(&options);
        options.progress = stop_at;
        options.user = &left;
        smac_status status = smac_analyze_memory(model, f.bytes.data, f.bytes.length, "film.mkv", &options, &a, &why);
        done = status == SMAC_OK;
        stops += !done;
        if (!done) {
            assert_int_equal(status, SMAC_ERROR_INTERRUPTED);
            assert_non_null(strstr(why.message, "film.mkv"));
            assert_null(a);
        }
        smac_analysis_free(a);
        film_end(&f);
    }
    assert_true(stops >= 1);
}

/* --- versions ----------------------------------------------------------------------------------------------------- */

typedef struct patience {
    int asked, left; /* questions so far; how many more are answered with "go on" */
} patience;

static int patience_ends(void *user)
{
    patience *p = user;
    p->asked++;
    return p->left-- <= 0;
}

static void loading_stops_when_asked(void **state)
{
    (void)state;
    smac_model_options options;
    smac_model_options_default(&options);
    patience p = {0, INT_MAX};
    options.interrupt = patience_ends;
    options.user = &p;
    smac_model *loaded = NULL;
    assert_ok(smac_model_open(model_path, &options, &loaded, error));
    smac_model_free(loaded);
    int questions = p.asked;
    assert_true(questions > 50); /* one a tensor, or more */
    for (int after = 0; after < questions; after += 1 + questions / 10) {
        smac_error why = {0};
        p = (patience){0, after};
        loaded = NULL;
        assert_int_equal(smac_model_open(model_path, &options, &loaded, &why), SMAC_ERROR_INTERRUPTED);
        assert_null(loaded);
        assert_int_equal(p.asked, after + 1); /* and nothing is done after the answer */
        assert_non_null(strstr(why.message, "stopped as asked"));
    }
    assert_ok(smac_model_open(model_path, NULL, &loaded, error)); /* nothing of it stays */
    smac_model_free(loaded);
}

static void options_of_other_versions(void **state)
{
    (void)state;
    film f;
    smac_analysis *a;
    smac_error why = {0};
    make_film(&f, 2, 6);
    /* an older program: its struct ends after `transcript` */
    struct {
        size_t size;
        const char *text, *transcript;
        unsigned char beyond[64];
    } old;
    memset(&old, 0x5a, sizeof old);
    smac_analyze_options_init((smac_analyze_options *)(void *)&old, offsetof(smac_analyze_options, without));
    for (size_t i = 0; i < sizeof old.beyond; i++)
        assert_int_equal(old.beyond[i], 0x5a);
    assert_null(old.text);
    old.text = "a good film";
    assert_ok(smac_analyze_memory(
        model, f.bytes.data, f.bytes.length, NULL, (smac_analyze_options *)(void *)&old, &a, error));
    assert_string_equal(smac_analysis_summary(a)->text, "a good film");
    smac_analysis_free(a);
    /* a newer one: what this library does not know must not be set */
    struct {
        smac_analyze_options known;
        int64_t more;
    } newer = {0};
    smac_analyze_options_init(&newer.known, sizeof newer);
    assert_ok(smac_analyze_memory(model, f.bytes.data, f.bytes.length, NULL, &newer.known, &a, error));
    smac_analysis_free(a);
    newer.more = 1;
    assert_int_equal(
        smac_analyze_memory(model, f.bytes.data, f.bytes.length, NULL, &newer.known, &a, &why), SMAC_ERROR_UNSUPPORTED);
    smac_analyze_options zero = {0};
    assert_int_equal(
        smac_analyze_memory(model, f.bytes.data, f.bytes.length, NULL, &zero, &a, &why), SMAC_ERROR_ARGUMENT);
    assert_non_null(strstr(why.message, "smac_analyze_options_default"));
    smac_model_options none = {0};
    smac_model *other = NULL;
    assert_int_equal(smac_model_open(model_path, &none, &other, &why), SMAC_ERROR_ARGUMENT);
    assert_null(other);
    char version[40];
    snprintf(version, sizeof version, "%d.%d.%d", SMAC_VERSION_MAJOR, SMAC_VERSION_MINOR, SMAC_VERSION_PATCH);
    assert_string_equal(smac_version(), version);
    assert_int_equal(smac_version_hex(), SMAC_VERSION_HEX);
    film_end(&f);
}

static void nothing_is_asked_of_nothing(void **state)
{
    (void)state;
    assert_null(smac_model_name(NULL));
    assert_null(smac_model_sha256(NULL));
    assert_int_equal(smac_model_task_count(NULL), 0);
    assert_null(smac_model_task(NULL, 0));
    assert_null(smac_model_describe(NULL));
    assert_int_equal(smac_analysis_task_count(NULL), 0);
    assert_null(smac_analysis_task(NULL, 0));
    assert_near(smac_analysis_duration(NULL), 0, 0);
    assert_null(smac_analysis_summary(NULL));
    assert_int_equal(smac_analysis_segment_count(NULL), 0);
    assert_null(smac_analysis_segment(NULL, 0));
    assert_int_equal(smac_analysis_warning_count(NULL), 0);
    assert_null(smac_analysis_warning(NULL, 0));
    assert_null(smac_analysis_words_from(NULL));
    assert_null(smac_analysis_language(NULL));
    assert_near(smac_analysis_timing(NULL).total, 0, 0);
    smac_analysis_free(NULL);
    smac_free(NULL);
}

/* --- input by functions ------------------------------------------------------------------------------------------------ */

typedef struct pipe_end {
    const char *data;
    size_t size, at;
} pipe_end;

static int64_t pipe_read(void *user, void *data, size_t size)
{
    pipe_end *p = user;
    size_t some = p->size - p->at < size ? p->size - p->at : size;
    some = some < 777 ? some : 777;
    memcpy(data, p->data + p->at, some);
    p->at += some;
    return (int64_t)some;
}

static int64_t broken_read(void *user, void *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return -1;
}

static void input_by_functions(void **state)
{
    (void)state;
    static const char *const names[] = {"plain.mp4", "subtitles.mkv", "vp9.webm", "tone.flac"};
    smac_error why;
    smac_analysis *a, *b;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[600], *data;
        size_t size;
        snprintf(path, sizeof path, "%s%s", MEDIA, names[i]);
        assert_ok(smac_analyze_file(model, path, NULL, &a, error));
        assert_ok(file_read(path, 0, &data, &size, error));
        pipe_end p = {data, size, 0};
        smac_input input = {.name = "pipe", .read = pipe_read, .bytes = -1, .user = &p};
        assert_ok(smac_analyze_input(model, &input, NULL, &b, error));
        assert_int_equal(smac_analysis_segment_count(a), smac_analysis_segment_count(b));
        check_same_segment(smac_analysis_summary(a), smac_analysis_summary(b));
        smac_analysis_free(a);
        smac_analysis_free(b);
        free(data);
    }
    smac_input broken = {.name = "cable", .read = broken_read, .bytes = -1};
    assert_int_equal(smac_analyze_input(model, &broken, NULL, &a, &why), SMAC_ERROR_IO);
    assert_non_null(strstr(why.message, "cable"));
    assert_int_equal(smac_analyze_input(model, NULL, NULL, &a, &why), SMAC_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_recording_is_opened_and_decoded_once),
        cmocka_unit_test(live_input_gives_what_a_file_gives), cmocka_unit_test(a_session_is_bounded),
        cmocka_unit_test(a_session_listens), cmocka_unit_test(the_camera_may_be_off),
        cmocka_unit_test(wrong_input_is_refused_and_the_session_goes_on), cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(a_request_stops_when_asked), cmocka_unit_test(loading_stops_when_asked),
        cmocka_unit_test(options_of_other_versions), cmocka_unit_test(nothing_is_asked_of_nothing),
        cmocka_unit_test(input_by_functions)};
    return cmocka_run_group_tests(tests, open_model, close_model);
}
