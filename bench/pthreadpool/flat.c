/*
 * Empty tasks: the iterations of one loop, which takes them one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pthreadpool.h"

static void empty(void *context, size_t i)
{
    (void)context;
    (void)i;
    bench_tally(1);
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    pthreadpool_parallelize_1d(pool, empty, NULL, bench->size, pool_flags);
    bench_stop(bench);
    return bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "flat", "pthreadpool", 1000000);
    return bench_measure_with_pool(&bench, run);
}
