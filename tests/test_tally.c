/*
 * Counting, where it can go wrong: tasks that add to groups of which their thread runs none, tasks that
 * run inside ompg_go, a limit that opens while there is no room. Every region has a team of its own size,
 * because these need several threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

enum { THREADS = 4, MANY = 5000 };

/* A group in the task `waits`, and a task of the root that adds to it. */
typedef struct meeting {
    _Atomic(ompg_group *) group;
    event first_runs; /* the group's own task */
    event added;
    event second_over; /* of the tasks that were added */
    event waited;
    event adder_may_end, adder_over;
    bool first_awaits_second;
    int adds;
    atomic_int runs;
} meeting;

static int first(ompg_group *group, void *arg)
{
    meeting *self = arg;
    (void)group;
    event_post(&self->first_runs);
    if (self->first_awaits_second)
        CHECK_AWAIT(&self->second_over, self->adds);
    else
        CHECK_AWAIT(&self->added, 1);
    return 0;
}

static int second(ompg_group *group, void *arg)
{
    meeting *self = arg;
    (void)group;
    atomic_fetch_add(&self->runs, 1);
    event_post(&self->second_over);
    return 0;
}

static ompg_group *meeting_group(meeting *self)
{
    ompg_group *group;
    while ((group = atomic_load(&self->group)) == NULL)
        sched_yield();
    return group;
}

/* Adds, and then computes until the wait is over. */
static int adder(ompg_group *root, void *arg)
{
    meeting *self = arg;
    ompg_group *group = meeting_group(self);
    CHECK_AWAIT(&self->first_runs, 1);
    for (int i = 0; i < 4; i++) /* answers what thieves have asked before */
        ompg_go(root, do_nothing, NULL);
    for (int i = 0; i < self->adds; i++)
        CHECK_INT(ompg_go(group, second, self), 0);
    event_post(&self->added);
    CHECK_AWAIT(&self->waited, 1);
    event_post(&self->adder_over);
    return 0;
}

/* Adds small tasks until another thread runs the group's. */
static void until_it_runs_elsewhere(ompg_group *root, meeting *self)
{
    while (atomic_load(&self->first_runs.count) == 0) {
        ompg_go(root, do_nothing, NULL);
        sched_yield();
    }
}

static int waits(ompg_group *root, void *arg)
{
    meeting *self = arg;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, first, self);
    atomic_store(&self->group, group);
    if (self->first_awaits_second)
        until_it_runs_elsewhere(root, self);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&self->runs), self->adds);
    CHECK_STATS(group, self->adds + 1, self->adds + 1, 0, 0);
    ompg_free(group);

    /* Most likely the same record. */
    group = ompg_new(NULL);
    ompg_go(group, do_nothing, NULL);
    event_post(&self->waited);
    CHECK_AWAIT(&self->adder_over, 1);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 1, 1, 0, 0);
    ompg_free(group);
    return 0;
}

static void meet(bool first_awaits_second, int adds)
{
    meeting it = {.first_awaits_second = first_awaits_second, .adds = adds};
    ompg_group *root = ompg_new(&(ompg_options){.threads = THREADS});
    ompg_go(root, adder, &it);
    ompg_go(root, waits, &it);
    CHECK_INT(ompg_wait(root), 0);
    CHECK_INT(atomic_load(&it.runs), adds);
    ompg_free(root);
}

static void a_wait_waits_for_what_strangers_add(void)
{
    for (int i = 0; i < 20; i++)
        meet(false, 1);
}

static void a_wait_ends_with_the_last_task(void)
{
    for (int i = 0; i < 20; i++)
        meet(true, 1);
}

static void tasks_that_run_inside_go_are_over_at_once(void)
{
    meet(false, MANY);
    meet(true, MANY);
}

/* ---- a full deque while the tally is that of a group further out ---- */

static int fill_deque(ompg_group *group, void *arg)
{
    for (int i = 0; i < MANY; i++)
        CHECK_INT(i % 2 ? ompg_go(group, count_run, arg)
                        : ompg_go_with(group, count_run, arg, &(ompg_task_options){.name = "many"}),
                  0);
    return 0;
}

/* A thief counts this task for the root's owner, and those of the group for itself. */
static int wait_for_many(ompg_group *root, void *runs)
{
    (void)root;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, fill_deque, runs);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, MANY + 1, MANY + 1, 0, 0);
    ompg_free(group);
    return 0;
}

