/*
 * Sum of doubles by the reduction of a taskloop, as many tasks as the runtime chooses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reduce.h"

static bool run(struct bench *bench)
{
    const double *values = reduce_values;
    double sum = 0.0;
    bench_start(bench);
#pragma omp parallel
#pragma omp single
#pragma omp taskloop simd reduction(+ : sum)
    for (size_t i = 0; i < bench->size; i++)
        sum += values[i];
    bench_stop(bench);
    return sum == reduce_expected(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "reduce", BENCH_OPENMP("taskloop"), 10000000);
    reduce_prepare(&bench);
    return bench_measure(&bench, run);
}
