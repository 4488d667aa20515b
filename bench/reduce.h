/*
 * What is summed: --size doubles whose sum no rounding touches.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REDUCE_H
#define BENCH_REDUCE_H

#include "bench.h"

static double *reduce_values;

static inline double reduce_range(size_t begin, size_t end)
{
    const double *values = reduce_values;
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = begin; i < end; i++)
        sum += values[i];
    return sum;
}

static inline double reduce_expected(size_t n)
{
    const size_t period = 1000;
    size_t rest = n % period;
    size_t sum = n / period * (period * (period - 1) / 2) + rest * (rest - 1) / 2;
    return (double)sum;
}

static inline void reduce_prepare(const struct bench *bench)
{
    reduce_values = (double *)malloc(bench->size * sizeof *reduce_values);
    if (!reduce_values)
        exit(1);
#if defined(_OPENMP)
#pragma omp parallel for
#endif
    for (size_t i = 0; i < bench->size; i++)
        reduce_values[i] = (double)(i % 1000);
}

#endif
