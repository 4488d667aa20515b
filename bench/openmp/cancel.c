/*
 * cancel taskgroup, and a flag for the producer that looks. OpenMP reads OMP_CANCELLATION only when
 * the program starts, so it starts itself again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cancel.h"

#include <unistd.h>

static void produce(struct bench *bench)
{
    bool looks = bench_mode_is(bench, "looking");
    int stop = 0;
#pragma omp taskgroup
    for (size_t i = 0; i < bench->size; i++) {
        if (looks && __atomic_load_n(&stop, __ATOMIC_RELAXED))
            break;
#pragma omp task shared(stop)
        {
            if (cancel_work(bench)) {
                __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
#pragma omp cancel taskgroup
            }
        }
    }
}

static bool run(struct bench *bench)
{
#pragma omp parallel
#pragma omp single
    produce(bench);
    bench_stop(bench);
    return cancel_check(bench);
}

int main(int argc, char **argv)
{
    if (!omp_get_cancellation()) {
        setenv("OMP_CANCELLATION", "true", 1);
        execv("/proc/self/exe", argv);
    }
    struct bench bench = bench_parse(argc, argv, "cancel", BENCH_OPENMP("cancel"), 1000000);
    cancel_prepare(&bench);
    return bench_measure(&bench, run);
}
