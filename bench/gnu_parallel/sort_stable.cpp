// Integers, or records of 48 bytes, by __gnu_parallel::stable_sort.
//
// SPDX-License-Identifier: Apache-2.0
#include "sort.h"

#include <parallel/algorithm>

static bool by_key(const struct record &a, const struct record &b)
{
    return a.key < b.key;
}

static bool run(struct bench *bench)
{
    size_t n = bench->size;
    sort_fill(sort_values, sort_records, n);
    bench_start(bench);
    if (sort_records)
        __gnu_parallel::stable_sort(sort_records, sort_records + n, by_key);
    else
        __gnu_parallel::stable_sort(sort_values, sort_values + n);
    bench_stop(bench);
    return sort_is_right(sort_values, sort_records, n, true);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sort", "gnu_parallel/stable", 10000000);
    sort_prepare(&bench);
    return bench_measure(&bench, run);
}
