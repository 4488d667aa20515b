/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "memory.h"

#include <ompgroup.h>

static int empty(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_tally(1);
    return 0;
}

static int produce(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    for (size_t i = 0; i < bench->size; i++)
        ompg_go(group, empty, NULL);
    return 0;
}

static bool run(struct bench *bench)
{
    int code = ompg_run(NULL, produce, bench, NULL);
    memory_stop(bench);
    return code == 0 && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "memory", BENCH_OPENMP("ompgroup"), 10000000);
    memory_prepare(&bench);
    return bench_measure(&bench, run);
}
