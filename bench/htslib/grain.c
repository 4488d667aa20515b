/*
 * Jobs of --size nanoseconds of work of one process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "htslib.h"

static uint64_t steps;

static void *work(void *arg)
{
    (void)arg;
    bench_work(steps);
    bench_tally(1);
    return NULL;
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    bool right = run_jobs(bench->items, work);
    bench_stop(bench);
    return right && bench_tally_take() == bench->items;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "grain", "htslib", 100);
    bench.items = bench_tasks_of(bench.size);
    steps = bench_steps((double)bench.size);
    return bench_measure_with_pool(&bench, run);
}
