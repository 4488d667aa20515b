/* SPDX-License-Identifier: Apache-2.0 */
#include "parallel/loop_units.h"

#include "base/clock.h"
#include "base/memory.h"

enum {
    OWNER_FRACTION = 8,  /* of its share that an owner takes at once */
    LONG_TICKS = 200000, /* about a hundred: what is meant to take more is too much at once */
    GROWTH_MOST = 32,    /* from one sub-range to the next */
    DETERMINISTIC_UNITS = 1024, /* that a deterministic loop without a grain is cut into */
};

_Static_assert(offsetof(struct loop, settled) == CACHE_LINE,
               "a thread that comes misses one line for it");

static uint64_t pack(uint64_t first, uint64_t past)
{
    return first << 32 | past;
}

static struct units unpack(uint64_t word)
{
    return (struct units){.first = (uint32_t)(word >> 32), .past = (uint32_t)word};
}

/* ---- cutting ---- */

/* Shares and their halves are counted with 32 bits. */
static size_t coarsest(size_t n, size_t grain)
{
    size_t least = divide_up(n, UINT32_MAX - 1);
    return grain < least ? least : grain;
}

/* Field by field: what is written so and copied as a whole at once stalls, some ns for each copy. */
void loop_plan_range(struct loop_plan *plan, size_t begin, size_t end, size_t grain,
                     bool deterministic)
{
    size_t n = end - begin;
    plan->begin = begin;
    plan->end = end;
    plan->whole = grain == 0 && !deterministic;
    plan->deterministic = deterministic;
    if (grain == 0)
        grain = deterministic ? divide_up(n, DETERMINISTIC_UNITS) : 1;
    plan->grain = n > 0 ? coarsest(n, grain) : 1;
    plan->units = (uint32_t)divide_up(n, plan->grain);
}

struct loop_range loop_range_of(const struct loop_plan *plan, struct units units)
{
    size_t begin = plan->begin + units.first * plan->grain;
    size_t left = plan->end - begin;
    size_t wanted = (size_t)(units.past - units.first) * plan->grain;
    bool last = units.past == plan->units || wanted > left;
    return (struct loop_range){.begin = begin, .end = last ? plan->end : begin + wanted};
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

static struct pace pace_of(const struct loop_plan *plan, size_t last, int64_t *began)
{
    if (!plan->whole)
        return (struct pace){.least = 1, .most = 1};
    return loop_pace(plan->grain == 1 ? last : divide_up(last, plan->grain), began);
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
    return !units_are_none(unpack(load_relaxed(&share->units)));
}

static struct units take_front(struct loop *loop, struct share *share, struct pace pace)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (units_are_none(left))
            return left;
        uint32_t n = loop->plan.whole ? units_to_take(left.past - left.first, pace) : 1;
        uint32_t past = left.first + n;
        if (cas_weak_relaxed(&share->units, &word, pack(past, left.past)))
            return (struct units){.first = left.first, .past = past};
    }
}

/* Half of what is left; all, where that would be too little. */
static struct units take_back(struct share *share, struct pace pace)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (units_are_none(left))
            return left;
        uint32_t n = left.past - left.first;
        if (pace.least / 2 < n)
            n = n / 2 + n % 2;
        uint32_t first = left.past - n;
        if (cas_weak_relaxed(&share->units, &word, pack(left.first, first)))
            return (struct units){.first = first, .past = left.past};
    }
}

/*
 * Takes the back of another's share: its first unit or units now, the others into the thief's own
 * share for others to steal. Where two threads have the same share the one that comes second keeps
 * all.
 */
static struct units steal_units(struct loop *loop, struct share *own, struct pace pace)
{
    struct share *shares = loop->shares, *past = shares + loop->threads;
    for (int i = 1; i < loop->threads; i++) {
        struct share *victim = own + i < past ? own + i : own + i - loop->threads;
        struct units stolen = take_back(victim, pace);
        if (units_are_none(stolen))
            continue;
        uint64_t word = load_relaxed(&own->units);
        if (!units_are_none(unpack(word)) ||
            !cas_weak_relaxed(&own->units, &word, pack(stolen.first, stolen.past)))
            return stolen;
        struct units taken = take_front(loop, own, pace);
        return units_are_none(taken) ? steal_units(loop, own, pace)
                                     : taken; /* all stolen at once */
    }
    return (struct units){0, 0};
}

static bool any_has_units(struct loop *loop)
{
    struct share *shares = loop->shares;
    for (int i = 0; i < loop->threads; i++)
        if (has_units(&shares[i]))
            return true;
    return false;
}

struct units loop_take(struct loop *loop, struct share *own, size_t last, int64_t *began)
{
    if (!has_units(own) && !any_has_units(loop))
        return (struct units){0, 0}; /* without a look at the clock */
    struct pace pace = pace_of(&loop->plan, last, began);
    struct units taken = take_front(loop, own, pace);
    return units_are_none(taken) ? steal_units(loop, own, pace) : taken;
}

static size_t iterations_of(const struct loop *loop, struct units units)
{
    struct loop_range range = loop_range_of(&loop->plan, units);
    return units_are_none(units) ? 0 : range.end - range.begin;
}

void loop_leave_out(struct loop *loop, struct units units)
{
    add_relaxed(&loop->settled, iterations_of(loop, units));
}

void loop_abandon_from(struct loop *loop, struct share *share, uint32_t unit)
{
    uint64_t word = load_relaxed(&share->units);
    while (unpack(word).first >= unit) {
        if (cas_weak_relaxed(&share->units, &word, 0U)) {
            loop_leave_out(loop, unpack(word));
            return;
        }
    }
}

size_t loop_untaken(const struct loop *loop)
{
    size_t sum = 0;
    for (int i = 0; i < loop->threads; i++)
        sum += iterations_of(loop, unpack(load_relaxed(&loop->shares[i].units)));
    return sum;
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

int loop_make_shares(struct loop *loop, struct share *room, int fit, int threads, void **memory)
{
    *memory = threads > fit ? loop_allocate(loop_shares_size(threads)) : NULL;
    loop->shares = *memory ? loop_first_line(*memory) : room;
    return *memory || threads < fit ? threads : fit;
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
