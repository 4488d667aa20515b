// A task_group of two empty tasks, and another, one after the other, in an arena.
//
// SPDX-License-Identifier: Apache-2.0
#include "tbb.h"

static bool run(struct bench *bench)
{
    bench_start(bench);
    for (size_t i = 0; i < bench->size; i++) {
        tbb::task_group group;
        group.run([] { bench_tally(1); });
        group.run([] { bench_tally(1); });
        group.wait();
    }
    bench_stop(bench);
    return bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pair", "tbb", 200000);
    return bench_measure_in_arena(&bench, run);
}
