/* face/follow.c - joining faces through time, choosing one. */
#include "face/follow.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/memory.h"

enum { PEOPLE = 32 }; /* who is followed at most; of more faces in a picture the surest are taken */

#define LOST_SECONDS 1.0    /* a person who was not found for longer is not waited for */
#define FORGET_SECONDS 10.0 /* nor recognised again */
#define MEMORY_SECONDS 9.1  /* what is so old counts a factor of e less: a third after 10 s */
#define LARGEST_STEP 1.0    /* seconds of a sight, at most: pictures may be far apart */
#define STAY 1.25f          /* how much more important somebody else has to be */
#define SMALL 0.33f         /* of the largest side: smaller faces are not chosen by position */

typedef struct person {
    face at;          /* where they were last */
    double last;      /* when */
    float importance; /* the sum of shares of the picture by seconds */
    int index;        /* in the picture that is looked at; -1: not in it */
} person;

struct face_follower {
    face_choice choice;
    person people[PEOPLE];
    int count;
    int followed; /* -1: nobody */
    double time;  /* of the last picture */
    bool is_first;
};

face_follower *face_follower_new(face_choice choice)
{
    face_follower *f = memory_new(1, sizeof *f);
    if (f) {
        f->choice = choice;
        f->followed = -1;
        f->is_first = true;
    }
    return f;
}

void face_follower_free(face_follower *f)
{
    free(f);
}

static float side_of(const face *f)
{
    return (f->right - f->left + f->bottom - f->top) / 2;
}

static float middle_of(const face *f)
{
    return (f->left + f->right) / 2;
}

/* How well a face goes on from a person's last place: 1 the same place, at most 0 it is somebody else. */
static float likeness(const person *p, const face *f)
{
    float before = side_of(&p->at), now = side_of(f), mean = (before + now) / 2;
    float across = middle_of(&p->at) - middle_of(f), down = (p->at.top + p->at.bottom - f->top - f->bottom) / 2;
    if (!(mean > 0) || before > 2 * now || now > 2 * before)
        return 0;
    return 1 - hypotf(across, down) / mean;
}

static void follower_drop(face_follower *f, int place)
{
    f->people[place] = f->people[--f->count];
    if (f->followed == place)
        f->followed = -1;
    else if (f->followed == f->count)
        f->followed = place;
}

/* Pairs of person and face, the likest first; each is joined once. */
static int follower_join(face_follower *f, const face_sight *seen, bool joined[])
{
    int pairs = 0;
    for (;;) {
        float best = 0;
        int who = -1, which = -1;
        for (int p = 0; p < f->count; p++)
            for (size_t i = 0; f->people[p].index < 0 && i < seen->count; i++) {
                float like = joined[i] ? 0 : likeness(&f->people[p], &seen->faces[i]);
                if (like > best) {
                    best = like;
                    who = p;
                    which = (int)i;
                }
            }
        if (who < 0)
            return pairs;
        f->people[who].index = which;
        joined[which] = true;
        pairs++;
    }
}

static void follower_see(face_follower *f, const face_sight *seen, double step)
{
    bool joined[PEOPLE] = {false};
    for (int p = f->count - 1; p >= 0; p--) {
        f->people[p].index = -1;
        f->people[p].importance *= (float)exp(-step / MEMORY_SECONDS);
        if (seen->time - f->people[p].last > FORGET_SECONDS)
            follower_drop(f, p);
    }
    if (follower_join(f, seen, joined) == 0 && seen->count > 0) { /* a cut, or the first picture */
        f->count = 0;
        f->followed = -1;
    }
    for (size_t i = 0; i < seen->count && f->count < PEOPLE; i++)
        if (!joined[i])
            f->people[f->count++] = (person){.at = seen->faces[i], .index = (int)i};
    float area = (float)seen->width * (float)seen->height;
    for (int p = 0; p < f->count; p++) {
        person *one = &f->people[p];
        if (one->index < 0)
            continue;
        one->at = seen->faces[one->index];
        one->last = seen->time;
        one->importance += side_of(&one->at) * side_of(&one->at) / area * (float)step;
    }
}

/* How much the choice is for a person; the largest wins. */
static float follower_value(const face_follower *f, const person *p, int width)
{
    float at = middle_of(&p->at) / (float)width;
    switch (f->choice) {
    case FACE_LEFT:
        return 1 - at;
    case FACE_RIGHT:
        return at;
    case FACE_CENTRE:
        return 1 - fabsf(at - 0.5f);
    default:
        return p->importance;
    }
}

int face_follower_choose(face_follower *f, const face_sight *given)
{
    face_sight seen = *given;
    seen.count = seen.count > PEOPLE ? PEOPLE : seen.count;
    double step = f->is_first ? LARGEST_STEP : fmin(fmax(seen.time - f->time, 0), LARGEST_STEP);
    step = step > 0 ? step : 0.01; /* a still twice */
    f->is_first = false;
    f->time = seen.time;
    follower_see(f, &seen, step);
    float largest = 0, most = -INFINITY;
    int best = -1;
    for (int p = 0; p < f->count; p++)
        if (seen.time - f->people[p].last <= LOST_SECONDS)
            largest = fmaxf(largest, side_of(&f->people[p].at));
    for (int p = 0; p < f->count; p++) {
        const person *one = &f->people[p];
        if (seen.time - one->last > LOST_SECONDS || (f->choice != FACE_LARGEST && side_of(&one->at) < SMALL * largest))
            continue;
        float value = follower_value(f, one, seen.width) * (f->choice == FACE_LARGEST && p == f->followed ? STAY : 1);
        if (value > most) {
            most = value;
            best = p;
        }
    }
    f->followed = best;
    return best < 0 ? -1 : f->people[best].index;
}
