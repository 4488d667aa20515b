/*
 * Budgets: the costs of the running tasks never sum up to more, save for one dearer task alone; and
 * a dear task gets its turn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "numbers.h"
#include "tasks.h"

#include <errno.h>

typedef struct priced {
    gauge *all;
    unsigned cost;
} priced;

static int run_priced(ompg_group *group, void *arg)
{
    const priced *self = arg;
    (void)group;
    gauge_enter(self->all, self->cost);
    for (int i = 0; i < 3; i++)
        sched_yield();
    gauge_leave(self->all, self->cost);
    return 0;
}

static int go_priced(ompg_group *group, priced *task)
{
    return ompg_go_with(group, run_priced, task, &(ompg_task_options){.cost = task->cost});
}

/* Costs 0 to 15 under a budget of 10: some cost nothing, some more than there is. */
static void sum_is_never_exceeded(void)
{
    static const int teams[] = {1, 2, 7, 16};
    unsigned seed = 5;
    for (size_t t = 0; t < 4; t++) {
        for (int limit = 0; limit <= 4; limit += 4) {
            gauge all = {.budget = 10, .limit = limit};
            priced tasks[400];
            ompg_options options = {.budget = 10.0, .limit = limit, .threads = teams[t]};
            ompg_group *group = ompg_new(&options);
            for (int i = 0; i < 400; i++) {
                tasks[i] = (priced){&all, random_next(&seed) % 16};
                CHECK_INT(go_priced(group, &tasks[i]), 0);
            }
            CHECK_INT(ompg_wait(group), 0);
            CHECK_INT(atomic_load(&all.runs), 400);
            CHECK_INT(atomic_load(&all.over), 0);
            ompg_free(group);
        }
    }
}

typedef struct shop {
    priced *tasks;
    int count;
} shop;

static int add_priced(ompg_group *group, void *arg)
{
    const shop *self = arg;
    for (int i = 0; i < self->count; i++)
        CHECK_INT(go_priced(group, &self->tasks[i]), 0);
    return 0;
}

static void sum_is_kept_for_a_producer(void)
{
    static const int teams[] = {1, 2, 7};
    for (size_t t = 0; t < 3; t++) {
        gauge all = {.budget = 5};
        priced tasks[1000];
        shop everything = {tasks, 1000};
        ompg_options options = {.budget = 5.0, .threads = teams[t]};
        for (unsigned i = 0; i < 1000; i++)
            tasks[i] = (priced){&all, 1 + i % 7};
        CHECK_INT(ompg_run(&options, add_priced, &everything, NULL), 0);
        CHECK_INT(atomic_load(&all.runs), 1000);
        CHECK_INT(atomic_load(&all.over), 0);
    }
}

/* A cheap task adds the next one until the dear task, once added, has let `patience` of them by. */
typedef struct crowd {
    atomic_bool dear_added;
    atomic_bool dear_ran;
    atomic_int passed_by;
    int patience;
} crowd;

static const ompg_task_options cheap = {.cost = 1.0};
static const ompg_task_options dear = {.cost = 4.0};

static int run_cheap(ompg_group *group, void *arg)
{
    crowd *self = arg;
    if (atomic_load(&self->dear_added))
        atomic_fetch_add(&self->passed_by, 1);
    if (atomic_load(&self->passed_by) < self->patience && !atomic_load(&self->dear_ran))
        CHECK_INT(ompg_go_with(group, run_cheap, arg, &cheap), 0);
    return 0;
}

static int run_dear(ompg_group *group, void *arg)
{
    crowd *self = arg;
    (void)group;
    atomic_store(&self->dear_ran, true);
    return 0;
}

static int add_crowd(ompg_group *group, void *arg)
{
    crowd *self = arg;
    for (int i = 0; i < 6; i++)
        CHECK_INT(ompg_go_with(group, run_cheap, arg, &cheap), 0);
    CHECK_INT(ompg_go_with(group, run_dear, arg, &dear), 0);
    atomic_store(&self->dear_added, true);
    return 0;
}

/* The dear task needs the whole budget; were it passed over, the cheap ones would go on and on. */
static void dear_task_gets_its_turn(void)
{
    static const int teams[] = {1, 2, 4, 7};
    for (size_t t = 0; t < 4; t++) {
        for (int round = 0; round < 10; round++) {
            crowd all = {.patience = 20000};
            ompg_options options = {.budget = 4.0, .threads = teams[t]};
            CHECK_INT(ompg_run(&options, add_crowd, &all, NULL), 0);
            CHECK(atomic_load(&all.dear_ran));
            CHECK(atomic_load(&all.passed_by) < all.patience);
        }
    }
}

static int check_alone(ompg_group *group, void *arg)
{
    priced *self = arg;
    CHECK_INT(atomic_load(&self->all->now), 0);
    return run_priced(group, arg);
}

static void dearer_than_the_budget_runs_alone(void)
{
    for (int threads = 1; threads <= 4; threads++) {
        gauge all = {.budget = 2};
        priced small = {&all, 1};
        priced huge = {&all, 1000};
        ompg_group *group = ompg_new(&(ompg_options){.budget = 2.0, .threads = threads});
        for (int i = 0; i < 60; i++) {
            CHECK_INT(go_priced(group, &small), 0);
            if (i % 10 == 5)
                CHECK_INT(ompg_go_with(group, check_alone, &huge,
                                       &(ompg_task_options){.cost = huge.cost}),
                          0);
        }
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.runs), 66);
        CHECK_INT(atomic_load(&all.over), 0);
        ompg_free(group);
    }
}

