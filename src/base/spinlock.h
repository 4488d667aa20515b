/*
 * A lock for sections of a few instructions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_SPINLOCK_H
#define OMPG_SRC_SPINLOCK_H

#include "base/atomics.h"
#include "base/futex.h"

/*
 * For sections of a few instructions. Whoever finds it taken gives the processor away after a while: the holder
 * may be a thread that the system has taken off it, of a lower priority too.
 */
struct spinlock {
    atomic_int locked;
};

static inline bool spin_trylock(struct spinlock *lock)
{
    return load_relaxed(&lock->locked) == 0 && exchange_acquire(&lock->locked, 1) == 0;
}

/* One turn, counted from 1, of a wait for a word that is 1 while somebody is at it. */
static inline void spin_turn(atomic_int *word, unsigned turn)
{
    if (turn % 128 == 0)
        futex_wait_slice(word, 1, turn / 128);
    else
        cpu_relax();
}

static inline void spin_lock(struct spinlock *lock)
{
    for (unsigned turn = 1; !spin_trylock(lock); turn++)
        spin_turn(&lock->locked, turn);
}

/* Releases to the exchange_acquire in spin_trylock. */
static inline void spin_unlock(struct spinlock *lock)
{
    store_release(&lock->locked, 0);
}

#endif
