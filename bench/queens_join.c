/*
 * By ompg_join: the boards of a row are halved until one is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "queens.h"

#include <ompgroup.h>

struct boards {
    const struct queens *first;
    size_t count;
};

static int solve(ompg_group *group, const struct queens *node);

static int solve_boards(ompg_group *group, void *arg)
{
    const struct boards *all = arg;
    if (all->count == 1)
        return solve(group, all->first);
    struct boards some = {all->first, all->count / 2};
    struct boards others = {all->first + some.count, all->count - some.count};
    return ompg_join(group, solve_boards, &some, solve_boards, &others);
}

static int solve(ompg_group *group, const struct queens *node)
{
    if (queens_done(node) || node->row >= queens_cutoff) {
        bench_tally(queens_count(*node));
        return 0;
    }
    uint32_t left = queens_free(node);
    if (left == 0)
        return 0;
    struct queens children[QUEENS_MOST];
    struct boards all = {children, 0};
    for (; left != 0; left &= left - 1)
        children[all.count++] = queens_place(node, left & -left);
    return solve_boards(group, &all);
}

static bool run(struct bench *bench)
{
    struct queens root = {0};
    struct boards all = {&root, 1};
    bench_start(bench);
    int code = ompg_run(NULL, solve_boards, &all, NULL);
    bench_stop(bench);
    return code == 0 && queens_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "queens", BENCH_OPENMP("ompg_join"), 11);
    queens_prepare(&bench);
    return bench_measure(&bench, run);
}
