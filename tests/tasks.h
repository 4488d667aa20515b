/*
 * Tasks and drops that several tests use, and checks of a group's statistics.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TASKS_H
#define TASKS_H

#include "check.h"

#include <errno.h>
#include <ompgroup.h>

/* One task whose life is counted; `code` is what it returns. */
typedef struct item {
    atomic_int runs;
    atomic_int drops;
    int code;
} item;

static inline int item_run(ompg_group *group, void *arg)
{
    item *self = arg;
    (void)group;
    CHECK_INT(atomic_load(&self->drops), 0);
    atomic_fetch_add(&self->runs, 1);
    return self->code;
}

static inline void item_drop(void *arg)
{
    item *self = arg;
    atomic_fetch_add(&self->drops, 1);
}

static inline int item_go(ompg_group *group, item *self)
{
    return ompg_go_with(group, item_run, self, &(ompg_task_options){.drop = item_drop});
}

/* Accepted: dropped exactly once, run at most once. Returns how many ran. */
static inline size_t items_check_dropped(item *items, size_t count)
{
    size_t ran = 0;
    for (size_t i = 0; i < count; i++) {
        int runs = atomic_load(&items[i].runs);
        CHECK_INT(atomic_load(&items[i].drops), 1);
        CHECK(runs == 0 || runs == 1);
        ran += (size_t)runs;
    }
    return ran;
}

/* arg: an atomic_int that counts the runs. */
static inline int count_run(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

/* arg: an int, the code to return. */
static inline int return_code(ompg_group *group, void *arg)
{
    (void)group;
    return *(const int *)arg;
}

static inline int do_nothing(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 0;
}

/* What is `above` has nothing to do with what is `below`, and may run on its stack. */
typedef struct circle {
    ompg_group *below, *above;
    int deadlocks;
} circle;

/* arg: a circle. A wait that is refused where it would never end. */
static inline int wait_for_below(ompg_group *group, void *arg)
{
    circle *self = arg;
    (void)group;
    int code = ompg_wait(self->below);
    self->deadlocks += code == EDEADLK;
    CHECK(code == EDEADLK || code == 0);
    return 0;
}

/* A task that says that it has begun, and goes on until it is let go. */
typedef struct held_task {
    event begun, let_go;
} held_task;

static inline int held_task_run(ompg_group *group, void *arg)
{
    held_task *self = arg;
    (void)group;
    event_post(&self->begun);
    CHECK_AWAIT(&self->let_go, 1);
    return 0;
}

/* What a long task does: polls until the group stops. False when it never does. */
static inline bool poll_until_stopped(const ompg_group *group)
{
    double start = seconds_now();
    while (!ompg_stopped(group)) {
        if (seconds_now() - start > CHECK_PATIENCE)
            return false;
        sched_yield();
    }
    return true;
}

static inline ompg_stats stats_of(const ompg_group *group)
{
    ompg_stats stats;
    ompg_get_stats(group, &stats);
    return stats;
}

/* The counters after a wait: all four, or only that they add up. */
#define CHECK_STATS(group, submitted_, done_, failed_, skipped_)                                   \
    do {                                                                                           \
        ompg_stats stats_ = stats_of(group);                                                       \
        CHECK_INT(stats_.submitted, submitted_);                                                   \
        CHECK_INT(stats_.running, 0);                                                              \
        CHECK_INT(stats_.done, done_);                                                             \
        CHECK_INT(stats_.failed, failed_);                                                         \
        CHECK_INT(stats_.skipped, skipped_);                                                       \
    } while (0)

#define CHECK_ADDS_UP(group)                                                                       \
    do {                                                                                           \
        ompg_stats stats_ = stats_of(group);                                                       \
        CHECK_INT(stats_.running, 0);                                                              \
        CHECK_INT(stats_.done + stats_.failed + stats_.skipped, stats_.submitted);                 \
    } while (0)

/* The error of the group, all zero when it has none. */
static inline ompg_error error_of(const ompg_group *group)
{
    ompg_error error = {0};
    ompg_get_error(group, &error);
    return error;
}

/* A small generator, so that a test's random numbers depend on its seed only. */
static inline unsigned random_next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* ---- of reductions and pipelines ---- */

static inline int combine_nothing(ompg_group *group, void *accumulator, const void *other,
                                  void *arg)
{
    (void)accumulator;
    (void)other;
    (void)group;
    (void)arg;
    return 0;
}

/* arg: an int, the items to come. */
static inline int make_items(ompg_group *group, void *arg, void **slot)
{
    int *left = arg;
    (void)group;
    *slot = *left > 0 ? arg : NULL;
    (*left)--;
    return 0;
}

static inline int pass_item(ompg_group *group, void *arg, void **slot)
{
    (void)group;
    (void)arg;
    (void)slot;
    return 0;
}

#endif
