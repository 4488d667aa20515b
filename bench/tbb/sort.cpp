// Integers, or records of 48 bytes, by parallel_sort, which is not stable.
//
// SPDX-License-Identifier: Apache-2.0
#include "sort_cpp.h"
#include "tbb.h"

static bool run(struct bench *bench)
{
    return sort_by(bench, false, [](auto first, auto past, auto before) {
        tbb::parallel_sort(first, past, before);
    });
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sort", "tbb", 10000000);
    sort_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
