/*
 * parallel for: static, or dynamic where the iterations differ. Without OpenMP: the serial loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

static void triad(size_t n)
{
    double *restrict a = loop.a;
    const double *restrict b = loop.b, *restrict c = loop.c;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + 3.0 * c[i];
}

static void irregular(size_t n)
{
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t i = 0; i < n; i++) {
        bench_work(loop.steps[i]);
        bench_tally(1);
    }
}

static void empty(size_t n, size_t loops)
{
    for (size_t k = 0; k < loops; k++) {
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < n; i++)
            loop_nothing();
    }
}

/* What empty() leaves out so that its body is nothing. */
static void count(size_t n, size_t loops)
{
    for (size_t k = 0; k < loops; k++) {
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < n; i++)
            bench_tally(1);
    }
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    if (bench_mode_is(bench, "triad"))
        triad(bench->size);
    else if (bench_mode_is(bench, "irregular"))
        irregular(bench->size);
    else
        empty(bench->size, bench->items);
    bench_stop(bench);
    if (bench_mode_is(bench, "empty"))
        count(bench->size, bench->items);
    return loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", BENCH_OPENMP("for"), 1000);
    loop_prepare(&bench);
    return bench_measure(&bench, run);
}
