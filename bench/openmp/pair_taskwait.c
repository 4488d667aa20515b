/*
 * Two empty tasks and a taskwait, one after the other, in a region.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

static void nest(struct bench *bench)
{
    bench_start(bench);
    for (size_t i = 0; i < bench->size; i++) {
#pragma omp task
        bench_tally(1);
#pragma omp task
        bench_tally(1);
#pragma omp taskwait
    }
    bench_stop(bench);
}

static bool run(struct bench *bench)
{
#pragma omp parallel
#pragma omp single
    nest(bench);
    return bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pair", BENCH_OPENMP("taskwait"), 200000);
    return bench_measure(&bench, run);
}
