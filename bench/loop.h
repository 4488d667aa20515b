/*
 * The loops that are compared. Mode "triad": a[i] = b[i] + 3 c[i], --size doubles each. Mode
 * "irregular": --size iterations of 50 ns to 5 us, dearer towards the end. Mode "empty": loops of
 * --size iterations of nothing, from serial code, one after the other.
 *
 * How "empty" is checked: where the peer hands over ranges, each range is counted within the time, an
 * addition a range. Where it hands over single iterations, counting them would cost more than the
 * loop; there as many loops whose iterations count follow, outside the time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include "bench.h"

#include <math.h>

enum { LOOPS = 2000 }; /* of mode "empty" in a run on one or two threads; fewer on more */

struct loop {
    double *__restrict a;
    double *__restrict b;
    double *__restrict c;
    uint32_t *steps;
};

static struct loop loop;

static inline void loop_triad(size_t begin, size_t end)
{
    double *__restrict a = loop.a;
    const double *__restrict b = loop.b, *__restrict c = loop.c;
    for (size_t i = begin; i < end; i++)
        a[i] = b[i] + 3.0 * c[i];
}

static inline void loop_irregular(size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        bench_work(loop.steps[i]);
    bench_tally(end - begin);
}

/* The compiler keeps the loop. */
static inline void loop_nothing(void)
{
    __asm__ volatile("");
}

static inline void loop_empty(size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        loop_nothing();
    bench_tally(end - begin);
}

/* ---- before and after ---- */

static inline double *loop_array(size_t n, double value)
{
    double *array = (double *)malloc(n * sizeof *array);
    if (!array)
        exit(1);
#if defined(_OPENMP)
#pragma omp parallel for
#endif
    for (size_t i = 0; i < n; i++)
        array[i] = value + (double)(i % 16);
    return array;
}

/* Half of the exponent is the place in the loop, half is chance. */
static inline uint32_t *loop_costs(size_t n)
{
    uint32_t *steps = (uint32_t *)malloc(n * sizeof *steps);
    if (!steps)
        exit(1);
    for (size_t i = 0; i < n; i++) {
        double chance = (double)((uint32_t)i * 2654435769U) / 4294967296.0;
        double place = (double)i / (double)n;
        steps[i] = (uint32_t)bench_steps(50.0 * pow(100.0, (place + chance) / 2.0));
    }
    return steps;
}

static inline void loop_prepare(struct bench *bench)
{
    if (bench_mode_is(bench, "triad")) {
        loop.a = loop_array(bench->size, 0.0);
        loop.b = loop_array(bench->size, 1.0);
        loop.c = loop_array(bench->size, 2.0);
    } else if (bench_mode_is(bench, "irregular")) {
        loop.steps = loop_costs(bench->size);
    } else {
        bench->mode = "empty";
        bench->items = (size_t)(2 * LOOPS / (bench->threads > 2 ? bench->threads : 2));
    }
}

/* Also makes what was computed wrong, so that the next run has to do it again. */
static inline bool loop_check(const struct bench *bench)
{
    if (bench_mode_is(bench, "irregular"))
        return bench_tally_take() == bench->size;
    if (bench_mode_is(bench, "empty"))
        return bench_tally_take() == bench->size * bench->items;
    bool right = true;
    for (size_t i = 0; i < bench->size; i++) {
        right = right && loop.a[i] == loop.b[i] + 3.0 * loop.c[i];
        loop.a[i] = 0.0;
    }
    return right;
}

#endif
