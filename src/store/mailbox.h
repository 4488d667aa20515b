/*
 * Mailbox: where tasks lie that come from elsewhere than the region of their group: before its wait, and
 * from threads that do not run its region's tasks. First in, first out.
 *
 * Before a wait mostly one thread adds, and the lock would cost as much as all the rest. So a thread that has put
 * many tasks, one after the other, gets the mailbox for itself:
 *
 *     shared    owner NULL: whoever holds the lock may touch it
 *     owned     owner T: T alone puts tasks, without the lock; whoever takes the lock takes it away from T first
 *
 * Discipline.
 * - `lock` guards all of it, except for the owner. `size` is also looked at without the lock, by whoever looks
 *   again or takes the lock before it sleeps.
 * - owner: written under the lock. T makes itself the owner (mailbox_note_put), where its caller knows that no
 *   wait begins without taking the lock; mailbox_lock sets NULL again.
 * - busy: written by the owner only, while it puts a task.
 * - Dekker's protocol with an asymmetric fence (base/membarrier.h): the owner stores busy, then loads owner;
 *   whoever takes the mailbox away stores owner, has all threads run a barrier, then loads busy. So either the
 *   owner sees that the mailbox is shared, or it is seen to be busy, and waited for. A thread takes its own
 *   mailbox away from itself without that.
 * - Taking it away from another thread costs as much as some hundred puts with the lock: it happens once in
 *   a group's life at most (taken), and after at least OWNED_AFTER puts. Without membarrier no mailbox is owned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_MAILBOX_H
#define OMPG_SRC_MAILBOX_H

#include "base/atomics.h"
#include "base/membarrier.h"
#include "base/spinlock.h"
#include "store/queue.h"

enum { OWNED_AFTER = 500 };

/* Each thread has an address of its own; of a thread that has ended, a later one may have it. */
extern _Thread_local char mailbox_here __attribute__((tls_model("initial-exec")));

/* All zero is an empty mailbox. */
struct mailbox {
    struct spinlock lock;
    atomic_int busy;             /* the owner is at it */
    _Atomic(const char *) owner; /* a thread's address; NULL: none */
    const char *last;            /* who has put the last one, */
    int alone;                   /* and how many before it, one after the other; to OWNED_AFTER */
    bool taken;                  /* away from another thread: it stays shared */
    _Atomic size_t size;         /* tasks in it: of the queue */
    struct queue queue;
};

/* Tasks in it, a moment ago. */
static inline size_t mailbox_size(const struct mailbox *box)
{
    return load_relaxed(&((struct mailbox *)box)->size);
}

/* ---- the lock ---- */

/* Makes it shared again. */
void mailbox_take_away(struct mailbox *box);

static inline void mailbox_lock(struct mailbox *box)
{
    spin_lock(&box->lock);
    if (UNLIKELY(load_relaxed(&box->owner)))
        mailbox_take_away(box);
}

static inline void mailbox_unlock(struct mailbox *box)
{
    spin_unlock(&box->lock);
}

/* In the child of a fork, for a mailbox that is locked: nobody was at it, but one may have been about to look. */
static inline void mailbox_settle(struct mailbox *box)
{
    store_relaxed(&box->busy, 0);
}

void mailbox_clear_slow(struct mailbox *box);

/* Of an empty mailbox, for a new group: nobody has put anything. */
static inline void mailbox_clear(struct mailbox *box)
{
    if (UNLIKELY(box->last != NULL))
        mailbox_clear_slow(box);
}

/* ---- without the lock ---- */

/* True where it is the caller's own, until mailbox_leave_own. */
static inline bool mailbox_enter_own(struct mailbox *box)
{
    if (load_relaxed(&box->owner) != &mailbox_here)
        return false;
    store_relaxed(&box->busy, 1);
    compiler_fence(); /* pairs with membarrier_all in mailbox_take_away */
    if (LIKELY(load_relaxed(&box->owner) == &mailbox_here))
        return true;
    store_relaxed(&box->busy, 0);
    return false;
}

/* To the load_acquire in mailbox_take_away. */
static inline void mailbox_leave_own(struct mailbox *box)
{
    store_release(&box->busy, 0);
}

/* ---- the caller holds the lock, or has entered its own mailbox ---- */

/* False, nothing changed, when memory is short. An empty mailbox needs none. */
static inline bool mailbox_put(struct mailbox *box, const struct task *task)
{
    bool put = (box->queue.newest.count > 0 && queue_extend(&box->queue, task)) ||
               queue_push(&box->queue, task);
    store_relaxed(&box->size, box->queue.size);
    return put;
}

/* ---- the caller holds the lock ---- */

/* It has put a task: after many the mailbox is its own. */
static inline void mailbox_note_put(struct mailbox *box)
{
    if (box->last != &mailbox_here) {
        box->last = &mailbox_here;
        box->alone = 0;
    } else if (box->alone < OWNED_AFTER) {
        box->alone++;
    } else if (!box->taken && membarrier_works()) {
        store_relaxed(&box->owner, &mailbox_here);
    }
}

/* The oldest tasks, at most `most`. Returns how many. */
static inline size_t mailbox_take(struct mailbox *box, struct task *tasks, size_t most)
{
    size_t taken = queue_pop(&box->queue, tasks, most);
    store_relaxed(&box->size, box->queue.size);
    return taken;
}

/* Plain tasks of a group that has stopped, taken away unseen: see queue_skip_plain. */
static inline size_t mailbox_skip_plain(struct mailbox *box)
{
    size_t skipped = queue_skip_plain(&box->queue);
    store_relaxed(&box->size, box->queue.size);
    return skipped;
}

#endif
