/*
 * Empty jobs of one process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "htslib.h"

static void *empty(void *arg)
{
    (void)arg;
    bench_tally(1);
    return NULL;
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    bool right = run_jobs(bench->size, empty);
    bench_stop(bench);
    return right && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "flat", "htslib", 1000000);
    return bench_measure_with_pool(&bench, run);
}
