/*
 * A call that looks at a flag and refuses: the least that a refused task can cost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include <errno.h>

static int stopped = 1; /* atomic */

/* As far away as a function of a library. */
static __attribute__((noinline)) int refuse(const void *group, const void *task)
{
    __asm__ volatile("" : : "r"(group), "r"(task));
    return __atomic_load_n(&stopped, __ATOMIC_ACQUIRE) ? ECANCELED : 0;
}

static bool run(struct bench *bench)
{
    size_t refused = 0;
    bench_start(bench);
    for (size_t i = 0; i < bench->size; i++)
        refused += refuse(bench, &refused) != 0;
    bench_stop(bench);
    return refused == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "call", BENCH_SERIAL, 10000000);
    return bench_measure(&bench, run);
}
