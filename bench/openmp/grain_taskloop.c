/*
 * Tasks of --size nanoseconds of work made by taskloop, one for each iteration.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

static uint64_t steps;

static bool run(struct bench *bench)
{
    bench_start(bench);
#pragma omp parallel
#pragma omp single
#pragma omp taskloop grainsize(1)
    for (size_t i = 0; i < bench->items; i++) {
        bench_work(steps);
        bench_tally(1);
    }
    bench_stop(bench);
    return bench_tally_take() == bench->items;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "grain", BENCH_OPENMP("taskloop"), 100);
    bench.items = bench_tasks_of(bench.size);
    steps = bench_steps((double)bench.size);
    return bench_measure(&bench, run);
}
