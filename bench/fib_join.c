/*
 * Recursive Fibonacci numbers, by ompg_join.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fib.h"

#include <ompgroup.h>

struct fib {
    size_t n;
    size_t value;
};

static int fib(ompg_group *group, void *arg)
{
    struct fib *call = arg;
    if (call->n < 2) {
        call->value = call->n;
        return 0;
    }
    struct fib one = {.n = call->n - 1}, two = {.n = call->n - 2};
    int code = ompg_join(group, fib, &one, fib, &two);
    call->value = one.value + two.value;
    return code;
}

static bool run(struct bench *bench)
{
    struct fib call = {.n = bench->size};
    bench_start(bench);
    int code = ompg_run(NULL, fib, &call, NULL);
    bench_stop(bench);
    return code == 0 && call.value == fib_of(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "fib", BENCH_OPENMP("ompg_join"), 27);
    bench.items = fib_calls(bench.size);
    return bench_measure(&bench, run);
}
