/*
 * Delays, in builds for tests (CMake: OMPGROUP_DELAYS): each atomic operation is a point where a
 * thread may spin, yield or sleep first, so that threads meet in orders in which they rarely do by
 * themselves. In all other builds there is nothing of it.
 *
 * Discipline: the state is of its thread alone, also where a signal handler of that thread disturbs it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_DELAYS_H
#define OMPG_SRC_DELAYS_H

#include <stdbool.h>

#if defined(OMPGROUP_DELAYS)

#include <stdint.h>

struct delays {
    unsigned left;   /* operations before the next delay */
    uint64_t random; /* xorshift state, 0: not seeded yet */
};

extern _Thread_local struct delays delays_here __attribute__((tls_model("initial-exec")));

/* Delays the thread and draws when to do it next. Leaves errno alone, is no cancellation point. */
void delays_next(void);

/* Whether the environment asks to run without membarrier. */
bool delays_deny_membarrier(void);

static inline void delays_step(void)
{
    if (__builtin_expect(delays_here.left-- == 0, 0))
        delays_next();
}

#define DELAYED(operation) (delays_step(), operation)

#else

#define DELAYED(operation) operation

static inline bool delays_deny_membarrier(void)
{
    return false;
}

#endif

#endif
