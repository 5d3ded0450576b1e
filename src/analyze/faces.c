/* analyze/faces.c - the faces that the clip encoder saw, as one result a second and as warnings. */
#include <math.h>

#include "analyze/session.h"
#include "base/memory.h"

/* Of the sightings of one second: the surest of the followed face, and the most faces in one picture. */
static void face_add_sighting(smac_face *f, const face_sighting *s)
{
    int count = s->count > f->count ? s->count : f->count;
    if (s->found && (!f->found || s->score > f->score))
        *f = (smac_face){.time = s->time,
            .found = true,
            .score = s->score,
            .left = s->left,
            .top = s->top,
            .right = s->right,
            .bottom = s->bottom};
    f->count = count;
}

static smac_status session_collect_faces(smac_session *s, const face_sighting *seen, size_t count, smac_error *error)
{
    smac_analysis *a = s->analysis;
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && floor(seen[i].time) == floor(seen[i - 1].time);
        if (!same) {
            if (!memory_grow((void **)&a->faces, &capacity, a->face_count + 1, sizeof *a->faces))
                return FAIL(error, SMAC_ERROR_MEMORY, "there is no memory for the faces of %s", a->recording);
            a->faces[a->face_count++] = (smac_face){.time = seen[i].time};
        }
        face_add_sighting(&a->faces[a->face_count - 1], &seen[i]);
    }
    return SMAC_OK;
}

smac_status session_finish_faces(smac_session *s, smac_error *error)
{
    smac_analysis *a = s->analysis;
    size_t count, without = 0;
    const face_sighting *seen = clip_encoder_faces(s->clips, &count), *first = NULL;
    bool looks = s->affect->configuration.vision.crop == CROP_FACE && s->affect->faces;
    if (s->options.face != SMAC_FACE_AS_CONFIGURED && s->affect->has[MODALITY_VISION] && !looks)
        session_warn(s, "this model looks at the whole picture: the choice of a face has no effect");
    TRY(session_collect_faces(s, seen, count, error));
    for (size_t i = 0; i < a->face_count; i++)
        without += !a->faces[i].found;
    for (size_t i = 0; i < count && !first; i++)
        if (!seen[i].found)
            first = &seen[i];
    if (without == a->face_count && without > 0) {
        session_warn(s, "no face was found in the picture: nothing is said about it");
        a->missing[SMAC_VISION] = "no face was found";
    } else if (without > 0) {
        session_warn(s, "no face was found for %zu s of the recording, first at %.1f s: the picture says nothing there",
            without, first->time);
    }
    return SMAC_OK;
}
