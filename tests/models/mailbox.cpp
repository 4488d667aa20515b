/*
 * A mailbox that becomes a thread's own, which adds to it, and is taken away by others: one that adds, and one
 * that begins to wait. Nobody touches it beside another one; what comes after the waiter's first look is told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/group/record.h wait_state
//@ into taken.h
//@ take src/store/mailbox.h
//@ take src/store/mailbox.c
//@ into add.h
//@ take src/api/group_add.c own_mailbox add_by_shared_mail add_by_mail
//@ change s/OWNED_AFTER = 500/OWNED_AFTER = 0/
//@ change /_Thread_local char mailbox_here/d
//@ change s/^    const char \*last; /    shared<const char *> last; /
//@ change s/^    bool taken; /    shared<bool> taken; /
//@ mutant no-barrier s/!membarrier_all()/!barrier_works/
//@ mutant owner-is-not-awaited s/load_acquire(&box->busy)/false/
//@ mutant owner-looks-once s/if (LIKELY(load_relaxed(&box->owner) == &mailbox_here))/if (true)/
//@ mutant owner-is-not-busy /mailbox_enter_own/,/^}/s/store_relaxed(&box->busy, 1);//
//@ mutant nothing-is-taken-away /mailbox_lock/,/^}/s/if (UNLIKELY(load_relaxed(&box->owner)))/if (false)/
//@ mutant stays-owned /^void mailbox_take_away/,/^}/s/store_relaxed(&box->owner, NULL);//
//@ mutant owned-while-waited-for s/ && load_relaxed(&group->waiting) == NOBODY_WAITS//
#include "basis.h"

enum { THREADS = 3, ADDED = 4, BESIDE = 2 };
enum { ONE_ADDS, TWO_ADD, WITHOUT };

struct queue {
    shared<size_t> size;
    struct {
        size_t count;
    } newest;
};

static bool queue_push(struct queue *queue, const struct task *)
{
    rl::ctx().sched(); /* what is not atomic takes its time, too */
    queue->size++;
    return true;
}

#define queue_extend(queue, task) false
#define queue_pop(queue, tasks, most) 0
#define queue_skip_plain(queue) 0

static char here_of[THREADS];
#define mailbox_here here_of[thread_here()]

#include "taken.h"

struct ompg_group {
    struct mailbox mailbox;
    rl::atomic<void *> region;
    atomic_uchar waiting;
};

static size_t rung[THREADS];
#define bell_of(group) NULL
#define bell_ring(bell) rung[thread_here()]++
#define mail_announce(group) (load_acquire(&(group)->waiting) != NOBODY_WAITS)

static int put_in_mailbox(ompg_group *group, struct task *task, bool)
{
    RL_ASSERT(mailbox_put(&group->mailbox, task));
    return 0;
}

#include "add.h"

struct model : rl::test_suite<model, THREADS> {
    ompg_group group;
    size_t seen; /* by the waiter, when it begins */

    void before()
    {
        barrier_works = scenario != WITHOUT;
        barrier_may_fail = false;
        store_relaxed(&group.mailbox.lock.locked, 0);
        store_relaxed(&group.mailbox.busy, 0);
        store_relaxed(&group.mailbox.owner, NULL);
        group.mailbox.last = NULL;
        group.mailbox.alone = 0;
        group.mailbox.taken = false;
        group.mailbox.queue.size = 0;
        group.mailbox.queue.newest.count = 0;
        store_relaxed(&group.mailbox.size, 0);
        store_relaxed(&group.region, NULL);
        store_relaxed(&group.waiting, NOBODY_WAITS);
        seen = 0;
        for (size_t &n : rung)
            n = 0;
    }

    /* As wait_for, from the claim on. */
    void begin_to_wait()
    {
        store_relaxed(&group.waiting, WAIT_CLAIMED);
        mailbox_lock(&group.mailbox);
        seen = group.mailbox.queue.size;
        mailbox_unlock(&group.mailbox);
        store_release(&group.waiting, WAIT_BEGUN);
    }

    size_t adds(unsigned index) { return index == 0 ? ADDED : index == 1 && scenario != ONE_ADDS ? BESIDE : 0; }

    void thread(unsigned index)
    {
        for (size_t i = 0; i < adds(index); i++)
            RL_ASSERT(add_by_mail(&group, NULL, true) == 0);
        if (index == 2)
            begin_to_wait();
    }

    void after()
    {
        size_t put = group.mailbox.queue.size;
        RL_ASSERT(put == adds(0) + adds(1));
        RL_ASSERT(put - rung[0] - rung[1] <= seen);
    }
};

MODEL(model, {"one adds, one waits", 40000}, {"two add, one waits", 40000}, {"without barriers", 10000})
