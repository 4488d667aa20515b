/*
 * Statistics while tasks run: how many are inside their functions, have come back, are still to come;
 * and a snapshot always adds up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <time.h>

/* ---- exact, for tasks that are held where they are ---- */

enum { HELD = 9, MOST_INSIDE = 4 };

/* Each task stays inside until as many are let go as came before it, itself included. */
typedef struct hold {
    ompg_group *group;
    event inside, let_go;
} hold;

static int stay_inside(ompg_group *group, void *arg)
{
    hold *self = arg;
    (void)group;
    int ticket = atomic_fetch_add(&self->inside.count, 1) + 1;
    CHECK_AWAIT(&self->let_go, ticket);
    return 0;
}

static void check_running(const ompg_group *group, size_t submitted, size_t running, size_t done)
{
    ompg_stats now = stats_of(group);
    CHECK_INT(now.submitted, submitted);
    CHECK_INT(now.running, running);
    CHECK_INT(now.done, done);
    CHECK_INT(now.failed + now.skipped, 0);
}

/* One after the other is let go, and its thread takes the next one, while there is one. */
static void *count_those_inside(void *arg)
{
    hold *self = arg;
    int threads = ompg_get_threads(self->group);
    for (int over = 0; over + threads <= HELD; over++) {
        CHECK_AWAIT(&self->inside, over + threads);
        check_running(self->group, HELD, (size_t)threads, (size_t)over);
        event_post(&self->let_go);
    }
    for (int i = 1; i < threads; i++)
        event_post(&self->let_go);
    return NULL;
}

static void check_hold(const ompg_options *options)
{
    hold self = {.group = ompg_new(options)};
    pthread_t counter;
    for (int i = 0; i < HELD; i++)
        CHECK_INT(ompg_go(self.group, stay_inside, &self), 0);
    check_running(self.group, HELD, 0, 0);
    if (CHECK_INT(pthread_create(&counter, NULL, count_those_inside, &self), 0)) {
        CHECK_INT(ompg_wait(self.group), 0);
        pthread_join(counter, NULL);
    }
    CHECK_STATS(self.group, HELD, HELD, 0, 0);
    ompg_free(self.group);
}

static void running_are_those_inside(void)
{
    for (int threads = 1; threads <= MOST_INSIDE; threads++) {
        check_hold(&(ompg_options){.threads = threads});
        check_hold(&(ompg_options){.threads = threads, .limit = threads});
        check_hold(&(ompg_options){.threads = threads, .on_error = OMPG_COLLECT});
    }
}

/* arg: how many tasks have come before this one; one thread runs all of them. */
static int look_from_inside(ompg_group *group, void *arg)
{
    size_t *before = arg;
    check_running(group, HELD, 1, (*before)++);
    return 0;
}

static int look_from_an_inner_group(ompg_group *outer, void *arg)
{
    size_t before = 0;
    ompg_group *inner = ompg_new(arg);
    for (int i = 0; i < HELD; i++)
        CHECK_INT(ompg_go(inner, look_from_inside, &before), 0);
    check_running(inner, HELD, 0, 0);
    CHECK_INT(ompg_wait(inner), 0);
    CHECK_INT(before, HELD);
    check_running(inner, HELD, 0, HELD);
    check_running(outer, 1, 1, 0);
    ompg_free(inner);
    return 0;
}

static void a_task_that_looks_is_running(void)
{
    ompg_options named = {.name = "inner"};
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, look_from_an_inner_group, NULL, NULL), 0);
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, look_from_an_inner_group, &named, NULL), 0);
}

static int look_from_a_loop(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    (void)arg;
    CHECK_INT(stats_of(group).running, 1);
    return 0;
}

static void a_part_of_a_loop_is_running(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    CHECK_INT(ompg_for(group, 0, 10, 1, look_from_a_loop, NULL), 0);
    CHECK_INT(stats_of(group).running, 0);
    ompg_free(group);
}

/* ---- seconds ---- */

enum { WHILE_NS = 3000000 };

static int take_a_while(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = WHILE_NS}, NULL);
    return 0;
}

static int take_a_while_and_look(ompg_group *group, void *arg)
{
    double *seen = arg;
    take_a_while(group, NULL);
    *seen = stats_of(group).seconds;
    return 0;
}

static int take_a_while_in_a_loop(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return take_a_while(group, arg);
}

static int set_a_limit(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_set_limit(group, 1);
}

/* Adds a task, waits, and checks that the seconds have grown by what the wait took. */
static void check_seconds(ompg_group *group, ompg_task_fn *fn, void *arg, double least)
{
    double before = stats_of(group).seconds;
    double start = seconds_now();
    CHECK_INT(ompg_go(group, fn, arg), 0);
    CHECK_INT(ompg_wait(group), 0);
    double passed = seconds_now() - start;
    double waited = stats_of(group).seconds - before;
    if (!(CHECK(waited >= least) && CHECK(waited <= passed)))
        fprintf(stderr, "waited %.9f of %.9f s, at least %.9f\n", waited, passed, least);
}

