/*
 * Region: the workers of one outermost wait, how they come, work, wait and go.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_REGION_H
#define OMPG_SRC_REGION_H

#include "engine/run.h"

/* ---- for whoever runs tasks ---- */

/* Runs tasks of the group and of those nested in it until all of the group's are over. */
void region_wait_nested(struct worker *worker, ompg_group *group);

/* The same until the group's gate has room, or the group has stopped. */
void region_wait_room(struct worker *worker, ompg_group *group);

/* Shares all tasks, because this thread must not run them: others may need them. */
void region_share_all(struct worker *worker);

/*
 * Somebody looked at this worker's deque in vain, or a worker is missing: shares tasks and starts a
 * worker. The owner calls it when it finds deque.attention set.
 */
void region_attend(struct worker *worker);

/* After a push or a pop. */
static inline void region_attend_if_asked(struct worker *worker)
{
    if (UNLIKELY(load_relaxed(&worker->deque.attention)))
        region_attend(worker);
}

/* ---- for the session ---- */

/*
 * The worker takes its thread's slot and becomes `self`; `outer` is what self was before. It is active,
 * from before it comes until it finds no work.
 */
void region_enter(struct worker *worker, struct region *region, int thread);
void region_leave(struct worker *worker, struct region *region, struct worker *outer);

/*
 * Starts up to `most` workers on threads that have none, while fewer than `most_pending` are on
 * their way. In a team that was joined, not from a final task, nor from a parallel region that a task
 * has opened: its threads are others.
 */
void region_launch(struct worker *worker, size_t most, int most_pending);

/*
 * Runs a copy of the task that all begin with, and what it has added. Then it waits a moment: the others mostly end
 * theirs too, and to look around would only hold them up. True when the root group is done, and this thread may go
 * to the end of the team; where that takes longer for whoever comes last, only the waiter may before the region closes.
 */
bool region_run_copy(struct worker *worker, const struct task *task);

/* The waiter's part: all of the group's tasks, and what else is in its deque. */
void region_run_root(struct worker *worker, ompg_group *group);

/*
 * Works where this thread has no worker yet, at first on a copy of the task if one is given. The worker is
 * counted as active. Nothing where the thread has one, where the region closes, and without memory for a worker:
 * the others do the work, and the copy counts as skipped. True when the root group is done: no call is to come.
 */
bool region_work(struct region *region, int thread, const struct task *first);

/*
 * For a thread of the region's own team that has no worker: waits until one is called for, which then
 * counts as active. False when the region closes.
 */
bool region_await_call(struct region *region);

/* The root group is done: workers end, and threads that wait for a call go. */
void region_close(struct region *region);

/* The last look of a worker's OpenMP task at its region: whether OpenMP's taskgroup is to be cancelled. */
bool region_root_has_stopped(void *region);

#endif
