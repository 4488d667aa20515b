/*
 * The words of a loop: three threads take units from the front of their own share and from the back of others'.
 * Each unit is taken exactly once; where the group has stopped from a unit on, each below it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/parallel/loop_units.h SHORT_TICKS units units_are_none loop_plan share loop loop_range pace loop_share divide_up
//@ into taken.h
//@ take src/parallel/loop_units.c OWNER_FRACTION pack unpack loop_pace pace_of units_to_take has_units take_front take_back steal_units any_has_units loop_take loop_range_of iterations_of loop_leave_out loop_abandon_from loop_untaken loop_deal
//@ change s/SHORT_TICKS = 2000/SHORT_TICKS = 4/;s/LONG_TICKS = 200000/LONG_TICKS = 6/
//@ mutant front-is-stored s/cas_weak_relaxed(&share->units, &word, pack(past, left.past))/(store_relaxed(\&share->units, pack(past, left.past)), true)/
//@ mutant back-is-stored s/cas_weak_relaxed(&share->units, &word, pack(left.first, first))/(store_relaxed(\&share->units, pack(left.first, first)), true)/
//@ mutant loot-replaces-units s/!units_are_none(unpack(word)) ||/false ||/
//@ mutant loot-is-forgotten s/return units_are_none(taken) ? steal_units(loop, own, pace) : taken;/return steal_units(loop, own, pace);/
//@ mutant what-is-abandoned-is-over s/^            loop_leave_out(loop, unpack(word));$//
//@ mutant abandons-too-much s/unpack(word).first >= unit/true/
#include "basis.h"

/* Any time may have gone by. */
static int64_t clock_ticks()
{
    static int64_t now;
    return now += rl::rand(2) ? 1 : 8;
}

#include "taken.h"

enum { THREADS = 3, UNITS = 6 };

struct model : rl::test_suite<model, THREADS> {
    struct share shares[THREADS];
    struct loop loop;
    atomic_int taken[UNITS];

    /* Where a group that stops does so. */
    uint32_t stop() const { return scenario < 2 ? UNITS : scenario == 2 ? 3 : 5; }

    void before()
    {
        for (atomic_int &count : taken)
            store_relaxed(&count, 0);
        struct loop_plan plan = {.begin = 0, .end = UNITS, .grain = 1, .units = UNITS, .whole = scenario == 0};
        store_relaxed(&loop.settled, 0U);
        loop.shares = shares;
        loop.plan = plan;
        loop_deal(&loop, scenario % 2 ? 2 : THREADS);
    }

    void run(struct share *own, struct units units)
    {
        RL_ASSERT(units.first < units.past && units.past <= UNITS);
        for (; units.first != units.past; units.first++) {
            if (units.first >= stop()) {
                loop_leave_out(&loop, units);
                loop_abandon_from(&loop, own, units.first);
                return;
            }
            RL_ASSERT(add_relaxed(&taken[units.first], 1) == 0);
        }
    }

    void thread(unsigned index)
    {
        struct share *own = loop_share(&loop, (int)index);
        int64_t began = 0;
        struct units units = loop_take(&loop, own, 0, &began);
        while (!units_are_none(units)) {
            run(own, units);
            units = loop_take(&loop, own, units.past - units.first, &began);
        }
    }

    void after()
    {
        size_t over = 0;
        for (uint32_t i = 0; i < UNITS; i++) {
            RL_ASSERT(load_relaxed(&taken[i]) == 1 || i >= stop());
            over += (size_t)load_relaxed(&taken[i]);
        }
        RL_ASSERT(over + load_relaxed(&loop.settled) + loop_untaken(&loop) == UNITS);
    }
};

MODEL(model, {"whole", 30000}, {"two on one share", 30000}, {"stops from a unit on", 20000},
      {"stops, two on one share", 20000})
