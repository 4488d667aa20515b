// SPDX-License-Identifier: Apache-2.0
#include "memory.h"
#include "tbb.h"

static bool run(struct bench *bench)
{
    tbb::task_group group;
    for (size_t i = 0; i < bench->size; i++)
        group.run([] { bench_tally(1); });
    group.wait();
    memory_stop(bench);
    return bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "memory", "tbb", 10000000);
    memory_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
