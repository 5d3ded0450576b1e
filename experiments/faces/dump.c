/*
 * experiments/faces/dump.c - the faces of pictures from standard input, for the scripts beside it.
 * Usage: dump WEIGHTS LONG LEAST [REPEAT] < records.  Records: two u32, width and height, and RGB bytes.  Out, a line a
 * picture: the number of faces, and for each its score, box and five points; on standard error the milliseconds of
 * REPEAT further runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "face/detector.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

int main(int argc, char **argv)
{
    smac_error error = {0};
    face_detector *detector = NULL;
    face_finder *finder = NULL;
    face_list found = {0};
    uint32_t size[2];
    int repeat = argc > 4 ? atoi(argv[4]) : 0;
    face_finder_options options = {
        .long_side = argc > 2 ? atoi(argv[2]) : 0, .least = argc > 3 ? (float)atof(argv[3]) : 0};
    if (argc < 4 || face_detector_open(argv[1], &detector, &error) != SMAC_OK ||
        face_finder_new(detector, &options, &finder, &error) != SMAC_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    while (fread(size, sizeof *size, 2, stdin) == 2) {
        size_t pixels = (size_t)size[0] * size[1];
        uint8_t *rgb = malloc(pixels * 3);
        picture in = {.rgb = rgb, .width = (int)size[0], .height = (int)size[1], .stride = (size_t)size[0] * 3};
        if (!rgb || fread(rgb, 3, pixels, stdin) != pixels ||
            face_finder_find(finder, &in, &found, &error) != SMAC_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
        double before = now();
        for (int i = 0; i < repeat; i++)
            face_finder_find(finder, &in, &found, &error);
        if (repeat > 0)
            fprintf(stderr, "%.3f\n", (now() - before) / repeat);
        printf("%zu", found.count);
        for (size_t i = 0; i < found.count; i++) {
            const face *f = &found.items[i];
            printf(" %.6f %.4f %.4f %.4f %.4f", f->score, f->left, f->top, f->right, f->bottom);
            for (int k = 0; k < FACE_POINTS; k++)
                printf(" %.4f %.4f", f->points[k].x, f->points[k].y);
        }
        printf("\n");
        free(rgb);
    }
    face_finder_free(finder);
    face_detector_free(detector);
    return 0;
}
