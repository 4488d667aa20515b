/*
 * Loops that end early: where the hand-out stops, ECANCELED as a cause and as a consequence, loops in
 * loops, deadlines, tokens, cancellations and outer groups, tasks beside loops.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"
#include "tiles.h"

#include <errno.h>
#include <stdint.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

/* ---- which error ---- */

/* A loop that fails from iteration `from` on; the serial one stops there. */
typedef struct wall {
    size_t from;
    int code;
    bool nested; /* does each iteration run a loop of its own? */
    atomic_size_t done;
} wall;

static int run_into_wall(ompg_group *group, size_t begin, size_t end, void *arg)
{
    wall *self = arg;
    (void)group;
    if (end > self->from)
        return self->code;
    atomic_fetch_add(&self->done, end - begin);
    return 0;
}

static void one_thread_stops_at_the_next_sub_range(void)
{
    for (size_t grain = 1; grain <= 100; grain *= 10) {
        wall all = {.from = 500, .code = EIO};
        ompg_group *group = ompg_new(&(ompg_options){.name = "wall", .threads = 1});
        CHECK_INT(ompg_for(group, 0, 1000, grain, run_into_wall, &all), EIO);
        ompg_error error = error_of(group);
        CHECK_INT(atomic_load(&all.done), 500);
        CHECK_INT(error.index, 500);
        CHECK_STR(error.group, "wall");
        CHECK_STATS(group, 1, 0, 1, 0);
        CHECK_INT(ompg_for(group, 0, 1000, grain, run_into_wall, &all), EIO);
        CHECK_INT(atomic_load(&all.done), 500);
        tiles_check_reset(group);
        ompg_free(group);
    }
}

/* ECANCELED is an error like others where nothing has stopped. */
static void ecanceled_can_be_a_cause(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            wall all = {.from = 40, .code = ECANCELED};
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_for(group, 0, 1000, 10, run_into_wall, &all), ECANCELED);
            ompg_error error = error_of(group);
            CHECK_INT(error.kind, OMPG_ERROR_TASK);
            CHECK(deterministic ? error.index == 40 : error.index >= 40 && error.index % 10 == 0);
            CHECK(!deterministic || atomic_load(&all.done) == 40);
            CHECK_ADDS_UP(group);
            ompg_free(group);
        }
    }
}

/* The first sub-range fails when `others` others wait for that, and say ECANCELED then. */
typedef struct chorus {
    event waiting;
    int others;
    atomic_bool failed;
} chorus;

static int fail_or_follow(ompg_group *group, size_t begin, size_t end, void *arg)
{
    chorus *self = arg;
    (void)end;
    if (begin == 0) {
        CHECK_AWAIT(&self->waiting, self->others);
        return EPROTO;
    }
    event_post(&self->waiting);
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void ecanceled_is_no_cause_after_the_stop(void)
{
    for (int threads = 2; threads <= 8; threads++) {
        for (int kind = 0; kind <= 2; kind++) {
            chorus all = {.others = threads - 1};
            ompg_options options = {.threads = threads, .deterministic = kind == 1};
            options.on_error = kind == 2 ? OMPG_COLLECT : OMPG_FAIL_FAST;
            options.max_errors = kind == 2 ? 1 : 0;
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_for(group, 0, (size_t)threads, 1, fail_or_follow, &all), EPROTO);
            CHECK_INT(error_of(group).index, 0);
            CHECK_INT(ompg_get_errors(group, NULL), 1);
            CHECK_STATS(group, threads, 0, 1, threads - 1);
            ompg_free(group);
        }
    }
}

/* Iterations of the outer loop run loops, of which the last iteration fails from `from` on. */
static int run_inner_loop(ompg_group *outer, size_t begin, size_t end, void *arg)
{
    wall *self = arg;
    for (size_t i = begin; i < end; i++) {
        wall below = {.from = i >= self->from ? 29 : SIZE_MAX, .code = (int)(100 + i)};
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
        int code = ompg_for(group, 0, 30, i % 4, run_into_wall, &below);
        CHECK(code == 0 || code == below.code || (code == ECANCELED && ompg_stopped(outer)));
        ompg_free(group);
        if (code == below.code)
            return ompg_fail_at(outer, i, code, "iteration %zu", i);
        if (code != 0)
            return code;
        CHECK_INT(atomic_load(&below.done), 30);
        atomic_fetch_add(&self->done, i < self->from);
    }
    return 0;
}

static void deterministic_loops_nest(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t from = 0; from <= 200; from += 40) {
            wall all = {.from = from};
            ompg_options options = {.threads = teams[team], .deterministic = true};
            ompg_group *group = ompg_new(&options);
            int expected = from < 200 ? 100 + (int)from : 0;
            CHECK_INT(ompg_for(group, 0, 200, from % 3, run_inner_loop, &all), expected);
            CHECK_INT(atomic_load(&all.done), from);
            CHECK_INT(error_of(group).index, from < 200 ? from : 0);
            ompg_free(group);
        }
    }
}

