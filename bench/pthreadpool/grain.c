/*
 * Tasks of --size nanoseconds of work: the iterations of one loop, which takes them one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pthreadpool.h"

static uint64_t steps;

static void work(void *context, size_t i)
{
    (void)context;
    (void)i;
    bench_work(steps);
    bench_tally(1);
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    pthreadpool_parallelize_1d(pool, work, NULL, bench->items, pool_flags);
    bench_stop(bench);
    return bench_tally_take() == bench->items;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "grain", "pthreadpool", 100);
    bench.items = bench_tasks_of(bench.size);
    steps = bench_steps((double)bench.size);
    return bench_measure_with_pool(&bench, run);
}
