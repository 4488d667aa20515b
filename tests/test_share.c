/*
 * Shared limits: groups whose tasks take their places, and their cost, from another group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>

enum { PER_GROUP = 200, DEPTH = SANITIZED ? 200 : 1000 };

static const int teams[] = {1, 2, 7, 16};

/* A group that is there for its limit and budget only. */
static ompg_group *pool_new(int limit, double budget)
{
    return ompg_new(&(ompg_options){.limit = limit, .budget = budget});
}

/* ---- together no more than the limit ---- */

struct sharers {
    ompg_group *pool;
    gauge all;
    int groups;
};

static int add_gauged(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    for (int i = 0; i < PER_GROUP / 10; i++)
        CHECK_INT(ompg_go(group, run_in_gauge, &self->all), 0);
    return 0;
}

static int wait_for_one(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    for (int i = 0; i < PER_GROUP; i++)
        CHECK_INT(ompg_go(one, run_in_gauge, &self->all), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_STATS(one, PER_GROUP, PER_GROUP, 0, 0);
    ompg_free(one);
    return 0;
}

static void groups_of_one_region_share_a_limit(void)
{
    static const int limits[] = {1, 2, 3, 100};
    for (size_t l = 0; l < 4; l++) {
        for (size_t t = 0; t < 4; t++) {
            struct sharers self = {.pool = pool_new(limits[l], 0.0), .all = {.limit = limits[l]}};
            ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
            for (int i = 0; i < 4; i++)
                CHECK_INT(ompg_go(outer, wait_for_one, &self), 0);
            CHECK_INT(ompg_wait(outer), 0);
            CHECK_INT(atomic_load(&self.all.runs), 4 * PER_GROUP);
            CHECK_INT(atomic_load(&self.all.over), 0);
            ompg_free(outer);
            ompg_free(self.pool);
        }
    }
}

static void *wait_in_a_thread(void *arg)
{
    struct sharers *self = arg;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool, .threads = 2});
    for (int i = 0; i < 10; i++) {
        CHECK_INT(ompg_go(one, add_gauged, self), 0);
        CHECK_INT(ompg_go(one, run_in_gauge, &self->all), 0);
    }
    CHECK_INT(ompg_wait(one), 0);
    CHECK_STATS(one, PER_GROUP + 20, PER_GROUP + 20, 0, 0);
    ompg_free(one);
    return NULL;
}

