/*
 * Tasks of 1 us, added before the wait, of which the group lets some run at once. Mode "none": all;
 * "1" and "2": that many, by .limit; "budget": two, by .budget and .cost.
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

static bool run(struct bench *bench)
{
    bool by_budget = bench_mode_is(bench, "budget");
    int limit = (int)strtol(bench->mode, NULL, 10); /* 0 for a word */
    ompg_options options = {.limit = limit, .budget = by_budget ? 2.0 : 0.0};
    ompg_task_options cost = {.cost = by_budget ? 1.0 : 0.0};
    bench_start(bench);
    ompg_group *group = ompg_new(&options);
    for (size_t i = 0; i < bench->size; i++)
        ompg_go_with(group, work, NULL, &cost);
    int code = ompg_wait(group);
    ompg_free(group);
    bench_stop(bench);
    return code == 0 && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "limit", BENCH_OPENMP("ompgroup"), 50000);
    steps = bench_steps(1000.0);
    return bench_measure(&bench, run);
}
