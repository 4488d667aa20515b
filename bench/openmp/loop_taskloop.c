/*
 * taskloop: as many tasks as the runtime chooses, or TASKS a thread where the iterations differ.
 * libgomp runs a task at once in the thread that makes it when 64 a thread are queued.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

enum { TASKS = 32 };

static void triad(size_t n)
{
    double *restrict a = loop.a;
    const double *restrict b = loop.b, *restrict c = loop.c;
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + 3.0 * c[i];
}

static void irregular(size_t n, int tasks)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop num_tasks(tasks)
    for (size_t i = 0; i < n; i++) {
        bench_work(loop.steps[i]);
        bench_tally(1);
    }
}

static void empty(size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        loop_nothing();
}

static void count(size_t n)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskloop
    for (size_t i = 0; i < n; i++)
        bench_tally(1);
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    if (bench_mode_is(bench, "triad"))
        triad(bench->size);
    else if (bench_mode_is(bench, "irregular"))
        irregular(bench->size, TASKS * bench->threads);
    else
        for (size_t k = 0; k < bench->items; k++)
            empty(bench->size);
    bench_stop(bench);
    for (size_t k = 0; k < bench->items && bench_mode_is(bench, "empty"); k++)
        count(bench->size);
    return loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", BENCH_OPENMP("taskloop"), 1000);
    loop_prepare(&bench);
    return bench_measure(&bench, run);
}
