// Empty tasks of one task_group.
//
// SPDX-License-Identifier: Apache-2.0
#include "tbb.h"

static bool run(struct bench *bench)
{
    bench_start(bench);
    tbb::task_group group;
    for (size_t i = 0; i < bench->size; i++)
        group.run([] { bench_tally(1); });
    group.wait();
    bench_stop(bench);
    return bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "flat", "tbb", 1000000);
    return bench_measure_in_arena(&bench, run);
}
