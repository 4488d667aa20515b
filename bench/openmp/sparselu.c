/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sparselu.h"

static void edges(size_t k, size_t n)
{
    for (size_t i = k + 1; i < n; i++) {
        if (sparselu_has(k, i)) {
#pragma omp task firstprivate(k, i)
            sparselu_edge((struct sparselu_step){k, k, i});
        }
        if (sparselu_has(i, k)) {
#pragma omp task firstprivate(k, i)
            sparselu_edge((struct sparselu_step){k, i, k});
        }
    }
#pragma omp taskwait
}

static void inner_row(size_t k, size_t i, size_t n)
{
    for (size_t j = k + 1; j < n; j++) {
        if (sparselu_has(k, j)) {
#pragma omp task firstprivate(k, i, j)
            sparselu_inner((struct sparselu_step){k, i, j});
        }
    }
}

static void inner(size_t k, size_t n)
{
    for (size_t i = k + 1; i < n; i++) {
        if (!sparselu_has(i, k))
            continue;
        if (sparselu_by_rows) {
#pragma omp task firstprivate(k, i)
            sparselu_inner_row((struct sparselu_step){k, i, 0});
        } else {
            inner_row(k, i, n);
        }
    }
#pragma omp taskwait
}

static bool run(struct bench *bench)
{
    sparselu_begin(bench);
#pragma omp parallel
#pragma omp single
    for (size_t k = 0; k < bench->size; k++) {
        sparselu_diagonal(k);
        edges(k, bench->size);
        inner(k, bench->size);
    }
    return sparselu_end(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "sparselu", BENCH_OPENMP("task"), 50);
    sparselu_prepare(&bench);
    return bench_measure(&bench, run);
}
