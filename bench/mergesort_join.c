/*
 * By ompg_join.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "mergesort.h"

#include <ompgroup.h>

static int merge_runs(ompg_group *group, void *arg)
{
    struct merge *lower = arg;
    if (lower->na + lower->nb <= mergesort_cutoff) {
        merge_serial(lower);
        return 0;
    }
    struct merge upper = merge_split(lower);
    return ompg_join(group, merge_runs, &upper, merge_runs, lower);
}

static int sort_values(ompg_group *group, void *arg)
{
    const struct sort *sort = arg;
    if (sort->n <= mergesort_cutoff) {
        sort_serial(sort);
        return 0;
    }
    struct sort first = sort_half(sort, false), second = sort_half(sort, true);
    int code = ompg_join(group, sort_values, &second, sort_values, &first);
    struct merge merge = sort_merge(sort);
    return code != 0 ? code : merge_runs(group, &merge);
}

static bool run(struct bench *bench)
{
    struct sort sort = mergesort_begin(bench);
    int code = ompg_run(NULL, sort_values, &sort, NULL);
    return mergesort_end(bench) && code == 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "mergesort", BENCH_OPENMP("ompg_join"), 10000000);
    mergesort_prepare(&bench);
    return bench_measure(&bench, run);
}
