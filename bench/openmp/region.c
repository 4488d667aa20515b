/*
 * Parallel regions with a taskgroup of two empty tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

static bool run(struct bench *bench)
{
    bench_start(bench);
    for (size_t i = 0; i < bench->size; i++) {
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup
        {
#pragma omp task
            bench_tally(1);
#pragma omp task
            bench_tally(1);
        }
    }
    bench_stop(bench);
    return bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "region", BENCH_OPENMP("parallel"), 20000);
    return bench_measure(&bench, run);
}
