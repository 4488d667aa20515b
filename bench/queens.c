/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "queens.h"

#include <ompgroup.h>

/* A group for each node that has children: their boards are this call's. */
static int solve(ompg_group *outer, void *arg)
{
    (void)outer;
    const struct queens *node = arg;
    if (queens_done(node) || node->row >= queens_cutoff) {
        bench_tally(queens_count(*node));
        return 0;
    }
    uint32_t left = queens_free(node);
    if (left == 0)
        return 0;
    struct queens children[QUEENS_MOST], *child = children;
    ompg_group *group = ompg_new(NULL);
    for (; left != 0; left &= left - 1) {
        *child = queens_place(node, left & -left);
        ompg_go(group, solve, child++);
    }
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}

static bool run(struct bench *bench)
{
    struct queens root = {0};
    bench_start(bench);
    int code = ompg_run(NULL, solve, &root, NULL);
    bench_stop(bench);
    return code == 0 && queens_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "queens", BENCH_OPENMP("ompgroup"), 11);
    queens_prepare(&bench);
    return bench_measure(&bench, run);
}
