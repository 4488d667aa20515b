/*
 * A waiter that sleeps, in a region or before there is one, and two threads from outside that add tasks and let go of
 * holds. It never sleeps on news, and the wait ends when all that was added is over and all holds are done.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/base/bell.h
//@ take src/group/record.h wait_state
//@ into taken.h
//@ take src/base/bell.c bell_ring bell_sleep
//@ take src/group/record.h group_pending group_unfinished
//@ take src/engine/idle.c IDLE_NS idle_listen has_mail idle_await_task
//@ take src/api/group_hold.c ompg_hold ompg_done
//@ take src/api/group_add.c add_by_shared_mail
//@ mutant ringer-looks-first /^void bell_ring/,/^}/{s/    add_seq_cst(&bell->rings, 1);/    bool asleep = load_seq_cst(\&bell->sleepers) > 0; add_seq_cst(\&bell->rings, 1);/;s/if (load_seq_cst(&bell->sleepers) > 0)$/if (asleep)/}
//@ mutant sleeper-is-not-counted s/add_seq_cst(&bell->sleepers, 1)/0/;s/sub_relaxed(&bell->sleepers, 1)/0/
//@ mutant sleeps-unheard s/futex_wait(&bell->rings, heard, ns)/futex_wait(\&bell->rings, (int)load_relaxed(\&bell->rings), ns)/;s/if (load_seq_cst(&bell->rings) == heard)/if (true)/
//@ mutant wakes-nobody s/futex_wake(&bell->rings, INT_MAX)/((void)0)/
//@ mutant looks-into-the-mailbox-unlocked /^static bool has_mail/,/^}/s/mailbox_u*n*lock(&group->mailbox);/;/
//@ mutant awaits-unheard s/bell_sleep(bell_of(group), heard, hold_nap(group))/bell_sleep(bell_of(group), idle_listen(group), hold_nap(group))/
//@ mutant goes-before-the-holds-are-done /^bool idle_await_task/,/^}/s/if (group_unfinished(group) == 0)/if (true)/
//@ mutant done-does-not-ring s/if (holds == 1)/if (false)/
//@ mutant mail-does-not-ring s/if (rings)/if (false)/
//@ mutant done-before-the-hold s/while (!cas_weak_release(&group->holds, &holds, holds - 1))/while (store_relaxed(\&group->holds, holds - 1), false)/
static const int64_t CLOCK_NEVER = INT64_MAX;

#include "basis.h"

struct mailbox {
    struct spinlock lock;
    rl::atomic<size_t> size;
};

struct ompg_group {
    struct mailbox mailbox;
    rl::atomic<size_t> submitted, returned, holds;
    atomic_uchar waiting;
};

#define mailbox_size(box) load_relaxed(&(box)->size)
#define group_over(group) load_acquire(&(group)->returned)
#define group_submitted(group) load_acquire(&(group)->submitted)
#define is_group(group) true
#define mailbox_lock(box) spin_lock(&(box)->lock)
#define mailbox_unlock(box) spin_unlock(&(box)->lock)
#define own_mailbox(group) ((void)0)
#define hold_nap(group) CLOCK_NEVER
#define clock_now() (clock_here += 2 * IDLE_NS)

static int64_t clock_here; /* of the waiter: it sleeps at once */
#define record(group, code) ((void)0)
#define mail_announce(group) (load_relaxed(&(group)->waiting) != NOBODY_WAITS)

static struct bell *bell_of(const void *);

/* As put_in_mailbox. */
static int put_in_mailbox(ompg_group *group, struct task *, bool)
{
    store_relaxed(&group->mailbox.size, mailbox_size(&group->mailbox) + 1);
    add_release(&group->submitted, 1);
    return 0;
}

#include "taken.h"

enum { THREADS = 3 };

struct model : rl::test_suite<model, THREADS> {
    ompg_group group;
    struct bell bell;
    size_t ran, added[2];

    void before();

    /* As wait_for: the mailbox's lock is taken once by whoever claims the wait. False where it is over already. */
    bool begin()
    {
        if (scenario != 3) {
            store_release(&group.waiting, WAIT_BEGUN);
            return true;
        }
        store_relaxed(&group.waiting, WAIT_CLAIMED);
        spin_lock(&group.mailbox.lock);
        spin_unlock(&group.mailbox.lock);
        store_release(&group.waiting, WAIT_BEGUN);
        return idle_await_task(&group);
    }

    /* As region_run_root, which sleeps at once. */
    void wait()
    {
        for (bool goes_on = begin(); goes_on;) {
            int heard = idle_listen(&group);
            if (mailbox_size(&group.mailbox) > 0) {
                spin_lock(&group.mailbox.lock);
                size_t n = mailbox_size(&group.mailbox);
                store_relaxed(&group.mailbox.size, 0);
                spin_unlock(&group.mailbox.lock);
                ran += n;
                add_release(&group.returned, n);
                continue;
            }
            if (group_unfinished(&group) == 0)
                break;
            if (!has_mail(&group))
                bell_sleep(&bell, heard, CLOCK_NEVER);
        }
        RL_ASSERT(load_relaxed(&group.holds) == 0);
        store_release(&group.waiting, NOBODY_WAITS);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            wait();
            return;
        }
        if (scenario == 1) { /* more than one hold at a time */
            ompg_hold(&group);
            RL_ASSERT(ompg_done(&group, 0) == 0);
        }
        if (scenario != 3 || rl::rand(2)) {
            RL_ASSERT(add_by_shared_mail(&group, NULL, true) == 0);
            added[index - 1] = 1;
        }
        while (scenario == 2 && load_acquire(&group.returned) < 2)
            model_pause(); /* nothing else rings until the tasks have run */
        RL_ASSERT(ompg_done(&group, 0) == 0);
    }

    void after()
    {
        RL_ASSERT(ran == added[0] + added[1]);
    }
};

static model *the;

static struct bell *bell_of(const void *)
{
    return &the->bell;
}

void model::before()
{
    the = this;
    ran = added[0] = added[1] = 0;
    clock_here = 1;
    store_relaxed(&group.mailbox.lock.locked, 0);
    store_relaxed(&group.mailbox.size, 0);
    store_relaxed(&group.submitted, 0);
    store_relaxed(&group.returned, 0);
    store_relaxed(&group.holds, 2);
    store_relaxed(&group.waiting, NOBODY_WAITS);
    store_relaxed(&bell.rings, 0);
    store_relaxed(&bell.sleepers, 0);
}

MODEL(model, {"add and let go", 60000}, {"hold, add and let go", 40000},
      {"add, and let go when it has run", 40000}, {"before there is a region", 40000})
