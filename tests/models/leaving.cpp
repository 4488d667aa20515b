/*
 * Leaving: an owner that adds long tasks while one or two others find nothing and go. Nobody sleeps on work: where
 * tasks are left in a deque and a worker has gone, another one has been launched. The same for mail that a thread
 * from outside puts while the waiter is busy.
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
//@ take src/group/record.h wait_state
//@ take src/engine/steal.h look
//@ into taken.h
//@ take src/store/deque.c
//@ take src/engine/steal.h steal_ask
//@ take src/engine/steal.c STEAL_BATCH is_single_thief has_block most_of steal_batch steal_series mark_pried pry share_loot is_worth_locking lock_victim steal_some
//@ take src/engine/region.c region_enter region_launch region_attend
//@ take src/engine/region.h region_attend_if_asked
//@ take src/engine/announce.c leave_note call_missing mail_announce
//@ take src/engine/mail.c is_waited_for_here take_noted mail_find
//@ into leave.h
//@ take src/engine/leave.c
//@ change s/DEQUE_CAPACITY = 2048/DEQUE_CAPACITY = 4/
//@ change s/TASK_FLAGS = [0-9]*/TASK_FLAGS = 0/
//@ change /self = worker\|launch_pause\|errno_here/d
//@ mutant no-barrier s/membarrier_all() ? arm : arm_for_good/barrier_works ? arm : arm_for_good/
//@ mutant lowers-active-late /^enum leave_verdict leave/,/^}/{s/sub_relaxed(&region->active, 1);/;/;s/add_relaxed(&region->active, 1);/;/;s/^    if (goes && !found)/    if (goes \&\& !found) sub_relaxed(\&region->active, 1);\n&/}
//@ mutant asked-counts-as-armed s/load_acquire(&other->deque.attention) != ATTENTION_ARMED/load_acquire(\&other->deque.attention) == ATTENTION_NONE/
//@ mutant last-look-is-short s/steal(worker, NULL, LOOK_FOR_SURE, task)/steal(worker, NULL, LOOK_SHARED, task)/
//@ mutant enters-without-a-look s/load_relaxed(&region->active) < load_relaxed(&region->threads))/false)/
//@ mutant mail-is-not-fenced /^bool mail_announce/,/^}/s/fence_seq_cst();/;/
//@ mutant mail-is-not-noted /^bool mail_announce/,/^}/s/leave_note(region, group);/;/
//@ mutant nobody-is-called /^bool mail_announce/,/^}/s/call_missing(region);/;/
//@ mutant leaves-without-a-look-at-the-mail s/(steal(worker, NULL, LOOK_FOR_SURE, task) || mail_find(worker, NULL, task))/steal(worker, NULL, LOOK_FOR_SURE, task)/
//@ mutant answer-does-not-launch s/region_launch(worker, mine, active);.*/;/
#include "rings.h"
#define tally_flush(worker) ((void)0)
#define can_launch_here(worker) true
#define group_encloses(outer, group) true
#define tsan_release(p) ((void)0)

#include "basis.h"

enum { THREADS = 3, MAIL_NOTES = 2, FOUND = 4 };

struct mailbox {
    struct spinlock lock;
    rl::atomic<size_t> size;
};

#define mailbox_size(box) load_relaxed(&(box)->size)
#define mailbox_lock(box) spin_lock(&(box)->lock)
#define mailbox_unlock(box) spin_unlock(&(box)->lock)


struct ompg_group {
    atomic_bool pried;
    atomic_uchar waiting;
    rl::atomic<struct region *> region;
    struct mailbox mailbox;
};

struct worker;
struct frame;
struct region {
    atomic_int threads, active, calls;
    atomic_bool arming;
    bool may_call;
    struct spinlock call_lock;
    rl::atomic<ompg_group *> mail[MAIL_NOTES];
    struct { rl::atomic<struct worker *> worker; } slots[THREADS];
};

struct worker {
    struct deque deque;
    struct region *region;
    struct frame *frame;
    struct holding *holdings;
    int thread;
    unsigned inlined, foreign;
    int64_t robbed, loot, hold_back;
    struct deque *asked;
};

#define parking_calls(parking) load_relaxed(&region->calls)
static bool launch(struct worker *worker)
{
    add_relaxed(&worker->region->calls, 1);
    return true;
}

#define parking_is_closed(parking) false
#define parking_call(parking) add_relaxed(&region->calls, 1)
static void region_attend(struct worker *worker);
static bool mail_find(struct worker *worker, const ompg_group *awaited, struct task *task);

