/*
 * Loop units: how a range is cut, and handed out to the threads, the same for every way to run it.
 *
 * A loop is cut into units of the grain. Each thread of the team has a share of the units, one word
 * {first, past} on a cache line of its own. The owner takes units from the front of its share, a
 * fraction of what is left; when it is empty it takes the back half of another's. All are
 * compare-exchanges of that word; a unit belongs to whoever has moved it out of a share.
 *
 * Discipline. share.units: compare-exchange by anyone; relaxed, because nothing else is published by
 * it: what the loop reads was written before its threads came. struct loop is read-only then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_UNITS_H
#define OMPG_SRC_LOOP_UNITS_H

#include "base/atomics.h"
#include "ompgroup/base.h"

#include <stddef.h>
#include <stdint.h>

/* Units [first, past). */
struct units {
    uint32_t first, past;
};

struct loop_plan {
    size_t begin, end; /* iterations */
    size_t grain;      /* iterations in a unit; the last one may be shorter */
    uint32_t units;
    bool whole; /* units that are taken at once are one sub-range */
};

struct share {
    alignas(CACHE_LINE) _Atomic uint64_t units; /* first unit in the high half, past in the low */
};

/* Read by all, in one cache line. */
struct loop {
    alignas(CACHE_LINE) struct loop_plan plan;
    ompg_group *group;
    struct share *shares;
    void *memory; /* what was allocated, NULL: nothing */
    int threads;  /* number of shares */
};

/* What a thread works on. */
struct loop_range {
    size_t begin, end;
    int64_t began; /* in ticks; 0: not measured */
};

/* ---- making ---- */

static inline size_t divide_up(size_t n, size_t by)
{
    return n / by + (n % by != 0);
}

struct loop_plan loop_plan_range(size_t begin, size_t end, size_t grain, bool deterministic);

/* Deals the plan's units out to so many shares. */
void loop_deal(struct loop *loop, int threads);

/* With room to align: aligned_alloc takes ten times as long. NULL when memory is short. */
void *loop_allocate(size_t size);

/* The first cache line in memory that was allocated so. */
void *loop_first_line(void *memory);

size_t loop_shares_size(int threads);

/* ---- handing out ---- */

/* How much to take at once. */
struct pace {
    size_t least, most;
};

/*
 * After `last`, which was begun at *began, 0 for the first time: where it took too little time, as much as
 * should take enough, but at most 32 times as much; where it took long, what should not take too long, one
 * at a time at the end. The first time one is taken, to see.
 */
struct pace loop_pace(size_t last, int64_t *began);

/* Two threads have the same share where there are fewer of them. */
static inline struct share *loop_share(const struct loop *loop, int thread)
{
    return &loop->shares[thread < loop->threads ? thread : thread % loop->threads];
}

/* *last: the sub-range that this thread had before, all zero when it had none. False: none is left. */
bool loop_take(struct loop *loop, struct share *own, struct loop_range *last, struct units *units);

/* The iterations of units; the last unit of all may be shorter. */
void loop_set_range(struct loop_range *range, const struct loop_plan *plan, struct units units);

/* The group has stopped from this unit on: gives up the rest of a share that lies above it. */
void loop_abandon_from(struct share *share, uint32_t unit);

#endif
