/*
 * From the failure of a task to the return of the wait, with --size tasks of 1 us. Mode "looking":
 * the producer stops when it sees the failure; mode "blind": it goes on to the last task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_CANCEL_H
#define BENCH_CANCEL_H

#include "bench.h"

enum { CANCEL_AT = 500 }; /* tasks that a thread has done when it fails */

static uint64_t cancel_steps;
static int cancel_begun; /* atomic */

static inline void cancel_prepare(struct bench *bench)
{
    if (!bench_mode_is(bench, "blind"))
        bench->mode = "looking";
    bench->items = 1;
    cancel_steps = bench_steps(1000.0);
}

/* True when the task is to fail. The first failure starts the clock. */
static inline bool cancel_work(struct bench *bench)
{
    bench_work(cancel_steps);
    if (bench_tally(1) != CANCEL_AT)
        return false;
    if (__atomic_exchange_n(&cancel_begun, 1, __ATOMIC_RELAXED) == 0)
        bench_start(bench);
    return true;
}

/* Right when it has failed, and most tasks have not run. */
static inline bool cancel_check(const struct bench *bench)
{
    uint64_t done = bench_tally_take();
    bool right = cancel_begun == 1 && done >= CANCEL_AT && done < bench->size / 2;
    cancel_begun = 0;
    return right;
}

#endif
