/*
 * pi: an estimate by random numbers that has the same digits however many threads compute it. It
 * shows ompg_reduce. sum_plain() is the same with OpenMP's reduction: which thread adds what, and in
 * which order, is left open there, so the last digits differ with the threads, or even the runs.
 *
 *     pi [OPTION]...
 *
 * The height of a circle of radius 2 over [0, 2) is averaged over random points, of which number i is
 * a function of i and the seed (philox.h). Prints the estimate with all its digits and its standard
 * error.
 *
 * Exit status: 0; 1 when memory was short or the output could not be written; 2 for a wrong option.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "options.h"
#include "philox.h"

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
    "Usage: pi [OPTION]...\n"
    "Estimate pi by random numbers, with the same digits for any number of threads.\n"
    "\n"
    "  --draws N       how many pairs of random points (10000000)\n"
    "  --seed N        which sequence of random points (1)\n"
    "  --threads N     threads to use; 0: as many as OpenMP chooses (default)\n"
    "  --plain         add up with OpenMP's reduction: the last digits may differ\n"
    "  --help          print this text\n"
    "\n"
    "Exit status: 0; 1: no memory or no output; 2: wrong usage.\n";

struct settings {
    size_t draws, seed, threads;
    bool plain;
};

/* Of the draws' values and of their squares, from which the error is estimated. */
struct sums {
    double values, squares;
};

/* ---- the computation ---- */

static double height(double x)
{
    return 4 * sqrt(1 - x * x);
}

/* Two points of [0, 1), for which one block of random bits is enough. */
static double draw(size_t index, size_t seed)
{
    struct philox_block counter = {{(uint32_t)index, (uint32_t)((uint64_t)index >> 32), 0, 0}};
    struct philox_key key = {{(uint32_t)seed, (uint32_t)((uint64_t)seed >> 32)}};
    struct philox_block bits = philox(counter, key);
    return (height(philox_uniform(bits.word[0], bits.word[1])) +
            height(philox_uniform(bits.word[2], bits.word[3]))) /
           2;
}

static struct sums sum_plain(size_t draws, size_t seed)
{
    double values = 0;
    double squares = 0;
#pragma omp parallel for reduction(+ : values, squares)
    for (size_t i = 0; i < draws; i++) {
        double value = draw(i, seed);
        values += value;
        squares += value * value;
    }
    return (struct sums){values, squares};
}

static int fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    struct sums *sums = accumulator;
    const size_t *seed = arg;
    for (size_t i = begin; i < end; i++) {
        double value = draw(i, *seed);
        sums->values += value;
        sums->squares += value * value;
    }
    return 0;
}

static int combine(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    struct sums *sums = accumulator;
    const struct sums *more = other;
    sums->values += more->values;
    sums->squares += more->squares;
    return 0;
}

/* ---- the program ---- */

static void parse_arguments(int argc, char **argv, struct settings *settings)
{
    const struct option_rule rules[] = {
        {.name = "draws", .count = &settings->draws, .least = 2},
        {.name = "seed", .count = &settings->seed},
        {.name = "threads", .count = &settings->threads, .most = INT_MAX},
        {.name = "plain", .flag = &settings->plain},
        {0},
    };
    int first = options_parse("pi", usage, rules, argc, argv);
    if (first < argc)
        options_reject("pi", argv[first]);
}

static int print_estimate(struct sums sums, size_t draws)
{
    double n = (double)draws;
    double mean = sums.values / n;
    double variance = (sums.squares / n - mean * mean) * n / (n - 1);
    printf("%.17g +- %.1g\n", mean, sqrt(fmax(0, variance) / n));
    if (fclose(stdout) == 0)
        return DONE;
    fprintf(stderr, "pi: standard output: %s\n", strerror(errno));
    return FAILED;
}

/* Returns the exit status; what failed has been said. */
static int sum_reduced(struct settings *settings, struct sums *sums)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "pi"});
    int code = errno;
    if (group)
        code = ompg_reduce(group, 0, settings->draws, 0, sums, sizeof *sums, fold, combine,
                           &settings->seed);
    int status = ompg_exit_status(group);
    if (code != 0 && ompg_print_short(group, stderr) == 0) {
        fprintf(stderr, "pi: %s\n", strerror(code)); /* nothing was started */
        status = FAILED;
    }
    ompg_free(group);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings = {.draws = 10000000, .seed = 1};
    parse_arguments(argc, argv, &settings);
    if (settings.threads > 0)
        omp_set_num_threads((int)settings.threads);

    struct sums sums = {0, 0};
    int status = DONE;
    if (settings.plain)
        sums = sum_plain(settings.draws, settings.seed);
    else
        status = sum_reduced(&settings, &sums);
    return status == DONE ? print_estimate(sums, settings.draws) : status;
}
