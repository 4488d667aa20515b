/*
 * Sum of doubles: a tile and a sum for each thread, added up by the caller.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reduce.h"

#include "pthreadpool.h"

static double sums[BENCH_MAX_THREADS];

static size_t tile_of(const struct bench *bench)
{
    size_t threads = (size_t)bench->threads;
    return (bench->size + threads - 1) / threads;
}

static void sum_tile(void *context, size_t begin, size_t count)
{
    sums[begin / tile_of(context)] = reduce_range(begin, begin + count);
}

static bool run(struct bench *bench)
{
    size_t tile = tile_of(bench);
    bench_start(bench);
    pthreadpool_parallelize_1d_tile_1d(pool, sum_tile, bench, bench->size, tile, pool_flags);
    double sum = 0.0;
    for (size_t i = 0; i * tile < bench->size; i++)
        sum += sums[i];
    bench_stop(bench);
    return sum == reduce_expected(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "reduce", "pthreadpool", 10000000);
    reduce_prepare(&bench);
    return bench_measure_with_pool(&bench, run);
}
