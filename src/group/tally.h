/*
 * Tallies: how a worker counts for groups that it does not own. The invariant is in worker.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_TALLY_H
#define OMPG_SRC_TALLY_H

#include "base/tsan.h"
#include "group/worker.h"

void tally_flush(struct worker *worker);

/* Makes the tally that of a group which the worker does not own. */
void tally_turn_to(struct worker *worker, ompg_group *group);

/* Makes the tally ready for a task of the group, owned or not, to start. */
void tally_before_start(struct worker *worker, ompg_group *group);

/* Before a task goes on that others have interrupted: see the invariant. */
static inline void tally_settle(struct worker *worker)
{
    ompg_group *group = load_relaxed(&worker->tally_group);
    if (group && !runs_task_of(worker, group))
        tally_flush(worker);
}

/* Flushes if the tally is the group's. */
static inline void tally_flush_for(struct worker *worker, ompg_group *group)
{
    if (load_relaxed(&worker->tally_group) == group)
        tally_flush(worker);
}

/* The cell where this worker counts for the group. */
static inline struct counts *counts_for(struct worker *worker, ompg_group *group)
{
    if (LIKELY(load_relaxed(&group->owner) == worker))
        return &group->local;
    if (UNLIKELY(load_relaxed(&worker->tally_group) != group))
        tally_turn_to(worker, group);
    return &worker->tally;
}

/* The same for a task that is about to start: no other group must wait for its end. */
static inline struct counts *counts_for_start(struct worker *worker, ompg_group *group)
{
    bool own = load_relaxed(&group->owner) == worker;
    if (UNLIKELY(load_relaxed(&worker->tally_group) != (own ? NULL : group)))
        tally_before_start(worker, group);
    return own ? &group->local : &worker->tally;
}

/* n tasks, where all can see it, or (size_t)-1 to take one back. */
static inline void count_at_once(const struct worker *worker, ompg_group *group, size_t n)
{
    if (load_relaxed(&group->owner) == worker)
        bump_relaxed(&group->submitted_here, n);
    else
        add_release(&group->submitted_elsewhere, n);
}

/* A task that the worker's running task has added to its own group. */
static inline void count_submitted_hidden(struct worker *worker, ompg_group *group)
{
    bool own = load_relaxed(&group->owner) == worker;
    if (UNLIKELY(!own && load_relaxed(&worker->tally_group) != group))
        tally_turn_to(worker, group);
    bump_relaxed(own ? &group->submitted_here : &worker->tally_submitted, 1U);
}

/* What every task counts once: that it starts, and that it is over, which is its last touch of the group. */
static inline void count_started(struct worker *worker, ompg_group *group)
{
    bump_relaxed(&counts_for_start(worker, group)->started, 1U);
}

static inline void count_returned(struct worker *worker, ompg_group *group)
{
    bump_release(&counts_for(worker, group)->returned, 1U);
}

/* The same for n tasks at once that do not start. */
static inline void count_skipped(struct worker *worker, ompg_group *group, size_t n)
{
    bump_release(&counts_for(worker, group)->skipped, n);
}

/* A task that no worker could be given. The last touch of the group. */
static inline void count_skipped_elsewhere(ompg_group *group)
{
    tsan_release(&group->remote);
    add_release(&group->remote.skipped, 1U);
}

/*
 * What tallies hide, to be read before submitted_elsewhere: a submission that is being flushed meanwhile
 * is seen in one of the two, or in both, which errs on the safe side.
 */
size_t tallied_submissions(struct region *region, ompg_group *group);

/*
 * The tasks of a group in that region that are not over, with what tallies hold, and its holds. Never too
 * few, and both 0 only where all was over at once.
 */
size_t group_left(struct region *region, ompg_group *group, size_t *holds);

/* Whether tallies agree as well, after tasks were pried. */
bool group_is_done_slow(struct region *region, ompg_group *group);

/* True when every task of the group is over, and every hold is done. */
static inline bool group_is_done(struct region *region, ompg_group *group)
{
    if (group_unfinished(group) != 0)
        return false;
    return LIKELY(!load_acquire(&group->pried)) || group_is_done_slow(region, group);
}

/* The same from anywhere: it is the tallies of the group's region that count, not of the caller's. */
static inline bool group_is_idle(ompg_group *group)
{
    struct region *region = load_relaxed(&group->region);
    return region ? group_is_done(region, group) : group_unfinished(group) == 0;
}

#endif
