/*
 * Running a task: the way from a deque to its function and to the group's counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_RUN_H
#define OMPG_SRC_RUN_H

#include "base/float_control.h"
#include "base/tsan.h"
#include "group/stop.h"
#include "group/worker.h"

#include <assert.h>
#include <errno.h>

/* Whether the code only says that the group has stopped for the task, or refused one of its tasks. */
static inline bool is_consequence(ompg_group *group, const struct frame *frame, int code)
{
    return code == ECANCELED && (frame->refused || group_stopped_hard(group) ||
                                 group_stopped(group, frame->task->index));
}

/*
 * The end of a task that did not simply return 0: counts and records its failure. It gives back the states
 * that it has had before its place goes to another task, which then finds them.
 */
void task_end_slow(ompg_group *group, struct frame *frame, int code);

/* Any task; runs the parked tasks that follow it as well. */
void task_run_slow(struct worker *worker, struct task *task);

/* A parked task that gate.h has started: at once, on the stack of a thread that waits. */
void task_run_started(struct worker *worker, const struct task *task, const struct gate *inherited);

/*
 * Moves parked tasks that have got a place to the worker's deque, and says so; of a shared gate, those of all groups
 * that share it, to where each group's are run. Calls the group's standby if there is budget. NULL worker: from a
 * thread that runs none of them.
 */
void task_release_parked(struct worker *worker, ompg_group *group);

/*
 * Where the deque has had no room for any of them: runs one here, and with its place those that follow.
 * A gate that has just been opened must not be left with nobody who passes places on.
 */
void task_run_parked(struct worker *worker, ompg_group *group);

/*
 * A copy of a task of a loop, which looks itself what there is to do: nothing is skipped here, and it has no place. As
 * a part it was counted before (parts_returned).
 */
void task_run_copy(struct worker *worker, const struct task *task);

/*
 * Gives back a place that was taken for a branch, which the caller makes itself, or has made. The next task goes to
 * the worker's deque: it must not run on top of a join. Without memory it does.
 */
void task_give_place_back(struct worker *worker, ompg_group *group);

/* Calls the drop and frees what the task has beside its slot. */
void task_clean_up(const struct task *task);

/* A build with assertions sees that the task leaves the floating-point control as it was. */
static inline int task_call_function(const struct task *task, ompg_group *group, void *arg)
{
#ifdef NDEBUG
    return task->fn(group, arg);
#else
    uint32_t before = float_control_get();
    int code = task->fn(group, arg);
    assert(float_control_get() == before && "a task changed the floating-point control");
    return code;
#endif
}

/* Calls the function of a task of the group, and settles what it leaves behind. */
static inline void task_call(struct worker *worker, struct task *task, ompg_group *group, void *arg)
{
    struct frame frame;
    frame.prev = worker->frame;
    frame.task = task;
    frame.notes = 0;
    worker->frame = &frame;
    int code = task_call_function(task, group, arg);
    worker->frame = frame.prev;
    if (UNLIKELY(code != 0 || frame.notes != 0))
        task_end_slow(group, &frame, code);
}

static inline void task_call_drop(const struct task *task)
{
    if (!(task->tagged & TASK_EXTRA))
        return;
    const struct task_extra *extra = task->arg;
    if (extra->drop)
        extra->drop(extra->arg);
}

/*
 * The express lane: a task without flags of a group that is this worker's and needs nothing special,
 * while this worker counts for no other group.
 */
static inline bool task_is_express(const struct worker *worker, const ompg_group *group)
{
    return load_relaxed(&((ompg_group *)group)->owner) == worker &&
           !load_relaxed(&((struct worker *)worker)->tally_group) && group_is_express(group);
}

/* A constant says whether the task has a block, which its worker keeps; it has no other flags then either. */
static inline void task_run_express_with(struct worker *worker, struct task *task, bool block)
{
    ompg_group *group = task_group(task);
    bump_relaxed(&group->local.started, 1U);
    task_call(worker, task, group, block ? task_argument(task) : task->arg);
    if (block) {
        task_call_drop(task);
        block_put(&worker->blocks, task->arg);
    }
    bump_release(&group->local.returned, 1U); /* the last touch of the group */
}

static inline void task_run_express(struct worker *worker, struct task *task)
{
    task_run_express_with(worker, task, false);
}

static inline void task_run(struct worker *worker, struct task *task)
{
    if (LIKELY(!(task->tagged & TASK_FLAGS) && task_is_express(worker, task_group(task))))
        task_run_express(worker, task);
    else
        task_run_slow(worker, task);
}

#endif