static void fractions_and_extremes(void)
{
    static const union number costs[] = {{0.0}, {0.1}, {0.3}, {1e-300}, {1e300}, NUMBER_INFINITE};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        atomic_int runs = 0;
        ompg_task_options options = {.cost = costs[i].value};
        ompg_group *group = ompg_new(&(ompg_options){.budget = 0.7});
        for (int task = 0; task < 100; task++)
            CHECK_INT(ompg_go_with(group, count_run, &runs, &options), 0);
        CHECK_INT(ompg_wait(group), 0);
        for (int task = 0; task < 10; task++)
            CHECK_INT(ompg_go(group, count_run, &runs), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&runs), 110);
        ompg_free(group);
    }
}

/* Sums of tenths are not exact in binary: what tasks gave back must all be there again. */
static void nothing_is_lost_in_rounding(void)
{
    gauge all = {.budget = 10};
    priced tenth = {&all, 1};
    ompg_task_options options = {.cost = 0.1};
    ompg_group *group = ompg_new(&(ompg_options){.budget = 1.0, .threads = 4});
    for (int i = 0; i < 3000; i++)
        CHECK_INT(ompg_go_with(group, run_priced, &tenth, &options), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&all.over), 0);
    priced whole = {&all, 10};
    CHECK_INT(ompg_go_with(group, run_priced, &whole, &(ompg_task_options){.cost = 1.0}), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&all.runs), 3001);
    ompg_free(group);
}

static void cost_without_a_budget(void)
{
    atomic_int runs = 0;
    ompg_task_options options = {.cost = 1e9};
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go_with(group, count_run, &runs, &options), 0);
    CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 101);
    ompg_free(group);
}

/* A task that would have to wait behind a dear one is what try_go refuses. */
static void try_go_stands_behind_the_dear(void)
{
    atomic_int runs = 0;
    ompg_task_options whole = {.cost = 1.0};
    ompg_group *group = ompg_new(&(ompg_options){.budget = 1.0});
    CHECK_INT(ompg_go_with(group, count_run, &runs, &whole), 0);
    CHECK_INT(ompg_go_with(group, count_run, &runs, &whole), 0);
    CHECK_INT(ompg_try_go(group, count_run, &runs), EAGAIN);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 2);
    CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* What a stopped wait left behind the gate weighs nothing after the reset. */
static void reset_empties_the_budget(void)
{
    atomic_int runs = 0;
    ompg_task_options whole = {.cost = 1.0};
    ompg_group *group = ompg_new(&(ompg_options){.budget = 1.0});
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go_with(group, count_run, &runs, &whole), 0);
    CHECK_INT(ompg_cancel(group, EIO), 0);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 1);
    ompg_free(group);
}

static int nest_with_budget(ompg_group *outer, void *arg)
{
    int height = *(const int *)arg - 1;
    ompg_task_options options = {.cost = 3.0};
    (void)outer;
    if (height < 0)
        return 0;
    ompg_group *group = ompg_new(&(ompg_options){.budget = 2.0});
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go_with(group, nest_with_budget, &height, &options), 0);
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}

static void budgets_at_every_level_finish(void)
{
    for (int threads = 1; threads <= 7; threads += 3) {
        int height = 6;
        ompg_options options = {.threads = threads, .budget = 1.0};
        CHECK_INT(ompg_run(&options, nest_with_budget, &height, NULL), 0);
    }
}

/* ---- what several places let in ---- */

static const double long_enough_seconds = 0.02; /* for the other threads to leave */

static int run_long(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    double until = seconds_now() + long_enough_seconds;
    while (seconds_now() < until)
        ;
    return 0;
}

/* Needs another thread to run another one. */
static int run_beside_another(ompg_group *group, void *arg)
{
    event *begun = arg;
    event_post(begun);
    if (ompg_get_threads(group) > 1)
        CHECK_AWAIT(begun, 2);
    return 0;
}

static int let_several_in(ompg_group *group, void *arg)
{
    event begun = {0};
    ompg_group *inner = ompg_new(&(ompg_options){.budget = 4.0});
    (void)group;
    (void)arg;
    CHECK_INT(ompg_go_with(inner, run_long, NULL, &dear), 0);
    for (int i = 0; i < 4; i++)
        CHECK_INT(ompg_go_with(inner, run_beside_another, &begun, &cheap), 0);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    return 0;
}

/* The first of them begins where the dear one has ended; the threads that have left are called for the others. */
static void what_a_dear_task_lets_in_is_found(void)
{
    for (int round = 0; round < 5; round++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, let_several_in, NULL, NULL), 0);
#pragma omp parallel num_threads(2)
#pragma omp single
    for (int round = 0; round < 5; round++)
        CHECK_INT(ompg_run(NULL, let_several_in, NULL, NULL), 0);
}

CHECK_MAIN("budget", {"sum is never exceeded", sum_is_never_exceeded},
           {"sum is kept for a producer", sum_is_kept_for_a_producer},
           {"dear task gets its turn", dear_task_gets_its_turn},
           {"what a dear task lets in is found", what_a_dear_task_lets_in_is_found},
           {"dearer than the budget runs alone", dearer_than_the_budget_runs_alone},
           {"fractions and extremes", fractions_and_extremes},
           {"nothing is lost in rounding", nothing_is_lost_in_rounding},
           {"cost without a budget", cost_without_a_budget},
           {"try_go stands behind the dear", try_go_stands_behind_the_dear},
           {"reset empties the budget", reset_empties_the_budget},
           {"budgets at every level finish", budgets_at_every_level_finish})
