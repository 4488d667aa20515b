/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "mergesort.h"

static void merge_runs(struct merge lower)
{
    if (lower.na + lower.nb <= mergesort_cutoff) {
        merge_serial(&lower);
        return;
    }
    struct merge upper = merge_split(&lower);
#pragma omp task firstprivate(lower)
    merge_runs(lower);
    merge_runs(upper);
#pragma omp taskwait
}

static void sort_values(struct sort sort)
{
    if (sort.n <= mergesort_cutoff) {
        sort_serial(&sort);
        return;
    }
    struct sort first = sort_half(&sort, false), second = sort_half(&sort, true);
#pragma omp task firstprivate(first)
    sort_values(first);
    sort_values(second);
#pragma omp taskwait
    merge_runs(sort_merge(&sort));
}

static bool run(struct bench *bench)
{
    struct sort sort = mergesort_begin(bench);
#pragma omp parallel
#pragma omp single
    sort_values(sort);
    return mergesort_end(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "mergesort", BENCH_OPENMP("task"), 10000000);
    mergesort_prepare(&bench);
    return bench_measure(&bench, run);
}
