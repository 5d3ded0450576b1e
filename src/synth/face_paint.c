/*
 * synth/face_paint.c - painting a face with cairo.
 *
 * The head's own coordinates: x in half widths of the head to the right, y down, the origin between nose and eyes.
 * Everything of the head is drawn in them; turning the head (yaw, pitch) shifts the features against its outline.
 */
#include <cairo.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "synth/face.h"

struct face_painter {
    face_identity identity;
    face_scene scene;
    int size;
    cairo_surface_t *back, *picture;
};

/* The numbers of one picture that several features share. */
typedef struct expression {
    double smile;            /* the state, -1..1 */
    double happy;            /* its positive part */
    double sad, angry;       /* its negative part, shared out by temper */
    double shift_x, shift_y; /* of the features, from yaw and pitch */
} expression;

static double positive(double x)
{
    return x > 0 ? x : 0;
}

static void ink(cairo_t *cr, face_color c, double alpha)
{
    cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha);
}

static face_color shade(face_color c, double factor)
{
    return (face_color){fmin(1, c.r * factor), fmin(1, c.g * factor), fmin(1, c.b * factor)};
}

static void oval(cairo_t *cr, double x, double y, double rx, double ry)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, rx, ry);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
    cairo_restore(cr);
}

/* A quadratic curve from the current point, as the cubic that cairo knows. */
static void curve(cairo_t *cr, double cx, double cy, double x, double y)
{
    double x0, y0;
    cairo_get_current_point(cr, &x0, &y0);
    cairo_curve_to(
        cr, x0 + (cx - x0) * 2 / 3, y0 + (cy - y0) * 2 / 3, x + (cx - x) * 2 / 3, y + (cy - y) * 2 / 3, x, y);
}

static void head_outline(cairo_t *cr, const face_identity *who)
{
    double h = who->head_height, j = who->jaw;
    cairo_new_path(cr);
    cairo_move_to(cr, -1, -0.15);
    cairo_curve_to(cr, -1.02, -0.85 * h, -0.6, -h, 0, -h);
    cairo_curve_to(cr, 0.6, -h, 1.02, -0.85 * h, 1, -0.15);
    cairo_curve_to(cr, 0.98, 0.45, 0.85, 0.75, j, 0.92 * h);
    cairo_curve_to(cr, j * 0.7, 1.0 * h, j * 0.35, 1.03 * h, 0, 1.03 * h);
    cairo_curve_to(cr, -j * 0.35, 1.03 * h, -j * 0.7, 1.0 * h, -j, 0.92 * h);
    cairo_curve_to(cr, -0.85, 0.75, -0.98, 0.45, -1, -0.15);
    cairo_close_path(cr);
}

static void paint_hair_behind(cairo_t *cr, const face_identity *who)
{
    double h = who->head_height;
    ink(cr, shade(who->hair_color, 0.82), 1);
    switch (who->hair) {
    case HAIR_LONG:
        cairo_move_to(cr, -1.1, -0.2);
        cairo_curve_to(cr, -1.2, -1.1 * h, -0.7, -1.18 * h, 0, -1.18 * h);
        cairo_curve_to(cr, 0.7, -1.18 * h, 1.2, -1.1 * h, 1.1, -0.2);
        cairo_curve_to(cr, 1.15, 0.6, 1.25, 1.2, 1.1, 1.75);
        cairo_line_to(cr, -1.1, 1.75);
        cairo_curve_to(cr, -1.25, 1.2, -1.15, 0.6, -1.1, -0.2);
        cairo_fill(cr);
        break;
    case HAIR_CURLY:
        for (int i = 0; i <= 10; i++) {
            double angle = M_PI * (-0.12 + 1.24 * i / 10.0);
            oval(cr, 1.0 * cos(angle), -0.3 - 0.85 * h * sin(angle), 0.32, 0.32);
        }
        cairo_fill(cr);
        break;
    case HAIR_BUN:
        oval(cr, 0, -1.28 * h, 0.36, 0.33);
        oval(cr, 0, -0.35, 1.06, 0.86 * h);
        cairo_fill(cr);
        break;
    default:
        break;
    }
}

