/*
 * media/libav_tracks.c - choosing tracks.
 *
 * Picture and sound: the first track with the container's default flag, else the first track.  Commentary, tracks for
 * hearing-impaired or visually impaired people and tracks that cannot be decoded are used only when there is no other.
 * Size and bit rate do not matter.
 * Subtitles replace the spoken words.  So forced tracks (only foreign-language dialogue), commentary, lyrics and tracks
 * in another language than the sound are taken only when they are named.
 */
#include "media/libav_tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/text.h"
#include "base/utf8.h"
#include "media/language.h"

static const int SECONDARY = AV_DISPOSITION_COMMENT | AV_DISPOSITION_HEARING_IMPAIRED | AV_DISPOSITION_VISUAL_IMPAIRED |
    AV_DISPOSITION_CLEAN_EFFECTS | AV_DISPOSITION_KARAOKE | AV_DISPOSITION_DEPENDENT;
static const int NO_SPEECH =
    AV_DISPOSITION_COMMENT | AV_DISPOSITION_LYRICS | AV_DISPOSITION_KARAOKE | AV_DISPOSITION_DESCRIPTIONS;

static const char *const kind_names[] = {"picture", "sound", "subtitles"};

/* --- listing ------------------------------------------------------------------------------------------------------- */

static const char *stream_tag(const AVStream *stream, const char *key)
{
    const AVDictionaryEntry *entry = av_dict_get(stream->metadata, key, NULL, 0);
    return entry ? entry->value : "";
}

static bool text_contains(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, length) == 0)
            return true;
    return false;
}

static bool track_kind(const AVStream *stream, media_track_kind *kind)
{
    switch (stream->codecpar->codec_type) {
    case AVMEDIA_TYPE_VIDEO:
        *kind = MEDIA_TRACK_PICTURE;
        return !(stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS));
    case AVMEDIA_TYPE_AUDIO:
        *kind = MEDIA_TRACK_SOUND;
        return true;
    case AVMEDIA_TYPE_SUBTITLE:
        *kind = MEDIA_TRACK_SUBTITLES;
        return true;
    default:
        return false;
    }
}

static void describe_track(const AVStream *stream, media_track_kind kind, media_track *t)
{
    const AVCodecParameters *p = stream->codecpar;
    *t = (media_track){.kind = kind, .stream = stream->index, .width = p->width, .height = p->height};
    snprintf(t->codec, sizeof t->codec, "%s", avcodec_get_name(p->codec_id));
    snprintf(t->language, sizeof t->language, "%s", stream_tag(stream, "language"));
    snprintf(t->title, sizeof t->title, "%s", stream_tag(stream, "title"));
    size_t bad = utf8_invalid_at(t->title, strlen(t->title)); /* cut inside a character, or not UTF-8 */
    if (bad != SIZE_MAX)
        t->title[bad] = 0;
    for (char *c = t->title; *c; c++)
        *c = (unsigned char)*c < ' ' || *c == 0x7F ? ' ' : *c;
    t->sample_rate = p->sample_rate;
    t->channels = p->ch_layout.nb_channels;
    t->is_default = stream->disposition & AV_DISPOSITION_DEFAULT;
    t->is_secondary = stream->disposition & SECONDARY;
    if (kind == MEDIA_TRACK_SUBTITLES) {
        const AVCodecDescriptor *descriptor = avcodec_descriptor_get(p->codec_id);
        t->is_text = descriptor && (descriptor->props & AV_CODEC_PROP_TEXT_SUB);
        t->is_forced = (stream->disposition & AV_DISPOSITION_FORCED) || text_contains(t->title, "forced") ||
            text_contains(t->title, "signs");
    }
}

static void list_tracks(libav_file *f)
{
    media_info *info = &f->info;
    for (unsigned i = 0; i < f->format->nb_streams; i++) {
        media_track_kind kind;
        if (!track_kind(f->format->streams[i], &kind))
            continue;
        if (info->track_count == MEDIA_TRACKS_MAX) {
            libav_warn(f, "more than %d tracks: the others are not looked at", MEDIA_TRACKS_MAX);
            return;
        }
        describe_track(f->format->streams[i], kind, &info->tracks[info->track_count++]);
    }
}

