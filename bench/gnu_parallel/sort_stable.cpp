// Integers, or records of 48 bytes, by __gnu_parallel::stable_sort.
//
// SPDX-License-Identifier: Apache-2.0
#include "sort_cpp.h"

#include <parallel/algorithm>

static bool run(struct bench *bench)
{
    return sort_by(bench, true, [](auto first, auto past, auto before) {
        __gnu_parallel::stable_sort(first, past, before);
    });
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sort", "gnu_parallel/stable", 10000000);
    sort_prepare(&bench);
    return bench_measure(&bench, run);
}
