/*
 * Region: the life of one outermost wait, from the OpenMP constructs around it to the workers that
 * steal, wait and end in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_REGION_H
#define OMPG_SRC_REGION_H

#include "run.h"

/* The memory of a region. */
struct reserved {
    struct region *region; /* NULL: not reserved */
    struct worker *worker;
};

/*
 * Reserves what running the group here takes, unless that is done; in a worker's thread it takes
 * nothing. For calls that add tasks and wait: these must not be left behind in a group whose wait
 * fails. False when memory is short. The functions that run give it back, or region_unreserve
 * where none was reached.
 */
bool region_reserve(ompg_group *group, struct reserved *reserved);
void region_unreserve(struct reserved *reserved);

/*
 * Opens a region for the group, runs all its tasks and closes the region. The caller is not in a
 * worker's thread, and has reserved the memory.
 */
void region_run(ompg_group *group, struct reserved *reserved);

/*
 * The same for a group without tasks, in a team of its own (region_opens_team), of which each
 * member runs a copy of the task at once, `most` members at most. The task has no extra.
 */
void region_run_team(ompg_group *group, struct reserved *reserved, const struct task *task,
                     int most);
bool region_opens_team(void);

/* Runs tasks of the group and of those nested in it until all of the group's are over. */
void region_wait_nested(struct worker *worker, ompg_group *group);

/* How many threads a region has that the caller would open for the group, or the team it joins. */
int region_threads(const ompg_group *group);

/* The same for a parallel region that is opened in any case. */
int region_threads_outermost(const ompg_group *group);

/*
 * Somebody looked at this worker's deque in vain, or a worker is missing: shares tasks and starts a
 * worker. The owner calls it when it finds deque.attention set.
 */
void region_attend(struct worker *worker);

/*
 * Adds a task that is complete but for its index; returns as ompg_go, or EAGAIN where it must not
 * park. What the task has beside its slot stays the caller's on failure. (add.c)
 */
int task_add(struct task *task, bool may_park);

/* After a push or a run. */
static inline void region_attend_if_asked(struct worker *worker)
{
    if (UNLIKELY(load_relaxed(&worker->deque.attention)))
        region_attend(worker);
}

#endif
