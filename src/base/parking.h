/*
 * Parking: where the threads of a team wait to be called while they have no work.
 *
 * Discipline.
 * - calls: how many threads are to come that have not, and PARKING_CLOSED on top once all are to go
 *   home. Whoever calls adds one; a thread answers by taking one away, by compare-exchange. Answering is
 *   all that ends a stay, so a call can neither be lost nor be answered twice; a call that comes before
 *   anybody is parked waits for the next one to come here.
 * - sleepers: threads that sleep on `calls`, or are about to. Dekker's protocol, all four accesses
 *   seq_cst: the caller adds to calls, then reads sleepers; a thread adds itself to sleepers, then
 *   sleeps if calls is 0 still (the kernel looks, which can only be later). So either the caller wakes a
 *   sleeper, or the thread sees the call. A caller need not wake threads that spin.
 * - What was written before a call is seen by whoever answers it (release, acquire on calls).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_PARKING_H
#define OMPG_SRC_PARKING_H

#include "base/atomics.h"

#include <stdint.h>

struct parking {
    atomic_int calls;
    atomic_int sleepers;
};

enum { PARKING_CLOSED = 1 << 30 };

static inline void parking_open(struct parking *parking)
{
    store_relaxed(&parking->calls, 0);
    store_relaxed(&parking->sleepers, 0);
}

/* How many calls wait for an answer. */
static inline int parking_calls(const struct parking *parking)
{
    return load_relaxed(&((struct parking *)parking)->calls);
}

/* Acquires what was written before parking_close. */
static inline bool parking_is_closed(const struct parking *parking)
{
    return load_acquire(&((struct parking *)parking)->calls) >= PARKING_CLOSED;
}

/* Calls one thread. */
void parking_call(struct parking *parking);

/* Waits to be called, spins for `spin_ns` and then sleeps. False once the parking is closed. */
bool parking_wait(struct parking *parking, int64_t spin_ns);

/* Sends all threads home. */
void parking_close(struct parking *parking);

/*
 * How long a thread spins before it sleeps, by OMP_WAIT_POLICY: not at all, for ever, or where it is
 * not set about as long as libgomp does.
 */
int64_t parking_spin_ns(void);

#endif
