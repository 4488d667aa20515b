/*
 * A group that moves from one region to another, while a worker of the first one and a thread of no region add to
 * it: nobody's count is lost, although the owner counts without atomic additions, and outside of regions whoever
 * has the mailbox's lock does, or whose own it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/group/record.h counts wait_state
//@ into mailbox.h
//@ take src/store/mailbox.h
//@ take src/store/mailbox.c
//@ into taken.h
//@ take src/group/record.h group_over group_submitted
//@ take src/group/tally.c group_left
//@ take src/group/tally.h count_at_once
//@ take src/group/home.c settle home_move all_wait leave_home home_claim_slow
//@ take src/group/home.h is_home home_claim
//@ take src/api/group_add.c count_in_mailbox put_in_mailbox own_mailbox add_by_shared_mail add_by_mail
//@ change s/OWNED_AFTER = 500/OWNED_AFTER = 0/
//@ change /_Thread_local char mailbox_here/d
//@ change s/^    const char \*last; /    shared<const char *> last; /
//@ change s/^    bool taken; /    shared<bool> taken; /
//@ mutant moved-is-forgotten s/group->moved ? NULL : owner/owner/
//@ mutant claims-without-lock /^bool home_claim_slow/,/^}/s/mailbox_u*n*lock(box);/;/
//@ mutant moves-without-lock /^void home_move/,/^}/s/mailbox_u*n*lock(&group->mailbox);/;/
//@ mutant puts-without-lock /^static.* int add_by_shared_mail/,/^}/s/mailbox_u*n*lock(&group->mailbox);/;/
//@ mutant stays-ones-own s/if (UNLIKELY(load_relaxed(&box->owner)))/if (false)/
//@ mutant counts-as-outside s/if (!load_relaxed(&group->region)) {/if (true) {/
#include "basis.h"

struct region {
};

struct worker {
    struct region *region;
};

enum { TASK_EXTRA = 1 };

struct task {
    size_t index;
    uintptr_t tagged;
};

struct queue {
    shared<size_t> size;
    struct {
        size_t count;
    } newest;
};

static bool queue_push(struct queue *queue, const struct task *)
{
    queue->size++;
    return true;
}

#define queue_extend(queue, task) false
#define queue_pop(queue, tasks, most) 0
#define queue_skip_plain(queue) 0

enum { THREADS = 3, ADDED = 2, MAILED = 3 };

static char here_of[THREADS];
#define mailbox_here here_of[thread_here()]

#include "mailbox.h"

struct ompg_group {
    struct mailbox mailbox;
    rl::atomic<struct region *> region;
    rl::atomic<struct worker *> owner;
    rl::atomic<size_t> submitted_here, submitted_elsewhere, holds;
    struct counts local, remote;
    atomic_uchar waiting;
    atomic_bool gated, is_default;
    shared<bool> moved;
    struct {
        double added;
    } gate;
};

#define tallied_submissions(region, group) 0
#define gate_parked(gate) 0
#define move_behind_gate(group) ((void)0)
#define finds_place(group, task) true
#define group_next_index(group) 0
#define task_cost(task) 0.0
#define leave_unnumbered(task) ((void)0)
#define bell_of(group) NULL
#define bell_ring(bell) ((void)0)
#define mail_announce(group) false
struct bell;

static bool home_claim_slow(ompg_group *group, struct worker *worker);

#include "taken.h"

struct model : rl::test_suite<model, THREADS> {
    ompg_group group;
    struct region regions[2];
    struct worker workers[2];

    static void clear(struct counts *counts)
    {
        store_relaxed(&counts->started, 0);
        store_relaxed(&counts->returned, 0);
        store_relaxed(&counts->skipped, 0);
    }

    /* Scenario 0: at home with worker 0. 1: outside, with a task. 2: both, one after the other. */
    void before()
    {
        barrier_works = true;
        barrier_may_fail = false;
        bool outside = scenario > 0;
        for (int i = 0; i < 2; i++)
            workers[i].region = &regions[i];
        store_relaxed(&group.region, outside ? NULL : &regions[0]);
        store_relaxed(&group.owner, outside ? NULL : &workers[0]);
        store_relaxed(&group.submitted_here, outside ? 1 : 0);
        store_relaxed(&group.submitted_elsewhere, 0);
        store_relaxed(&group.holds, 0);
        store_relaxed(&group.waiting, NOBODY_WAITS);
        store_relaxed(&group.gated, false);
        store_relaxed(&group.is_default, false);
        store_relaxed(&group.mailbox.lock.locked, 0);
        store_relaxed(&group.mailbox.busy, 0);
        store_relaxed(&group.mailbox.owner, NULL);
        store_relaxed(&group.mailbox.size, 0);
        group.mailbox.last = NULL;
        group.mailbox.alone = 0;
        group.mailbox.taken = false;
        group.mailbox.queue.newest.count = 0;
        clear(&group.local);
        clear(&group.remote);
        group.mailbox.queue.size = outside ? 1 : 0;
        group.moved = false;
        group.gate.added = 0.0;
    }

    /* As counts_for, with the tally handed over. */
    void end_task(struct worker *worker)
    {
        if (load_relaxed(&group.owner) == worker)
            bump_release(&group.local.returned, 1);
        else
            add_release(&group.remote.returned, 1);
    }

    /* As task_add. At home the task runs before the next one is added. */
    void add(struct worker *worker)
    {
        struct task task = {0};
        if (!is_home(worker, &group)) {
            RL_ASSERT(add_by_mail(&group, &task, true) == 0);
            return;
        }
        count_at_once(worker, &group, 1);
        end_task(worker);
    }

    void run_mail(struct worker *worker)
    {
        mailbox_lock(&group.mailbox);
        size_t n = group.mailbox.queue.size;
        group.mailbox.queue.size = 0;
        mailbox_unlock(&group.mailbox);
        while (n-- > 0)
            end_task(worker);
    }

    /* A nested wait in a task of the second region; scenario 2: an outermost one there. */
    void wait(struct worker *worker)
    {
        if (scenario == 2)
            home_move(&group, worker, worker->region);
        else if (!home_claim(&group, worker))
            return;
        add(worker);
        run_mail(worker);
        if (scenario < 2)
            return;
        size_t holds;
        while (group_left(worker->region, &group, &holds) != 0) {
            run_mail(worker);
            model_pause();
        }
        home_move(&group, NULL, NULL);
    }

    void thread(unsigned index)
    {
        if (index == 2) {
            wait(&workers[1]);
            return;
        }
        for (int i = 0; i < (index == 0 ? ADDED : MAILED); i++)
            add(index == 0 ? &workers[0] : NULL);
    }

    void after()
    {
        size_t submitted = group_submitted(&group), over = group_over(&group);
        size_t waiting = group.mailbox.queue.size;
        RL_ASSERT(submitted == over + waiting);
        size_t added = ADDED + MAILED + (scenario > 0);
        RL_ASSERT(submitted == added || submitted == added + 1); /* the waiter's own, if it was not refused */
    }
};

MODEL(model, {"at home elsewhere", 100000}, {"outside", 60000}, {"an outermost wait", 60000})
