// parallel_for over a blocked_range.
//
// SPDX-License-Identifier: Apache-2.0
#include "loop.h"
#include "tbb.h"

static bool run(struct bench *bench)
{
    void (*body)(size_t, size_t) = bench_mode_is(bench, "triad")       ? loop_triad
                                   : bench_mode_is(bench, "irregular") ? loop_irregular
                                                                       : loop_empty;
    size_t loops = bench_mode_is(bench, "empty") ? bench->items : 1;
    bench_start(bench);
    for (size_t i = 0; i < loops; i++)
        tbb::parallel_for(
            tbb::blocked_range<size_t>(0, bench->size),
            [body](const tbb::blocked_range<size_t> &range) { body(range.begin(), range.end()); });
    bench_stop(bench);
    return loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", "tbb", 1000);
    loop_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
