/*
 * Groups of two empty tasks from serial code: a fork and a join each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include <ompgroup.h>

static int empty(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_tally(1);
    return 0;
}

static bool run(struct bench *bench)
{
    int code = 0;
    bench_start(bench);
    for (size_t i = 0; i < bench->size && code == 0; i++) {
        ompg_group *group = ompg_new(NULL);
        ompg_go(group, empty, NULL);
        ompg_go(group, empty, NULL);
        code = ompg_wait(group);
        ompg_free(group);
    }
    bench_stop(bench);
    return code == 0 && bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "region", BENCH_OPENMP("ompgroup"), 20000);
    return bench_measure(&bench, run);
}
