/*
 * Leaving: an owner that adds long tasks while one or two others find nothing and go. Nobody sleeps on work: where
 * tasks are left in a deque and a worker has gone, another one has been launched.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/store/task.h
//@ take src/store/series.h
//@ take src/store/deque.h
//@ take src/engine/leave.h leave_verdict
//@ take src/engine/steal.h look
//@ into taken.h
//@ take src/store/deque.c
//@ take src/engine/steal.h steal_ask
//@ take src/engine/steal.c STEAL_BATCH is_single_thief steal_batch steal_series mark_pried pry share_loot is_worth_locking lock_victim steal_some
//@ take src/engine/region.c region_enter region_launch region_attend
//@ take src/engine/region.h region_attend_if_asked
//@ into leave.h
//@ take src/engine/leave.c
//@ change s/TASK_FLAGS = 31/TASK_FLAGS = 15/
//@ change s/DEQUE_CAPACITY = 2048/DEQUE_CAPACITY = 4/
//@ change /hold_back\|self = worker\|launch_pause\|errno_here/d
//@ mutant no-barrier s/membarrier_all() ? arm : arm_for_good/barrier_works ? arm : arm_for_good/
//@ mutant lowers-active-late /^enum leave_verdict leave/,/^}/{s/sub_relaxed(&region->active, 1);/;/;s/add_relaxed(&region->active, 1);/;/;s/^    if (goes && !found)/    if (goes \&\& !found) sub_relaxed(\&region->active, 1);\n&/}
//@ mutant asked-counts-as-armed s/load_acquire(&other->deque.attention) != ATTENTION_ARMED/load_acquire(\&other->deque.attention) == ATTENTION_NONE/
//@ mutant last-look-is-short s/steal(worker, NULL, LOOK_FOR_SURE, task)/steal(worker, NULL, LOOK_SHARED, task)/
//@ mutant enters-without-a-look s/load_relaxed(&region->active) < load_relaxed(&region->threads))/false)/
//@ mutant answer-does-not-launch s/region_launch(worker, mine, active);.*/;/
#include "rings.h"
#define tally_flush(worker) ((void)0)
#define can_launch_here(worker) true
#define mail_find(worker, awaited, task) false

#include "basis.h"

enum { THREADS = 3 };

struct ompg_group {
    atomic_bool pried;
};

struct worker;
struct frame;
struct region {
    atomic_int threads, active, calls;
    atomic_bool closing, arming;
    rl::atomic<struct worker *> slots[THREADS];
};

struct worker {
    struct deque deque;
    struct region *region;
    struct frame *frame;
    int thread;
    unsigned inlined, foreign;
    int64_t robbed, loot;
    struct deque *asked;
};

#define parking_calls(parking) load_relaxed(&region->calls)
static bool launch(struct worker *worker)
{
    add_relaxed(&worker->region->calls, 1);
    return true;
}

static void region_attend(struct worker *worker);

#include "taken.h"
#include "deques.h"

/* As steal(), once around. */
static bool steal(struct worker *thief, const ompg_group *, enum look look, struct task *task)
{
    struct region *region = thief->region;
    for (int i = 0; i < load_relaxed(&region->threads); i++) {
        struct worker *victim = load_acquire(&region->slots[i]);
        if (victim && victim != thief && is_worth_locking(thief, victim, look) &&
            steal_some(thief, victim, look, task))
            return true;
    }
    return false;
}

#include "leave.h"

enum { ONE, TWO, FAILS, WITHOUT, ENTERS, CALLED };

struct model : rl::test_suite<model, THREADS> {
    struct task slots[THREADS][DEQUE_CAPACITY];
    int rings;
    alignas(CACHE_LINE) ompg_group group;
    struct region region;
    struct worker workers[THREADS];
    atomic_int missing, over;

