/*
 * ompg_current: the group of the innermost task, range or stage that runs on this thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

/* An error site without an argument for the group. */
static int deep_down(void)
{
    return ompg_fail(ompg_current(), EIO, "deep down");
}

static int fail_deep_down(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK(ompg_current() == group);
    return deep_down();
}

static void carries_errors(void)
{
    CHECK(ompg_current() == NULL);
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, do_nothing, NULL);
    ompg_go(group, fail_deep_down, NULL);
    CHECK(ompg_current() == NULL);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(error_of(group).index, 1);
    CHECK_STR(error_of(group).message, "deep down");
    CHECK(ompg_current() == NULL);
    ompg_free(group);
}

/* Waits for groups within, and is itself again afterwards. */
static int nest(ompg_group *group, void *arg)
{
    int *levels = arg;
    CHECK(ompg_current() == group);
    if (*levels == 0)
        return 0;
    int left = *levels - 1;
    ompg_group *inner = ompg_new(NULL);
    CHECK(ompg_current() == group);
    for (int i = 0; i < 3; i++)
        ompg_go(inner, nest, &left);
    CHECK_INT(ompg_wait(inner), 0);
    CHECK(ompg_current() == group);
    ompg_free(inner);
    return 0;
}

static void follows_nesting(void)
{
    int levels = 5;
    CHECK_INT(ompg_run(NULL, nest, &levels, NULL), 0);
}

static int check_here(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK(ompg_current() == group);
    return 0;
}

/* More than a deque holds: some run inside ompg_go of a task of another group. */
static int flood(ompg_group *group, void *arg)
{
    ompg_group *other = arg;
    for (int i = 0; i < 3000; i++) {
        CHECK_INT(ompg_go(other, check_here, NULL), 0);
        CHECK(ompg_current() == group);
    }
    CHECK_INT(ompg_wait(other), 0);
    return 0;
}

static void tasks_inside_of_adding(void)
{
    ompg_group *other = ompg_new(NULL);
    CHECK_INT(ompg_run(NULL, flood, other, NULL), 0);
    ompg_free(other);
}

static int check_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return check_here(group, arg);
}

static int check_fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return check_range(group, begin, end, arg);
}

static int check_stage(ompg_group *group, void *arg, void **slot)
{
    (void)slot;
    return check_here(group, arg);
}

static void ranges_folds_and_stages(void)
{
    char result = 0;
    int items = 50;
    ompg_group *group = ompg_new(NULL);
    const ompg_stage stages[] = {{.mode = OMPG_IN_ORDER, .fn = make_items, .arg = &items},
                                 {.mode = OMPG_PARALLEL, .fn = check_stage},
                                 {.mode = OMPG_IN_ORDER, .fn = check_stage}};
    CHECK_INT(ompg_for(group, 0, 1000, 10, check_range, NULL), 0);
    CHECK_INT(ompg_reduce(group, 0, 1000, 10, &result, 1, check_fold, combine_nothing, NULL), 0);
    CHECK_INT(ompg_pipeline(group, stages, 3, 4), 0);
    CHECK_INT(ompg_join(group, check_here, NULL, check_here, NULL), 0);
    ompg_free(group);
}

/* Checks are made from all threads of the loop's region. */
static void loop_over(ompg_group *group, const ompg_group *running)
{
    atomic_int wrong = 0;
    OMPG_FOR(group, i, 0, 500) {
        if (ompg_current() != group)
            atomic_fetch_add(&wrong, 1);
    }
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK(ompg_current() == running);
}

static int loop_in_a_task(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_group *inner = ompg_new(NULL);
    ompg_group *running = group;
    loop_over(inner, running);
    loop_over(group, running);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    return 0;
}

static void bodies_of_loop_statements(void)
{
    static const ompg_options kinds[] = {{.threads = 0}, {.deterministic = true}};
    for (int i = 0; i < 2; i++) {
        ompg_group *group = ompg_new(&kinds[i]);
        loop_over(group, NULL);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(ompg_go(group, loop_in_a_task, NULL), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

/* One in the other, and a task in between. */
static void loops_and_tasks_in_one_another(void)
{
    atomic_int wrong = 0;
    ompg_group *outer = ompg_new(NULL), *inner = ompg_new(NULL);
    OMPG_FOR(outer, i, 0, 4) {
        if (i != 0)
            continue;
        OMPG_FOR(inner, j, 0, 10) {
            if (ompg_current() != inner)
                atomic_fetch_add(&wrong, 1);
        }
        if (ompg_current() != outer)
            atomic_fetch_add(&wrong, 1);
        if (ompg_run(NULL, loop_in_a_task, NULL, NULL) != 0 || ompg_current() != outer)
            atomic_fetch_add(&wrong, 1);
    }
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK_INT(ompg_wait(outer), 0);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    ompg_free(outer);
}

CHECK_MAIN("current", {"carries errors", carries_errors}, {"follows nesting", follows_nesting},
           {"tasks inside of adding", tasks_inside_of_adding},
           {"ranges, folds and stages", ranges_folds_and_stages},
           {"bodies of loop statements", bodies_of_loop_statements},
           {"loops and tasks in one another", loops_and_tasks_in_one_another})
