/*
 * A program of oneTBB: the arena that its runs happen in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_TBB_H
#define BENCH_TBB_H

#include "bench.h"

#include <oneapi/tbb.h>

/* bench_measure inside an arena of --threads threads, more than there are processors if asked for. */
static inline int bench_measure_in_arena(struct bench *bench, bench_run_fn *run)
{
    tbb::global_control control(tbb::global_control::max_allowed_parallelism,
                                (size_t)bench->threads);
    tbb::task_arena arena(bench->threads);
    return arena.execute([&] { return bench_measure(bench, run); });
}

#endif
