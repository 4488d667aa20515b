/*
 * A program of htslib: its pool of --threads workers beside the thread that adds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_HTSLIB_H
#define BENCH_HTSLIB_H

#include "bench.h"

#include <htslib/thread_pool.h>

enum { QUEUE = 1024 }; /* jobs that wait, before the thread that adds has to */

static hts_tpool *pool;

/* bench_measure with a pool. */
static inline int bench_measure_with_workers(struct bench *bench, bench_run_fn *run, int workers)
{
    pool = hts_tpool_init(workers);
    if (!pool)
        return 1;
    int status = bench_measure(bench, run);
    hts_tpool_destroy(pool);
    return status;
}

static inline int bench_measure_with_pool(struct bench *bench, bench_run_fn *run)
{
    return bench_measure_with_workers(bench, run, bench->threads);
}

/* Jobs without results, of one process: dispatches `jobs` of them and waits. */
static inline bool run_jobs(size_t jobs, void *(*job)(void *))
{
    hts_tpool_process *process = hts_tpool_process_init(pool, QUEUE, 1);
    bool right = process != NULL;
    for (size_t i = 0; i < jobs && right; i++)
        right = hts_tpool_dispatch(pool, process, job, NULL) == 0;
    right = right && hts_tpool_process_flush(process) == 0;
    if (process)
        hts_tpool_process_destroy(process);
    return right;
}

#endif
