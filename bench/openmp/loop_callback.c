/*
 * omp for with a static schedule over chunks, one for each thread or sixteen where the iterations
 * differ, and a callback for each chunk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

typedef void range_fn(size_t begin, size_t end);

static __attribute__((noinline)) void for_chunks(size_t n, size_t chunks, range_fn *body)
{
#pragma omp parallel for schedule(static, 1)
    for (size_t chunk = 0; chunk < chunks; chunk++)
        body(n * chunk / chunks, n * (chunk + 1) / chunks);
}

static bool run(struct bench *bench)
{
    bool irregular = bench_mode_is(bench, "irregular");
    range_fn *body = bench_mode_is(bench, "triad") ? loop_triad
                     : irregular                   ? loop_irregular
                                                   : loop_empty;
    size_t loops = bench_mode_is(bench, "empty") ? LOOPS : 1;
    size_t chunks = (size_t)bench->threads * (irregular ? 16 : 1);
    bench_start(bench);
    for (size_t i = 0; i < loops; i++)
        for_chunks(bench->size, chunks, body);
    bench_stop(bench);
    return loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", BENCH_OPENMP("for+callback"), 1000);
    loop_prepare(&bench);
    return bench_measure(&bench, run);
}
