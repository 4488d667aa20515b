/*
 * Shielded groups: the stop of what encloses them does not reach them, and what lies in them with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

enum { FILES = 1000, CAUSE = 77 };

static int remove_files(ompg_group *group, size_t begin, size_t end, void *arg)
{
    CHECK(!ompg_stopped(group));
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
    return 0;
}

/* The task of a group within, with groups of its own. */
static int remove_in_groups(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, FILES, 10, remove_files, arg), 0);
    ompg_group *inner = ompg_new(NULL);
    CHECK_INT(ompg_go_for(inner, 0, FILES, 10, remove_files, arg), 0);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    CHECK(!ompg_stopped(group));
    return 0;
}

/* Removes 3 * FILES in parallel; all the same whether what is around it has stopped. */
static void clean_up(atomic_int *removed)
{
    ompg_group *group = ompg_new(&(ompg_options){.shielded = true});
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_go(group, remove_in_groups, removed), 0);
    CHECK_INT(ompg_for(group, 0, FILES, 10, remove_files, removed), 0);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    ompg_free(group);
}

static int fail_and_clean_up(ompg_group *group, void *arg)
{
    ompg_fail(group, CAUSE, "disk full");
    clean_up(arg);
    CHECK(ompg_stopped(group));
    return CAUSE;
}

/* A group that is not shielded does nothing of it. */
static int fail_and_try(ompg_group *group, void *arg)
{
    ompg_fail(group, CAUSE, "disk full");
    return ompg_for(OMPG_DEFAULT, 0, FILES, 10, remove_files, arg);
}

static void cleans_up_after_a_failure(void)
{
    static const ompg_options kinds[] = {{.threads = 0},
                                         {.deterministic = true},
                                         {.on_error = OMPG_COLLECT, .max_errors = 1},
                                         {.limit = 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        atomic_int removed = 0;
        CHECK_INT(ompg_run(&kinds[i], fail_and_clean_up, &removed, NULL), CAUSE);
        CHECK_INT(atomic_load(&removed), 3 * FILES);
        CHECK_INT(ompg_run(&kinds[i], fail_and_try, &removed, NULL), CAUSE);
        CHECK_INT(atomic_load(&removed), 3 * FILES);
    }
}

/* Two levels further in. */
static int nest_and_clean_up(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(NULL), *innermost = ompg_new(NULL);
    ompg_cancel(group, CAUSE);
    CHECK(ompg_stopped(inner));
    clean_up(arg);
    CHECK(ompg_stopped(innermost));
    ompg_free(innermost);
    ompg_free(inner);
    return 0;
}

static int run_within(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_run(NULL, nest_and_clean_up, arg, NULL), CAUSE);
    CHECK(!ompg_stopped(group));
    return 0;
}

static void its_neighbours_are_not_shielded(void)
{
    atomic_int removed = 0;
    CHECK_INT(ompg_run(NULL, run_within, &removed, NULL), 0);
    CHECK_INT(atomic_load(&removed), 3 * FILES);
}

static int clean_up_late(ompg_group *group, void *arg)
{
    CHECK(poll_until_stopped(group));
    clean_up(arg);
    return ECANCELED;
}

static void deadlines_and_tokens_stay_outside(void)
{
    const double to_begin = 0.1; /* seconds in which the task begins */
    atomic_int removed = 0;
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_run(&(ompg_options){.timeout = to_begin}, clean_up_late, &removed, NULL),
              ETIMEDOUT);
    CHECK_INT(atomic_load(&removed), 3 * FILES);
    ompg_token_set_deadline(&token, to_begin);
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, clean_up_late, &removed, NULL), ETIMEDOUT);
    CHECK_INT(atomic_load(&removed), 6 * FILES);
}

/* Made while nothing had stopped, and looked at since. */
static int keep_clean(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_group *shielded = ompg_new(&(ompg_options){.shielded = true});
    ompg_group *other = ompg_new(NULL);
    CHECK(!ompg_stopped(shielded));
    CHECK(!ompg_stopped(other));
    ompg_cancel(group, CAUSE);
    CHECK(!ompg_stopped(shielded));
    CHECK(ompg_stopped(other));
    CHECK_INT(ompg_go(shielded, do_nothing, NULL), 0);
    CHECK_INT(ompg_go(other, do_nothing, NULL), ECANCELED);
    CHECK_INT(ompg_wait(shielded), 0);
    ompg_free(other);
    ompg_free(shielded);
    return 0;
}

static void what_was_cached_does_not_matter(void)
{
    CHECK_INT(ompg_run(NULL, keep_clean, NULL, NULL), CAUSE);
}

/* Its own stops work as ever. */
static int stop_itself(ompg_group *group, void *arg)
{
    (void)arg;
    atomic_int removed = 0;
    ompg_token token = OMPG_TOKEN_INIT;
    const ompg_options options = {.shielded = true, .token = &token, .timeout = 0.01};
    CHECK_INT(ompg_run(&options, clean_up_late, &removed, NULL), ETIMEDOUT);
    ompg_group *shielded = ompg_new(&options);
    ompg_token_cancel(&token, EPIPE);
    CHECK(ompg_stopped(shielded));
    CHECK_INT(ompg_wait(shielded), EPIPE);
    ompg_free(shielded);
    CHECK(!ompg_stopped(group));
    return 0;
}

static void it_has_stops_of_its_own(void)
{
    CHECK_INT(ompg_run(NULL, stop_itself, NULL, NULL), 0);
}

/* The record's next life is not shielded. */
static int use_again(ompg_group *group, void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        ompg_group *shielded = ompg_new(&(ompg_options){.shielded = true});
        ompg_free(shielded);
        ompg_group *plain = ompg_new(i % 2 ? NULL : &(ompg_options){.name = "plain"});
        if (i == 50)
            ompg_cancel(group, CAUSE);
        CHECK(ompg_stopped(plain) == (i >= 50));
        ompg_free(plain);
    }
    return 0;
}

static void the_next_group_is_not_shielded(void)
{
    CHECK_INT(ompg_run(NULL, use_again, NULL, NULL), CAUSE);
}

CHECK_MAIN("shielded", {"cleans up after a failure", cleans_up_after_a_failure},
           {"its neighbours are not shielded", its_neighbours_are_not_shielded},
           {"deadlines and tokens stay outside", deadlines_and_tokens_stay_outside},
           {"what was cached does not matter", what_was_cached_does_not_matter},
           {"it has stops of its own", it_has_stops_of_its_own},
           {"the next group is not shielded", the_next_group_is_not_shielded})