/* ---- stops ---- */

/* Only a stop ends it: too many sub-ranges, or each goes on until it sees the stop. */
typedef struct endless {
    void (*stop)(ompg_group *group, struct endless *self); /* called once; NULL: a deadline */
    ompg_group *outer;
    int code; /* of the wait */
    ompg_error_kind kind;
    ompg_token token;
    bool polls;
    atomic_bool stopped;
} endless;

static int run_endless(ompg_group *group, size_t begin, size_t end, void *arg)
{
    endless *self = arg;
    (void)begin;
    (void)end;
    if (!atomic_load_explicit(&self->stopped, memory_order_relaxed) &&
        !atomic_exchange(&self->stopped, true) && self->stop)
        self->stop(group, self);
    if (!self->polls)
        return 0;
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void stop_by_cancel(ompg_group *group, endless *self)
{
    CHECK_INT(ompg_cancel(group, self->code == ECANCELED ? 0 : self->code), 0);
}

static void stop_by_token(ompg_group *group, endless *self)
{
    (void)group;
    CHECK_INT(ompg_token_cancel(&self->token, self->code), 0);
}

static void stop_by_failure(ompg_group *group, endless *self)
{
    CHECK_INT(ompg_fail_at(group, 0, self->code, NULL), self->code);
}

static void stop_by_outer_group(ompg_group *group, endless *self)
{
    (void)group;
    CHECK_INT(ompg_fail(self->outer, EIO, NULL), EIO);
}

static void *cancel_from_outside(void *arg)
{
    CHECK_INT(ompg_cancel(arg, EINTR), 0);
    return NULL;
}

static void stop_by_stranger(ompg_group *group, endless *self)
{
    pthread_t stranger;
    (void)self;
    if (CHECK_INT(pthread_create(&stranger, NULL, cancel_from_outside, group), 0))
        pthread_join(stranger, NULL);
}

static const endless stops[] = {
    {.code = ETIMEDOUT, .kind = OMPG_ERROR_DEADLINE},
    {.stop = stop_by_cancel, .code = ECANCELED, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_cancel, .code = 77, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_token, .code = 78, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_stranger, .code = EINTR, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_failure, .code = 79, .kind = OMPG_ERROR_TASK},
};

static ompg_options options_for(endless *self)
{
    ompg_options options = {.token = &self->token};
    options.timeout = self->stop ? 0.0 : 0.002;
    return options;
}

static void check_stopped(const endless *self, const ompg_group *group, int code)
{
    bool failed = self->kind == OMPG_ERROR_TASK;
    ompg_error error = error_of(group);
    CHECK_INT(code, self->code);
    CHECK_INT(error.code, self->code);
    CHECK_INT(error.kind, self->kind);
    CHECK_INT(error.index, failed ? 0 : OMPG_NO_INDEX);
    CHECK_INT(stats_of(group).failed, failed ? 1 : 0);
    CHECK_ADDS_UP(group);
}

static void check_stop(const endless *how, ompg_options options, size_t grain, bool polls)
{
    endless all = *how;
    all.polls = polls;
    options.token = &all.token;
    options.timeout = options_for(&all).timeout;
    ompg_group *group = ompg_new(&options);
    check_stopped(&all, group, ompg_for(group, 0, SIZE_MAX, grain, run_endless, &all));
    if (!ompg_token_stopped(&all.token) && options.timeout == 0.0)
        tiles_check_reset(group);
    ompg_free(group);
}

static void every_stop_ends_a_loop(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
            ompg_options plain = {.threads = teams[team]};
            ompg_options limited = {.threads = teams[team], .limit = 3};
            ompg_options lowest = {.threads = teams[team], .deterministic = true};
            ompg_options collecting = {.threads = teams[team], .on_error = OMPG_COLLECT};
            collecting.max_errors = 1;
            check_stop(&stops[i], plain, 0, true);
            check_stop(&stops[i], plain, 1, true);
            check_stop(&stops[i], plain, 1, false);
            check_stop(&stops[i], limited, 1, true);
            check_stop(&stops[i], limited, 1, false);
            if (stops[i].kind != OMPG_ERROR_TASK)
                check_stop(&stops[i], lowest, 1, false);
            check_stop(&stops[i], collecting, 1, false);
        }
    }
}

static int loop_until_outer_stops(ompg_group *outer, void *arg)
{
    endless all = {.stop = stop_by_outer_group, .outer = outer, .code = ECANCELED};
    const bool *polls = arg;
    all.kind = OMPG_ERROR_CANCEL;
    all.polls = *polls;
    ompg_group *group = ompg_new(NULL);
    check_stopped(&all, group, ompg_for(group, 0, SIZE_MAX, 1, run_endless, &all));
    ompg_free(group);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, SIZE_MAX, 1, run_endless, &all), ECANCELED);
    return ECANCELED;
}

