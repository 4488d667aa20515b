/*
 * Mailbox: where tasks lie that come from elsewhere than the region of their group: before its wait, and
 * from threads that do not run its region's tasks. First in, first out.
 *
 * Discipline. `lock` guards all of it. `size` is also looked at without the lock, by whoever looks again
 * or takes the lock before it sleeps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_MAILBOX_H
#define OMPG_SRC_MAILBOX_H

#include "base/atomics.h"
#include "base/spinlock.h"
#include "store/queue.h"

/* All zero is an empty mailbox. */
struct mailbox {
    struct spinlock lock;
    _Atomic size_t size; /* tasks in it: of the queue */
    struct queue queue;
};

/* Tasks in it, a moment ago. */
static inline size_t mailbox_size(const struct mailbox *box)
{
    return load_relaxed(&((struct mailbox *)box)->size);
}

/* ---- the caller holds the lock ---- */

/* False, nothing changed, when memory is short. An empty mailbox needs none. */
static inline bool mailbox_put(struct mailbox *box, const struct task *task)
{
    bool put = (box->queue.newest.count > 0 && queue_extend(&box->queue, task)) ||
               queue_push(&box->queue, task);
    store_relaxed(&box->size, box->queue.size);
    return put;
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