/* Some of it, at least one. The caller holds the lock. */
static size_t take_mail(ompg_group *group, struct task *tasks, size_t most)
{
    size_t size = mailbox_size(&group->mailbox), n = 1 + rl::rand((unsigned)size);
    RL_ASSERT(n <= size && n <= most);
    store_relaxed(&group->mailbox.size, size - n);
    for (size_t i = 0; i < n; i++)
        tasks[i] = {.fn = NULL, .arg = NULL, .tagged = (uintptr_t)group};
    return n;
}

#include "taken.h"
#include "deques.h"

/* As steal(), once around. */
static bool steal(struct worker *thief, const ompg_group *, enum look look, struct task *task)
{
    struct region *region = thief->region;
    for (int i = 0; i < load_relaxed(&region->threads); i++) {
        struct worker *victim = load_acquire(&region->slots[i].worker);
        if (victim && victim != thief && is_worth_locking(thief, victim, look) &&
            steal_some(thief, victim, look, task))
            return true;
    }
    return false;
}

#include "leave.h"

enum { ONE, TWO, FAILS, WITHOUT, ENTERS, CALLED, MAILED, MAIL_CALLED };

struct model : rl::test_suite<model, THREADS> {
    struct task slots[THREADS][DEQUE_CAPACITY];
    int rings;
    ompg_group group;
    struct region region;
    struct worker workers[THREADS];
    atomic_int missing, over;

    void before()
    {
        the = this;
        rings = 0;
        barrier_works = scenario != WITHOUT;
        barrier_may_fail = scenario == FAILS;
        int threads = scenario == TWO || scenario == FAILS || scenario == CALLED || scenario == MAIL_CALLED ? 3 : 2;
        bool called = scenario == CALLED || scenario == MAIL_CALLED;
        store_relaxed(&group.pried, false);
        store_relaxed(&missing, called ? 1 : 0);
        store_relaxed(&over, 0);
        store_relaxed(&region.threads, threads);
        store_relaxed(&region.active, called ? 2 : threads);
        store_relaxed(&region.calls, 0);
        region.may_call = true;
        store_relaxed(&region.call_lock.locked, 0);
        for (int i = 0; i < MAIL_NOTES; i++)
            store_relaxed(&region.mail[i], (ompg_group *)NULL);
        store_relaxed(&group.waiting, WAIT_BEGUN);
        store_relaxed(&group.region, &region);
        store_relaxed(&group.mailbox.size, 0);
        store_relaxed(&group.mailbox.lock.locked, 0);
        store_relaxed(&region.arming, false);
        static const enum attention attentions[] = {ATTENTION_NONE, ATTENTION_ASKED, ATTENTION_ARMED};
        for (int i = 0; i < THREADS; i++) {
            struct worker *worker = &workers[i];
            worker->thread = i;
            worker->region = &region;
            worker->asked = NULL;
            bool armed = scenario == WITHOUT || called;
            deque_make_empty(&worker->deque, armed ? ATTENTION_ARMED : attentions[rl::rand(3)]);
            bool there = i < threads && !(scenario == ENTERS && i == 0) && !(called && i == 2);
            store_relaxed(&region.slots[i].worker, there ? worker : NULL);
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

    /* From outside, while the waiter, whose slot is the first, runs a long task. */
    void mail()
    {
        for (int n = 1 + rl::rand(2); n > 0; n--) {
            spin_lock(&group.mailbox.lock);
            store_relaxed(&group.mailbox.size, mailbox_size(&group.mailbox) + 1);
            mail_announce(&group);
            spin_unlock(&group.mailbox.lock);
        }
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
        store_release(&region.slots[worker->thread].worker, (struct worker *)NULL);
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
        if (index == 0 && scenario >= MAILED)
            mail();
        else if (index == 0)
            own(&workers[0]);
        else if ((scenario == CALLED || scenario == MAIL_CALLED) && index == 2)
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
        left += load_relaxed(&group.mailbox.size);
        if (scenario >= MAILED) /* whoever has found some goes on with the rest */
            left = load_relaxed(&missing) < (scenario == MAILED ? 1 : 2) ? 0 : left;
        RL_ASSERT(left == 0 || load_relaxed(&missing) == 0 || load_relaxed(&region.calls) > 0);
    }
};

static void *model_ring()
{
    return the->slots[the->rings++];
}

MODEL(model, {"one goes", 100000}, {"two go", 60000}, {"the barrier fails", 30000},
      {"without a barrier", 60000}, {"one enters", 40000}, {"one is called", 200000}, {"mail", 40000}, {"mail, and one is called", 100000})