static void an_outer_stop_ends_a_loop(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int polls = 0; polls <= 1; polls++) {
            bool does = polls != 0;
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
            CHECK_INT(ompg_go(group, loop_until_outer_stops, &does), 0);
            CHECK_INT(ompg_wait(group), EIO);
            CHECK_ADDS_UP(group);
            tiles_check_reset(group);
            ompg_free(group);
        }
    }
}

static int never_runs(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    CHECK_INT(end - begin, 0);
    return EIO;
}

static void stops_before_the_loop(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *listening = ompg_new(&(ompg_options){.token = &token});
    ompg_group *cancelled = ompg_new(NULL);
    ompg_token_cancel(&token, 55);
    ompg_cancel(cancelled, 66);
    CHECK_INT(ompg_for(listening, 0, 100, 1, never_runs, NULL), 55);
    CHECK_INT(ompg_for(cancelled, 0, 100, 1, never_runs, NULL), 66);
    CHECK_STATS(cancelled, 0, 0, 0, 0);
    ompg_free(listening);
    ompg_free(cancelled);
}

/* A loop that was added while all was well, and meets a stop when it is waited for. */
static void stops_before_the_wait(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    item one = {0};
    ompg_group *group = ompg_new(&(ompg_options){.token = &token, .threads = 7});
    CHECK_INT(ompg_go_for(group, 0, 100, 0, never_runs, NULL), 0);
    CHECK_INT(item_go(group, &one), 0);
    CHECK_INT(ompg_go_for(group, 5, 6, 0, never_runs, NULL), 0);
    ompg_token_cancel(&token, 55);
    CHECK_INT(ompg_wait(group), 55);
    CHECK_INT(items_check_dropped(&one, 1), 0);
    CHECK_INT(stats_of(group).skipped, stats_of(group).submitted);
    CHECK_ADDS_UP(group);
    ompg_free(group);
}

/* ---- beside tasks ---- */

enum { TASKS = 100 };

/* A task fails once the loop runs, which ends by that alone. */
static int fail_when_loop_runs(ompg_group *group, void *arg)
{
    endless *self = arg;
    (void)group;
    while (!atomic_load(&self->stopped))
        sched_yield();
    return EPROTO;
}

static void a_task_stops_a_loop(void)
{
    for (int threads = 2; threads <= 64; threads *= 2) {
        endless all = {.polls = true};
        item items[TASKS] = {{0}};
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        size_t others = (size_t)threads - 1; /* one thread is left for the task */
        CHECK_INT(ompg_go(group, fail_when_loop_runs, &all), 0);
        CHECK_INT(ompg_go_for(group, 0, others, 1, run_endless, &all), 0);
        for (int i = 0; i < TASKS; i++)
            CHECK_INT(item_go(group, &items[i]), 0);
        CHECK_INT(ompg_wait(group), EPROTO);
        CHECK_INT(error_of(group).index, 0);
        items_check_dropped(items, TASKS);
        CHECK_INT(stats_of(group).failed, 1);
        CHECK_ADDS_UP(group);
        tiles_check_reset(group);
        ompg_free(group);
    }
}

static void a_loop_stops_tasks_and_loops(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        wall low = {.from = 0, .code = EDOM};
        wall high = {.from = SIZE_MAX};
        item items[TASKS] = {{0}};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_go_for(group, 10, 20, 0, run_into_wall, &low), 0);
        CHECK_INT(ompg_go_for(group, 0, 100000, 1, run_into_wall, &high), 0);
        for (int i = 0; i < TASKS; i++)
            CHECK_INT(item_go(group, &items[i]), 0);
        CHECK_INT(ompg_wait(group), EDOM);
        items_check_dropped(items, TASKS);
        CHECK_ADDS_UP(group);
        tiles_check_reset(group);
        ompg_free(group);
    }
}

CHECK_MAIN("loop and stop",
           {"one thread stops at the next sub-range", one_thread_stops_at_the_next_sub_range},
           {"ECANCELED can be a cause", ecanceled_can_be_a_cause},
           {"ECANCELED is no cause after the stop", ecanceled_is_no_cause_after_the_stop},
           {"deterministic loops nest", deterministic_loops_nest},
           {"every stop ends a loop", every_stop_ends_a_loop},
           {"an outer stop ends a loop", an_outer_stop_ends_a_loop},
           {"stops before the loop", stops_before_the_loop},
           {"stops before the wait", stops_before_the_wait},
           {"a task stops a loop", a_task_stops_a_loop},
           {"a loop stops tasks and loops", a_loop_stops_tasks_and_loops})
