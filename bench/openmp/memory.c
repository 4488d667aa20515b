/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "memory.h"

static bool run(struct bench *bench)
{
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup
    for (size_t i = 0; i < bench->size; i++) {
#pragma omp task
        bench_tally(1);
    }
    memory_stop(bench);
    return bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "memory", BENCH_OPENMP("task"), 10000000);
    memory_prepare(&bench);
    return bench_measure(&bench, run);
}
