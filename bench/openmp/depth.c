/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "depth.h"

static void time_groups(struct bench *bench)
{
    bench_start(bench);
    for (int i = 0; i < DEPTH_GROUPS; i++) {
#pragma omp taskgroup
        {
#pragma omp task
            bench_tally(1);
        }
    }
    bench_stop(bench);
}

static void down(struct bench *bench, size_t below)
{
    if (below == 0) {
        time_groups(bench);
        return;
    }
#pragma omp taskgroup
    {
#pragma omp task firstprivate(bench, below)
        down(bench, below - 1);
    }
}

static bool run(struct bench *bench)
{
#pragma omp parallel
#pragma omp single
    down(bench, bench->size);
    return bench_tally_take() == bench->items;
}

int main(int argc, char **argv)
{
    depth_prepare(argv);
    struct bench bench = bench_parse(argc, argv, "depth", BENCH_OPENMP("taskgroup"), 1000);
    if (!bench_mode_is(&bench, "plain"))
        return BENCH_NOT_FOR_MODE;
    bench.items = DEPTH_GROUPS;
    return bench_measure(&bench, run);
}
