/*
 * Prefix sums of --size doubles whose sums no rounding touches, into another array.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SCAN_H
#define BENCH_SCAN_H

#include "reduce.h"

static double *scan_sums;

static inline double scan_range(size_t begin, size_t end, double sum)
{
    for (size_t i = begin; i < end; i++)
        scan_sums[i] = sum += reduce_values[i];
    return sum;
}

static inline void scan_prepare(const struct bench *bench)
{
    reduce_prepare(bench);
    scan_sums = (double *)malloc(bench->size * sizeof *scan_sums);
    if (!scan_sums)
        exit(1);
    memset(scan_sums, 0, bench->size * sizeof *scan_sums);
}

static inline bool scan_is_right(size_t n)
{
    for (size_t i = 0; i < n; i += 997)
        if (scan_sums[i] != reduce_expected(i + 1))
            return false;
    return n == 0 || scan_sums[n - 1] == reduce_expected(n);
}

#endif
