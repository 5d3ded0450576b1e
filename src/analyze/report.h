/* analyze/report.h - the parts of the HTML report (render_html.c). */
#ifndef SMAC_ANALYZE_REPORT_H
#define SMAC_ANALYZE_REPORT_H

#include "analyze/render.h"

/* report.css and report.js, as the build embeds them. */
extern const char report_style[], report_script[];

/* The strongest and the most divided moments, each with its picture, time and words. */
void report_add_moments(const smac_analysis *a, text_buffer *out);
/* The whole length on one line a task, and the place of the zoomed strip, which the script fills. */
void report_add_timeline(const smac_analysis *a, text_buffer *out);
/* The numbers that the script draws: <script type="application/json" class="data">. */
void report_add_data(const smac_analysis *a, text_buffer *out);

/* A colour for a class, spread around the circle; report.js has the same. */
void report_class_colour(const smac_task *task, int index, text_buffer *out);
void report_add_base64(text_buffer *out, const uint8_t *data, size_t size);

#endif
