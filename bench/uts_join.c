/*
 * By ompg_join: the children of a node are halved until one is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "uts.h"

#include <ompgroup.h>

struct nodes {
    const struct uts *first;
    size_t count;
};

static int walk(ompg_group *group, const struct uts *node);

static int walk_nodes(ompg_group *group, void *arg)
{
    const struct nodes *all = arg;
    if (all->count == 1)
        return walk(group, all->first);
    struct nodes some = {all->first, all->count / 2};
    struct nodes others = {all->first + some.count, all->count - some.count};
    return ompg_join(group, walk_nodes, &some, walk_nodes, &others);
}

static int walk(ompg_group *group, const struct uts *node)
{
    if (node->children == 0 || node->depth >= uts_cutoff) {
        bench_tally(uts_count(*node));
        return 0;
    }
    bench_tally(1);
    struct uts children[UTS_MOST_CHILDREN];
    for (uint32_t i = 0; i < node->children; i++)
        children[i] = uts_child(node, i);
    return walk_nodes(group, &(struct nodes){children, node->children});
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    struct nodes all = {uts_roots, bench->size};
    int code = ompg_run(NULL, walk_nodes, &all, NULL);
    bench_stop(bench);
    return code == 0 && uts_check();
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "uts", BENCH_OPENMP("ompg_join"), 20000);
    uts_prepare(&bench);
    return bench_measure(&bench, run);
}
