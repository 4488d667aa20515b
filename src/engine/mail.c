/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mail.h"

#include "engine/steal.h"
#include "group/tally.h"

enum {
    FETCHED = 256, /* tasks moved at once from a mailbox to the waiter's deque, */
    FOUND = 128    /* to another worker's */
};

/* ---- putting ---- */

void mail_open(struct region *region, bool may_call)
{
    spin_lock(&region->call_lock);
    parking_open(&region->parking);
    region->may_call = may_call;
    spin_unlock(&region->call_lock);
}

/* ---- taking ---- */

/* Each task passes the gate, or is parked behind it, in their order. Returns how many have passed. */
static size_t take_gated(ompg_group *group, struct task *tasks, size_t most)
{
    size_t taken = 0;
    for (size_t i = 0; i < most && mailbox_take(&group->mailbox, &tasks[taken], 1); i++) {
        bool admitted = (tasks[taken].tagged & TASK_ADMITTED) != 0;
        if (admitted || gate_enter(&group->gate, &tasks[taken], GATE_ANY_NUMBER) != GATE_PARKED)
            taken++; /* where there was no memory to park it, the task finds that out again */
    }
    return taken;
}

/* The caller holds the lock. */
static size_t take_mail(ompg_group *group, struct task *tasks, size_t most)
{
    if (load_relaxed(&group->gated) && !group_stopped_hard(group))
        return take_gated(group, tasks, most);
    return mailbox_take(&group->mailbox, tasks, most);
}

/* Skips, all at once, tasks of a group that has stopped which need no clean-up. The caller holds the lock. */
static size_t skip(ompg_group *group)
{
    size_t skipped = 0, n;
    while (group_stopped_hard(group) && (n = mailbox_skip_plain(&group->mailbox)) > 0)
        skipped += n;
    return skipped;
}

void mail_fetch_slow(struct worker *worker, ompg_group *group)
{
    struct task batch[FETCHED];
    mailbox_lock(&group->mailbox);
    size_t skipped = skip(group);
    size_t n = take_mail(group, batch, FETCHED), rest = n;
    mailbox_unlock(&group->mailbox);
    if (skipped > 0)
        count_skipped(worker, group, skipped);
    if (load_relaxed(&worker->region->threads) > 1) /* the first one on top */
        while (rest > 0 && deque_push(&worker->deque, &batch[rest - 1]))
            rest--;
    for (size_t i = 0; i < rest; i++)
        task_run(worker, &batch[i]);
    /* A gate must not be left with nobody who passes places on. */
    if (load_relaxed(&group->gated)) {
        task_release_parked(worker, group);
        task_run_parked(worker, group);
    }
}

/* Whether the group, whose mailbox the caller has locked, is waited for in the worker's region. */
static bool is_waited_for_here(const struct worker *worker, ompg_group *group)
{
    return mailbox_size(&group->mailbox) > 0 && load_acquire(&group->waiting) == WAIT_BEGUN &&
           load_relaxed(&group->region) == worker->region;
}

/* From the mailbox of one group. Not inlined: the batch must not be in the frames of nested waits. */
static __attribute__((noinline)) size_t take_noted(struct worker *worker, ompg_group *group,
                                                   const ompg_group *awaited, struct task *task)
{
    struct task batch[FOUND];
    size_t n = 0;
    mailbox_lock(&group->mailbox);
    bool here = is_waited_for_here(worker, group);
    size_t most = awaited ? 1 : FOUND; /* the deque of a nested wait may be full */
    if (here && (!awaited || group_encloses(awaited, group)))
        n = take_mail(group, batch, most);
    bool empty = !here || mailbox_size(&group->mailbox) == 0;
    for (int i = 0; i < MAIL_NOTES && empty; i++) {
        ompg_group *noted = group;
        cas_release(&worker->region->mail[i], &noted, NULL);
    }
    mailbox_unlock(&group->mailbox);
    if (n > 0)
        *task = batch[0];
    for (size_t i = n; i > 1; i--)
        deque_push(&worker->deque, &batch[i - 1]); /* which is empty */
    return n;
}

bool mail_find(struct worker *worker, const ompg_group *awaited, struct task *task)
{
    struct region *region = worker->region;
    for (int i = 0; i < MAIL_NOTES; i++) {
        ompg_group *group = load_acquire(&region->mail[i]);
        if (group && take_noted(worker, group, awaited, task) > 0) {
            worker->robbed = 0;
            return true;
        }
    }
    return false;
}
