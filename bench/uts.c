/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "uts.h"

#include <ompgroup.h>

/* A group for each node that has children. */
static int walk(ompg_group *outer, void *arg)
{
    (void)outer;
    const struct uts *node = arg;
    if (node->children == 0 || node->depth >= uts_cutoff) {
        bench_tally(uts_count(*node));
        return 0;
    }
    bench_tally(1);
    struct uts children[UTS_MOST_CHILDREN];
    ompg_group *group = ompg_new(NULL);
    for (uint32_t i = 0; i < node->children; i++) {
        children[i] = uts_child(node, i);
        ompg_go(group, walk, &children[i]);
    }
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}

static int plant(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    for (size_t i = 0; i < bench->size; i++)
        ompg_go(group, walk, &uts_roots[i]);
    return 0;
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    ompg_group *group = ompg_new(NULL);
    if (bench_mode_is(bench, "deep"))
        ompg_go(group, plant, bench);
    else
        plant(group, bench);
    int code = ompg_wait(group);
    ompg_free(group);
    bench_stop(bench);
    return code == 0 && uts_check();
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "uts", BENCH_OPENMP("ompgroup"), 20000);
    uts_prepare(&bench);
    return bench_measure(&bench, run);
}
