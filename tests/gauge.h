/*
 * Gauge: how many tasks run at this moment, what they cost together, and whether that was ever more
 * than a limit or a budget allows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef GAUGE_H
#define GAUGE_H

#include "check.h"

#include <ompgroup.h>

/* What runs at this moment: how many tasks (above bit 32) and the sum of their costs (below). */
typedef struct gauge {
    atomic_ullong now;
    atomic_int most;
    atomic_int runs;
    atomic_int over; /* sightings of more than the bounds */
    int limit;       /* 0: none */
    unsigned budget; /* 0: none */
} gauge;

#define ONE_TASK (1ull << 32)

static inline void raise_to(atomic_int *most, int value)
{
    int seen = atomic_load(most);
    while (value > seen && !atomic_compare_exchange_weak(most, &seen, value)) {
    }
}

static inline void gauge_enter(gauge *self, unsigned cost)
{
    unsigned long long now = atomic_fetch_add(&self->now, ONE_TASK + cost) + ONE_TASK + cost;
    int running = (int)(now >> 32);
    unsigned sum = (unsigned)now;
    raise_to(&self->most, running);
    if (self->limit > 0 && running > self->limit)
        atomic_fetch_add(&self->over, 1);
    if (self->budget > 0 && sum > self->budget && sum != cost)
        atomic_fetch_add(&self->over, 1);
}

static inline void gauge_leave(gauge *self, unsigned cost)
{
    atomic_fetch_sub(&self->now, ONE_TASK + cost);
    atomic_fetch_add(&self->runs, 1);
}

/* A task without a cost, which lets others come beside it. */
static inline int run_in_gauge(ompg_group *group, void *arg)
{
    (void)group;
    gauge_enter(arg, 0);
    for (int i = 0; i < 3; i++)
        sched_yield();
    gauge_leave(arg, 0);
    return 0;
}

#endif