static void a_thief_fills_its_deque_in_a_nested_group(void)
{
    enum { GROUPS = 40 };
    atomic_int runs = 0;
    ompg_group *root = ompg_new(&(ompg_options){.threads = THREADS});
    for (int i = 0; i < GROUPS; i++)
        ompg_go(root, wait_for_many, &runs);
    CHECK_INT(ompg_wait(root), 0);
    CHECK_INT(atomic_load(&runs), GROUPS * MANY);
    CHECK_STATS(root, GROUPS, GROUPS, 0, 0);
    ompg_free(root);
}

/* ---- a limit that opens while there is no room ---- */

typedef struct full_deque {
    ompg_group *limited;
    int adds;
} full_deque;

static int wait_with_a_full_deque(ompg_group *root, void *arg)
{
    const full_deque *self = arg;
    for (int i = 0; i < self->adds; i++)
        ompg_go(root, do_nothing, NULL);
    return ompg_wait(self->limited);
}

static void a_limit_opens_while_the_deque_is_full(void)
{
    for (int threads = 1; threads <= THREADS; threads += THREADS - 1) {
        for (int adds = 2046; adds <= MANY; adds += adds < 2050 ? 1 : 1000) {
            atomic_int runs = 0;
            full_deque it = {.limited = ompg_new(&(ompg_options){.limit = 2}), .adds = adds};
            for (int i = 0; i < 10; i++)
                ompg_go(it.limited, count_run, &runs);
            CHECK_INT(
                ompg_run(&(ompg_options){.threads = threads}, wait_with_a_full_deque, &it, NULL),
                0);
            CHECK_INT(atomic_load(&runs), 10);
            ompg_free(it.limited);
        }
    }
}

/* ---- snapshots ---- */

/* Two groups in turn: each task makes its worker hand over its tally. */
typedef struct pair_of_groups {
    ompg_group *groups[2];
    event stop;
} pair_of_groups;

static int go_on_in_the_other(ompg_group *group, void *arg)
{
    pair_of_groups *self = arg;
    if (atomic_load(&self->stop.count) > 0)
        return 0;
    ompg_group *other = self->groups[group == self->groups[0]];
    int code = ompg_go(other, go_on_in_the_other, self);
    return code == ECANCELED ? 0 : code;
}

/* A thread of its own: these tasks keep all others waiting. */
static void *watch(void *arg)
{
    pair_of_groups *self = arg;
    for (int i = 0; i < 2000; i++) {
        ompg_stats stats = stats_of(self->groups[i % 2]);
        CHECK(stats.done + stats.failed + stats.skipped + stats.running <= stats.submitted);
    }
    event_post(&self->stop);
    return NULL;
}

static int flip(ompg_group *root, void *arg)
{
    pair_of_groups *self = arg;
    (void)root;
    self->groups[0] = ompg_new(NULL);
    self->groups[1] = ompg_new(NULL);
    for (int i = 0; i < 64; i++)
        ompg_go(self->groups[i % 2], go_on_in_the_other, self);
    pthread_t watcher;
    pthread_create(&watcher, NULL, watch, self);
    for (int after = 0; after < 2;
         after += atomic_load(&self->stop.count)) /* each may add to the other */
        for (int i = 0; i < 2; i++)
            CHECK_INT(ompg_wait(self->groups[i]), 0);
    pthread_join(watcher, NULL);
    CHECK_ADDS_UP(self->groups[0]);
    CHECK_ADDS_UP(self->groups[1]);
    ompg_free(self->groups[0]);
    ompg_free(self->groups[1]);
    return 0;
}

static void a_snapshot_comes_while_tallies_are_handed_over(void)
{
    pair_of_groups it = {{NULL, NULL}, {0}};
    CHECK_INT(ompg_run(&(ompg_options){.threads = THREADS}, flip, &it, NULL), 0);
}

CHECK_MAIN("tally", {"a wait waits for what strangers add", a_wait_waits_for_what_strangers_add},
           {"a wait ends with the last task", a_wait_ends_with_the_last_task},
           {"tasks that run inside go are over at once", tasks_that_run_inside_go_are_over_at_once},
           {"a thief fills its deque in a nested group", a_thief_fills_its_deque_in_a_nested_group},
           {"a limit opens while the deque is full", a_limit_opens_while_the_deque_is_full},
           {"a snapshot comes while tallies are handed over",
            a_snapshot_comes_while_tallies_are_handed_over})