/* --- asked for by name --------------------------------------------------------------------------------------------- */

static smac_status no_such_track(const libav_file *f, media_track_kind kind, const char *wanted, smac_error *error)
{
    text_buffer list = {0};
    for (int i = 0; i < f->info.track_count; i++) {
        const media_track *t = &f->info.tracks[i];
        if (t->kind != kind)
            continue;
        text_format(&list, "%sstream %d", list.length ? ", " : "", t->stream);
        if (t->language[0] || t->is_forced || (kind == MEDIA_TRACK_SUBTITLES && !t->is_text))
            text_format(&list, " (%s%s%s)", t->language[0] ? t->language : "no language",
                t->is_forced ? ", forced" : "",
                kind == MEDIA_TRACK_SUBTITLES && !t->is_text ? ", pictures of text" : "");
    }
    smac_status status = list.length
        ? FAIL(error, SMAC_ERROR_NOT_FOUND, "%s has no %s \"%s\": name one of %s, by number or language", f->path,
              kind_names[kind], wanted, list.data)
        : FAIL(error, SMAC_ERROR_NOT_FOUND, "%s has no %s \"%s\", and no other", f->path, kind_names[kind], wanted);
    text_free(&list);
    return status;
}

/* How suitable a track is, apart from its language; negative: not usable. */
static int track_rank(const libav_file *f, const media_track *t)
{
    const AVStream *stream = f->format->streams[t->stream];
    const AVCodecParameters *p = stream->codecpar;
    if (t->kind == MEDIA_TRACK_SUBTITLES) {
        if (!t->is_text)
            return -1;
        bool has_speech = !t->is_forced && !(stream->disposition & NO_SPEECH);
        return (has_speech ? 8 : 0) + (t->is_default ? 4 : 0) + (t->is_secondary ? 0 : 2);
    }
    bool is_known = t->kind == MEDIA_TRACK_PICTURE ? p->width > 0 && p->height > 0
                                                   : p->sample_rate > 0 && p->ch_layout.nb_channels > 0;
    bool can_decode = avcodec_find_decoder(p->codec_id) != NULL;
    return (is_known ? 32 : 0) + (can_decode ? 16 : 0) + (t->is_default ? 8 : 0) + (t->is_secondary ? 0 : 4);
}

static smac_status find_named(
    const libav_file *f, media_track_kind kind, const char *wanted, int *stream, smac_error *error)
{
    int best = -1;
    int64_t number;
    *stream = -1;
    if (strcasecmp(wanted, "none") == 0)
        return SMAC_OK;
    bool by_number = number_parse_integer(wanted, &number);
    for (int i = 0; i < f->info.track_count; i++) {
        const media_track *t = &f->info.tracks[i];
        int rank = track_rank(f, t);
        bool is_meant = by_number ? t->stream == number : language_is_same(t->language, wanted);
        if (t->kind == kind && is_meant && rank > best) {
            best = rank;
            *stream = t->stream;
        }
    }
    return best >= 0 ? SMAC_OK : no_such_track(f, kind, wanted, error);
}

/* --- by the rules -------------------------------------------------------------------------------------------------- */

/* Broadcast streams hold several programmes: prefer the sound of the picture's programme. */
static bool is_of_programme(const libav_file *f, int stream)
{
    const AVProgram *programme = NULL;
    if (f->picture_stream >= 0)
        programme = av_find_program_from_stream(f->format, NULL, f->picture_stream);
    for (unsigned i = 0; programme && i < programme->nb_stream_indexes; i++)
        if (programme->stream_index[i] == (unsigned)stream)
            return true;
    return false;
}

