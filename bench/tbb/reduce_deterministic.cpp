// Sum of doubles by parallel_deterministic_reduce.
// Its order depends on the grain; the default of 1 would make as many tasks as there are doubles.
//
// SPDX-License-Identifier: Apache-2.0
#include "reduce.h"
#include "tbb.h"

#include <functional>

static bool run(struct bench *bench)
{
    bench_start(bench);
    double sum = tbb::parallel_deterministic_reduce(
        tbb::blocked_range<size_t>(0, bench->size, 8192), 0.0,
        [](const tbb::blocked_range<size_t> &range, double before) {
            return before + reduce_range(range.begin(), range.end());
        },
        std::plus<double>());
    bench_stop(bench);
    return sum == reduce_expected(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "reduce", "tbb-deterministic", 10000000);
    reduce_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
