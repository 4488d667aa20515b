/*
 * A program that is compiled with today's headers. What it does with fields that the oldest headers have
 * too works with every library (`new_program`); an old library refuses a field that it does not know, by
 * EINVAL, and does nothing (`new_program old`).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "oldest_rooms.h"

#include <ompgroup.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int runs;

static int count(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    runs++;
    return 0;
}

/* The source of a pipeline without items. */
static int end_at_once(ompg_group *group, void *arg, void **piece)
{
    (void)piece;
    return count(group, arg);
}

/* Each byte that the oldest library does not know, in turn; the struct is what the program made before. */
#define FOR_EACH_LATER_BYTE(at, made, oldest)                                                      \
    for (unsigned char *at = (unsigned char *)&(made) + (oldest),                                  \
                       *past_ = (unsigned char *)(&(made) + 1);                                    \
         at < past_; *at++ = 0)

static void is_refused(void)
{
    ompg_options options = {.limit = 1};
    ompg_task_options task_options = {.cost = 1.0};
    ompg_stage stage = {.fn = end_at_once};
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(NULL);
    FOR_EACH_LATER_BYTE(at, options, OLDEST_OPTIONS)
    {
        *at = 1;
        errno = 0;
        CHECK(ompg_new(&options) == NULL);
        CHECK_INT(errno, EINVAL);
        CHECK_INT(ompg_run(&options, count, NULL, NULL), EINVAL);
    }
    FOR_EACH_LATER_BYTE(at, task_options, OLDEST_TASK_OPTIONS)
    {
        *at = 1;
        CHECK_INT(ompg_go_with(group, count, NULL, &task_options), EINVAL);
    }
    FOR_EACH_LATER_BYTE(at, stage, OLDEST_STAGE)
    {
        *at = 1;
        CHECK_INT(ompg_pipeline(group, &stage, 1, 1), EINVAL);
    }
    options.token = &token;
    FOR_EACH_LATER_BYTE(at, token, OLDEST_TOKEN)
    {
        *at = 1;
        CHECK(ompg_new(&options) == NULL);
    }
    CHECK_INT(runs, 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void works(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_options options = {.name = "new", .limit = 1, .on_error = OMPG_COLLECT, .token = &token};
    const ompg_stage stage = {.fn = end_at_once};
    ompg_stats stats;
    ompg_error error;
    memset(&stats, 0xff, sizeof stats);
    memset(&error, 0xff, sizeof error);
    runs = 0;
    ompg_group *group = ompg_new(&options);
    CHECK_INT(ompg_go(group, count, NULL), 0);
    CHECK_INT(ompg_go_with(group, count, NULL, &(ompg_task_options){.cost = 1.0, .name = "task"}),
              0);
    CHECK_INT(ompg_pipeline(group, &stage, 1, 1), 0);
    CHECK_INT(runs, 3);
    ompg_get_stats(group, &stats);
    CHECK_INT(stats.failed, 0);
    CHECK(stats.submitted >= 2);
    CHECK_INT(ompg_fail(group, EIO, "a message"), EIO);
    CHECK_INT(ompg_get_error(group, &error), 1);
    CHECK_INT(error.code, EIO);
    CHECK(strcmp(error.message, "a message") == 0);
    CHECK(strcmp(error.group, "new") == 0);
    for (size_t i = 0; i < sizeof stats.reserved / sizeof stats.reserved[0]; i++)
        CHECK(stats.reserved[i] == 0);
    for (size_t i = 0; i < sizeof error.reserved / sizeof error.reserved[0]; i++)
        CHECK(error.reserved[i] == 0);
    ompg_free(group);
}

static void fields_that_came_later(int expected)
{
    const ompg_stage stage = {.fn = end_at_once, .unlimited = true};
    CHECK_INT(ompg_run(&(ompg_options){.shielded = true}, count, NULL, NULL), expected);
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, &stage, 1, 1), expected);
}

int main(int argc, char **argv)
{
    bool old = argc > 1 && strcmp(argv[1], "old") == 0;
    works();
    fields_that_came_later(old ? EINVAL : 0);
    runs = 0;
    if (old)
        is_refused();
    return check_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
