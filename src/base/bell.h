/*
 * Bells: what wakes a thread that waits for a group and sleeps, when something comes from outside of the
 * region.
 *
 * There are a few bells for all groups, chosen by the group's address: whoever rings one touches no record
 * that may be gone by then, and a bell that rings for another group only costs a look.
 *
 * Discipline. Dekker's protocol, as in parking.h, all four accesses seq_cst: whoever has news makes them
 * visible, adds to `rings`, then reads `sleepers`; a thread listens (reads `rings`), looks for news, adds
 * itself to `sleepers`, and sleeps if `rings` is still what it has heard (the kernel looks, which can only
 * be later). So either the sleeper is woken, or it does not fall asleep, or it has seen the news.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_BELL_H
#define OMPG_SRC_BELL_H

#include "base/atomics.h"

#include <stdint.h>

struct bell {
    alignas(CACHE_LINE) atomic_int rings;
    atomic_int sleepers;
};

struct bell *bell_of(const void *address);

/* Before a thread looks for news: what it has heard so far. */
static inline int bell_listen(struct bell *bell)
{
    return load_seq_cst(&bell->rings);
}

/* Wakes all that sleep. Async-signal-safe. */
void bell_ring(struct bell *bell);

/* Sleeps for `ns` at most, unless the bell has rung since it was listened to. It may return early. */
void bell_sleep(struct bell *bell, int heard, int64_t ns);

/* In the child of a fork nobody sleeps. */
void bells_clear(void);

#endif
