// Prefix sums of doubles by parallel_scan.
//
// SPDX-License-Identifier: Apache-2.0
#include "scan.h"
#include "tbb.h"

#include <functional>

static bool run(struct bench *bench)
{
    bench_start(bench);
    double sum = tbb::parallel_scan(
        tbb::blocked_range<size_t>(0, bench->size), 0.0,
        [](const tbb::blocked_range<size_t> &range, double before, bool is_final) {
            return is_final ? scan_range(range.begin(), range.end(), before)
                            : before + reduce_range(range.begin(), range.end());
        },
        std::plus<double>());
    bench_stop(bench);
    return sum == reduce_expected(bench->size) && scan_is_right(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "scan", "tbb", 10000000);
    scan_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
