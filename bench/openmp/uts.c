/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "uts.h"

static void walk(struct uts node)
{
    if (node.children == 0 || node.depth >= uts_cutoff) {
        bench_tally(uts_count(node));
        return;
    }
    bench_tally(1);
    for (uint32_t i = 0; i < node.children; i++) {
        struct uts child = uts_child(&node, i);
#pragma omp task firstprivate(child)
        walk(child);
    }
}

static bool run(struct bench *bench)
{
    bench_start(bench);
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup
    for (size_t i = 0; i < bench->size; i++) {
#pragma omp task firstprivate(i)
        walk(uts_roots[i]);
    }
    bench_stop(bench);
    return uts_check();
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "uts", BENCH_OPENMP("task"), 20000);
    uts_prepare(&bench);
    return bench_measure(&bench, run);
}
