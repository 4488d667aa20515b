/*
 * heat: how heat spreads in a square plate, as a picture. It shows OMPG_FOR as a drop-in for
 * `#pragma omp parallel for` that can stop: spread_plain() and spread_checked() are the same program,
 * but the second one looks at each row and ends the run, with step and row, when the numbers leave
 * all bounds; the first one goes on with nonsense to the end.
 *
 *     heat [OPTION]...
 *
 * The plate has hot spots at the beginning and an edge that stays cold. Each step moves every point
 * by alpha times the difference to its four neighbours. Up to alpha 0.25 no point can become hotter
 * than the hottest one before; above, errors grow with every step: try --alpha 0.26.
 *
 * Exit status: 0; 1 when the numbers diverged, the two versions differ, memory was short or the
 * picture could not be written; 2 for a wrong option.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "options.h"

#include <ompgroup.h>

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status { DONE = 0, FAILED = 1 };

static const char usage[] =
    "Usage: heat [OPTION]...\n"
    "Compute how heat spreads in a square plate.\n"
    "\n"
    "  --size N        points on a side of the plate (1024)\n"
    "  --steps N       time steps (1000)\n"
    "  --alpha X       share of a difference in heat that one step moves (0.2); stable up to 0.25\n"
    "  --threads N     threads to use; 0: as many as OpenMP chooses (default)\n"
    "  --output FILE   write the final field there, as a picture in PPM format\n"
    "  --plain         use the version without a check\n"
    "  --compare       run both versions and compare the bits of their fields\n"
    "  --help          print this text\n"
    "\n"
    "Exit status: 0; 1: diverged, different, no memory or no picture; 2: wrong usage.\n";

struct settings {
    size_t size, steps, threads;
    double alpha;
    const char *output; /* NULL: none */
    bool plain, compare;
};

/* The points of a square plate, with one more row or column on each side for the cold edge. */
struct plate {
    size_t size;
    double *now, *next;
};

static double *row_of(double *points, const struct plate *plate, size_t row)
{
    return points + row * (plate->size + 2);
}

/* ---- the computation ---- */

/*
 * Returns the sum of the squares of the row's new values, by which NaN shows as well as infinity:
 * as long as no point is hotter than 1, it is at most the number of points.
 */
static double spread_row(const struct plate *plate, size_t row, double alpha)
{
    const double *here = row_of(plate->now, plate, row);
    const double *above = row_of(plate->now, plate, row - 1);
    const double *below = row_of(plate->now, plate, row + 1);
    double *restrict next = row_of(plate->next, plate, row);
    double squares = 0;
#pragma omp simd reduction(+ : squares)
    for (size_t i = 1; i <= plate->size; i++) {
        next[i] = here[i] + alpha * (above[i] + below[i] + here[i - 1] + here[i + 1] - 4 * here[i]);
        squares += next[i] * next[i];
    }
    return squares;
}

static void take_step(struct plate *plate)
{
    double *old = plate->now;
    plate->now = plate->next;
    plate->next = old;
}

static void spread_plain(struct plate *plate, size_t steps, double alpha)
{
    for (size_t step = 1; step <= steps; step++) {
#pragma omp parallel for
        for (size_t row = 1; row <= plate->size; row++)
            spread_row(plate, row, alpha);
        take_step(plate);
    }
}

static void spread_checked(ompg_group *group, struct plate *plate, size_t steps, double alpha)
{
    double bound = 2 * (double)plate->size; /* far from what rounding can add */
    for (size_t step = 1; step <= steps; step++) {
        OMPG_FOR(group, row, 1, plate->size + 1) {
            double squares = spread_row(plate, row, alpha);
            if (!(squares <= bound))
                ompg_fail_at(group, row, EDOM, "step %zu: row %zu has diverged", step, row);
        }
        if (ompg_wait(group) != 0)
            return;
        take_step(plate);
    }
}

/* ---- the plate ---- */

static void plate_free(struct plate *plate)
{
    free(plate->now);
    free(plate->next);
}

/* A cold plate. Returns 0 or ENOMEM. */
static int plate_init(struct plate *plate, size_t size)
{
    plate->size = size;
    plate->now = calloc((size + 2) * (size + 2), sizeof(double));
    plate->next = calloc((size + 2) * (size + 2), sizeof(double));
    if (plate->now && plate->next)
        return 0;
    plate_free(plate);
    return ENOMEM;
}

