/*
 * Jobs of 1 us; a pool of as many workers as may run at once, because the size of a process bounds what
 * waits.
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
    bool right = run_jobs(bench->size, work);
    bench_stop(bench);
    return right && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "limit", "htslib", 50000);
    steps = bench_steps(1000.0);
    int limit = (int)strtol(bench.mode, NULL, 10); /* 0 for a word */
    int workers = limit > 0 && limit < bench.threads ? limit : bench.threads;
    return bench_measure_with_workers(&bench, run, workers);
}
