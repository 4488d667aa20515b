/*
 * Running a task. See run.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "run.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static void record_code(ompg_group *group, const struct task *task, int code, ompg_error_kind kind)
{
    ompg_error error = {.code = code, .index = task->index, .kind = kind};
    error.thread = omp_get_thread_num();
    error.seconds = group_seconds(group);
    strncpy(error.task, task_name(task), sizeof error.task - 1);
    group_record(group, &error);
}

void task_note_failure(ompg_group *group, const struct task *task, int code, bool recorded)
{
    if (code == ECANCELED && !recorded && group_stopped(group, task->index)) {
        add_relaxed(&group->cancelled, 1U);
        return;
    }
    add_relaxed(&group->failed, 1U);
    if (!recorded)
        record_code(group, task, code, OMPG_ERROR_TASK);
}

void task_clean_up(const struct task *task)
{
    if (task->tagged & TASK_SHARED) {
        struct task_shared *shared = task->arg;
        if (sub_acq_rel(&shared->references, 1U) == 1)
            shared->release(shared);
    }
    struct task_extra *extra = task_extra(task);
    if (!extra)
        return;
    if (extra->drop)
        extra->drop(extra->arg);
    free(extra);
}

static void count_skipped(struct worker *worker, ompg_group *group)
{
    tsan_release(&group->remote);
    struct counts *counts = counts_for(worker, group);
    bump_release(&counts->skipped, 1U);
}

void task_skip(struct worker *worker, struct task *task)
{
    flush_before_other_group(worker, task_group(task));
    tsan_acquire(&task_group(task)->local);
    task_clean_up(task);
    count_skipped(worker, task_group(task));
}

void task_release_parked(struct worker *worker, ompg_group *group)
{
    struct task task;
    while (deque_make_room(&worker->deque) && gate_next(&group->gate, &task))
        deque_push(&worker->deque, &task);
}

/* All at once, those of a group that has stopped which need no clean-up. */
static void skip_parked(struct worker *worker, ompg_group *group)
{
    size_t n;
    while (group_stopped_hard(group) && (n = gate_skip_plain(&group->gate)) > 0)
        bump_release(&counts_for(worker, group)->skipped, n);
}

/* Gives the place back and takes the next task's; those that fit beside it go to the deque. */
static bool pass_place_on(struct worker *worker, ompg_group *group, double cost, struct task *next)
{
    gate_leave(&group->gate, cost);
    skip_parked(worker, group);
    if (!gate_next(&group->gate, next))
        return false;
    task_release_parked(worker, group);
    return true;
}

/*
 * Tasks that were added before the group had a limit come here without a place. True when the task
 * may go on: it has a place, or it is to be skipped.
 */
static bool pass_gate(ompg_group *group, struct task *task)
{
    if ((task->tagged & TASK_ADMITTED) || !load_relaxed(&group->gated) ||
        group_stopped(group, task->index))
        return true;
    enum gate_verdict verdict = gate_enter(&group->gate, task, true);
    if (verdict == GATE_NO_MEMORY) {
        record_code(group, task, ENOMEM, OMPG_ERROR_LIBRARY);
        group_stop(group, &(ompg_error){.code = 0});
    }
    return verdict != GATE_PARKED;
}

/* A partial task may have any part left to do, also the first. */
static bool must_skip(const struct task *task)
{
    return group_stopped(task_group(task), (task->tagged & TASK_PARTIAL) ? 0 : task->index);
}

/* True when *task was replaced by the next one to run. */
static bool run_one(struct worker *worker, struct task *task)
{
    ompg_group *group = task_group(task);
    if (!pass_gate(group, task))
        return false;
    bool admitted = (task->tagged & TASK_ADMITTED) != 0;
    bool skipped = must_skip(task);
    struct task_extra *extra = task_extra(task);
    double cost = task_cost(task);
    if (!skipped)
        task_call(worker, task, extra ? extra->arg : task->arg);
    else
        flush_before_other_group(worker, group);
    task_clean_up(task);
    struct task next;
    bool more = admitted && pass_place_on(worker, group, cost, &next);
    if (skipped)
        count_skipped(worker, group);
    else
        task_count_returned(worker, group);
    if (more)
        *task = next;
    return more;
}

void task_run_any(struct worker *worker, struct task *task)
{
    struct task current = *task;
    while (run_one(worker, &current))
        ;
}