/* A group, with the options or without, of which this task waits; all that takes a while is inside the waits. */
static int wait_within(ompg_group *outer, void *arg)
{
    const double least = (double)WHILE_NS * 1e-9;
    double seen = 0.0;
    (void)outer;
    ompg_group *group = ompg_new(arg);
    CHECK(stats_of(group).seconds == 0.0);
    check_seconds(group, take_a_while, NULL, least);
    check_seconds(group, take_a_while_and_look, &seen, least);
    CHECK(seen >= 2 * least && seen <= stats_of(group).seconds);
    CHECK_INT(ompg_reset(group), 0);
    CHECK(stats_of(group).seconds == 0.0);
    check_seconds(group, set_a_limit, NULL, 0.0);
    check_seconds(group, take_a_while, NULL, least);
    CHECK(stats_of(group).seconds >= least);
    CHECK_INT(ompg_for(group, 0, 1, 1, take_a_while_in_a_loop, NULL), 0);
    CHECK(stats_of(group).seconds >= 2 * least);
    ompg_free(group);
    group = ompg_new(arg); /* perhaps the same record */
    CHECK(stats_of(group).seconds == 0.0);
    ompg_free(group);
    return 0;
}

static void seconds_are_those_of_the_waits(void)
{
    ompg_options named = {.name = "inner"};
    wait_within(NULL, NULL);
    wait_within(NULL, &named);
    for (int threads = 1; threads <= 2; threads++) {
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, wait_within, NULL, NULL), 0);
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, wait_within, &named, NULL), 0);
    }
}

/* ---- consistent, for tasks that come and go ---- */

enum { ADDERS = 50, ADDED = 200, POLLED_WAITS = SANITIZED ? 10 : 400, RUNNING_MOST = 1000 };

typedef struct poll {
    ompg_group *group;
    atomic_bool over;
    event looked;
    long wrong;
} poll;

static void *poll_stats(void *arg)
{
    poll *self = arg;
    size_t submitted = 0;
    while (!atomic_load(&self->over)) {
        ompg_stats now = stats_of(self->group);
        size_t seen = now.done + now.failed + now.skipped + now.running;
        self->wrong += now.running > RUNNING_MOST || seen > now.submitted;
        self->wrong += now.submitted < submitted;
        submitted = now.submitted;
        event_post(&self->looked);
    }
    return NULL;
}

static int fail_tiny(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return EIO;
}

static int add_tiny(ompg_group *group, void *arg)
{
    int code = 0;
    for (int i = 0; i < ADDED && code == 0; i++)
        code = ompg_go(group, do_nothing, arg);
    return code;
}

/* Many waits for as many of the tasks, with somebody looking all the while. */
static void add_up(poll *self, ompg_task_fn *fn, int waits, int tasks, int expected)
{
    pthread_t poller;
    if (!CHECK_INT(pthread_create(&poller, NULL, poll_stats, self), 0))
        return;
    CHECK_AWAIT(&self->looked, 1);
    for (int wait = 0; wait < waits; wait++) {
        for (int i = 0; i < tasks; i++)
            CHECK_INT(ompg_go(self->group, fn, NULL), 0);
        CHECK_INT(ompg_wait(self->group), expected);
    }
    atomic_store(&self->over, true);
    pthread_join(poller, NULL);
    CHECK_INT(self->wrong, 0);
}

static void stats_add_up_while_tasks_run(void)
{
    for (int threads = 1; threads <= 4; threads += 3) {
        poll self = {.group = ompg_new(&(ompg_options){.threads = threads})};
        size_t all = (size_t)POLLED_WAITS * ADDERS * (1 + ADDED);
        add_up(&self, add_tiny, POLLED_WAITS, ADDERS, 0);
        CHECK_STATS(self.group, all, all, 0, 0);
        ompg_free(self.group);
    }
}

/* Each error is kept: few in all. At the end of a wait one that failed must not be running as well. */
static void stats_add_up_while_tasks_fail(void)
{
    enum { WAITS = SANITIZED ? 20 : 400, TASKS = 200 };
    for (int threads = 1; threads <= 4; threads += 3) {
        ompg_options options = {.threads = threads, .on_error = OMPG_COLLECT};
        poll self = {.group = ompg_new(&options)};
        add_up(&self, fail_tiny, WAITS, TASKS, EIO);
        CHECK_STATS(self.group, WAITS * TASKS, 0, WAITS * TASKS, 0);
        ompg_free(self.group);
    }
}

CHECK_MAIN("stats", {"running are those inside", running_are_those_inside},
           {"a task that looks is running", a_task_that_looks_is_running},
           {"a part of a loop is running", a_part_of_a_loop_is_running},
           {"seconds are those of the waits", seconds_are_those_of_the_waits},
           {"stats add up while tasks run", stats_add_up_while_tasks_run},
           {"stats add up while tasks fail", stats_add_up_while_tasks_fail})
