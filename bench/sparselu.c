/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sparselu.h"

#include <ompgroup.h>

static int edge(ompg_group *group, void *arg)
{
    (void)group;
    sparselu_edge(*(const struct sparselu_step *)arg);
    return 0;
}

static int inner(ompg_group *group, void *arg)
{
    (void)group;
    sparselu_inner(*(const struct sparselu_step *)arg);
    return 0;
}

static int inner_row(ompg_group *group, void *arg)
{
    (void)group;
    sparselu_inner_row(*(const struct sparselu_step *)arg);
    return 0;
}

static void go(ompg_group *group, ompg_task_fn *fn, size_t k, size_t i, size_t j)
{
    ompg_go_copy(group, fn, &(struct sparselu_step){k, i, j}, sizeof(struct sparselu_step));
}

static void go_edges(ompg_group *group, size_t k, size_t n)
{
    for (size_t i = k + 1; i < n; i++) {
        if (sparselu_has(k, i))
            go(group, edge, k, k, i);
        if (sparselu_has(i, k))
            go(group, edge, k, i, k);
    }
}

/* The newest task runs first: added from the end, the rows come in order, as in the serial program. */
static void go_inner(ompg_group *group, size_t k, size_t n)
{
    for (size_t i = n; i-- > k + 1;) {
        if (!sparselu_has(i, k))
            continue;
        if (sparselu_by_rows) {
            go(group, inner_row, k, i, 0);
            continue;
        }
        for (size_t j = n; j-- > k + 1;)
            if (sparselu_has(k, j))
                go(group, inner, k, i, j);
    }
}

static int factor(ompg_group *outer, void *arg)
{
    (void)outer;
    size_t n = *(const size_t *)arg;
    ompg_group *group = ompg_new(NULL);
    int code = 0;
    for (size_t k = 0; k < n && code == 0; k++) {
        sparselu_diagonal(k);
        go_edges(group, k, n);
        code = ompg_wait(group);
        if (code == 0) {
            go_inner(group, k, n);
            code = ompg_wait(group);
        }
    }
    ompg_free(group);
    return code;
}

static bool run(struct bench *bench)
{
    sparselu_begin(bench);
    int code = ompg_run(NULL, factor, &bench->size, NULL);
    return sparselu_end(bench) && code == 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sparselu", BENCH_OPENMP("ompgroup"), 50);
    sparselu_prepare(&bench);
    return bench_measure(&bench, run);
}