static int best_track(const libav_file *f, media_track_kind kind)
{
    int best = -1, stream = -1;
    for (int i = 0; i < f->info.track_count; i++) {
        const media_track *t = &f->info.tracks[i];
        if (t->kind != kind)
            continue;
        int rank = track_rank(f, t) + (kind == MEDIA_TRACK_SOUND && is_of_programme(f, t->stream) ? 64 : 0);
        if (rank > best) {
            best = rank;
            stream = t->stream;
        }
    }
    return stream;
}

static const char *language_of(const libav_file *f, int stream)
{
    for (int i = 0; i < f->info.track_count; i++)
        if (f->info.tracks[i].stream == stream)
            return f->info.tracks[i].language;
    return "";
}

static bool is_of_speech(const libav_file *f, const media_track *t)
{
    return t->kind == MEDIA_TRACK_SUBTITLES && t->is_text && !t->is_forced &&
        !(f->format->streams[t->stream]->disposition & NO_SPEECH);
}

/*
 * Subtitles in the language of the sound, else without a stated language.  If the sound's language is not stated: the
 * subtitles if they are all in one language, else the only track with the default flag, else none, since it is unknown
 * which of them hold the spoken words.
 */
static int best_subtitles(const libav_file *f)
{
    const char *sound = language_of(f, f->sound_stream), *other = NULL;
    bool knows = f->sound_stream >= 0 && language_is_known(sound), several = false;
    int best = -1, stream = -1, defaults = 0;
    for (int i = 0; i < f->info.track_count; i++) {
        const media_track *t = &f->info.tracks[i];
        if (!is_of_speech(f, t))
            continue;
        bool known = language_is_known(t->language);
        several = several || (known && other && !language_is_same(other, t->language));
        other = known && !other ? t->language : other;
        defaults += t->is_default;
        if (knows && known && !language_is_same(sound, t->language))
            continue;
        int rank = track_rank(f, t) + (knows && known ? 16 : 0);
        if (rank > best) {
            best = rank;
            stream = t->stream;
        }
    }
    return !knows && several && defaults != 1 ? -1 : stream;
}

void libav_warn_of_subtitles(libav_file *f)
{
    const char *sound = language_of(f, f->sound_stream);
    bool knows = f->sound_stream >= 0 && language_is_known(sound);
    if (f->subtitle_stream >= 0 || f->options.subtitle_track)
        return;
    for (int i = 0; i < f->info.track_count; i++) {
        const media_track *t = &f->info.tracks[i];
        if (t->kind == MEDIA_TRACK_SUBTITLES && t->is_text && !is_of_speech(f, t)) {
            libav_warn(f, "its subtitles in stream %d are not the spoken words (%s) and were not used", t->stream,
                t->is_forced ? "a forced track" : "commentary, lyrics or descriptions");
        } else if (is_of_speech(f, t)) {
            if (knows)
                libav_warn(f, "its subtitles in stream %d are in \"%s\" and its sound is in \"%s\": they were not used",
                    t->stream, t->language, sound);
            else
                libav_warn(f,
                    "it has subtitles in several languages and does not state the language of its sound: none "
                    "were used, name the right track");
        }
    }
}

smac_status libav_choose_tracks(libav_file *f, smac_error *error)
{
    const media_options *o = &f->options;
    list_tracks(f);
    f->picture_stream = best_track(f, MEDIA_TRACK_PICTURE);
    if (o->picture_track)
        TRY(find_named(f, MEDIA_TRACK_PICTURE, o->picture_track, &f->picture_stream, error));
    f->sound_stream = best_track(f, MEDIA_TRACK_SOUND);
    if (o->sound_track)
        TRY(find_named(f, MEDIA_TRACK_SOUND, o->sound_track, &f->sound_stream, error));
    f->subtitle_stream = best_subtitles(f);
    if (o->subtitle_track)
        TRY(find_named(f, MEDIA_TRACK_SUBTITLES, o->subtitle_track, &f->subtitle_stream, error));
    for (int i = 0; i < f->info.track_count; i++) {
        media_track *t = &f->info.tracks[i];
        t->is_chosen =
            t->stream == f->picture_stream || t->stream == f->sound_stream || t->stream == f->subtitle_stream;
    }
    return SMAC_OK;
}
