// Integers, or records of 48 bytes, by __gnu_parallel::sort, which is not stable.
//
// SPDX-License-Identifier: Apache-2.0
#include "sort_cpp.h"

#include <parallel/algorithm>

static bool run(struct bench *bench)
{
    return sort_by(bench, false, [](auto first, auto past, auto before) {
        __gnu_parallel::sort(first, past, before);
    });
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sort", "gnu_parallel", 10000000);
    sort_prepare(&bench);
    return bench_measure(&bench, run);
}
