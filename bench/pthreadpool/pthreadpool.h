/*
 * A program of pthreadpool: its pool of --threads threads, the caller's among them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PTHREADPOOL_H
#define BENCH_PTHREADPOOL_H

#include "bench.h"

#include <pthreadpool.h>
#include <unistd.h>

static pthreadpool_t pool;
static uint32_t pool_flags; /* of each loop */

/* bench_measure with a pool. Threads beyond the processors must not spin: each waits for the others. */
static inline int bench_measure_with_pool(struct bench *bench, bench_run_fn *run)
{
    pool = pthreadpool_create((size_t)bench->threads);
    if (!pool)
        return 1;
    pool_flags = bench->threads > sysconf(_SC_NPROCESSORS_ONLN) ? PTHREADPOOL_FLAG_YIELD_WORKERS
                                                                : 0;
    int status = bench_measure(bench, run);
    pthreadpool_destroy(pool);
    return status;
}

#endif