    void before()
    {
        the = this;
        rings = 0;
        barrier_works = scenario != WITHOUT;
        barrier_may_fail = scenario == FAILS;
        int threads = scenario == TWO || scenario == FAILS || scenario == CALLED ? 3 : 2;
        store_relaxed(&group.pried, false);
        store_relaxed(&missing, scenario == CALLED ? 1 : 0);
        store_relaxed(&over, 0);
        store_relaxed(&region.threads, threads);
        store_relaxed(&region.active, scenario == CALLED ? 2 : threads);
        store_relaxed(&region.calls, 0);
        store_relaxed(&region.closing, false);
        store_relaxed(&region.arming, false);
        static const enum attention attentions[] = {ATTENTION_NONE, ATTENTION_ASKED, ATTENTION_ARMED};
        for (int i = 0; i < THREADS; i++) {
            struct worker *worker = &workers[i];
            worker->thread = i;
            worker->region = &region;
            worker->asked = NULL;
            bool armed = scenario == WITHOUT || scenario == CALLED;
            deque_make_empty(&worker->deque, armed ? ATTENTION_ARMED : attentions[rl::rand(3)]);
            bool there = i < threads && !(scenario == ENTERS && i == 0) && !(scenario == CALLED && i == 2);
            store_relaxed(&region.slots[i], there ? worker : NULL);
        }
    }

    /* As ompg_go does it. */
    void push(struct worker *worker, size_t number)
    {
        struct task task = {.fn = NULL, .arg = (void *)(8 * number), .tagged = (uintptr_t)&group};
        task.index = number;
        deque_push(&worker->deque, &task);
        region_attend_if_asked(worker);
    }

    void own(struct worker *worker)
    {
        struct task task;
        if (scenario == ENTERS)
            region_enter(worker, &region, 0);
        push(worker, 0);
        if (rl::rand(2))
            push(worker, 1);
        if (scenario == CALLED && rl::rand(2))
            push(worker, 2);
        if (rl::rand(2) && deque_pop(&worker->deque, &task))
            region_attend_if_asked(worker);
    }

    /* Looks around, and goes; false when it has found a task. */
    bool go(struct worker *worker)
    {
        struct task task;
        enum leave_verdict verdict = LEAVE_STAY;
        if (rl::rand(2) && steal(worker, NULL, LOOK_SHARED, &task))
            verdict = LEAVE_FOUND;
        while (verdict == LEAVE_STAY && (verdict = leave(worker, &task)) == LEAVE_STAY)
            model_pause();
        if (verdict == LEAVE_FOUND) {
            region_launch(worker, 1, 1);
            region_attend_if_asked(worker);
            return false;
        }
        add_relaxed(&missing, 1);
        store_release(&region.slots[worker->thread], (struct worker *)NULL);
        return true;
    }

    /* A thread that is parked, and comes when it is called, as often as that is. */
    void come(struct worker *worker)
    {
        for (;;) {
            bool all_are_over = load_acquire(&over) == 2;
            int calls = load_relaxed(&region.calls);
            if (calls == 0 && all_are_over)
                return;
            if (calls == 0 || !cas_acquire(&region.calls, &calls, calls - 1)) {
                model_pause();
                continue;
            }
            add_relaxed(&region.active, 1);
            sub_relaxed(&missing, 1);
            region_enter(worker, &region, worker->thread);
            if (!go(worker))
                return;
        }
    }

    void thread(unsigned index)
    {
        if (index == 0)
            own(&workers[0]);
        else if (scenario == CALLED && index == 2)
            come(&workers[2]);
        else if ((int)index < load_relaxed(&region.threads))
            go(&workers[index]);
        add_release(&over, 1);
    }

    /* All compute on, or have gone. */
    void after()
    {
        size_t left = 0;
        for (struct worker &worker : workers)
            left += load_relaxed(&worker.deque.top) - load_relaxed(&worker.deque.tail) + worker.deque.series.count;
        /* What was private when a barrier failed stays so until its owner looks again, which it does then. */
        if (scenario == FAILS && load_relaxed(&workers[0].deque.attention) == ATTENTION_ARMED)
            left -= deque_private(&workers[0].deque);
        RL_ASSERT(left == 0 || load_relaxed(&missing) == 0 || load_relaxed(&region.calls) > 0);
    }
};

static void *model_ring()
{
    return the->slots[the->rings++];
}

MODEL(model, {"one goes", 100000}, {"two go", 60000}, {"the barrier fails", 30000},
      {"without a barrier", 60000}, {"one enters", 40000}, {"one is called", 200000})
