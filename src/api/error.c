/*
 * Errors as values: reporting them and asking for them. As text they are in error_text.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/error.h"

#include "base/text.h"
#include "group/failure.h"
#include "group/nesting.h"
#include "group/stop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
    group_report(group, &error);
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
    group_report(group, &error);
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
    group_report(group, &error);
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