/* Heats a ring round the middle and a disc aside. */
static void plate_heat(struct plate *plate)
{
    double unit = 1.0 / (double)plate->size;
    for (size_t row = 1; row <= plate->size; row++) {
        for (size_t column = 1; column <= plate->size; column++) {
            double x = ((double)column - 0.5) * unit;
            double y = ((double)row - 0.5) * unit;
            double from_middle = hypot(x - 0.5, y - 0.5);
            bool hot = fabs(from_middle - 0.3) < 0.06 || hypot(x - 0.88, y - 0.12) < 0.06;
            row_of(plate->now, plate, row)[column] = hot;
        }
    }
}

/* ---- the picture ---- */

static unsigned char shade(double brightness)
{
    return (unsigned char)(255 * fmax(0, fmin(1, brightness)) + 0.5);
}

/* From black by red and yellow to white. */
static void write_points(const struct plate *plate, FILE *file)
{
    for (size_t row = 1; row <= plate->size; row++) {
        const double *points = row_of(plate->now, plate, row);
        for (size_t i = 1; i <= plate->size; i++) {
            double heat = 3 * points[i];
            unsigned char colours[] = {shade(heat), shade(heat - 1), shade(heat - 2)};
            fwrite(colours, 1, sizeof colours, file);
        }
    }
}

static int write_picture(const struct plate *plate, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return errno;
    errno = 0;
    fprintf(file, "P6\n%zu %zu\n255\n", plate->size, plate->size);
    write_points(plate, file);
    bool failed = ferror(file) != 0;
    int code = failed ? errno : 0;
    if (fclose(file) != 0 && !failed)
        code = errno;
    return code;
}

/* ---- the program ---- */

static void parse_arguments(int argc, char **argv, struct settings *settings)
{
    const struct option_rule rules[] = {
        {.name = "size", .count = &settings->size, .least = 1, .most = 1 << 16},
        {.name = "steps", .count = &settings->steps, .most = INT_MAX},
        {.name = "alpha", .real = &settings->alpha, .most = 1},
        {.name = "threads", .count = &settings->threads, .most = INT_MAX},
        {.name = "output", .text = &settings->output},
        {.name = "plain", .flag = &settings->plain},
        {.name = "compare", .flag = &settings->compare},
        {0},
    };
    int first = options_parse("heat", usage, rules, argc, argv);
    if (first < argc)
        options_reject("heat", argv[first]);
}

static int no_memory(void)
{
    fprintf(stderr, "heat: %s\n", strerror(ENOMEM));
    return FAILED;
}

static int run_plain(const struct settings *settings, struct plate *plate)
{
    plate_heat(plate);
    double start = omp_get_wtime();
    spread_plain(plate, settings->steps, settings->alpha);
    fprintf(stderr, "heat: omp parallel for: %.3f s\n", omp_get_wtime() - start);
    return DONE;
}

static int run_checked(const struct settings *settings, struct plate *plate)
{
    /* Whatever the number of threads, the row in the message is the first one that diverged. */
    ompg_group *group = ompg_new(&(ompg_options){.name = "heat", .deterministic = true});
    if (!group)
        return no_memory();
    plate_heat(plate);
    double start = omp_get_wtime();
    spread_checked(group, plate, settings->steps, settings->alpha);
    fprintf(stderr, "heat: OMPG_FOR: %.3f s\n", omp_get_wtime() - start);
    ompg_print_short(group, stderr);
    int status = ompg_exit_status(group);
    ompg_free(group);
    return status;
}

static int compare(const struct settings *settings, struct plate *plate)
{
    struct plate plain;
    if (plate_init(&plain, plate->size) != 0)
        return no_memory();
    int status = run_checked(settings, plate);
    if (status == DONE) {
        run_plain(settings, &plain);
        size_t points = (plate->size + 2) * (plate->size + 2);
        bool same = memcmp(plate->now, plain.now, points * sizeof(double)) == 0;
        fprintf(stderr, "heat: both fields are %s\n", same ? "the same" : "different");
        status = same ? DONE : FAILED;
    }
    plate_free(&plain);
    return status;
}

static int run(const struct settings *settings, struct plate *plate)
{
    int status;
    if (settings->compare)
        status = compare(settings, plate);
    else if (settings->plain)
        status = run_plain(settings, plate);
    else
        status = run_checked(settings, plate);
    if (status != DONE || !settings->output)
        return status;
    int code = write_picture(plate, settings->output);
    if (code != 0)
        fprintf(stderr, "heat: %s: %s\n", settings->output, strerror(code));
    return code == 0 ? DONE : FAILED;
}

int main(int argc, char **argv)
{
    struct settings settings = {.size = 1024, .steps = 1000, .alpha = 0.2};
    parse_arguments(argc, argv, &settings);
    if (settings.threads > 0)
        omp_set_num_threads((int)settings.threads);
    struct plate plate;
    if (plate_init(&plate, settings.size) != 0)
        return no_memory();
    int status = run(&settings, &plate);
    plate_free(&plate);
    return status;
}
