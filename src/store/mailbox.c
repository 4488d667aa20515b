/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mailbox.h"

enum { STORES_ARRIVE_NS = 1000000 };

_Thread_local char mailbox_here;

/*
 * Where the system has begun to refuse barriers, it naps instead, in which every store of a running processor
 * arrives.
 */
static void fence_owner(struct mailbox *box)
{
    if (!membarrier_all())
        futex_wait(&box->lock.locked, 1, STORES_ARRIVE_NS);
}

static void await_owner(struct mailbox *box)
{
    for (unsigned turn = 1; load_acquire(&box->busy); turn++)
        spin_turn(&box->busy, turn);
}

void mailbox_take_away(struct mailbox *box)
{
    bool own = load_relaxed(&box->owner) == &mailbox_here;
    store_relaxed(&box->owner, NULL);
    if (own)
        return;
    box->taken = true;
    fence_owner(box);
    await_owner(box);
}

void mailbox_clear_slow(struct mailbox *box)
{
    mailbox_lock(box);
    box->last = NULL;
    box->taken = false;
    mailbox_unlock(box);
}
