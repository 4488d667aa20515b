/*
 * The rare side of an asymmetric fence: after membarrier_all() every other thread of the process
 * has executed a full memory barrier, so that the frequent side needs none (Linux membarrier(2)).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_MEMBARRIER_H
#define OMPG_SRC_MEMBARRIER_H

#include "base/atomics.h"

/* Set at start-up, cleared by the first barrier that fails; relaxed: each barrier says itself. */
extern atomic_bool membarrier_usable;

/* True where the system has it. Where it is false owners share every task. */
static inline bool membarrier_works(void)
{
    return load_relaxed(&membarrier_usable);
}

/*
 * A full barrier on every running thread; a few microseconds, and an interrupt on every processor that
 * the process runs on: callers that come together share one. False where the system refuses it.
 */
bool membarrier_all(void);

/* Before a fork, and after it in both processes: no other thread is in a barrier meanwhile. */
void membarrier_lock(void);
void membarrier_unlock(void);

#endif
