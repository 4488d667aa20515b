// Tasks of --size nanoseconds of work in one task_group.
//
// SPDX-License-Identifier: Apache-2.0
#include "tbb.h"

static uint64_t steps;

static bool run(struct bench *bench)
{
    bench_start(bench);
    tbb::task_group group;
    for (size_t i = 0; i < bench->items; i++)
        group.run([] {
            bench_work(steps);
            bench_tally(1);
        });
    group.wait();
    bench_stop(bench);
    return bench_tally_take() == bench->items;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "grain", "tbb", 100);
    bench.items = bench_tasks_of(bench.size);
    steps = bench_steps((double)bench.size);
    return bench_measure_in_arena(&bench, run);
}
