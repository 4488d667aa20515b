/*
 * Leaving: an owner that adds long tasks while one or two others find nothing and go. Nobody sleeps on work: where
 * tasks are left in a deque and a worker has gone, another one has been launched.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/atomics.h
//@ take src/task.h
//@ take src/deque.h
//@ take src/leave.h leave_verdict
//@ take src/steal.h look
//@ into taken.h
//@ take src/deque.c
//@ take src/steal.h steal_ask
//@ take src/steal.c STEAL_BATCH is_single_thief steal_batch steal_run mark_pried pry share_loot is_worth_locking lock_victim steal_some
//@ take src/region.c region_enter region_launch region_attend
//@ take src/region.h region_attend_if_asked
//@ into leave.h
//@ take src/leave.c
//@ change s/DEQUE_CAPACITY = 2048/DEQUE_CAPACITY = 4/
//@ change /HOLD_LEAST_NS\|self = worker/d
//@ mutant no-barrier s/membarrier_all() ? arm : arm_for_good/barrier_works ? arm : arm_for_good/
//@ mutant lowers-active-late /^enum leave_verdict leave/,/^}/{s/sub_relaxed(&region->active, 1);/;/;s/add_relaxed(&region->active, 1);/;/;s/^    if (goes && !found)/    if (goes \&\& !found) sub_relaxed(\&region->active, 1);\n&/}
//@ mutant asked-counts-as-armed s/load_acquire(&other->deque.attention) != ATTENTION_ARMED/load_acquire(\&other->deque.attention) == ATTENTION_NONE/
//@ mutant arms-whom-has-answered s/return cas_release(&deque->attention, &present, ATTENTION_ARMED).*/store_release(\&deque->attention, ATTENTION_ARMED); return true;/
//@ mutant two-arm-at-once s/load_relaxed(&region->arming) || exchange_acquire(&region->arming, true)/false/
//@ mutant failed-barrier-is-believed s/membarrier_all() ? arm : arm_for_good/(membarrier_all(), arm)/
//@ mutant last-look-is-short s/steal(worker, NULL, LOOK_FOR_SURE, task)/steal(worker, NULL, LOOK_SHARED, task)/
//@ mutant enters-without-a-look s/load_relaxed(&region->active) < load_relaxed(&region->threads))/false)/
//@ mutant answer-does-not-launch s/region_launch(worker->region, mine, active);.*/;/
struct model;
static struct model *the;
struct task;
static void *model_ring();
#define memory_new(size) model_ring()
#define free(memory) ((void)0)
#define tally_flush(worker) ((void)0)
#define can_launch_here(region) true

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
    int *errno_here;
    int thread;
    unsigned inlined, foreign;
    int64_t robbed, loot;
    struct deque *asked;
};

#define parking_calls(parking) load_relaxed(&region->calls)
static void launch(struct region *region)
{
    add_relaxed(&region->calls, 1);
}

static void region_attend(struct worker *worker);

#include "taken.h"

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

enum { ONE, TWO, FAILS, WITHOUT, ENTERS };

struct model : rl::test_suite<model, THREADS> {
    struct task slots[THREADS][DEQUE_CAPACITY];
    int rings;
    alignas(CACHE_LINE) ompg_group group;
    struct region region;
    struct worker workers[THREADS];
    atomic_int gone;

    void before()
    {
        the = this;
        rings = 0;
        barrier_works = scenario != WITHOUT;
        barrier_may_fail = scenario == FAILS;
        int threads = scenario == TWO || scenario == FAILS ? 3 : 2;
        store_relaxed(&group.pried, false);
        store_relaxed(&gone, 0);
        store_relaxed(&region.threads, threads);
        store_relaxed(&region.active, threads);
        store_relaxed(&region.calls, 0);
        store_relaxed(&region.closing, false);
        store_relaxed(&region.arming, false);
        static const enum attention attentions[] = {ATTENTION_NONE, ATTENTION_ASKED, ATTENTION_ARMED};
        for (int i = 0; i < THREADS; i++) {
            struct worker *worker = &workers[i];
            worker->thread = i;
            worker->region = &region;
            worker->asked = NULL;
            struct deque *deque = &worker->deque;
            store_relaxed(&deque->lock.locked, 0);
            store_relaxed(&deque->top, 0);
            store_relaxed(&deque->tail, 0);
            store_relaxed(&deque->split, 0);
            store_relaxed(&deque->has_run, false);
            store_relaxed(&deque->attention, scenario == WITHOUT ? ATTENTION_ARMED : attentions[rl::rand(3)]);
            deque->run.count = 0;
            deque_init(deque);
            bool there = i < threads && !(scenario == ENTERS && i == 0);
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
        if (rl::rand(2) && deque_pop(&worker->deque, &task))
            region_attend_if_asked(worker);
    }

    void go(struct worker *worker)
    {
        struct task task;
        enum leave_verdict verdict;
        while ((verdict = leave(worker, &task)) == LEAVE_STAY)
            model_pause();
        if (verdict == LEAVE_GO) {
            add_relaxed(&gone, 1);
            store_release(&region.slots[worker->thread], (struct worker *)NULL);
        } else {
            region_launch(&region, 1, 1);
            region_attend_if_asked(worker);
        }
    }

    void thread(unsigned index)
    {
        if (index == 0)
            own(&workers[0]);
        else if ((int)index < load_relaxed(&region.threads))
            go(&workers[index]);
    }

    /* All compute on, or have gone. */
    void after()
    {
        size_t left = 0;
        for (struct worker &worker : workers)
            left += load_relaxed(&worker.deque.top) - load_relaxed(&worker.deque.tail) + worker.deque.run.count;
        RL_ASSERT(left == 0 || load_relaxed(&gone) == 0 || load_relaxed(&region.calls) > 0);
    }
};

static void *model_ring()
{
    return the->slots[the->rings++];
}

MODEL(model, {"one goes", 100000}, {"two go", 60000}, {"the barrier fails", 30000},
      {"without a barrier", 60000}, {"one enters", 60000})
