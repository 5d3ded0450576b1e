/*
 * face/face.h - a face that was found in a picture.
 *
 * Positions are pixels of the picture as it is stored, from its upper left corner; a pixel's centre is at its index plus
 * a half.  A face may reach over the picture's edge.
 */
#ifndef SMAC_FACE_FACE_H
#define SMAC_FACE_FACE_H

#include <stddef.h>

/* As the viewer sees them. */
enum { FACE_LEFT_EYE, FACE_RIGHT_EYE, FACE_NOSE, FACE_LEFT_MOUTH, FACE_RIGHT_MOUTH, FACE_POINTS };

typedef struct face_point {
    float x, y;
} face_point;

typedef struct face {
    float score; /* the network's probability that it is a face */
    float left, top, right, bottom;
    face_point points[FACE_POINTS];
} face;

/* A list that grows; begin with {0}, free items. */
typedef struct face_list {
    face *items;
    size_t count, capacity;
} face_list;

/* Intersection over union of the boxes of two faces. */
float face_overlap(const face *a, const face *b);

#endif
