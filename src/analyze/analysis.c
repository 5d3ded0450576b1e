/* analyze/analysis.c - the result of an analysis: its life, and reading it. */
#include "analyze/analysis.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"

void analysis_warn(smac_analysis *a, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    number_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    if (memory_grow((void **)&a->warnings, &a->warning_capacity, a->warning_count + 1, sizeof *a->warnings)) {
        char *copy = memory_copy_text(text);
        if (copy)
            a->warnings[a->warning_count++] = copy;
    }
}

SMAC_API void smac_analysis_free(smac_analysis *a)
{
    if (!a)
        return;
    for (size_t i = 0; a->segments && i < a->segment_count; i++)
        segment_free(&a->segments[i]);
    for (size_t i = 0; i < a->thumbnail_count; i++)
        free(a->thumbnails[i].jpeg);
    for (size_t i = 0; i < a->warning_count; i++)
        free(a->warnings[i]);
    segment_free(&a->summary);
    public_tasks_free(&a->tasks);
    free(a->segments);
    free(a->thumbnails);
    free(a->faces);
    free(a->warnings);
    free(a->recording);
    free(a->model_name);
    free(a->model_sha256);
    transcript_free(&a->said);
    free(a->model_card);
    free(a->words_from);
    free(a->language);
    free(a);
}

SMAC_API int smac_analysis_task_count(const smac_analysis *a)
{
    return a ? a->tasks.count : 0;
}

SMAC_API const smac_task *smac_analysis_task(const smac_analysis *a, int index)
{
    return a && index >= 0 && index < a->tasks.count ? &a->tasks.items[index] : NULL;
}

SMAC_API double smac_analysis_duration(const smac_analysis *a)
{
    return a ? a->duration : 0;
}

SMAC_API const smac_segment *smac_analysis_summary(const smac_analysis *a)
{
    return a ? &a->summary : NULL;
}

SMAC_API size_t smac_analysis_segment_count(const smac_analysis *a)
{
    return a ? a->segment_count : 0;
}

SMAC_API const smac_segment *smac_analysis_segment(const smac_analysis *a, size_t index)
{
    return a && index < a->segment_count ? &a->segments[index] : NULL;
}

SMAC_API size_t smac_analysis_warning_count(const smac_analysis *a)
{
    return a ? a->warning_count : 0;
}

SMAC_API const char *smac_analysis_warning(const smac_analysis *a, size_t index)
{
    return a && index < a->warning_count ? a->warnings[index] : NULL;
}

SMAC_API const char *smac_analysis_words_from(const smac_analysis *a)
{
    return a ? a->words_from : NULL;
}

SMAC_API const char *smac_analysis_language(const smac_analysis *a)
{
    return a ? a->language : NULL;
}

SMAC_API size_t smac_analysis_face_count(const smac_analysis *a)
{
    return a ? a->face_count : 0;
}

SMAC_API const smac_face *smac_analysis_face(const smac_analysis *a, size_t index)
{
    return a && index < a->face_count ? &a->faces[index] : NULL;
}

SMAC_API smac_timing smac_analysis_timing(const smac_analysis *a)
{
    return a ? a->timing : (smac_timing){0};
}
