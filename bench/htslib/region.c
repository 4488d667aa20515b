/*
 * Processes of two empty jobs, one after the other.
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
    bool right = true;
    bench_start(bench);
    for (size_t i = 0; i < bench->size && right; i++)
        right = run_jobs(2, empty);
    bench_stop(bench);
    return right && bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "region", "htslib", 20000);
    return bench_measure_with_pool(&bench, run);
}
