/*
 * Threads that do not run the group's tasks: any of them may add at any time, whoever made the group (more
 * of that in test_mailbox.c); none may wait where the tasks are not. Other tasks of the region may add, and
 * not wait either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "contest.h"
#include "tasks.h"

#include <errno.h>

/* ---- before the wait ---- */

/* What each of several threads adds, one after the other. */
enum { ADDED_BY_EACH = 5, ADDERS = 4 };

typedef struct sum {
    ompg_group *group;
    atomic_int runs;
} sum;

static int run_parts(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
    return 0;
}

/* arg: of the task's copy, where the count is. */
static int count_by_copy(ompg_group *group, void *arg)
{
    return count_run(group, *(atomic_int **)arg);
}

static void *add_in_every_way(void *arg)
{
    sum *self = arg;
    atomic_int *runs = &self->runs;
    CHECK_INT(ompg_go(self->group, count_run, runs), 0);
    CHECK_INT(ompg_go_with(self->group, count_run, runs, &(ompg_task_options){.name = "w"}), 0);
    CHECK_INT(ompg_go_copy(self->group, count_by_copy, (void *)&runs, sizeof runs), 0);
    CHECK_INT(ompg_try_go(self->group, count_run, runs), 0);
    CHECK_INT(ompg_go_for(self->group, 0, 1, 1, run_parts, runs), 0);
    return NULL;
}

/* Runs it in a thread of its own, which is over on return. */
static void in_another_thread(void *(*function)(void *arg), void *arg)
{
    pthread_t thread;
    if (CHECK_INT(pthread_create(&thread, NULL, function, arg), 0))
        pthread_join(thread, NULL);
}

static void *make_group(void *arg)
{
    sum *self = arg;
    self->group = ompg_new(&(ompg_options){.threads = 2});
    return NULL;
}

static void *wait_for_group(void *arg)
{
    sum *self = arg;
    CHECK_INT(ompg_wait(self->group), 0);
    return NULL;
}

static void check_sum(sum *self, int expected)
{
    CHECK_INT(atomic_load(&self->runs), expected);
    CHECK_ADDS_UP(self->group);
    CHECK_INT(stats_of(self->group).failed + stats_of(self->group).skipped, 0);
}

static void other_threads_add_before_the_wait(void)
{
    for (int maker_adds = 0; maker_adds <= 1; maker_adds++) {
        sum self = {0};
        make_group(&self);
        if (maker_adds)
            add_in_every_way(&self);
        for (int i = 0; i < ADDERS; i++)
            in_another_thread(add_in_every_way, &self);
        wait_for_group(&self);
        check_sum(&self, (ADDERS + maker_adds) * ADDED_BY_EACH);
        ompg_free(self.group);
    }
}

static void other_threads_add_between_waits(void)
{
    sum self = {0};
    make_group(&self);
    for (int wait = 1; wait <= 3; wait++) {
        in_another_thread(add_in_every_way, &self);
        wait_for_group(&self);
        check_sum(&self, wait * ADDED_BY_EACH);
    }
    ompg_free(self.group);
}

/* One makes the group, one adds to it, one waits for it; the program's thread frees it. */
static void each_step_has_its_thread(void)
{
    sum self = {0};
    in_another_thread(make_group, &self);
    in_another_thread(add_in_every_way, &self);
    in_another_thread(wait_for_group, &self);
    check_sum(&self, ADDED_BY_EACH);
    ompg_free(self.group);
}

/* Also with threads of OpenMP, those of a region that has nothing to do with the group. */
static ORDERED_BY_OPENMP void threads_of_a_region_add_before_the_wait(void)
{
    sum self = {0};
    make_group(&self);
#pragma omp parallel num_threads(ADDERS)
#pragma omp critical
    add_in_every_way(&self);
    wait_for_group(&self);
    check_sum(&self, ADDERS * ADDED_BY_EACH);
    ompg_free(self.group);
}

/* Its errors say which indices the tasks have. */
static void *add_failing(void *arg)
{
    static int code = EIO;
    CHECK_INT(ompg_go(arg, do_nothing, NULL), 0);
    CHECK_INT(ompg_go(arg, return_code, &code), 0);
    return NULL;
}

