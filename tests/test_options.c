/*
 * Options: {0} and NULL mean the defaults. (Their layout: test_layout.c.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

enum { MANY = 200 };

/* No limit and no budget: none of them would wait behind one. */
static void check_nothing_is_bounded(ompg_group *group)
{
    item items[MANY] = {{0}};
    ompg_task_options dear = {.drop = item_drop, .cost = 1e300};
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(ompg_go_with(group, item_run, &items[i], &dear), 0);
        CHECK_INT(ompg_try_go(group, do_nothing, NULL), 0);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(items_check_dropped(items, MANY), MANY);
    CHECK_STATS(group, 2 * MANY, 2 * MANY, 0, 0);
}

/* Fail-fast, and the first in time is the error, whatever its index. */
static void check_first_error_stops(ompg_group *group)
{
    CHECK_INT(ompg_go(group, do_nothing, NULL), 0);
    CHECK(!ompg_stopped(group));
    ompg_fail_at(group, 5, EIO, "first");
    ompg_fail_at(group, 0, EDOM, "second");
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(error_of(group).index, 5);
    CHECK_STR(error_of(group).group, "");
    CHECK_INT(ompg_get_errors(group, NULL), 1);
    CHECK_INT(ompg_reset(group), 0);
}

static void check_defaults(const ompg_options *options)
{
    ompg_group *group = ompg_new(options);
    if (!CHECK(group != NULL))
        return;
    CHECK_INT(ompg_get_threads(group),
              omp_get_level() > 0 ? omp_get_num_threads() : omp_get_max_threads());
    check_nothing_is_bounded(group);
    CHECK_INT(ompg_reset(group), 0);
    check_first_error_stops(group);
    ompg_free(group);
}

static void zero_equals_the_defaults(void)
{
    check_defaults(NULL);
    check_defaults(&(ompg_options){0});
}

static int check_defaults_in_a_task(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    zero_equals_the_defaults();
    return 0;
}

/* Also where the group's record had other options in an earlier life, and in a group that has them. */
static void zero_equals_the_defaults_after_others(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_options others[] = {
        {.name = "other", .limit = 1, .budget = 0.5, .threads = 2, .token = &token},
        {.on_error = OMPG_COLLECT, .max_errors = 1},
        {.deterministic = true, .timeout = 1e6}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ompg_free(ompg_new(&others[i]));
        zero_equals_the_defaults();
        CHECK_INT(ompg_run(&others[i], check_defaults_in_a_task, NULL, NULL), 0);
    }
}

CHECK_MAIN("options", {"zero equals the defaults", zero_equals_the_defaults},
           {"zero equals the defaults after others", zero_equals_the_defaults_after_others})
