/*
 * The queue of the process bounds what waits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "memory.h"

#include "htslib.h"

static void *empty(void *arg)
{
    (void)arg;
    bench_tally(1);
    return NULL;
}

static bool run(struct bench *bench)
{
    bool right = run_jobs(bench->size, empty);
    memory_stop(bench);
    return right && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "memory", "htslib", 10000000);
    memory_prepare(&bench);
    return bench_measure_with_pool(&bench, run);
}