static void indices_go_on_from_thread_to_thread(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    for (int i = 0; i < ADDERS; i++)
        in_another_thread(add_failing, group);
    CHECK_INT(ompg_wait(group), EIO);
    if (CHECK_INT(ompg_get_errors(group, &list), ADDERS)) {
        for (size_t i = 0; i < ADDERS; i++)
            CHECK_INT(list[i].index, 2 * i + 1);
    }
    ompg_free(group);
}

/* ---- during the wait ---- */

/* A thread of no region, while the group's wait goes on. */
static void *touch_from_outside(void *arg)
{
    ompg_group *group = arg;
    int code = ompg_wait(group);
    CHECK(code == EBUSY ||
          code == EPERM); /* EPERM: a task of an inner group may start before the wait */
    CHECK_INT(ompg_reset(group), EBUSY);
    CHECK_INT(ompg_set_limit(group, 5), 0);
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK(stats_of(group).submitted <= 2);
    return NULL;
}

static int call_a_stranger(ompg_group *group, void *arg)
{
    pthread_t thread;
    (void)arg;
    if (CHECK_INT(pthread_create(&thread, NULL, touch_from_outside, group), 0))
        pthread_join(thread, NULL);
    return 0;
}

static int call_a_stranger_to_inner(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return ompg_run(NULL, call_a_stranger, NULL, NULL);
}

static void other_threads_may_ask(void)
{
    CHECK_INT(ompg_run(NULL, call_a_stranger, NULL, NULL), 0);
    CHECK_INT(ompg_run(NULL, call_a_stranger_to_inner, NULL, NULL), 0);
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1, .limit = 1}, call_a_stranger, NULL, NULL), 0);
}

static void *wait_from_outside(void *arg)
{
    CHECK_INT(ompg_wait(arg), EPERM);
    return NULL;
}

/* Tasks added inside a region belong to its threads, so a wait elsewhere is refused. */
static int let_a_stranger_wait(ompg_group *group, void *arg)
{
    pthread_t thread;
    ompg_group *inner = ompg_new(NULL);
    (void)group;
    CHECK_INT(ompg_go(inner, count_run, arg), 0);
    if (CHECK_INT(pthread_create(&thread, NULL, wait_from_outside, inner), 0))
        pthread_join(thread, NULL);
    CHECK_INT(ompg_wait(inner), 0);
    CHECK_STATS(inner, 1, 1, 0, 0);
    ompg_free(inner);
    return 0;
}

static void other_threads_may_not_wait(void)
{
    atomic_int runs = 0;
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, let_a_stranger_wait, &runs, NULL), 0);
    CHECK_INT(atomic_load(&runs), 1);
}

/* ---- another task of the region ---- */

/* Parts of what the neighbour of the waiting task asks for that have run. */
static atomic_int neighbour_runs;

static int fold_nothing(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return run_parts(group, begin, end, arg);
}

static int make_nothing(ompg_group *group, void *arg, void **piece)
{
    (void)piece;
    return count_run(group, arg);
}

/* It may add, but not wait beside the other one. Returns what its wait gave. */
static int ask_for_more(ompg_group *group)
{
    atomic_int *runs = &neighbour_runs;
    ompg_stage stage = {.fn = make_nothing, .arg = runs};
    int nothing = 0;
    int code = ompg_wait(group);
    CHECK_INT(ompg_for(group, 0, 10, 1, run_parts, runs), EBUSY);
    CHECK_INT(
        ompg_reduce(group, 0, 10, 1, &nothing, sizeof nothing, fold_nothing, combine_nothing, runs),
        EBUSY);
    CHECK_INT(ompg_pipeline(group, &stage, 1, 1), EBUSY);
    CHECK_INT(atomic_load(runs), 0);
    CHECK_INT(ompg_go_for(group, 0, 10, 1, run_parts, runs), 0);
    return code;
}

static void neighbours_may_add_but_not_wait(void)
{
    ompg_free(contest_run(ask_for_more));
    CHECK_INT(atomic_exchange(&neighbour_runs, 0), 10);
}

CHECK_MAIN("outsiders", {"other threads add before the wait", other_threads_add_before_the_wait},
           {"other threads add between waits", other_threads_add_between_waits},
           {"each step has its thread", each_step_has_its_thread},
           {"threads of a region add before the wait", threads_of_a_region_add_before_the_wait},
           {"indices go on from thread to thread", indices_go_on_from_thread_to_thread},
           {"other threads may ask", other_threads_may_ask},
           {"other threads may not wait", other_threads_may_not_wait},
           {"neighbours may add but not wait", neighbours_may_add_but_not_wait})
