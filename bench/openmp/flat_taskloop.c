/*
 * Empty tasks made by taskloop, one for each iteration.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

static bool run(struct bench *bench)
{
    bench_start(bench);
#pragma omp parallel
#pragma omp single
#pragma omp taskloop grainsize(1)
    for (size_t i = 0; i < bench->size; i++)
        bench_tally(1);
    bench_stop(bench);
    return bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "flat", BENCH_OPENMP("taskloop"), 1000000);
    return bench_measure(&bench, run);
}
