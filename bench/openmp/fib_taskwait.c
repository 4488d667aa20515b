/*
 * Recursive Fibonacci numbers, a taskwait in each call that is not a leaf.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fib.h"

static size_t fib(size_t n)
{
    if (n < 2)
        return n;
    size_t one, two;
#pragma omp task shared(one)
    one = fib(n - 1);
    two = fib(n - 2);
#pragma omp taskwait
    return one + two;
}

static bool run(struct bench *bench)
{
    size_t value = 0;
    bench_start(bench);
#pragma omp parallel
#pragma omp single
    value = fib(bench->size);
    bench_stop(bench);
    return value == fib_of(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "fib", BENCH_OPENMP("taskwait"), 27);
    bench.items = fib_calls(bench.size);
    return bench_measure(&bench, run);
}
