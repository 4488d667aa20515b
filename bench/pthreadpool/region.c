/*
 * Loops of two empty iterations, one after the other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include <pthreadpool.h>

static pthreadpool_t pool;

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
        pthreadpool_parallelize_1d(pool, empty, NULL, 2, 0);
    bench_stop(bench);
    return bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "region", "pthreadpool", 20000);
    pool = pthreadpool_create((size_t)bench.threads);
    int status = pool ? bench_measure(&bench, run) : 1;
    pthreadpool_destroy(pool);
    return status;
}
