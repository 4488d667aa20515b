/*
 * pthreadpool_parallelize_1d_tile_1d: one tile for each thread, or tiles of sixteen where the iterations differ.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"
#include "pthreadpool.h"

static void triad(void *context, size_t begin, size_t count)
{
    (void)context;
    loop_triad(begin, begin + count);
}

static void irregular(void *context, size_t begin, size_t count)
{
    (void)context;
    loop_irregular(begin, begin + count);
}

static void empty(void *context, size_t begin, size_t count)
{
    (void)context;
    loop_empty(begin, begin + count);
}

static bool run(struct bench *bench)
{
    bool costs_differ = bench_mode_is(bench, "irregular");
    pthreadpool_task_1d_tile_1d_t body = bench_mode_is(bench, "triad") ? triad
                                         : costs_differ                ? irregular
                                                                       : empty;
    size_t threads = (size_t)bench->threads;
    size_t tile = costs_differ ? 16 : (bench->size + threads - 1) / threads;
    size_t loops = bench_mode_is(bench, "empty") ? bench->items : 1;
    bench_start(bench);
    for (size_t i = 0; i < loops; i++)
        pthreadpool_parallelize_1d_tile_1d(pool, body, NULL, bench->size, tile, pool_flags);
    bench_stop(bench);
    return loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", "pthreadpool", 1000);
    loop_prepare(&bench);
    return bench_measure_with_pool(&bench, run);
}
