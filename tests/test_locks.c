/*
 * Locks that a task holds while it calls the library: what group.h says of tasks that run inside
 * ompg_go() and inside a nested wait.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

enum { MANY = 100000 }; /* no buffer of the library is as large */

/* How often a task found the lock held. Only one thread runs them. */
typedef struct locked {
    pthread_mutex_t mutex;
    size_t ran, refused;
} locked;

static int try_mutex(ompg_group *group, void *arg)
{
    locked *self = arg;
    (void)group;
    self->ran++;
    if (pthread_mutex_trylock(&self->mutex) == 0)
        pthread_mutex_unlock(&self->mutex);
    else
        self->refused++;
    return 0;
}

static int go_with_the_mutex(ompg_group *group, void *arg)
{
    locked *self = arg;
    pthread_mutex_lock(&self->mutex);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(ompg_go(group, try_mutex, self), 0);
    pthread_mutex_unlock(&self->mutex);
    return 0;
}

/* Were it not so, the contract would forbid something harmless. */
static void go_in_a_task_may_run_one(void)
{
    locked all = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, go_with_the_mutex, &all, NULL), 0);
    CHECK_INT(all.ran, MANY);
    CHECK(all.refused > 0 && all.refused < MANY);
}

static void go_before_the_wait_runs_none(void)
{
    locked all = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    ompg_group *group = ompg_new(NULL);
    pthread_mutex_lock(&all.mutex);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(ompg_go(group, try_mutex, &all), 0);
    CHECK_INT(all.ran, 0);
    pthread_mutex_unlock(&all.mutex);
    ompg_free(group);
}

/* ---- the nest lock of OpenMP ---- */

typedef struct nest {
    omp_nest_lock_t lock;
    size_t entered;
} nest;

/* Counts the depth at which it enters: 1 would be alone, 0 is kept out. */
static int enter(ompg_group *group, void *arg)
{
    nest *self = arg;
    (void)group;
    int depth = omp_test_nest_lock(&self->lock);
    if (depth > 0)
        omp_unset_nest_lock(&self->lock);
    self->entered += depth == 2;
    return 0;
}

static int hold_and_nest(ompg_group *group, void *arg)
{
    nest *self = arg;
    (void)group;
    omp_set_nest_lock(&self->lock);
    CHECK_INT(ompg_run(NULL, enter, self, NULL), 0);
    CHECK_INT(self->entered, 1);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(ompg_go(group, enter, self), 0);
    CHECK(self->entered > 1); /* inside ompg_go() */
    omp_unset_nest_lock(&self->lock);
    return 0;
}

/* The lock belongs to the OpenMP task, and all of our tasks on a thread are in the same one. */
static void nest_lock_is_open_to_tasks_within(void)
{
    nest all = {.entered = 0};
    omp_init_nest_lock(&all.lock);
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, hold_and_nest, &all, NULL), 0);
    omp_destroy_nest_lock(&all.lock);
}

CHECK_MAIN("locks", {"go in a task may run one", go_in_a_task_may_run_one},
           {"go before the wait runs none", go_before_the_wait_runs_none},
           {"nest lock is open to tasks within", nest_lock_is_open_to_tasks_within})
