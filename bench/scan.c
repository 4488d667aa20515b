/*
 * Prefix sums of doubles by ompg_scan.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scan.h"

#include <ompgroup.h>

static int fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    *(double *)accumulator += reduce_range(begin, end);
    return 0;
}

static int combine(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(double *)accumulator += *(const double *)other;
    return 0;
}

static int emit(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    scan_range(begin, end, *(double *)accumulator);
    return 0;
}

static bool run(struct bench *bench)
{
    double sum = 0.0;
    bench_start(bench);
    int code =
        ompg_scan(OMPG_DEFAULT, 0, bench->size, 0, &sum, sizeof sum, fold, combine, emit, NULL);
    bench_stop(bench);
    return code == 0 && sum == reduce_expected(bench->size) && scan_is_right(bench->size);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "scan", BENCH_OPENMP("ompgroup"), 10000000);
    scan_prepare(&bench);
    return bench_measure(&bench, run);
}
