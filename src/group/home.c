/* SPDX-License-Identifier: Apache-2.0 */
#include "group/home.h"

#include "base/membarrier.h"
#include "group/stop.h"
#include "group/tally.h"

/*
 * The tasks of a group that has stopped are skipped from the mailbox. Where some are parked already, because
 * the gate is shared, those in the mailbox come behind them one by one.
 */
static void move_behind_gate(ompg_group *group)
{
    struct mailbox *box = &group->mailbox;
    group->gate.added = 0.0;
    if (box->queue.size > 0 && !group_stopped_hard(group) && gate_open(&group->gate, &box->queue))
        store_relaxed(&box->size, 0U);
}

/* The caller holds the mailbox's lock. */
static void settle(ompg_group *group, struct worker *owner, struct region *region)
{
    if (region && !load_relaxed(&group->region) && load_relaxed(&group->gated))
        move_behind_gate(group);
    store_relaxed(&group->owner, group->moved ? NULL : owner);
    store_relaxed(&group->region, region);
}

void home_move(ompg_group *group, struct worker *owner, struct region *region)
{
    mailbox_lock(&group->mailbox);
    settle(group, owner, region);
    mailbox_unlock(&group->mailbox);
}

/* Whether none of the tasks is in flight. */
static bool all_wait(ompg_group *group)
{
    size_t holds;
    size_t waiting = group->mailbox.queue.size + gate_parked(&group->gate);
    return group_left(load_relaxed(&group->region), group, &holds) == waiting;
}

/* Away from a region that may be there still. */
static bool leave_home(ompg_group *group)
{
    if (!all_wait(group))
        return false;
    group->moved = true;
    store_relaxed(&group->is_default, false); /* the next life begins with moved = false */
    settle(group, NULL, NULL);
    return true;
}

bool home_claim_slow(ompg_group *group, struct worker *worker)
{
    struct mailbox *box = &group->mailbox;
    mailbox_lock(box);
    bool leaves = load_relaxed(&group->region) != NULL;
    bool claimed = !leaves || leave_home(group);
    if (claimed && worker)
        settle(group, worker, worker->region);
    mailbox_unlock(box);
    if (leaves && claimed)
        membarrier_all();
    return claimed;
}
