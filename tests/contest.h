/*
 * Two tasks of a region that want to wait for the same group at once: the second one is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONTEST_H
#define CONTEST_H

#include "check.h"
#include "tasks.h"

#include <ompgroup.h>

#include <errno.h>

/* Tries to wait for the group, and returns what that gave. */
typedef int contest_try(ompg_group *group);

typedef struct contest {
    ompg_group *group;
    contest_try *second;
    held_task held; /* let go when the second one has been refused */
} contest;

/* The task may be stolen before the wait begins. */
static inline int contest_keep_waiting(ompg_group *group, void *arg)
{
    contest *self = arg;
    while (stats_of(group).seconds == 0.0)
        sched_yield();
    return held_task_run(group, &self->held);
}

static inline int contest_wait(ompg_group *group, void *arg)
{
    contest *self = arg;
    (void)group;
    CHECK_INT(ompg_go(self->group, contest_keep_waiting, self), 0);
    CHECK_INT(ompg_wait(self->group), 0);
    return 0;
}

static inline int contest_refuse(ompg_group *group, void *arg)
{
    contest *self = arg;
    (void)group;
    CHECK_AWAIT(&self->held.begun, 1);
    CHECK_INT(self->second(self->group), EBUSY);
    event_post(&self->held.let_go);
    return 0;
}

/* A third task keeps both waiting. Returns the group, whose wait is over. */
static inline ompg_group *contest_run(contest_try *second)
{
    contest all = {.group = ompg_new(NULL), .second = second};
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3});
    ompg_go(group, contest_wait, &all);
    ompg_go(group, contest_refuse, &all);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    return all.group;
}

/* The third task is the only one that the group has had in the end. */
static inline void contest_check(contest_try *second)
{
    ompg_group *group = contest_run(second);
    CHECK_STATS(group, 1, 1, 0, 0);
    ompg_free(group);
}

#endif
