// A task_group of two empty tasks from serial code: enters and leaves the arena each time.
//
// SPDX-License-Identifier: Apache-2.0
#include "tbb.h"

static tbb::task_arena arena;

static void fork_and_join()
{
    tbb::task_group group;
    group.run([] { bench_tally(1); });
    group.run([] { bench_tally(1); });
    group.wait();
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    for (size_t i = 0; i < bench->size; i++)
        arena.execute(fork_and_join);
    bench_stop(bench);
    return bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "region", "tbb", 20000);
    tbb::global_control control(tbb::global_control::max_allowed_parallelism,
                                (size_t)bench.threads);
    arena.initialize(bench.threads);
    return bench_measure(&bench, run);
}
