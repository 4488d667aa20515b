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
 * loop.settled: added to; relaxed, because it is read when all have left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_UNITS_H
#define OMPG_SRC_LOOP_UNITS_H

#include "base/atomics.h"
#include "ompgroup/base.h"

#include <stddef.h>
#include <stdint.h>

enum { SHORT_TICKS = 2000 }; /* about a microsecond: sub-ranges that take less are too small */

/* Units [first, past). By value, as ranges are: in a register, where memory would be a detour. */
struct units {
    uint32_t first, past;
};

static inline bool units_are_none(struct units units)
{
    return units.first == units.past;
}

struct loop_plan {
    size_t begin, end; /* iterations */
    size_t grain;      /* iterations in a unit; the last one may be shorter */
    uint32_t units;
    bool whole;         /* units that are taken at once are one sub-range */
    bool deterministic; /* the group is: here, where it is at hand */
};

struct share {
    alignas(CACHE_LINE) _Atomic uint64_t units; /* first unit in the high half, past in the low */
};

/* BY_BLOCKS and BY_PIECES: see loop_macro.c. */
enum hand_out { BY_UNITS, BY_BLOCKS, BY_PIECES };

/*
 * All that its threads read is in one cache line. What is over need not be counted where it is: all is, except for
 * what is left out.
 */
struct loop {
    alignas(CACHE_LINE) struct loop_plan plan;
    ompg_group *group;
    struct share *shares;
    int threads;            /* number of shares */
    uint32_t float_control; /* of the thread that made it */
    uint32_t report_at;     /* iterations of a thread that are over: loop_report.h */
    unsigned char hand_out; /* enum hand_out */
    bool team;              /* of a team that comes to it: loop_macro.c */
    alignas(CACHE_LINE) _Atomic size_t settled; /* iterations that were reported, or left out */
};

/* Iterations [begin, end). */
struct loop_range {
    size_t begin, end;
};

/* ---- making ---- */

static inline size_t divide_up(size_t n, size_t by)
{
    return n / by + (n % by != 0);
}

/* grain 0: none is given. */
void loop_plan_range(struct loop_plan *plan, size_t begin, size_t end, size_t grain,
                     bool deterministic);

/*
 * Gives the loop a share for each thread: in the room, where `fit` of them do, or else in
 * *memory, which is to be freed. Where that is short they are fewer. Returns how many.
 */
int loop_make_shares(struct loop *loop, struct share *room, int fit, int threads, void **memory);

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

/*
 * last, *began: iterations of the sub-range that this thread had before, and the tick when it was taken; 0
 * when it had none. None: none is left.
 */
struct units loop_take(struct loop *loop, struct share *own, size_t last, int64_t *began);

/* The iterations of units; the last unit of all may be shorter. */
struct loop_range loop_range_of(const struct loop_plan *plan, struct units units);

/* Units that were taken, and will not be run. */
void loop_leave_out(struct loop *loop, struct units units);

/* The group has stopped from this unit on: leaves out the rest of a share that lies above it. */
void loop_abandon_from(struct loop *loop, struct share *share, uint32_t unit);

/* Iterations of the units that nobody has taken, when all threads have left. */
size_t loop_untaken(const struct loop *loop);

#endif
