/*
 * Integers, or records of 48 bytes, sorted by ompg_sort.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sort.h"

#include <ompgroup.h>

static int by_value(const void *a, const void *b, void *arg)
{
    int x = *(const int *)a, y = *(const int *)b;
    (void)arg;
    return (x > y) - (x < y);
}

static int by_key(const void *a, const void *b, void *arg)
{
    uint32_t x = ((const struct record *)a)->key, y = ((const struct record *)b)->key;
    (void)arg;
    return (x > y) - (x < y);
}

static bool run(struct bench *bench)
{
    size_t n = bench->size;
    sort_fill(sort_values, sort_records, n);
    bench_start(bench);
    int code = sort_records
                   ? ompg_sort(OMPG_DEFAULT, sort_records, n, sizeof *sort_records, by_key, NULL)
                   : ompg_sort(OMPG_DEFAULT, sort_values, n, sizeof *sort_values, by_value, NULL);
    bench_stop(bench);
    return code == 0 && sort_is_right(sort_values, sort_records, n, true);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sort", BENCH_OPENMP("ompgroup"), 10000000);
    sort_prepare(&bench);
    return bench_measure(&bench, run);
}
