/*
 * Errors of a group: recording by its policy, reading, printing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "group/failure.h"
#include "base/openmp.h"
#include "base/text.h"
#include "group/elapsed.h"
#include "group/nesting.h"
#include "group/stop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

/* A message that cannot be printed is as good as its format. */
static OMPG_PRINTF(2, 0) void write_message(ompg_error *error, const char *format,
                                            va_list arguments)
{
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    if (length < 0)
        text_copy(error->message, sizeof error->message, format);
    else if ((size_t)length >= sizeof error->message)
        text_end_whole(error->message);
}

/* Records an error, whose index may be OMPG_NO_INDEX: that of the running task. Returns its code. */
static int report(ompg_group *group, ompg_error *error)
{
    size_t index = error->index;
    describe_task(group, error);
    if (index != OMPG_NO_INDEX)
        error->index = index;
    error->thread = openmp_thread();
    error->seconds = group_seconds(group);
    group_record(group, error);
    return error->code;
}

static ompg_error error_of_task(size_t index, int code)
{
    return (ompg_error){.code = code ? code : EINVAL, .index = index, .kind = OMPG_ERROR_TASK};
}

static OMPG_PRINTF(4, 0) int fail(ompg_group *group, size_t index, int code, const char *format,
                                  va_list arguments)
{
    if (!is_group(group))
        return EINVAL;
    int saved = errno;
    ompg_error error = error_of_task(index, code);
    if (format)
        write_message(&error, format, arguments);
    report(group, &error);
    errno = saved;
    return error.code;
}

int ompg_fail(ompg_group *group, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = fail(group, OMPG_NO_INDEX, code, format, arguments);
    va_end(arguments);
    return result;
}

int ompg_fail_at(ompg_group *group, size_t index, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = fail(group, index, code, format, arguments);
    va_end(arguments);
    return result;
}

int ompg_fail_text(ompg_group *group, size_t index, int code, const char *text)
{
    if (!is_group(group))
        return EINVAL;
    int saved = errno;
    ompg_error error = error_of_task(index, code);
    if (text)
        text_copy(error.message, sizeof error.message, text);
    report(group, &error);
    errno = saved;
    return error.code;
}

/* What the error is to the group that it is passed on to: where it was, and where it came from there. */
static void describe_origin(ompg_error *error)
{
    char from[sizeof error->from] = "";
    text_copy(from, sizeof from, error->group[0] ? error->group : "unnamed group");
    if (error->index != OMPG_NO_INDEX) {
        text_append(from, sizeof from, " index ");
        text_append_number(from, sizeof from, error->index);
    }
    if (error->from[0]) {
        text_append(from, sizeof from, " from ");
        text_append(from, sizeof from, error->from);
    }
    memcpy(error->from, from, sizeof from);
    error->from_index = error->index;
}

/* Whether the inner group has stopped for nothing else than that this one had. */
static bool is_echo(ompg_group *group, const ompg_error *error)
{
    return error->code == ECANCELED && error->kind == OMPG_ERROR_CANCEL &&
           group_stopped(group, group_current_index(group));
}

int ompg_fail_from(ompg_group *group, const ompg_group *inner)
{
    ompg_error error;
    if (!is_group(group) || !is_group(inner) || group == inner)
        return EINVAL;
    if (!group_first_error((ompg_group *)inner, &error))
        return 0;
    if (is_echo(group, &error))
        return error.code;
    int saved = errno;
    describe_origin(&error);
    error.index = OMPG_NO_INDEX;
    error.task[0] = '\0';
    report(group, &error);
    errno = saved;
    return error.code;
}

int ompg_get_error(const ompg_group *group, ompg_error *error)
{
    ompg_error first;
    if (!is_group(group) || !group_first_error((ompg_group *)group, &first))
        return 0;
    if (error)
        *error = first;
    return 1;
}

size_t ompg_get_errors(const ompg_group *group, const ompg_error **list)
{
    const ompg_error *errors = NULL;
    size_t count = 0;
    ompg_error cause;
    if (is_group(group)) {
        ompg_group *mutable_group = (ompg_group *)group;
        bool has_cause = group_cause(mutable_group, &cause);
        if (group->errors)
            count = errors_list(group->errors, has_cause && group->collect ? &cause : NULL,
                                group->name, &errors);
        if (count == 0 && has_cause) {
            memcpy(mutable_group->cause.group, group->name, sizeof group->name);
            errors = &group->cause;
            count = 1;
        }
    }
    if (list)
        *list = errors;
    return count;
}
