/*
 * What fib() must return and how many calls it takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_FIB_H
#define BENCH_FIB_H

#include "bench.h"

static inline size_t fib_of(size_t n)
{
    size_t value = 0, next = 1;
    for (size_t i = 0; i < n; i++) {
        size_t sum = value + next;
        value = next;
        next = sum;
    }
    return value;
}

static inline size_t fib_calls(size_t n)
{
    return 2 * fib_of(n + 1) - 1;
}

#endif
