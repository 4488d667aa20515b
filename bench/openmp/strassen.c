/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "strassen.h"

static void multiply(const struct product *product)
{
    if (strassen_is_serial(product)) {
        strassen_serial(product);
        return;
    }
    struct strassen strassen = strassen_split(product);
    for (size_t i = 0; i < STRASSEN_PRODUCTS; i++) {
        const struct product *part = &strassen.parts[i];
#pragma omp task firstprivate(part)
        multiply(part);
    }
#pragma omp taskwait
    strassen_combine(&strassen);
}

static bool run(struct bench *bench)
{
    strassen_begin(bench);
#pragma omp parallel
#pragma omp single
    multiply(&strassen_whole);
    return strassen_end(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "strassen", BENCH_OPENMP("task"), 1024);
    strassen_prepare(&bench);
    return bench_measure(&bench, run);
}
