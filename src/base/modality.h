/* base/modality.h - the modalities, in the order used everywhere, and their names. */
#ifndef SMAC_BASE_MODALITY_H
#define SMAC_BASE_MODALITY_H

typedef enum modality {
    MODALITY_TEXT,
    MODALITY_AUDIO,
    MODALITY_VISION,
    MODALITIES,
    MODALITY_SHARED = MODALITIES, /* what the modalities of a clip have in common */
    MODALITIES_AND_SHARED
} modality;

/* "text", "audio", "vision", "shared"; "" outside. */
const char *modality_name(int m);
/* The modality (or shared) of that name; -1: none. */
int modality_from_name(const char *name);

#endif
