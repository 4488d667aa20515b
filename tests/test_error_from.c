/*
 * Errors that come from elsewhere: of a nested group, passed on by ompg_fail_from, and of other languages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "printed.h"
#include "tasks.h"

#include <errno.h>

static int fail_reading(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_fail(group, ENOENT, "reading %s", "a.png");
}

/* A nested group in which the fourth task fails. */
static int decode(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(&(ompg_options){.name = arg});
    for (int i = 0; i < 3; i++)
        ompg_go(inner, do_nothing, NULL);
    ompg_go(inner, fail_reading, NULL);
    int code = ompg_wait(inner);
    CHECK_INT(code, ENOENT);
    CHECK_INT(ompg_fail_from(group, inner), ENOENT);
    ompg_free(inner);
    return code;
}

static char decode_name[] = "decode";

static void passes_an_error_on(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "resize"});
    ompg_go(group, do_nothing, NULL);
    ompg_go_with(group, decode, decode_name, &(ompg_task_options){.name = "file"});
    CHECK_INT(ompg_wait(group), ENOENT);
    ompg_error error = error_of(group);
    CHECK_INT(error.code, ENOENT);
    CHECK_INT(error.index, 1);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
    CHECK_STR(error.task, "file");
    CHECK_STR(error.group, "resize");
    CHECK_STR(error.message, "reading a.png");
    CHECK_STR(error.from, "decode index 3");
    CHECK_INT(error.from_index, 3);
    CHECK_INT(stats_of(group).failed, 1); /* the code that the task returned is the same error */
    CHECK_ADDS_UP(group);
    char line[512];
    printed(ompg_print_error, group, line, sizeof line);
    CHECK_CONTAINS(line, "resize: task file index 1 thread ");
    CHECK_CONTAINS(line, "reading a.png, from decode index 3\n");
    printed(ompg_print_short, group, line, sizeof line);
    CHECK_CONTAINS(line, "resize: reading a.png: ");
    ompg_free(group);
}

static void an_inner_group_may_have_no_name(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, decode, NULL);
    CHECK_INT(ompg_wait(group), ENOENT);
    CHECK_STR(error_of(group).from, "unnamed group index 3");
    ompg_free(group);
}

/* Two more groups around it. */
static int unpack(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(&(ompg_options){.name = "unpack"});
    ompg_go(inner, decode, arg);
    int code = ompg_wait(inner);
    ompg_fail_from(group, inner);
    ompg_free(inner);
    return code;
}

static void shows_the_whole_chain(void)
{
    char line[512];
    ompg_group *group = ompg_new(&(ompg_options){.name = "install"});
    ompg_go(group, unpack, decode_name);
    CHECK_INT(ompg_wait(group), ENOENT);
    ompg_error error = error_of(group);
    CHECK_STR(error.message, "reading a.png");
    CHECK_STR(error.from, "unpack index 0 from decode index 3");
    CHECK_INT(error.from_index, 0);
    printed(ompg_print_error, group, line, sizeof line);
    CHECK_CONTAINS(line, "reading a.png, from unpack index 0 from decode index 3\n");
    ompg_free(group);
}

static int sink(ompg_group *group, void *arg)
{
    int *left = arg;
    if ((*left)-- == 0)
        return fail_reading(group, NULL);
    ompg_group *inner = ompg_new(&(ompg_options){.name = "a name of \xc3\xa4 level"});
    ompg_go(inner, sink, left);
    int code = ompg_wait(inner);
    ompg_fail_from(group, inner);
    ompg_free(inner);
    return code;
}

/* The innermost end is cut, between two characters; the message stays whole. */
static void a_long_chain_is_cut(void)
{
    int levels = 20;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, sink, &levels);
    CHECK_INT(ompg_wait(group), ENOENT);
    ompg_error error = error_of(group);
    CHECK_STR(error.message, "reading a.png");
    CHECK_CONTAINS(error.from, "a name of \xc3\xa4 level index 0 from a name of");
    CHECK(strlen(error.from) < sizeof error.from);
    CHECK(strlen(error.from) + 4 >= sizeof error.from);
    ompg_free(group);
}

static int collect_from_all(ompg_group *group, void *arg)
{
    return decode(group, arg);
}

static void every_error_keeps_its_origin(void)
{
    enum { TASKS = 20 };
    const ompg_error *list;
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    for (int i = 0; i < TASKS; i++)
        ompg_go(group, collect_from_all, decode_name);
    CHECK_INT(ompg_wait(group), ENOENT);
    CHECK_INT(ompg_get_errors(group, &list), TASKS);
    for (int i = 0; i < TASKS; i++) {
        CHECK_INT(list[i].index, i);
        CHECK_STR(list[i].from, "decode index 3");
    }
    ompg_free(group);
}

