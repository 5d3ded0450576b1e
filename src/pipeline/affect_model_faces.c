/* pipeline/affect_model_faces.c - the face detector of a model whose pictures are cropped to a face. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "face/detector.h"
#include "models/models.h"
#include "pipeline/affect_model_build.h"

/* Where the detector's weights are: in the folder, or installed; free(). */
static smac_status find_detector(const char *folder, char **out, smac_error *error)
{
    char *beside = folder ? path_join(folder, FACE_DETECTOR_NAME) : NULL;
    if (beside && (file_exists(beside) || file_is_folder(beside))) {
        *out = beside;
        return SMAC_OK;
    }
    free(beside);
    return models_find(FACE_DETECTOR_NAME, out, error);
}

static smac_status open_detector(affect_model *s, const char *path, const char *sha256, smac_error *error)
{
    tensor_file *file = NULL;
    TRY(tensor_file_open(path, &file, error));
    smac_status status = affect_model_encoder_digest(file, s->faces_sha256, error);
    if (status == SMAC_OK && sha256 && strcmp(s->faces_sha256, sha256) != 0)
        status = FAIL(error, SMAC_ERROR_MISMATCH,
            "the face detector %.200s has SHA-256 %s, but the model was trained with %.64s: put that one back", path,
            s->faces_sha256, sha256);
    if (status == SMAC_OK)
        status = error_context(error, face_detector_new(file, &s->faces, error), "%.300s", path);
    tensor_file_close(file);
    return status;
}

smac_status affect_model_open_faces(affect_model *s, const char *sha256, const char *folder, smac_error *error)
{
    char *path = NULL;
    if (s->configuration.vision.crop != CROP_FACE)
        return SMAC_OK;
    TRY(error_context(error, find_detector(folder, &path, error), "face detector (vision.crop face)"));
    smac_status status = open_detector(s, path, sha256, error);
    free(path);
    s->preparation.faces = s->faces;
    return status;
}
