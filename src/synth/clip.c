/* synth/clip.c - rendering one clip: the voice first, then pictures whose mouth follows it. */
#include "synth/clip.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "media/writer.h"

/* How a head moves during one clip: slow waves, nods with the voice, blinks. */
typedef struct motion {
    double yaw, pitch, roll;  /* the resting pose */
    double wave[4], speed[4]; /* phases and speeds of the waves */
    double first_blink, between_blinks, gaze;
} motion;

static double between(random_sequence *random, double low, double high)
{
    return low + (high - low) * random_uniform(random);
}

static motion motion_draw(random_sequence *random)
{
    motion m;
    m.yaw = between(random, -0.8, 0.8);
    m.pitch = between(random, -0.4, 0.4);
    m.roll = between(random, -0.07, 0.07);
    for (int i = 0; i < 4; i++) {
        m.wave[i] = between(random, 0, 2 * M_PI);
        m.speed[i] = between(random, 1.5, 4.0);
    }
    m.first_blink = between(random, 0.2, 2.0);
    m.between_blinks = between(random, 1.6, 3.2);
    m.gaze = between(random, -0.5, 0.5);
    return m;
}

static face_pose pose_at(const motion *m, const synth_states *states, double time, double mouth)
{
    double since = time - m->first_blink;
    double blink = since < 0 ? 1 : fmod(since, m->between_blinks);
    double lids = since >= 0 && blink < 0.14 ? 0.15 : 1; /* about two pictures */
    double wave[4];
    for (int i = 0; i < 4; i++)
        wave[i] = sin(m->wave[i] + m->speed[i] * time);
    return (face_pose){.state = fmax(-1, fmin(1, states->vision * (1 + 0.06 * wave[3]))),
        .temper = states->temper,
        .mouth = mouth,
        .lids = lids,
        .yaw = m->yaw + 0.25 * wave[0],
        .pitch = m->pitch + 0.2 * wave[1] + 0.15 * mouth,
        .roll = m->roll + 0.02 * wave[2],
        .dx = 0.03 * wave[0],
        .dy = 0.02 * wave[1],
        .gaze = m->gaze + 0.2 * wave[2]};
}

/* What a clip is made from and with. */
typedef struct scene {
    const clip_plan *plan;
    const voice_sound *sound;
    size_t frames;
    int fps;
    motion motion;
    double *mouth; /* (frames): how far it is open */
    uint8_t *rgb;  /* one picture */
    face_painter *painter;
} scene;

static smac_status scene_write(const scene *s, video_writer *writer, smac_error *error)
{
    size_t written = 0;
    for (size_t i = 0; i < s->frames; i++) {
        double time = (double)i / s->fps;
        face_pose pose = pose_at(&s->motion, &s->plan->states, time, s->mouth[i]);
        TRY(face_painter_paint(s->painter, &pose, s->rgb, error));
        TRY(video_writer_frame(writer, s->rgb, 0, error));
        size_t until = (i + 1) * VOICE_SAMPLE_RATE / (size_t)s->fps;
        if (until > s->sound->count || i + 1 == s->frames)
            until = s->sound->count;
        TRY(video_writer_sound(writer, s->sound->samples + written, until - written, error));
        written = until;
    }
    return SMAC_OK;
}

static smac_status render(const clip_plan *plan, const synth_options *options, const char *path,
    const voice_sound *sound, random_sequence *random, smac_error *error)
{
    size_t size = (size_t)options->size;
    face_scene background;
    face_scene_draw(random, &background);
    scene s = {.plan = plan,
        .sound = sound,
        .frames = (sound->count * (size_t)options->fps + VOICE_SAMPLE_RATE - 1) / VOICE_SAMPLE_RATE,
        .fps = options->fps,
        .motion = motion_draw(random)};
    video_writer_options video = {.width = options->size,
        .height = options->size,
        .rate_numerator = options->fps,
        .rate_denominator = 1,
        .sample_rate = VOICE_SAMPLE_RATE,
        .quality = 23,
        .preset = "ultrafast",
        .sound_bit_rate = 64000};
    s.mouth = memory_new(s.frames, sizeof *s.mouth);
    s.rgb = memory_new(size * size, 3);
    video_writer *writer = NULL;
    smac_status status = SMAC_OK;
    if (!s.mouth || !s.rgb)
        status =
            FAIL(error, SMAC_ERROR_MEMORY, "no memory for a picture of %d by %d pixels", options->size, options->size);
    if (status == SMAC_OK)
        status = face_painter_new(&plan->face, &background, options->size, &s.painter, error);
    if (status == SMAC_OK)
        status = video_writer_open(path, &video, &writer, error);
    if (status == SMAC_OK) {
        voice_mouth(sound, options->fps, s.mouth, s.frames);
        status = scene_write(&s, writer, error);
        if (status == SMAC_OK)
            status = video_writer_close(writer, error);
        else
            video_writer_abandon(writer);
    }
    face_painter_free(s.painter);
    free(s.rgb);
    free(s.mouth);
    return status;
}

smac_status clip_render(const clip_plan *plan, const synth_options *options, const char *path, smac_error *error)
{
    random_sequence random = plan->random;
    voice_sound sound;
    TRY(voice_speak(&plan->voice, plan->text, plan->states.audio, plan->states.temper, &random, &sound, error));
    smac_status status = render(plan, options, path, &sound, &random, error);
    voice_sound_free(&sound);
    return status;
}
