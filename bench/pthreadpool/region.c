/*
 * Loops of two empty iterations, one after the other.
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
    for (size_t i = 0; i < bench->size; i++)
        pthreadpool_parallelize_1d(pool, empty, NULL, 2, pool_flags);
    bench_stop(bench);
    return bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "region", "pthreadpool", 20000);
    return bench_measure_with_pool(&bench, run);
}
