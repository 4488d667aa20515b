/*
 * OMPG_FOR: the body stands in the caller's function.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

#include <ompgroup.h>

static void triad(ompg_group *group, size_t n)
{
    double *restrict a = loop.a;
    const double *restrict b = loop.b, *restrict c = loop.c;
    OMPG_FOR(group, i, 0, n)
        a[i] = b[i] + 3.0 * c[i];
}

static void irregular(ompg_group *group, size_t n)
{
    OMPG_FOR(group, i, 0, n) {
        bench_work(loop.steps[i]);
        bench_tally(1);
    }
}

static void empty(ompg_group *group, size_t n, size_t loops)
{
    for (size_t k = 0; k < loops; k++) {
        OMPG_FOR(group, i, 0, n)
            loop_nothing();
    }
}

/* What empty() leaves out so that its body is nothing. */
static void count(ompg_group *group, size_t n, size_t loops)
{
    for (size_t k = 0; k < loops; k++) {
        OMPG_FOR(group, i, 0, n)
            bench_tally(1);
    }
}

static bool run(struct bench *bench)
{
    ompg_group *group = ompg_new(NULL);
    bench_start(bench);
    if (bench_mode_is(bench, "triad"))
        triad(group, bench->size);
    else if (bench_mode_is(bench, "irregular"))
        irregular(group, bench->size);
    else
        empty(group, bench->size, bench->items);
    int code = ompg_wait(group);
    bench_stop(bench);
    if (bench_mode_is(bench, "empty"))
        count(group, bench->size, bench->items);
    ompg_free(group);
    return code == 0 && loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", BENCH_OPENMP("OMPG_FOR"), 1000);
    loop_prepare(&bench);
    return bench_measure(&bench, run);
}
