/* SPDX-License-Identifier: Apache-2.0 */
#include "group/failure.h"
#include "base/openmp.h"
#include "base/text.h"
#include "group/branch.h"
#include "group/elapsed.h"
#include "group/nesting.h"
#include "group/stop.h"

#include <string.h>

/* Stops the group without a cause of its own: its list of errors says why. */
static void stop_by_list(ompg_group *group)
{
    group_stop(group, &(ompg_error){.code = 0});
}

/* Stops a deterministic group for the tasks from this index on. */
static void stop_from(ompg_group *group, size_t index)
{
    size_t lowest = load_relaxed(&group->fail_index);
    while (index < lowest && !cas_weak_relaxed(&group->fail_index, &lowest, index))
        ;
    stop_epoch_bump();
    if (index == OMPG_NO_INDEX)
        stop_by_list(group);
}

static void collect(ompg_group *group, const ompg_error *error)
{
    size_t most = group->max_errors > 0 ? (size_t)group->max_errors : SIZE_MAX;
    if (errors_add(group->errors, error, most) < most)
        return;
    if (group->deterministic)
        stop_from(group, errors_highest(group->errors));
    else
        stop_by_list(group);
}

void group_record(ompg_group *group, const ompg_error *error)
{
    if (group->collect) {
        collect(group, error);
    } else if (group->deterministic) {
        errors_keep_lowest(group->errors, error);
        stop_from(group, error->index);
    } else {
        group_stop(group, error);
    }
}

bool group_first_error(ompg_group *group, ompg_error *error)
{
    ompg_error cause;
    bool has_cause = group_cause(group, &cause);
    bool has_list = group->errors && errors_first(group->errors, error);
    if (!has_cause && !has_list)
        return false;
    if (has_cause && (!has_list || (group->cause_is_first && !group->deterministic)))
        *error = cause;
    memcpy(error->group, group->name, sizeof error->group);
    return true;
}

/* The task, if any, that a failure reported from here belongs to. */
static void describe_task(ompg_group *group, ompg_error *error)
{
    error->index = group_current_index(group);
    struct frame *frame = self ? self->frame : NULL;
    if (!frame || task_group(frame->task) != group)
        return; /* a task of a nested group, which any thread may run, is not the group's */
    frame->failed = true;
    text_copy(error->task, sizeof error->task, task_name(frame->task));
}

/*
 * In a branch that another thread runs than the task's own function, while what comes before it in a serial
 * execution may still fail.
 */
static bool hold_in_branch(ompg_group *group, const ompg_error *error)
{
    const struct frame *frame = self ? self->frame : NULL;
    return group->deterministic && frame && frame_branch(frame) &&
           task_group(frame->task) == group && branch_hold(frame->branch, error);
}

int group_report(ompg_group *group, ompg_error *error)
{
    size_t index = error->index;
    describe_task(group, error);
    if (index != OMPG_NO_INDEX)
        error->index = index;
    error->thread = openmp_thread();
    error->seconds = group_seconds(group);
    if (index != OMPG_NO_INDEX || !hold_in_branch(group, error))
        group_record(group, error);
    return error->code;
}
