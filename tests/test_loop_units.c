/*
 * How loops are cut and handed out (src/parallel/loop_units.c): each iteration exactly once, whoever asks
 * in which order.
 *
 * Fails for: units that do not cover the range, or overlap at the last one; more units than 32 bits
 * count; shares that are dealt with gaps; a front or a back that is taken without a compare-exchange, or
 * twice; half that is rounded down, so that a last unit is never stolen; a share that is given up below
 * the unit where the group has stopped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "parallel/loop_units.h"

enum { UNITS_MOST = 5000, THREADS_MOST = 20 };

static struct share dealt[THREADS_MOST];
static struct loop handed_out = {.shares = dealt};
static struct loop *const loop = &handed_out;

static void make(struct loop_plan plan, int threads)
{
    loop->plan = plan;
    store_relaxed(&loop->settled, 0U);
    loop_deal(loop, threads);
}

/* ---- cutting ---- */

/* A number of any magnitude, also the greatest. */
static size_t drawn_size(void)
{
    size_t n = (size_t)draw_bits() >> draw(sizeof n * 8);
    return chance(5) ? SIZE_MAX : n;
}

static void check_units(const struct loop_plan *plan)
{
    size_t n = plan->end - plan->begin;
    if (!CHECK(plan->grain > 0))
        return;
    CHECK_INT(plan->units, n / plan->grain + (n % plan->grain != 0));
    if (plan->units == 0)
        return;
    struct loop_range range = loop_range_of(plan, (struct units){0, plan->units});
    CHECK(range.begin == plan->begin && range.end == plan->end);
    uint32_t at = (uint32_t)draw(plan->units);
    range = loop_range_of(plan, (struct units){at, at + 1});
    CHECK(range.begin == plan->begin + at * plan->grain);
    CHECK(range.end == (at + 1 == plan->units ? plan->end : range.begin + plan->grain));
}

static void cut_one(void)
{
    size_t a = drawn_size(), b = drawn_size(), grain = chance(50) ? 0 : drawn_size();
    size_t begin = a < b ? a : b, end = a < b ? b : a, n = end - begin;
    bool deterministic = chance(50);
    struct loop_plan plan;
    loop_plan_range(&plan, begin, end, grain, deterministic);
    CHECK(plan.begin == begin && plan.end == end);
    CHECK_INT(plan.whole, grain == 0 && !deterministic);
    CHECK(plan.units < UINT32_MAX);
    if (grain == 0 && deterministic)
        CHECK(plan.units <= 1024 && (plan.units > 512 || plan.grain == 1));
    if (grain > 0 && begin != end)
        CHECK(plan.grain == grain || (plan.grain > grain && n / grain > UINT32_MAX - 2));
    check_units(&plan);
}

static void cuts(void)
{
    in_rounds(cut_one);
}

/* ---- handing out, one thread after the other ---- */

static atomic_uchar times[UNITS_MOST];
static atomic_size_t iterations; /* that were taken */

static void mark(struct units units)
{
    if (!CHECK(units.first < units.past && units.past <= loop->plan.units))
        return;
    for (uint32_t i = units.first; i < units.past; i++)
        atomic_fetch_add_explicit(&times[i], 1, memory_order_relaxed);
}

/* Each below `sure` once, the others once at most. */
static void check_marks(uint32_t sure)
{
    bool once = true;
    for (uint32_t i = 0; i < loop->plan.units; i++) {
        unsigned char n = atomic_load(&times[i]);
        once &= n == 1 || (n == 0 && i >= sure);
        atomic_store(&times[i], 0);
    }
    CHECK(once);
    CHECK_INT(atomic_load(&iterations) + load_relaxed(&loop->settled) + loop_untaken(loop),
              loop->plan.end - loop->plan.begin);
    atomic_store(&iterations, 0);
}

static struct loop_plan drawn_plan(void)
{
    size_t units = draw(chance(50) ? 40 : UNITS_MOST);
    bool whole = chance(50);
    size_t grain = whole ? 1 : 1 + draw(5);
    struct loop_plan plan;
    loop_plan_range(&plan, 100, 100 + units * grain, whole ? 0 : grain, false);
    return plan;
}

/* What a thread took last. */
struct taken {
    size_t n;
    int64_t began;
};

static bool take_next(struct share *share, struct taken *last)
{
    struct units units = loop_take(loop, share, last->n, &last->began);
    if (units_are_none(units))
        return false;
    mark(units);
    struct loop_range range = loop_range_of(&loop->plan, units);
    last->n = range.end - range.begin;
    atomic_fetch_add_explicit(&iterations, last->n, memory_order_relaxed);
    return true;
}

/*
 * Threads beyond the number of shares have those of others. True, as long as there is something to take;
 * *stop: where the group has stopped.
 */
static bool take_as(size_t thread, struct taken *last, uint32_t *stop)
{
    struct share *share = loop_share(loop, (int)thread);
    CHECK(share == loop_share(loop, (int)thread % loop->threads));
    if (chance(2)) {
        *stop = (uint32_t)draw(*stop + (size_t)1);
        loop_abandon_from(loop, share, *stop);
        uint64_t left = load_relaxed(&share->units);
        CHECK(left >> 32 < *stop || left == 0);
    }
    return take_next(share, last);
}

static void hand_out(void)
{
    struct taken last[THREADS_MOST];
    memset(last, 0, sizeof last);
    size_t threads = 1 + draw(THREADS_MOST), shares = 1 + draw(threads), thread;
    make(drawn_plan(), (int)shares);
    uint32_t stop = loop->plan.units;
    do
        thread = draw(threads);
    while (take_as(thread, &last[thread], &stop));
    check_marks(stop);
}

static void one_after_the_other(void)
{
    in_rounds(hand_out);
}

/* ---- with threads ---- */

static void *take_all(void *arg)
{
    const unsigned *thread = arg;
    struct taken last = {.n = 0};
    while (take_next(loop_share(loop, (int)*thread), &last))
        ;
    return NULL;
}

/* Fewer shares than threads too: two threads then have the same one. */
static void hand_out_to_threads(void)
{
    make(drawn_plan(), 1 + (int)draw(PTHREADS));
    in_pthreads(take_all);
    check_marks(loop->plan.units);
    CHECK_INT(loop_untaken(loop), 0);
}

static void several_at_once(void)
{
    in_rounds(hand_out_to_threads);
}

CHECK_MAIN("loop units", {"cuts", cuts}, {"one after the other", one_after_the_other},
           {"several at once", several_at_once})
