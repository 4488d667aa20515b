/*
 * Running a task: the way from a deque to its function and to the group's counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_RUN_H
#define OMPG_SRC_RUN_H

#include "tsan.h"
#include "worker.h"

/* Counts, records and cleans up after a task that did not simply return 0. */
void task_note_failure(ompg_group *group, const struct task *task, int code, bool recorded);

/* Any task; runs the parked tasks that follow it as well. */
void task_run_any(struct worker *worker, struct task *task);

/* Moves parked tasks that have got a place to the worker's deque. */
void task_release_parked(struct worker *worker, ompg_group *group);

/* Calls the drop and frees what the task has beside its slot. */
void task_clean_up(const struct task *task);

/* Skips a task: its drop is called, its memory freed; it is counted. */
void task_skip(struct worker *worker, struct task *task);

/* A group that this worker counts for must not wait for the end of another group's task. */
static inline void flush_before_other_group(struct worker *worker, const ompg_group *group)
{
    ompg_group *tallied = load_relaxed(&worker->tally_group);
    if (LIKELY(tallied == NULL || tallied == group))
        return;
    if (worker->frame && task_group(worker->frame->task) == tallied)
        return; /* it is waiting for the task below in any case */
    tally_flush(worker);
}

static inline void task_call(struct worker *worker, struct task *task, void *arg)
{
    ompg_group *group = task_group(task);
    flush_before_other_group(worker, group);
    struct counts *counts = counts_for(worker, group);
    bump_relaxed(&counts->started, 1U);
    struct frame frame = {.prev = worker->frame, .task = task};
    worker->frame = &frame;
    tsan_acquire(&group->local);
    int code = task->fn(group, arg);
    worker->frame = frame.prev;
    if (UNLIKELY(code != 0 || frame.failed))
        task_note_failure(group, task, code, frame.failed);
}

/* The last touch of the group by this thread, for this task. */
static inline void task_count_returned(struct worker *worker, ompg_group *group)
{
    tsan_release(&group->remote);
    struct counts *counts = counts_for(worker, group);
    bump_release(&counts->returned, 1U);
}

static inline void task_run(struct worker *worker, struct task *task)
{
    ompg_group *group = task_group(task);
    if (UNLIKELY((task->tagged & TASK_FLAGS) || !group_is_express(group))) {
        task_run_any(worker, task);
        return;
    }
    task_call(worker, task, task->arg);
    task_count_returned(worker, group);
}

#endif