static void paint_hair_front(cairo_t *cr, const face_identity *who)
{
    double h = who->head_height;
    if (who->hair == HAIR_BALD)
        return;
    ink(cr, who->hair_color, 1);
    cairo_move_to(cr, -1.04, -0.18);
    cairo_curve_to(cr, -1.12, -0.95 * h, -0.68, -1.13 * h, 0, -1.12 * h);
    cairo_curve_to(cr, 0.68, -1.13 * h, 1.12, -0.95 * h, 1.04, -0.18);
    switch (who->hair) {
    case HAIR_SIDE:
        cairo_curve_to(cr, 0.98, -0.45, 0.92, -0.62, 0.84, -0.72);
        cairo_curve_to(cr, 0.3, -0.74, -0.1, -0.82, -0.38, -0.98);
        cairo_curve_to(cr, -0.6, -0.86, -0.92, -0.6, -1.04, -0.18);
        break;
    case HAIR_LONG:
    case HAIR_BUN:
        cairo_curve_to(cr, 0.96, -0.55, 0.6, -0.82, 0, -0.93);
        cairo_curve_to(cr, -0.6, -0.82, -0.96, -0.55, -1.04, -0.18);
        break;
    default:
        cairo_curve_to(cr, 0.97, -0.5, 0.9, -0.7, 0.76, -0.8);
        cairo_curve_to(cr, 0.3, -0.9, -0.3, -0.9, -0.76, -0.8);
        cairo_curve_to(cr, -0.9, -0.7, -0.97, -0.5, -1.04, -0.18);
        break;
    }
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void paint_body(cairo_t *cr, const face_identity *who)
{
    double h = who->head_height;
    ink(cr, shade(who->skin, 0.84), 1);
    cairo_rectangle(cr, -0.42, 0.7 * h, 0.84, 0.9);
    cairo_fill(cr);
    ink(cr, who->clothes, 1);
    cairo_move_to(cr, -2.2, 2.6);
    cairo_curve_to(cr, -1.9, 1.5 * h, -0.9, 1.36 * h, -0.46, 1.24 * h);
    curve(cr, 0, 1.55 * h, 0.46, 1.24 * h);
    cairo_curve_to(cr, 0.9, 1.36 * h, 1.9, 1.5 * h, 2.2, 2.6);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void paint_cheeks(cairo_t *cr, const expression *e)
{
    double strength = 0.45 * e->happy + 0.22 * e->angry;
    if (strength < 0.02)
        return;
    for (int side = -1; side <= 1; side += 2) {
        double x = side * 0.6 + e->shift_x * 0.9, y = 0.32 - 0.05 * e->happy + e->shift_y;
        cairo_pattern_t *flush = cairo_pattern_create_radial(x, y, 0.03, x, y, 0.34);
        cairo_pattern_add_color_stop_rgba(flush, 0, 0.90, 0.25, 0.25, strength);
        cairo_pattern_add_color_stop_rgba(flush, 1, 0.90, 0.25, 0.25, 0);
        cairo_set_source(cr, flush);
        oval(cr, x, y, 0.34, 0.28);
        cairo_fill(cr);
        cairo_pattern_destroy(flush);
    }
}

/* One eye: white, iris, pupil inside the opening between the lids; lids, lashes and the crease of a smile. */
static void paint_eye(cairo_t *cr, const face_identity *who, const face_pose *pose, const expression *e, int side)
{
    double x = side * who->eye_spacing + e->shift_x, y = -0.1 + e->shift_y;
    double w = 0.215 * who->eye_size;
    double open = (1.0 - 0.30 * e->sad - 0.30 * e->angry + 0.06 * e->happy) * pose->lids;
    double upper = 0.165 * who->eye_size * open;
    double lower = 0.115 * who->eye_size * (1.0 - 0.75 * e->happy) * pose->lids; /* cheeks push the lower lid up */
    /* the outer corner hangs in sadness; the upper lid slants to the nose in anger */
    double outer = y + 0.055 * e->sad - 0.03 * e->angry, inner = y - 0.025 * e->sad + 0.03 * e->angry;
    double xo = x + side * w, xi = x - side * w;
    double peak = x + side * 0.06 * (e->angry - e->sad);
    cairo_new_path(cr);
    cairo_move_to(cr, xi, inner);
    curve(cr, peak, y - 2 * upper, xo, outer);
    curve(cr, x, y + 2 * lower, xi, inner);
    cairo_close_path(cr);
    cairo_path_t *opening = cairo_copy_path(cr);
    cairo_save(cr);
    cairo_set_source_rgb(cr, 0.97, 0.97, 0.96);
    cairo_fill_preserve(cr);
    cairo_clip(cr);
    double gx = x + 0.045 * pose->gaze, gy = y - 0.01, r = 0.118 * who->eye_size;
    ink(cr, who->iris, 1);
    oval(cr, gx, gy, r, r);
    cairo_fill(cr);
    cairo_set_source_rgb(cr, 0.04, 0.03, 0.03);
    oval(cr, gx, gy, r * 0.52, r * 0.52);
    cairo_fill(cr);
    cairo_set_source_rgba(cr, 1, 1, 1, 0.9);
    oval(cr, gx + 0.035, gy - 0.04, 0.026, 0.026);
    cairo_fill(cr);
    cairo_restore(cr);
    cairo_new_path(cr);
    cairo_append_path(cr, opening);
    cairo_path_destroy(opening);
    ink(cr, shade(who->skin, 0.5), 0.7);
    cairo_set_line_width(cr, 0.022);
    cairo_stroke(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_source_rgba(cr, 0.10, 0.07, 0.06, 1); /* the line of the upper lashes */
    cairo_set_line_width(cr, 0.045);
    cairo_move_to(cr, xi, inner);
    curve(cr, peak, y - 2 * upper, xo, outer);
    cairo_stroke(cr);
    if (e->happy > 0.25) { /* a crease under the eye */
        ink(cr, shade(who->skin, 0.68), positive(e->happy - 0.25));
        cairo_set_line_width(cr, 0.03);
        cairo_move_to(cr, xi, y + 0.16);
        curve(cr, x, y + 0.21, xo + side * 0.03, y + 0.08);
        cairo_stroke(cr);
    }
}

static void paint_brow(cairo_t *cr, const face_identity *who, const expression *e, int side)
{
    double x = side * who->eye_spacing + e->shift_x * 1.05, w = 0.27;
    double y = -0.50 + e->shift_y - 0.07 * e->happy + 0.07 * e->angry + 0.01 * e->sad;
    double inner = y + 0.21 * e->angry - 0.19 * e->sad - 0.01 * e->happy;
    double outer = y - 0.11 * e->angry + 0.15 * e->sad + 0.03 * e->happy;
    double middle = (inner + outer) / 2 - 0.045 - 0.09 * e->happy + 0.03 * e->angry;
    double xi = x - side * w * (1.0 + 0.10 * e->angry), xo = x + side * w;
    ink(cr, shade(who->hair_color, 0.72), 1);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, who->brow_thickness);
    cairo_move_to(cr, xi, inner);
    curve(cr, x, 2 * middle - (inner + outer) / 2, xo, outer);
    cairo_stroke(cr);
}

static void paint_frown(cairo_t *cr, const face_identity *who, const expression *e)
{
    double strength = fmax(e->angry, e->sad);
    if (strength < 0.3)
        return;
    ink(cr, shade(who->skin, 0.62), 0.9 * (strength - 0.2));
    cairo_set_line_width(cr, 0.03);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    if (e->angry > e->sad) {
        for (int side = -1; side <= 1; side += 2) {
            cairo_move_to(cr, e->shift_x + side * 0.07, -0.46 + e->shift_y);
            cairo_line_to(cr, e->shift_x + side * 0.055, -0.30 + e->shift_y);
        }
    } else {
        cairo_move_to(cr, e->shift_x - 0.2, -0.74 + e->shift_y);
        curve(cr, e->shift_x, -0.82 + e->shift_y, e->shift_x + 0.2, -0.74 + e->shift_y);
    }
    cairo_stroke(cr);
}

static void paint_nose(cairo_t *cr, const face_identity *who, const expression *e)
{
    double x = e->shift_x * 1.35, top = 0.0 + e->shift_y, tip = top + who->nose_length, w = who->nose_width;
    ink(cr, shade(who->skin, 0.72), 0.9);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, 0.04);
    cairo_move_to(cr, x - w, tip);
    curve(cr, x - w * 0.6, tip + 0.09, x, tip + 0.06);
    curve(cr, x + w * 0.6, tip + 0.09, x + w, tip);
    cairo_stroke(cr);
    double fold = positive(e->happy - 0.15) + 0.8 * positive(e->angry - 0.3);
    if (fold > 0) { /* the folds from the nose to the corners of the mouth */
        ink(cr, shade(who->skin, 0.7), fmin(1, fold));
        cairo_set_line_width(cr, 0.03);
        for (int side = -1; side <= 1; side += 2) {
            cairo_move_to(cr, x + side * (w + 0.08), tip - 0.02);
            curve(cr, e->shift_x + side * 0.48, tip + 0.06, e->shift_x + side * 0.53, tip + 0.24);
            cairo_stroke(cr);
        }
    }
}

/*
 * The mouth: its corners rise above (or hang below) its middle with the state; opened, the inside shows, with teeth
 * above and the tongue below.
 */
static void paint_mouth(cairo_t *cr, const face_identity *who, const face_pose *pose, const expression *e)
{
    double x = e->shift_x * 1.1, y = 0.64 * who->head_height / 1.25 + e->shift_y;
    double negative = e->sad + e->angry;
    double w = who->mouth_width * (1.0 + 0.30 * e->happy - 0.16 * negative - 0.18 * pose->mouth * (1 - e->happy));
    double corner = y - 0.15 * e->happy + 0.15 * negative;
    double middle = y + 0.09 * e->happy - 0.075 * negative;
    double open = 0.015 + 0.27 * pose->mouth * (0.9 + 0.1 * e->happy) + 0.05 * e->happy;
    double up = middle - 0.32 * open, down = middle + 0.68 * open;
    /* a quadratic curve passes half way to its control point */
    double up_control = 2 * up - corner, down_control = 2 * down - corner, lip = who->lip_thickness;
    ink(cr, who->lips, 1);
    cairo_new_path(cr);
    cairo_move_to(cr, x - w - 0.02, corner);
    cairo_curve_to(cr, x - w * 0.4, up_control * 0.67 + corner * 0.33 - lip * 1.1, x - w * 0.15, up - lip * 1.25, x,
        up - lip * 0.8);
    cairo_curve_to(cr, x + w * 0.15, up - lip * 1.25, x + w * 0.4, up_control * 0.67 + corner * 0.33 - lip * 1.1,
        x + w + 0.02, corner);
    curve(cr, x, down_control + 2.3 * lip, x - w - 0.02, corner);
    cairo_close_path(cr);
    cairo_fill(cr);
    cairo_move_to(cr, x - w, corner);
    curve(cr, x, up_control, x + w, corner);
    curve(cr, x, down_control, x - w, corner);
    cairo_close_path(cr);
    cairo_save(cr);
    cairo_set_source_rgb(cr, 0.25, 0.06, 0.07);
    cairo_fill_preserve(cr);
    cairo_clip(cr);
    if (open > 0.08) {
        cairo_set_source_rgb(cr, 0.80, 0.36, 0.38);
        oval(cr, x, down + 0.04, w * 0.6, 0.10);
        cairo_fill(cr);
    }
    double teeth = 0.03 + 0.06 * e->happy + 0.02 * pose->mouth; /* they hang from the upper lip */
    cairo_set_source_rgb(cr, 0.97, 0.96, 0.93);
    cairo_new_path(cr);
    cairo_move_to(cr, x - w, corner - 0.05);
    curve(cr, x, up_control - 0.05, x + w, corner - 0.05);
    cairo_line_to(cr, x + w * 0.9, corner + teeth);
    curve(cr, x, up_control + 2 * teeth, x - w * 0.9, corner + teeth);
    cairo_close_path(cr);
    cairo_fill(cr);
    cairo_restore(cr);
    cairo_set_source_rgba(cr, 0.22, 0.08, 0.08, 0.85); /* the line between the lips, and the corners' dimples */
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(cr, 0.035);
    cairo_new_path(cr);
    cairo_move_to(cr, x - w - 0.03, corner + 0.01);
    curve(cr, x, up_control, x + w + 0.03, corner + 0.01);
    cairo_stroke(cr);
}

static void paint_glasses(cairo_t *cr, const face_identity *who, const expression *e)
{
    if (who->glasses == GLASSES_NONE)
        return;
    double y = -0.07 + e->shift_y, r = 0.31;
    cairo_set_source_rgba(cr, 0.12, 0.12, 0.15, 0.9);
    cairo_set_line_width(cr, 0.045);
    for (int side = -1; side <= 1; side += 2) {
        double x = side * (who->eye_spacing + 0.01) + e->shift_x;
        cairo_new_path(cr);
        if (who->glasses == GLASSES_ROUND)
            oval(cr, x, y, r, r * 0.95);
        else
            cairo_rectangle(cr, x - r, y - 0.23, 2 * r, 0.46);
        cairo_stroke(cr);
        cairo_move_to(cr, x + side * r, y - 0.04);
        cairo_line_to(cr, side * 0.99, y - 0.10);
        cairo_stroke(cr);
    }
    cairo_move_to(cr, e->shift_x - (who->eye_spacing + 0.01 - r), y - 0.03);
    curve(cr, e->shift_x, y - 0.10, e->shift_x + (who->eye_spacing + 0.01 - r), y - 0.03);
    cairo_stroke(cr);
}

static void paint_head(cairo_t *cr, const face_painter *p, const face_pose *pose)
{
    const face_identity *who = &p->identity;
    double negative = positive(-pose->state);
    expression e = {pose->state, positive(pose->state), negative * (1 - pose->temper), negative * pose->temper,
        0.14 * pose->yaw, 0.10 * pose->pitch};
    for (int side = -1; side <= 1; side += 2) {
        ink(cr, shade(who->skin, 0.9), 1);
        oval(cr, side * 0.99, 0.02, 0.14, 0.25);
        cairo_fill(cr);
    }
    head_outline(cr, who);
    ink(cr, who->skin, 1);
    cairo_fill_preserve(cr);
    cairo_save(cr);
    cairo_clip(cr);
    if (who->stubble > 0) {
        cairo_pattern_t *beard = cairo_pattern_create_radial(0, 0.95, 0.2, 0, 0.75, 0.95);
        face_color c = shade(who->hair_color, 0.9);
        cairo_pattern_add_color_stop_rgba(beard, 0, c.r, c.g, c.b, 0.42 * who->stubble);
        cairo_pattern_add_color_stop_rgba(beard, 0.6, c.r, c.g, c.b, 0.36 * who->stubble);
        cairo_pattern_add_color_stop_rgba(beard, 1, c.r, c.g, c.b, 0);
        cairo_set_source(cr, beard);
        cairo_paint(cr);
        cairo_pattern_destroy(beard);
    }
    cairo_pattern_t *shadow = cairo_pattern_create_linear(-1, 0, 1, 0); /* the side away from the light */
    double left = positive(p->scene.light) * p->scene.light_strength,
           right = positive(-p->scene.light) * p->scene.light_strength;
    cairo_pattern_add_color_stop_rgba(shadow, 0, 0.1, 0.05, 0.1, left + 0.06);
    cairo_pattern_add_color_stop_rgba(shadow, 0.5, 0.1, 0.05, 0.1, 0);
    cairo_pattern_add_color_stop_rgba(shadow, 1, 0.1, 0.05, 0.1, right + 0.06);
    cairo_set_source(cr, shadow);
    cairo_paint(cr);
    cairo_pattern_destroy(shadow);
    paint_cheeks(cr, &e);
    cairo_restore(cr);
    paint_hair_front(cr, who);
    paint_nose(cr, who, &e);
    for (int side = -1; side <= 1; side += 2)
        paint_eye(cr, who, pose, &e, side);
    for (int side = -1; side <= 1; side += 2)
        paint_brow(cr, who, &e, side);
    paint_frown(cr, who, &e);
    paint_mouth(cr, who, pose, &e);
    paint_glasses(cr, who, &e);
}

static void paint_background(cairo_t *cr, const face_scene *scene)
{
    cairo_pattern_t *wall = cairo_pattern_create_linear(0, -1, 0, 1);
    cairo_pattern_add_color_stop_rgb(wall, 0, scene->back_top.r, scene->back_top.g, scene->back_top.b);
    cairo_pattern_add_color_stop_rgb(wall, 1, scene->back_bottom.r, scene->back_bottom.g, scene->back_bottom.b);
    cairo_set_source(cr, wall);
    cairo_paint(cr);
    cairo_pattern_destroy(wall);
    for (int i = 0; i < scene->shape_count; i++) {
        ink(cr, scene->shapes[i].color, 0.7);
        oval(cr, scene->shapes[i].x, scene->shapes[i].y, scene->shapes[i].radius, scene->shapes[i].radius);
        cairo_fill(cr);
    }
}

/* A context whose unit square is the picture: x and y in -1..1. */
static cairo_t *picture_context(cairo_surface_t *surface, int size)
{
    cairo_t *cr = cairo_create(surface);
    cairo_scale(cr, size / 2.0, size / 2.0);
    cairo_translate(cr, 1, 1);
    return cr;
}

smac_status face_painter_new(
    const face_identity *identity, const face_scene *scene, int size, face_painter **out, smac_error *error)
{
    *out = NULL;
    face_painter *p = memory_new(1, sizeof *p);
    if (!p)
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for a face painter");
    *p = (face_painter){*identity, *scene, size, cairo_image_surface_create(CAIRO_FORMAT_RGB24, size, size),
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, size, size)};
    if (cairo_surface_status(p->back) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_status(p->picture) != CAIRO_STATUS_SUCCESS) {
        face_painter_free(p);
        return FAIL(error, SMAC_ERROR_MEMORY, "no memory for pictures of %d by %d pixels", size, size);
    }
    cairo_t *cr = picture_context(p->back, size);
    paint_background(cr, scene);
    cairo_destroy(cr);
    *out = p;
    return SMAC_OK;
}

