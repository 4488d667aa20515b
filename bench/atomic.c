/*
 * An atomic addition that no other thread contends for: the measure of the machine that figures in
 * nanoseconds are to be read against.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

static bool run(struct bench *bench)
{
    static uint64_t counter;
    counter = 0;
    bench_start(bench);
    for (size_t i = 0; i < bench->size; i++)
        __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED);
    bench_stop(bench);
    return counter == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "atomic", BENCH_SERIAL, 10000000);
    return bench_measure(&bench, run);
}
