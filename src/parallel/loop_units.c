/* SPDX-License-Identifier: Apache-2.0 */
#include "parallel/loop_units.h"

#include "base/clock.h"
#include "base/memory.h"

enum {
    OWNER_FRACTION = 8,  /* of its share that an owner takes at once */
    SHORT_TICKS = 2000,  /* about a microsecond: sub-ranges that take less are too small */
    LONG_TICKS = 200000, /* about a hundred: what is meant to take more is too much at once */
    GROWTH_MOST = 32,    /* from one sub-range to the next */
    DETERMINISTIC_UNITS = 1024, /* that a deterministic loop without a grain is cut into */
};

_Static_assert(sizeof(struct loop) == CACHE_LINE, "a thread that comes misses one line for it");

static uint64_t pack(uint64_t first, uint64_t past)
{
    return first << 32 | past;
}

static struct units unpack(uint64_t word)
{
    return (struct units){.first = (uint32_t)(word >> 32), .past = (uint32_t)word};
}

static bool is_empty(struct units units)
{
    return units.first == units.past;
}

/* ---- cutting ---- */

/* Shares and their halves are counted with 32 bits. */
static size_t coarsest(size_t n, size_t grain)
{
    size_t least = divide_up(n, UINT32_MAX - 1);
    return grain < least ? least : grain;
}

struct loop_plan loop_plan_range(size_t begin, size_t end, size_t grain, bool deterministic)
{
    struct loop_plan plan = {.begin = begin, .end = end};
    size_t n = end - begin;
    plan.whole = grain == 0 && !deterministic;
    if (grain == 0)
        grain = deterministic ? divide_up(n, DETERMINISTIC_UNITS) : 1;
    plan.grain = n > 0 ? coarsest(n, grain) : 1;
    plan.units = (uint32_t)divide_up(n, plan.grain);
    return plan;
}

void loop_set_range(struct loop_range *range, const struct loop_plan *plan, struct units units)
{
    range->begin = plan->begin + units.first * plan->grain;
    size_t left = plan->end - range->begin;
    size_t wanted = (size_t)(units.past - units.first) * plan->grain;
    range->end = range->begin + (units.past == plan->units || wanted > left ? left : wanted);
}

/* ---- handing out ---- */

struct pace loop_pace(size_t last, int64_t *began)
{
    int64_t now = clock_ticks();
    int64_t taken = now - *began;
    bool first = *began == 0;
    *began = now;
    if (first)
        return (struct pace){.least = 1, .most = 1};
    if (taken >= SHORT_TICKS) {
        size_t fit = taken >= LONG_TICKS ? 1 : (size_t)(LONG_TICKS / taken) * last;
        return (struct pace){.least = 1, .most = fit};
    }
    size_t growth = 2;
    while (growth < GROWTH_MOST && taken < SHORT_TICKS / (int64_t)growth)
        growth *= 2;
    return (struct pace){.least = growth * last, .most = SIZE_MAX};
}

/* *last is all zero where there was no last time. */
static struct pace pace_of(const struct loop_plan *plan, struct loop_range *last)
{
    if (!plan->whole)
        return (struct pace){.least = 1, .most = 1};
    size_t n = last->end - last->begin;
    return loop_pace(plan->grain == 1 ? n : divide_up(n, plan->grain), &last->began);
}

/* Leaves half of what is left for others to take, unless all of it would be too little. */
static uint32_t units_to_take(uint32_t left, struct pace pace)
{
    if (pace.least / 2 >= left)
        return left;
    uint32_t fraction = left / OWNER_FRACTION;
    uint32_t half = left / 2 + left % 2;
    if (pace.least > fraction)
        return pace.least < half ? (uint32_t)pace.least : half;
    return pace.most < fraction ? (uint32_t)pace.most : fraction;
}

static bool has_units(struct share *share)
{
    return !is_empty(unpack(load_relaxed(&share->units)));
}

static bool take_front(struct loop *loop, struct share *share, struct pace pace,
                       struct units *units)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (is_empty(left))
            return false;
        uint32_t n = loop->plan.whole ? units_to_take(left.past - left.first, pace) : 1;
        *units = (struct units){.first = left.first, .past = left.first + n};
        if (cas_weak_relaxed(&share->units, &word, pack(units->past, left.past)))
            return true;
    }
}

/* Half of what is left; all, where that would be too little. */
static bool take_back(struct share *share, struct pace pace, struct units *units)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (is_empty(left))
            return false;
        uint32_t n = left.past - left.first;
        if (pace.least / 2 < n)
            n = n / 2 + n % 2;
        *units = (struct units){.first = left.past - n, .past = left.past};
        if (cas_weak_relaxed(&share->units, &word, pack(left.first, units->first)))
            return true;
    }
}

/*
 * Takes the back of another's share: its first unit or units now, the others into the thief's own
 * share for others to steal. Where two threads have the same share the one that comes second keeps
 * all.
 */
static bool steal_units(struct loop *loop, struct share *own, struct pace pace, struct units *units)
{
    struct share *shares = loop->shares, *past = shares + loop->threads;
    for (int i = 1; i < loop->threads; i++) {
        struct share *victim = own + i < past ? own + i : own + i - loop->threads;
        if (!take_back(victim, pace, units))
            continue;
        uint64_t word = load_relaxed(&own->units);
        if (is_empty(unpack(word)) &&
            cas_weak_relaxed(&own->units, &word, pack(units->first, units->past)) &&
            !take_front(loop, own, pace, units))
            return steal_units(loop, own, pace, units); /* all stolen at once */
        return true;
    }
    return false;
}

static bool any_has_units(struct loop *loop)
{
    struct share *shares = loop->shares;
    for (int i = 0; i < loop->threads; i++)
        if (has_units(&shares[i]))
            return true;
    return false;
}

bool loop_take(struct loop *loop, struct share *own, struct loop_range *last, struct units *units)
{
    if (!has_units(own) && !any_has_units(loop))
        return false; /* without a look at the clock */
    struct pace pace = pace_of(&loop->plan, last);
    return take_front(loop, own, pace, units) || steal_units(loop, own, pace, units);
}

void loop_abandon_from(struct share *share, uint32_t unit)
{
    uint64_t word = load_relaxed(&share->units);
    while (unpack(word).first >= unit && !cas_weak_relaxed(&share->units, &word, 0U))
        ;
}

/* ---- making ---- */

void loop_deal(struct loop *loop, int threads)
{
    uint64_t units = loop->plan.units;
    uint64_t first = 0;
    for (int i = 0; i < threads; i++) {
        uint64_t past = units * (uint64_t)(i + 1) / (uint64_t)threads;
        store_relaxed(&loop->shares[i].units, pack(first, past));
        first = past;
    }
    loop->threads = threads;
}

void *loop_allocate(size_t size)
{
    return memory_new(size + CACHE_LINE);
}

void *loop_first_line(void *memory)
{
    size_t past = (uintptr_t)memory % CACHE_LINE;
    return (char *)memory + (CACHE_LINE - past);
}

size_t loop_shares_size(int threads)
{
    return (size_t)threads * sizeof(struct share);
}
