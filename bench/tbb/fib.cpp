// Recursive Fibonacci numbers, a task_group for each call that is not a leaf.
//
// SPDX-License-Identifier: Apache-2.0
#include "fib.h"
#include "tbb.h"

static size_t fib(size_t n)
{
    if (n < 2)
        return n;
    size_t one;
    tbb::task_group group;
    group.run([&one, n] { one = fib(n - 1); });
    size_t two = fib(n - 2);
    group.wait();
    return one + two;
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    size_t value = fib(bench->size);
    bench_stop(bench);
    return value == fib_of(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "fib", "tbb", 27);
    bench.items = fib_calls(bench.size);
    return bench_measure_in_arena(&bench, run);
}
