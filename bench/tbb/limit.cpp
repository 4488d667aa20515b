// Tasks of 1 us; an arena of as many threads as may run at once.
//
// SPDX-License-Identifier: Apache-2.0
#include "tbb.h"

static uint64_t steps;

static bool run(struct bench *bench)
{
    bench_start(bench);
    tbb::task_group group;
    for (size_t i = 0; i < bench->size; i++)
        group.run([] {
            bench_work(steps);
            bench_tally(1);
        });
    group.wait();
    bench_stop(bench);
    return bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "limit", "tbb", 50000);
    steps = bench_steps(1000.0);
    int limit = (int)strtol(bench.mode, NULL, 10), threads = bench.threads;
    tbb::global_control control(tbb::global_control::max_allowed_parallelism, (size_t)threads);
    tbb::task_arena arena(limit > 0 && limit < threads ? limit : threads);
    return arena.execute([&] { return bench_measure(&bench, run); });
}
