/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "queens.h"

#include <ompgroup.h>

static int solve(ompg_group *group, void *arg)
{
    const struct queens *node = arg;
    if (queens_done(node)) {
        bench_tally(1);
        return 0;
    }
    if (node->row >= queens_cutoff) {
        bench_tally(queens_count(*node));
        return 0;
    }
    for (uint32_t left = queens_free(node); left != 0; left &= left - 1) {
        struct queens child = queens_place(node, left & -left);
        ompg_go_copy(group, solve, &child, sizeof child);
    }
    return 0;
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
