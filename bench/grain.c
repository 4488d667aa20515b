/*
 * Tasks of --size nanoseconds of work, added by a task of the group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include <ompgroup.h>

static uint64_t steps;

static int work(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_work(steps);
    bench_tally(1);
    return 0;
}

static int produce(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    for (size_t i = 0; i < bench->items; i++)
        ompg_go(group, work, NULL);
    return 0;
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    int code = ompg_run(NULL, produce, bench, NULL);
    bench_stop(bench);
    return code == 0 && bench_tally_take() == bench->items;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "grain", BENCH_OPENMP("ompgroup"), 100);
    bench.items = bench_tasks_of(bench.size);
    steps = bench_steps((double)bench.size);
    return bench_measure(&bench, run);
}