static int pass_on_nothing(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_group *inner = ompg_new(NULL);
    ompg_go(inner, do_nothing, NULL);
    CHECK_INT(ompg_wait(inner), 0);
    CHECK_INT(ompg_fail_from(group, inner), 0);
    ompg_free(inner);
    return 0;
}

static void no_error_is_none(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_fail_from(group, group), EINVAL);
    CHECK_INT(ompg_fail_from(group, NULL), EINVAL);
    CHECK_INT(ompg_fail_from(NULL, group), EINVAL);
    ompg_go(group, pass_on_nothing, NULL);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    ompg_free(group);
}

/* The inner group is stopped by the outer one: that is no error of the task. */
static int pass_the_stop_on(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(NULL);
    ompg_fail(group, *(int *)arg, "the cause");
    CHECK_INT(ompg_go(inner, do_nothing, NULL), ECANCELED);
    int code = ompg_wait(inner);
    CHECK_INT(code, ECANCELED);
    CHECK_INT(ompg_fail_from(group, inner), ECANCELED);
    ompg_free(inner);
    return code;
}

static void a_stop_is_not_passed_back(void)
{
    int cause = EPIPE;
    const ompg_error *list;
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT, .max_errors = 1});
    ompg_go(group, pass_the_stop_on, &cause);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(ompg_get_errors(group, &list), 1);
    CHECK_STR(list[0].message, "the cause");
    ompg_free(group);
}

/* A deadline, or a cancellation, of the inner group's own is the outer task's failure. */
static int stay_until_stopped(ompg_group *group, void *arg)
{
    (void)arg;
    return poll_until_stopped(group) ? ECANCELED : ENOTRECOVERABLE;
}

static int time_out_within(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_group *inner = ompg_new(&(ompg_options){.name = "short", .timeout = 0.01});
    ompg_go(inner, stay_until_stopped, NULL);
    int code = ompg_wait(inner);
    CHECK_INT(ompg_fail_from(group, inner), code);
    ompg_free(inner);
    return code;
}

static void a_deadline_within_is_passed_on(void)
{
    char line[512];
    ompg_group *group = ompg_new(&(ompg_options){.name = "long"});
    ompg_go(group, time_out_within, NULL);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    CHECK_INT(error_of(group).kind, OMPG_ERROR_DEADLINE);
    CHECK_INT(error_of(group).index, 0);
    CHECK_INT(ompg_exit_status(group), 124);
    CHECK_STR(printed(ompg_print_short, group, line, sizeof line),
              "long: timed out after 0.01 s\n");
    ompg_free(group);
}

/* ---- for other languages ---- */

static int fail_with_text(ompg_group *group, void *arg)
{
    return ompg_fail_text(group, *(size_t *)arg, EIO, "100 % of the disk");
}

static void text_is_no_format(void)
{
    size_t index = OMPG_NO_INDEX;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, do_nothing, NULL);
    ompg_go(group, fail_with_text, &index);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(error_of(group).index, 1);
    CHECK_STR(error_of(group).message, "100 % of the disk");
    CHECK_INT(stats_of(group).failed, 1);
    CHECK_ADDS_UP(group);
    ompg_reset(group);
    index = 77;
    ompg_go(group, fail_with_text, &index);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(error_of(group).index, 77);
    ompg_free(group);
}

static void text_may_be_missing(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_fail_text(NULL, 0, EIO, "x"), EINVAL);
    CHECK_INT(ompg_fail_text(group, OMPG_NO_INDEX, 0, NULL), EINVAL);
    CHECK_INT(error_of(group).code, EINVAL);
    CHECK_INT(error_of(group).index, OMPG_NO_INDEX);
    CHECK_STR(error_of(group).message, "");
    ompg_free(group);
}

CHECK_MAIN("error from elsewhere", {"passes an error on", passes_an_error_on},
           {"an inner group may have no name", an_inner_group_may_have_no_name},
           {"shows the whole chain", shows_the_whole_chain},
           {"a long chain is cut", a_long_chain_is_cut},
           {"every error keeps its origin", every_error_keeps_its_origin},
           {"no error is none", no_error_is_none},
           {"a stop is not passed back", a_stop_is_not_passed_back},
           {"a deadline within is passed on", a_deadline_within_is_passed_on},
           {"text is no format", text_is_no_format}, {"text may be missing", text_may_be_missing})