static void groups_of_two_regions_share_a_limit(void)
{
    for (int limit = 1; limit <= 3; limit++) {
        struct sharers self = {.pool = pool_new(limit, 0.0), .all = {.limit = limit}};
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            CHECK_INT(pthread_create(&threads[i], NULL, wait_in_a_thread, &self), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        CHECK_INT(atomic_load(&self.all.runs), 2 * (PER_GROUP + 10));
        CHECK_INT(atomic_load(&self.all.over), 0);
        ompg_free(self.pool);
    }
}

/* The pool's own tasks count, too. */
static int add_to_pool(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    (void)group;
    for (int i = 0; i < PER_GROUP; i++)
        CHECK_INT(ompg_go(self->pool, run_in_gauge, &self->all), 0);
    CHECK_INT(ompg_wait(self->pool), 0);
    return 0;
}

static void tasks_of_the_pool_count(void)
{
    for (size_t t = 0; t < 4; t++) {
        struct sharers self = {.pool = pool_new(2, 0.0), .all = {.limit = 2}};
        ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
        CHECK_INT(ompg_go(outer, add_to_pool, &self), 0);
        CHECK_INT(ompg_go(outer, wait_for_one, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK_INT(atomic_load(&self.all.runs), 2 * PER_GROUP);
        CHECK_INT(atomic_load(&self.all.over), 0);
        ompg_free(outer);
        ompg_free(self.pool);
    }
}

/* Its own limit is lower than the one that it shares. */
static int own_limit(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    gauge own = {.limit = 1};
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool, .limit = 1});
    CHECK_INT(ompg_get_limit(one), 1);
    for (int i = 0; i < PER_GROUP; i++)
        CHECK_INT(ompg_go(one, run_in_gauge, i % 2 ? &own : &self->all), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(atomic_load(&own.over), 0);
    CHECK_INT(atomic_load(&own.runs), PER_GROUP / 2);
    ompg_free(one);
    return 0;
}

static void both_limits_hold(void)
{
    for (size_t t = 0; t < 4; t++) {
        struct sharers self = {.pool = pool_new(2, 0.0), .all = {.limit = 2}};
        ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
        for (int i = 0; i < 5; i++)
            CHECK_INT(ompg_go(outer, own_limit, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK_INT(atomic_load(&self.all.over), 0);
        ompg_free(outer);
        ompg_free(self.pool);
    }
}

/* ---- no deadlock ---- */

struct nest {
    ompg_group *pool;
    int depth;
};

static int nest(ompg_group *group, void *arg)
{
    struct nest *self = arg, inner = {self->pool, self->depth - 1};
    atomic_int runs = 0;
    (void)group;
    if (self->depth == 0)
        return 0;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_go(one, nest, &inner), 0);
    CHECK_INT(ompg_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(atomic_load(&runs), 1);
    ompg_free(one);
    return 0;
}

/* What runs on a task's stack has its place. */
static void a_task_waits_for_a_group_that_needs_its_place(void)
{
    for (size_t t = 0; t < 4; t++) {
        ompg_group *pool = ompg_new(&(ompg_options){.limit = 1, .threads = teams[t]});
        struct nest self = {pool, DEPTH};
        CHECK_INT(ompg_go(pool, nest, &self), 0);
        CHECK_INT(ompg_wait(pool), 0);
        ompg_free(pool);
    }
}

/* The place is on one stack, and the thread that waits for it has another one. */
struct elsewhere {
    ompg_group *pool;
    event begun;
    atomic_int runs;
};

static int wait_elsewhere(ompg_group *group, void *arg)
{
    struct elsewhere *self = arg;
    (void)group;
    event_post(&self->begun);
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_go(one, count_run, &self->runs), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static int wait_beside(ompg_group *group, void *arg)
{
    struct elsewhere *self = arg;
    (void)group;
    ompg_group *plain = ompg_new(NULL);
    CHECK_INT(ompg_go(plain, wait_elsewhere, self), 0);
    CHECK_INT(ompg_go(plain, wait_elsewhere, self), 0);
    if (ompg_get_threads(plain) > 1)
        CHECK_AWAIT(&self->begun, 1); /* on another thread */
    CHECK_INT(ompg_wait(plain), 0);
    ompg_free(plain);
    return 0;
}

static void the_place_is_on_another_stack(void)
{
    for (int round = 0; round < 50; round++) {
        for (size_t t = 0; t < 3; t++) {
            ompg_group *pool = ompg_new(&(ompg_options){.limit = 1, .threads = teams[t]});
            struct elsewhere self = {.pool = pool};
            CHECK_INT(ompg_go(pool, wait_beside, &self), 0);
            CHECK_INT(ompg_wait(pool), 0);
            CHECK_INT(atomic_load(&self.runs), 20);
            ompg_free(pool);
        }
    }
}

/* The place is a task's that has not started, and that whoever waits must not run. */
static int wait_for_the_other_one(ompg_group *group, void *arg)
{
    ompg_group *pool = arg, *groups[2];
    atomic_int runs[2] = {0, 0};
    (void)group;
    for (int i = 0; i < 2; i++)
        groups[i] = ompg_new(&(ompg_options){.share = pool});
    for (int i = 0; i < 6; i++)
        CHECK_INT(ompg_go(groups[i / 3], count_run, &runs[i / 3]), 0);
    for (int i = 1; i >= 0; i--) {
        CHECK_INT(ompg_wait(groups[i]), 0);
        CHECK_INT(atomic_load(&runs[i]), 3);
        ompg_free(groups[i]);
    }
    return 0;
}

static void the_place_is_with_a_task_that_has_not_started(void)
{
    for (int round = 0; round < 50; round++) {
        for (size_t t = 0; t < 4; t++) {
            ompg_group *pool = pool_new(1 + round % 2, 0.0);
            ompg_options options = {.threads = teams[t]};
            CHECK_INT(ompg_run(&options, wait_for_the_other_one, pool, NULL), 0);
            ompg_free(pool);
        }
    }
}

/* The same where the pool's own task is what has not started, before anybody shares it. */
static int share_a_busy_pool(ompg_group *group, void *arg)
{
    atomic_int runs = 0;
    (void)group;
    (void)arg;
    ompg_group *pool = pool_new(1, 0.0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go(pool, count_run, &runs), 0);
    ompg_group *one = ompg_new(&(ompg_options){.share = pool});
    CHECK_INT(ompg_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    CHECK_INT(ompg_wait(pool), 0);
    CHECK_INT(atomic_load(&runs), 4);
    ompg_free(pool);
    return 0;
}

static void a_pool_is_shared_while_its_tasks_wait(void)
{
    for (int round = 0; round < 50; round++)
        for (size_t t = 0; t < 4; t++)
            CHECK_INT(ompg_run(&(ompg_options){.threads = teams[t]}, share_a_busy_pool, NULL, NULL),
                      0);
}

/* In a join whose second call is stolen, and needs the place of the joiner's stack. */
static int join_leaf(ompg_group *group, void *arg)
{
    struct elsewhere *self = arg;
    return wait_elsewhere(group, self);
}

static int join_first(ompg_group *group, void *arg)
{
    struct elsewhere *self = arg;
    if (ompg_get_threads(group) > 1)
        CHECK_AWAIT(&self->begun, 1); /* the other call has been stolen */
    return 0;
}

static int join_in(ompg_group *group, void *arg)
{
    return ompg_join(group, join_first, arg, join_leaf, arg);
}

static int join_within(ompg_group *group, void *arg)
{
    (void)group;
    return ompg_run(NULL, join_in, arg, NULL);
}

static void a_stolen_branch_needs_the_place(void)
{
    for (int round = 0; round < 20; round++) {
        for (size_t t = 0; t < 3; t++) {
            ompg_group *pool = ompg_new(&(ompg_options){.limit = 1, .threads = teams[t]});
            struct elsewhere self = {.pool = pool};
            CHECK_INT(ompg_go(pool, join_within, &self), 0);
            CHECK_INT(ompg_wait(pool), 0);
            CHECK_INT(atomic_load(&self.runs), 10);
            ompg_free(pool);
        }
    }
}

/* Tasks under one limit wait for a group under another one, and the other way round. */
struct crossing {
    ompg_group *pools[3];
    event begun;
    int across; /* pools that wait for one another in a circle */
    atomic_int waits, runs;
};

static int wait_across(ompg_group *group, void *arg)
{
    struct crossing *self = arg;
    int pool = 0;
    event_post(&self->begun);
    while (self->pools[pool] != group)
        pool++;
    if (ompg_get_threads(group) > self->across)
        CHECK_AWAIT(&self->begun, self->across); /* all have their place */
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pools[(pool + 1) % self->across]});
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_go(one, count_run, &self->runs), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static int wait_for_pool(ompg_group *group, void *arg)
{
    struct crossing *self = arg;
    (void)group;
    ompg_group *pool = self->pools[atomic_fetch_add(&self->waits, 1)];
    CHECK_INT(ompg_go(pool, wait_across, self), 0);
    return ompg_wait(pool);
}

static void limits_wait_for_one_another_in_a_circle(void)
{
    for (int round = 0; round < 10; round++) {
        for (int across = 2; across <= 3; across++) {
            for (size_t t = 0; t < 4; t++) {
                struct crossing self = {.across = across};
                for (int i = 0; i < across; i++)
                    self.pools[i] = pool_new(1, 0.0);
                ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
                for (int i = 0; i < across; i++)
                    CHECK_INT(ompg_go(outer, wait_for_pool, &self), 0);
                CHECK_INT(ompg_wait(outer), 0);
                ompg_free(outer);
                CHECK_INT(atomic_load(&self.runs), 10 * across);
                for (int i = 0; i < across; i++)
                    ompg_free(self.pools[i]);
            }
        }
    }
}

/* ---- chains, costs, what else takes places ---- */

static int run_in_chain(ompg_group *group, void *arg)
{
    gauge *gauges = arg; /* of the middle, of the root */
    (void)group;
    gauge_enter(&gauges[0], 0);
    run_in_gauge(group, &gauges[1]);
    gauge_leave(&gauges[0], 0);
    return 0;
}

struct chain {
    ompg_group *root, *middle;
    gauge gauges[2];
};

static int wait_in_chain(ompg_group *group, void *arg)
{
    struct chain *self = arg;
    (void)group;
    ompg_group *leaf = ompg_new(&(ompg_options){.share = self->middle});
    ompg_group *beside = ompg_new(&(ompg_options){.share = self->root});
    for (int i = 0; i < PER_GROUP; i++) {
        CHECK_INT(ompg_go(leaf, run_in_chain, self->gauges), 0);
        CHECK_INT(ompg_go(beside, run_in_gauge, &self->gauges[1]), 0);
    }
    CHECK_INT(ompg_wait(leaf), 0);
    CHECK_INT(ompg_wait(beside), 0);
    ompg_free(leaf);
    ompg_free(beside);
    return 0;
}

static void a_chain_of_three(void)
{
    for (size_t t = 0; t < 4; t++) {
        struct chain self = {.root = pool_new(3, 0.0), .gauges = {{.limit = 2}, {.limit = 3}}};
        self.middle = ompg_new(&(ompg_options){.share = self.root, .limit = 2});
        ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
        for (int i = 0; i < 4; i++)
            CHECK_INT(ompg_go(outer, wait_in_chain, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK_INT(atomic_load(&self.gauges[0].over) + atomic_load(&self.gauges[1].over), 0);
        CHECK_INT(atomic_load(&self.gauges[1].runs), 8 * PER_GROUP);
        ompg_free(outer);
        ompg_free(self.middle);
        ompg_free(self.root);
    }
}

struct priced {
    gauge *all;
    unsigned cost;
};

static int run_priced(ompg_group *group, void *arg)
{
    struct priced *self = arg;
    (void)group;
    gauge_enter(self->all, self->cost);
    sched_yield();
    gauge_leave(self->all, self->cost);
    return 0;
}

static int add_priced(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    struct priced tasks[4];
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    for (unsigned i = 0; i < 4; i++)
        tasks[i] = (struct priced){&self->all, 1 + 2 * i};
    for (int i = 0; i < PER_GROUP; i++)
        CHECK_INT(ompg_go_with(one, run_priced, &tasks[i % 4],
                               &(ompg_task_options){.cost = 1 + 2 * (i % 4)}),
                  0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static void costs_count_against_the_shared_budget(void)
{
    for (size_t t = 0; t < 4; t++) {
        struct sharers self = {.pool = pool_new(0, 6.0), .all = {.budget = 6}};
        ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
        for (int i = 0; i < 4; i++)
            CHECK_INT(ompg_go(outer, add_priced, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK_INT(atomic_load(&self.all.runs), 4 * PER_GROUP);
        CHECK_INT(atomic_load(&self.all.over), 0);
        ompg_free(outer);
        ompg_free(self.pool);
    }
}

/* A cheap task adds the next one until the dear one, of another group, has run. */
struct crowd {
    ompg_group *pool;
    event dear_added;
    atomic_bool dear_ran;
    atomic_int passed_by;
};

static const ompg_task_options cheap = {.cost = 1.0}, dear = {.cost = 4.0};

static int run_cheap(ompg_group *group, void *arg)
{
    struct crowd *self = arg;
    if (atomic_load(&self->dear_added.count) > 0)
        atomic_fetch_add(&self->passed_by, 1);
    if (!atomic_load(&self->dear_ran) && atomic_load(&self->passed_by) < 1000000)
        CHECK_INT(ompg_go_with(group, run_cheap, self, &cheap), 0);
    return 0;
}

static int run_dear(ompg_group *group, void *arg)
{
    struct crowd *self = arg;
    (void)group;
    atomic_store(&self->dear_ran, true);
    return 0;
}

static int wait_for_cheap(ompg_group *group, void *arg)
{
    struct crowd *self = arg;
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    for (int i = 0; i < 6; i++)
        CHECK_INT(ompg_go_with(one, run_cheap, self, &cheap), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static int wait_for_dear(ompg_group *group, void *arg)
{
    struct crowd *self = arg;
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_go_with(one, run_dear, self, &dear), 0);
    event_post(&self->dear_added);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static void a_dear_task_of_another_group_gets_its_turn(void)
{
    for (size_t t = 1; t < 4; t++) {
        struct crowd self = {.pool = pool_new(0, 4.0)};
        ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
        CHECK_INT(ompg_go(outer, wait_for_cheap, &self), 0);
        CHECK_INT(ompg_go(outer, wait_for_dear, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK(atomic_load(&self.passed_by) < 1000000);
        ompg_free(outer);
        ompg_free(self.pool);
    }
}

/* ---- loops, reductions, pipelines ---- */

static int gauge_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        run_in_gauge(group, arg);
    return 0;
}

static int fold_range(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    run_in_gauge(group, arg);
    *(size_t *)accumulator += end - begin;
    return 0;
}

static int combine_sums(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(size_t *)accumulator += *(const size_t *)other;
    return 0;
}

static int loop_and_reduce(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    size_t sum = 0;
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_for(one, 0, PER_GROUP, 1, gauge_range, &self->all), 0);
    CHECK_INT(
        ompg_reduce(one, 0, PER_GROUP, 10, &sum, sizeof sum, fold_range, combine_sums, &self->all),
        0);
    CHECK_INT(sum, PER_GROUP);
    ompg_free(one);
    return 0;
}

static void loops_and_reductions_of_sharers(void)
{
    for (int limit = 1; limit <= 3; limit++) {
        for (size_t t = 0; t < 4; t++) {
            struct sharers self = {.pool = pool_new(limit, 0.0), .all = {.limit = limit}};
            ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
            for (int i = 0; i < 3; i++)
                CHECK_INT(ompg_go(outer, loop_and_reduce, &self), 0);
            CHECK_INT(ompg_wait(outer), 0);
            CHECK_INT(atomic_load(&self.all.runs), 3 * (PER_GROUP + PER_GROUP / 10));
            CHECK_INT(atomic_load(&self.all.over), 0);
            ompg_free(outer);
            ompg_free(self.pool);
        }
    }
}

static double cost_of_item(void *piece, void *arg)
{
    (void)piece;
    (void)arg;
    return 1.0;
}

static int run_pipeline(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    int items = PER_GROUP;
    (void)group;
    ompg_stage stages[] = {{.fn = make_items, .arg = &items, .cost = cost_of_item},
                           {.mode = OMPG_PARALLEL, .fn = pass_item},
                           {.fn = pass_item}};
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_pipeline(one, stages, 3, 16), 0);
    CHECK(items < 0);
    ompg_free(one);
    return 0;
}

static void pipelines_under_one_budget(void)
{
    for (int limit = 0; limit <= 2; limit++) {
        for (size_t t = 0; t < 4; t++) {
            struct sharers self = {.pool = pool_new(limit, 3.0)};
            ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
            for (int i = 0; i < 3; i++)
                CHECK_INT(ompg_go(outer, run_pipeline, &self), 0);
            CHECK_INT(ompg_wait(outer), 0);
            ompg_free(outer);
            ompg_free(self.pool);
        }
    }
}

/* ---- stops ---- */

struct stopped {
    ompg_group *pool;
    held_task held;
    item items[20];
};

static int hold_the_place(ompg_group *group, void *arg)
{
    struct stopped *self = arg;
    (void)group;
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_go(one, held_task_run, &self->held), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static int stop_behind_it(ompg_group *group, void *arg)
{
    struct stopped *self = arg;
    (void)group;
    CHECK_AWAIT(&self->held.begun, 1);
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool, .timeout = 0.05});
    for (int i = 0; i < 20; i++)
        CHECK_INT(item_go(one, &self->items[i]), 0);
    CHECK_INT(ompg_wait(one), ETIMEDOUT); /* although the place is not free */
    CHECK_INT(items_check_dropped(self->items, 20), 0);
    CHECK_STATS(one, 20, 0, 0, 20);
    ompg_free(one);
    CHECK(!ompg_stopped(self->pool));
    event_post(&self->held.let_go);
    return 0;
}

static void a_stopped_sharer_does_not_wait_for_places(void)
{
    struct stopped self = {.pool = pool_new(1, 0.0)};
    ompg_group *outer = ompg_new(&(ompg_options){.threads = 2});
    CHECK_INT(ompg_go(outer, hold_the_place, &self), 0);
    CHECK_INT(ompg_go(outer, stop_behind_it, &self), 0);
    CHECK_INT(ompg_wait(outer), 0);
    ompg_free(outer);
    ompg_free(self.pool);
}

/* Added in a task, parked, and freed without a wait. */
static int free_behind_it(ompg_group *group, void *arg)
{
    struct stopped *self = arg;
    (void)group;
    CHECK_AWAIT(&self->held.begun, 1);
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    for (int i = 0; i < 20; i++)
        CHECK_INT(item_go(one, &self->items[i]), 0);
    ompg_free(one);
    CHECK_INT(items_check_dropped(self->items, 20), 0);
    event_post(&self->held.let_go);
    return 0;
}

static void a_sharer_is_freed_without_a_wait(void)
{
    struct stopped self = {.pool = pool_new(1, 0.0)};
    ompg_group *outer = ompg_new(&(ompg_options){.threads = 2});
    CHECK_INT(ompg_go(outer, hold_the_place, &self), 0);
    CHECK_INT(ompg_go(outer, free_behind_it, &self), 0);
    CHECK_INT(ompg_wait(outer), 0);
    ompg_free(outer);
    ompg_free(self.pool);
}

/* The pool's stop is its own. */
static void the_stop_of_the_pool_does_not_reach_sharers(void)
{
    atomic_int runs = 0;
    ompg_group *pool = pool_new(1, 0.0);
    ompg_group *one = ompg_new(&(ompg_options){.share = pool});
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_cancel(pool, EIO), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(atomic_load(&runs), 10);
    ompg_free(one);
    CHECK_INT(ompg_wait(pool), EIO);
    ompg_free(pool);
}

/* ---- limits that change ---- */

static int change_limit(ompg_group *group, void *arg)
{
    struct sharers *self = arg;
    (void)group;
    for (int i = 0; i < 300; i++) {
        CHECK_INT(ompg_set_limit(self->pool, 1 + i % 5), 0);
        sched_yield();
    }
    CHECK_INT(ompg_set_limit(self->pool, 4), 0);
    return 0;
}

static void the_limit_changes_while_it_is_shared(void)
{
    for (size_t t = 0; t < 4; t++) {
        struct sharers self = {.pool = pool_new(1, 0.0), .all = {.limit = 5}};
        ompg_group *outer = ompg_new(&(ompg_options){.threads = teams[t]});
        for (int i = 0; i < 3; i++) {
            CHECK_INT(ompg_go(outer, wait_for_one, &self), 0);
            CHECK_INT(ompg_go(outer, loop_and_reduce, &self), 0);
        }
        CHECK_INT(ompg_go(outer, change_limit, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK_INT(atomic_load(&self.all.over), 0);
        ompg_free(outer);
        ompg_free(self.pool);
    }
}

/* Raised by a thread that runs none of the tasks, while the place is kept. */
static void *raise_limit(void *arg)
{
    struct stopped *self = arg;
    if (CHECK_AWAIT(&self->held.begun, 1))
        CHECK_INT(ompg_set_limit(self->pool, 2), 0);
    return NULL;
}

static int post_event(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

static int wait_for_the_raise(ompg_group *group, void *arg)
{
    struct stopped *self = arg;
    (void)group;
    CHECK_AWAIT(&self->held.begun, 1);
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_go(one, post_event, &self->held.let_go), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static void a_raised_limit_wakes_sharers(void)
{
    struct stopped self = {.pool = pool_new(1, 0.0)};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, raise_limit, &self), 0);
    ompg_group *outer = ompg_new(&(ompg_options){.threads = 2});
    CHECK_INT(ompg_go(outer, hold_the_place, &self), 0);
    CHECK_INT(ompg_go(outer, wait_for_the_raise, &self), 0);
    CHECK_INT(ompg_wait(outer), 0);
    pthread_join(thread, NULL);
    ompg_free(outer);
    ompg_free(self.pool);
}

/* ---- adding ---- */

static int try_behind_the_pool(ompg_group *group, void *arg)
{
    struct stopped *self = arg;
    atomic_int runs = 0;
    (void)group;
    CHECK_AWAIT(&self->held.begun, 1);
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool, .backlog = 2});
    CHECK_INT(ompg_try_go(one, count_run, &runs), EAGAIN);
    CHECK_INT(ompg_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_go(one, count_run, &runs), 0);
    event_post(&self->held.let_go);
    for (int i = 0; i < 50; i++)
        CHECK_INT(ompg_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(atomic_load(&runs), 52);
    ompg_free(one);
    return 0;
}

static void try_go_and_backlog(void)
{
    struct stopped self = {.pool = pool_new(1, 0.0)};
    ompg_group *outer = ompg_new(&(ompg_options){.threads = 2});
    CHECK_INT(ompg_go(outer, hold_the_place, &self), 0);
    CHECK_INT(ompg_go(outer, try_behind_the_pool, &self), 0);
    CHECK_INT(ompg_wait(outer), 0);
    ompg_free(outer);
    ompg_free(self.pool);
}

static void try_go_before_the_wait(void)
{
    atomic_int runs = 0;
    ompg_group *pool = pool_new(2, 0.0);
    ompg_group *one = ompg_new(&(ompg_options){.share = pool});
    CHECK_INT(ompg_try_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_try_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_try_go(one, count_run, &runs), EAGAIN);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(ompg_try_go(one, count_run, &runs), 0);
    ompg_free(one);
    ompg_free(pool);
    CHECK_INT(atomic_load(&runs), 2);
}

/* The task that adds has the place, and the group lies in it. */
static int fill_backlog(ompg_group *group, void *arg)
{
    atomic_int runs = 0;
    (void)arg;
    ompg_group *one = ompg_new(&(ompg_options){.share = group, .backlog = 3});
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go(one, count_run, &runs), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(atomic_load(&runs), 100);
    ompg_free(one);
    return 0;
}

static void a_task_with_the_place_waits_for_room(void)
{
    for (size_t t = 0; t < 4; t++)
        CHECK_INT(
            ompg_run(&(ompg_options){.limit = 1, .threads = teams[t]}, fill_backlog, NULL, NULL),
            0);
}

/* ---- random trees ---- */

enum { POOLS = 3, HEIGHT = 5 };

struct forest {
    ompg_group *pools[POOLS]; /* each shares the next one */
    atomic_int expected, runs;
};

struct tree {
    struct forest *forest;
    int height;
    unsigned seed;
};

static int grow(ompg_group *group, void *arg);

static int grow_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    struct tree tree = *(const struct tree *)arg;
    for (size_t i = begin; i < end; i++) {
        tree.seed += (unsigned)i;
        grow(group, &tree);
    }
    return 0;
}

static void add_trees(ompg_group *one, struct tree *tree, unsigned *random)
{
    struct forest *forest = tree->forest;
    struct tree child = {forest, tree->height - 1, random_next(random)};
    ompg_task_options options = {.cost = random_next(random) % 4};
    options.no_wait = random_next(random) % 4 == 0;
    int code = random_next(random) % 2 ? ompg_go_copy(one, grow, &child, sizeof child)
                                       : ompg_go_with(one, count_run, &forest->runs, &options);
    CHECK(code == 0 || code == EAGAIN);
    if (code == 0)
        atomic_fetch_add(&forest->expected, 1);
}

static void grow_group(struct tree *tree, unsigned *random)
{
    struct forest *forest = tree->forest;
    struct tree child = {forest, tree->height - 2, random_next(random)};
    ompg_options options = {.limit = (int)(random_next(random) % 3)};
    unsigned pool = random_next(random) % (POOLS + 1);
    options.share = pool < POOLS ? forest->pools[pool] : NULL;
    options.budget = random_next(random) % 4 == 0 ? 3.0 : 0.0;
    options.backlog = random_next(random) % 4 == 0 ? 2 : 0;
    ompg_group *one = ompg_new(&options);
    for (unsigned i = random_next(random) % 5; i > 0; i--)
        add_trees(one, tree, random);
    int iterations = (int)(random_next(random) % 3);
    atomic_fetch_add(&forest->expected, iterations);
    CHECK_INT(ompg_for(one, 0, (size_t)iterations, 1, grow_range, &child), 0);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
}

static int grow_branch(ompg_group *group, void *arg)
{
    struct tree tree = *(const struct tree *)arg;
    unsigned random = tree.seed * 2654435761u;
    (void)group;
    if (tree.height > 0)
        grow_group(&tree, &random);
    return 0;
}

static int grow(ompg_group *group, void *arg)
{
    struct tree tree = *(const struct tree *)arg;
    unsigned random = tree.seed;
    atomic_fetch_add(&tree.forest->runs, 1);
    if (tree.height <= 0)
        return 0;
    grow_group(&tree, &random);
    struct tree a = {tree.forest, tree.height - 2, random_next(&random)};
    struct tree b = {tree.forest, tree.height - 2, random_next(&random)};
    if (random_next(&random) % 2)
        CHECK_INT(ompg_join(group, grow_branch, &a, grow_branch, &b), 0);
    return 0;
}

static void random_trees(void)
{
    unsigned random = 14;
    for (int round = 0; round < (SANITIZED ? 20 : 150); round++) {
        struct forest forest = {.runs = 0};
        for (int i = POOLS - 1; i >= 0; i--) {
            ompg_options options = {.limit = (int)(random_next(&random) % 4)};
            options.share = i + 1 < POOLS ? forest.pools[i + 1] : NULL;
            options.budget = random_next(&random) % 3 == 0 ? 4.0 : 0.0;
            forest.pools[i] = ompg_new(&options);
        }
        ompg_options options = {.threads = teams[round % 4]};
        options.share = round % 3 ? forest.pools[0] : NULL;
        struct tree root = {&forest, HEIGHT, random_next(&random)};
        CHECK_INT(ompg_run(&options, grow, &root, NULL), 0);
        CHECK_INT(atomic_load(&forest.runs), atomic_load(&forest.expected) + 1);
        for (int i = 0; i < POOLS; i++)
            ompg_free(forest.pools[i]);
    }
}

/* ---- options ---- */

static void nonsense_is_refused(void)
{
    errno = 0;
    CHECK(ompg_new(&(ompg_options){.share = OMPG_DEFAULT}) == NULL);
    CHECK_INT(errno, EINVAL);
}

CHECK_MAIN(
    "share", {"groups of one region share a limit", groups_of_one_region_share_a_limit},
    {"groups of two regions share a limit", groups_of_two_regions_share_a_limit},
    {"tasks of the pool count", tasks_of_the_pool_count}, {"both limits hold", both_limits_hold},
    {"a task waits for a group that needs its place",
     a_task_waits_for_a_group_that_needs_its_place},
    {"the place is on another stack", the_place_is_on_another_stack},
    {"the place is with a task that has not started",
     the_place_is_with_a_task_that_has_not_started},
    {"a pool is shared while its tasks wait", a_pool_is_shared_while_its_tasks_wait},
    {"a stolen branch needs the place", a_stolen_branch_needs_the_place},
    {"limits wait for one another in a circle", limits_wait_for_one_another_in_a_circle},
    {"a chain of three", a_chain_of_three},
    {"costs count against the shared budget", costs_count_against_the_shared_budget},
    {"a dear task of another group gets its turn", a_dear_task_of_another_group_gets_its_turn},
    {"loops and reductions of sharers", loops_and_reductions_of_sharers},
    {"pipelines under one budget", pipelines_under_one_budget},
    {"a stopped sharer does not wait for places", a_stopped_sharer_does_not_wait_for_places},
    {"a sharer is freed without a wait", a_sharer_is_freed_without_a_wait},
    {"the stop of the pool does not reach sharers", the_stop_of_the_pool_does_not_reach_sharers},
    {"the limit changes while it is shared", the_limit_changes_while_it_is_shared},
    {"a raised limit wakes sharers", a_raised_limit_wakes_sharers},
    {"try_go and backlog", try_go_and_backlog}, {"try_go before the wait", try_go_before_the_wait},
    {"a task with the place waits for room", a_task_with_the_place_waits_for_room},
    {"random trees", random_trees}, {"nonsense is refused", nonsense_is_refused})