smac_status face_painter_paint(face_painter *p, const face_pose *pose, uint8_t *rgb, smac_error *error)
{
    cairo_t *cr = cairo_create(p->picture);
    cairo_set_source_surface(cr, p->back, 0, 0);
    cairo_paint(cr);
    cairo_destroy(cr);
    cr = picture_context(p->picture, p->size);
    cairo_translate(cr, p->scene.x, p->scene.y);
    cairo_scale(cr, p->scene.scale, p->scene.scale);
    cairo_save(cr);
    cairo_translate(cr, 0.3 * pose->dx, 0.3 * pose->dy);
    paint_hair_behind(cr, &p->identity);
    paint_body(cr, &p->identity);
    cairo_restore(cr);
    cairo_translate(cr, pose->dx, pose->dy);
    cairo_translate(cr, 0, 0.9);
    cairo_rotate(cr, pose->roll);
    cairo_translate(cr, 0, -0.9);
    paint_head(cr, p, pose);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    if (status != CAIRO_STATUS_SUCCESS)
        return FAIL(error, SMAC_ERROR_INTERNAL, "cairo could not paint the face: %s", cairo_status_to_string(status));
    cairo_surface_flush(p->picture);
    const uint8_t *pixels = cairo_image_surface_get_data(p->picture);
    int stride = cairo_image_surface_get_stride(p->picture);
    int gain = (int)(256 * p->scene.brightness + 0.5);
    for (int y = 0; y < p->size; y++) {
        const uint8_t *row = pixels + (size_t)y * (size_t)stride;
        for (int x = 0; x < p->size; x++) {
            uint32_t pixel;
            __builtin_memcpy(&pixel, row + 4 * x, 4);
            for (int c = 0; c < 3; c++) {
                int value = (int)(pixel >> (16 - 8 * c) & 255) * gain >> 8;
                *rgb++ = (uint8_t)(value > 255 ? 255 : value);
            }
        }
    }
    return SMAC_OK;
}

void face_painter_free(face_painter *p)
{
    if (!p)
        return;
    cairo_surface_destroy(p->back);
    cairo_surface_destroy(p->picture);
    free(p);
}
