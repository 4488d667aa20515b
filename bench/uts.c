/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "uts.h"

#include <ompgroup.h>

static int walk(ompg_group *group, void *arg)
{
    const struct uts *node = arg;
    if (node->depth >= uts_cutoff) {
        bench_tally(uts_count(*node));
        return 0;
    }
    bench_tally(1);
    for (uint32_t i = 0; i < node->children; i++) {
        struct uts child = uts_child(node, i);
        ompg_go_copy(group, walk, &child, sizeof child);
    }
    return 0;
}

static bool run(struct bench *bench)
{
    struct uts root = uts_root(bench);
    bench_start(bench);
    int code = ompg_run(NULL, walk, &root, NULL);
    bench_stop(bench);
    return code == 0 && uts_check();
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "uts", BENCH_OPENMP("ompgroup"), 2000);
    uts_prepare(&bench);
    return bench_measure(&bench, run);
}
