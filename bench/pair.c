/*
 * Nested groups of two empty tasks, one after the other, in a task.
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

static int nest(ompg_group *outer, void *arg)
{
    (void)outer;
    struct bench *bench = arg;
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
    return code;
}

static bool run(struct bench *bench)
{
    return ompg_run(NULL, nest, bench, NULL) == 0 && bench_tally_take() == 2 * bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pair", BENCH_OPENMP("ompgroup"), 200000);
    return bench_measure(&bench, run);
}
