/*
 * omp for over chunks and a callback for each: a chunk for each thread, or chunks of sixteen
 * iterations by a dynamic schedule where the iterations differ.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

enum { CHUNK = 16 };

typedef void range_fn(size_t begin, size_t end);

static __attribute__((noinline)) void for_threads(size_t n, size_t threads, range_fn *body)
{
#pragma omp parallel for schedule(static, 1)
    for (size_t chunk = 0; chunk < threads; chunk++)
        body(n * chunk / threads, n * (chunk + 1) / threads);
}

static __attribute__((noinline)) void for_chunks(size_t n, range_fn *body)
{
#pragma omp parallel for schedule(dynamic)
    for (size_t begin = 0; begin < n; begin += CHUNK)
        body(begin, n - begin < CHUNK ? n : begin + CHUNK);
}

static bool run(struct bench *bench)
{
    range_fn *body = bench_mode_is(bench, "triad") ? loop_triad : loop_empty;
    size_t loops = bench_mode_is(bench, "empty") ? bench->items : 1;
    bench_start(bench);
    if (bench_mode_is(bench, "irregular"))
        for_chunks(bench->size, loop_irregular);
    else
        for (size_t i = 0; i < loops; i++)
            for_threads(bench->size, (size_t)bench->threads, body);
    bench_stop(bench);
    return loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", BENCH_OPENMP("for+callback"), 1000);
    loop_prepare(&bench);
    return bench_measure(&bench, run);
}
