/*
 * face/follow.h - one face followed through the pictures of a recording, out of all that are found in each.
 *
 * Faces of one picture are joined to those of the pictures before by where they are and how large.  Of the people who
 * are there the follower chooses:
 *   FACE_LARGEST  who was seen longest and largest: the sum over time of the share of the picture, in which what is ten
 *                 seconds old counts a third
 *   FACE_LEFT, FACE_RIGHT, FACE_CENTRE  by position, among faces at least a third as large as the largest
 * and stays with them.  The choice looks back only, never ahead, so a live session gives what a file gives.
 *
 * When the chosen one is not found for up to a second there is no face, not somebody else's.  When no face of a picture
 * can be joined to those before (a cut), everything begins anew.
 */
#ifndef SMAC_FACE_FOLLOW_H
#define SMAC_FACE_FOLLOW_H

#include "face/face.h"

typedef enum face_choice { FACE_LARGEST, FACE_LEFT, FACE_RIGHT, FACE_CENTRE } face_choice;

typedef struct face_follower face_follower;

face_follower *face_follower_new(face_choice choice); /* NULL: no memory */
void face_follower_free(face_follower *f);            /* NULL is fine */

/* The faces of one picture. */
typedef struct face_sight {
    double time; /* seconds; grows from call to call */
    const face *faces;
    size_t count;
    int width, height; /* of the picture */
} face_sight;

/* Which of them is the followed one; -1: none. */
int face_follower_choose(face_follower *f, const face_sight *seen);

#endif
