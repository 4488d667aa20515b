/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "queens.h"

static void solve(struct queens node)
{
    if (queens_done(&node) || node.row >= queens_cutoff) {
        bench_tally(queens_count(node));
        return;
    }
    for (uint32_t left = queens_free(&node); left != 0; left &= left - 1) {
        struct queens child = queens_place(&node, left & -left);
#pragma omp task firstprivate(child)
        solve(child);
    }
}

static bool run(struct bench *bench)
{
    struct queens root = {0};
    bench_start(bench);
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup
    solve(root);
    bench_stop(bench);
    return queens_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "queens", BENCH_OPENMP("task"), 11);
    queens_prepare(&bench);
    return bench_measure(&bench, run);
}
