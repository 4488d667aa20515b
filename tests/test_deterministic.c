/*
 * Deterministic groups: the error with the lowest index is reported, the one that a serial run
 * reports, whatever the threads and the schedule.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

enum { COUNT = 400 };

/* A run of COUNT tasks of which some fail; what was known when is kept for the bounds. */
typedef struct plan {
    bool fails[COUNT];
    atomic_bool ran[COUNT];
    atomic_size_t lowest_known; /* lowest index whose failure has been recorded */
    atomic_size_t late;         /* starts above it */
    size_t lowest;              /* of the plan; COUNT: none */
    size_t failing;
} plan;

typedef struct planned {
    plan *all;
    size_t index;
} planned;

static void plan_draw(plan *all, unsigned *seed)
{
    unsigned one_in = 1u + random_next(seed) % 100u;
    *all = (plan){.lowest = COUNT, .lowest_known = COUNT};
    for (size_t i = 0; i < COUNT; i++) {
        all->fails[i] = random_next(seed) % one_in == 0 && random_next(seed) % 2 == 0;
        all->failing += all->fails[i];
        if (all->fails[i] && all->lowest == COUNT)
            all->lowest = i;
    }
}

static void note_failure(plan *all, size_t index)
{
    size_t known = atomic_load(&all->lowest_known);
    while (index < known && !atomic_compare_exchange_weak(&all->lowest_known, &known, index)) {
    }
}

static int run_planned(ompg_group *group, void *arg)
{
    const planned *self = arg;
    plan *all = self->all;
    if (self->index > atomic_load(&all->lowest_known))
        atomic_fetch_add(&all->late, 1);
    CHECK(!atomic_exchange(&all->ran[self->index], true));
    if (!all->fails[self->index])
        return 0;
    int code = ompg_fail(group, 1 + (int)self->index, "task %zu", self->index);
    note_failure(all, self->index);
    return code;
}

static void check_plan(plan *all, const ompg_group *group, int code, size_t first_index)
{
    ompg_error error = error_of(group);
    if (all->lowest == COUNT) {
        CHECK_INT(code, 0);
        CHECK_INT(error.code, 0);
    } else {
        char message[64];
        snprintf(message, sizeof message, "task %zu", all->lowest);
        CHECK_INT(code, 1 + all->lowest);
        CHECK_INT(error.code, code);
        CHECK_INT(error.index, first_index + all->lowest);
        CHECK_STR(error.message, message);
    }
    for (size_t i = 0; i < all->lowest; i++)
        CHECK(atomic_load(&all->ran[i]));
    CHECK_ADDS_UP(group);
    /* Each failure can be missed once by each other thread that was just starting a task. */
    size_t others = (size_t)ompg_get_threads(group) - 1;
    CHECK(atomic_load(&all->late) <= others * all->failing);
}

static void run_before_the_wait(plan *all, ompg_options options)
{
    options.deterministic = true;
    ompg_group *group = ompg_new(&options);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(ompg_go_copy(group, run_planned, &(planned){all, i}, sizeof(planned)), 0);
    check_plan(all, group, ompg_wait(group), 0);
    ompg_free(group);
}

static void lowest_index_wins(void)
{
    static const int teams[] = {1, 2, 7, 64};
    static plan all;
    unsigned seed = 20240607;
    for (int round = 0; round < 60; round++) {
        unsigned drawn = seed;
        for (size_t team = 0; team < 4; team++) {
            seed = drawn;
            plan_draw(&all, &seed);
            run_before_the_wait(&all, (ompg_options){.threads = teams[team]});
        }
    }
}

static void lowest_index_wins_behind_a_limit(void)
{
    static plan all;
    unsigned seed = 77;
    for (int round = 0; round < 60; round++) {
        plan_draw(&all, &seed);
        run_before_the_wait(&all, (ompg_options){.limit = 1 + round % 4, .threads = 1 + round % 8});
    }
}

static int add_plan(ompg_group *group, void *arg)
{
    plan *all = arg;
    int code = 0;
    for (size_t i = 0; i < COUNT && code == 0; i++)
        code = ompg_go_copy(group, run_planned, &(planned){all, i}, sizeof(planned));
    CHECK(code == 0 || code == ECANCELED);
    CHECK(!ompg_stopped(group));
    return 0;
}

/* The producer is index 0 and below every failure, so it never sees the group as stopped. */
static void lowest_index_wins_from_a_producer(void)
{
    static plan all;
    unsigned seed = 4711;
    for (int round = 0; round < 100; round++) {
        ompg_group *group =
            ompg_new(&(ompg_options){.deterministic = true, .threads = 1 + round % 8});
        plan_draw(&all, &seed);
        ompg_go(group, add_plan, &all);
        check_plan(&all, group, ompg_wait(group), 1);
        ompg_free(group);
    }
}

/* Task 0 sees task 1 fail, is not stopped by it, and its own failure is the one reported. */
static event second_failed;

static int fail_after_the_second(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK_AWAIT(&second_failed, 1);
    CHECK_INT(error_of(group).index, 1);
    CHECK(!ompg_stopped(group));
    return ompg_fail(group, 10, "first");
}

static int fail_second(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_fail(group, 20, "second");
    CHECK(ompg_stopped(group));
    event_post(&second_failed);
    return 20;
}

static void lower_failure_replaces_a_higher_one(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.deterministic = true, .threads = 2});
    second_failed = (event){0};
    ompg_go(group, fail_after_the_second, NULL);
    ompg_go(group, fail_second, NULL);
    CHECK_INT(ompg_wait(group), 10);
    CHECK_INT(error_of(group).index, 0);
    CHECK_STR(error_of(group).message, "first");
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    ompg_free(group);
}

static void named_indices_count_too(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
    ompg_fail_at(group, 30, 3, "thirty");
    ompg_fail_at(group, 10, 1, "ten");
    ompg_fail_at(group, 20, 2, "twenty");
    CHECK_INT(error_of(group).index, 10);
    CHECK_INT(ompg_wait(group), 1);
    CHECK_STR(error_of(group).message, "ten");
    CHECK_INT(ompg_get_errors(group, NULL), 1);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* A raw loop gives the lowest failing iteration when each iteration below has been tried. */
static ORDERED_BY_OPENMP void raw_loop_reports_its_lowest_iteration(void)
{
    for (int round = 0; round < 50; round++) {
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
#pragma omp parallel for schedule(dynamic)
        for (int i = 0; i < 1000; i++) {
            if (i % 100 == 37)
                ompg_fail_at(group, (size_t)i, i, "iteration %d", i);
        }
        CHECK_INT(ompg_wait(group), 37);
        CHECK_INT(error_of(group).index, 37);
        ompg_free(group);
    }
}

static void cancel_stops_it_whole(void)
{
    item items[100] = {{0}};
    ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
    for (int i = 0; i < 100; i++)
        item_go(group, &items[i]);
    CHECK_INT(ompg_cancel(group, EPIPE), 0);
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(items_check_dropped(items, 100), 0);
    ompg_free(group);
}

static void collected_errors_report_the_lowest(void)
{
    for (int round = 0; round < 30; round++) {
        const ompg_error *list = NULL;
        item items[200] = {{0}};
        ompg_group *group =
            ompg_new(&(ompg_options){.deterministic = true, .on_error = OMPG_COLLECT});
        for (int i = 0; i < 200; i++) {
            items[i].code = i % 50 == 49 ? i : 0;
            item_go(group, &items[i]);
        }
        CHECK_INT(ompg_wait(group), 49);
        CHECK_INT(items_check_dropped(items, 200), 200);
        CHECK_INT(ompg_get_errors(group, &list), 4);
        CHECK_INT(list[0].index, 49);
        CHECK_INT(list[3].index, 199);
        ompg_free(group);
    }
}

CHECK_MAIN("deterministic", {"lowest index wins", lowest_index_wins},
           {"lowest index wins behind a limit", lowest_index_wins_behind_a_limit},
           {"lowest index wins from a producer", lowest_index_wins_from_a_producer},
           {"lower failure replaces a higher one", lower_failure_replaces_a_higher_one},
           {"named indices count too", named_indices_count_too},
           {"raw loop reports its lowest iteration", raw_loop_reports_its_lowest_iteration},
           {"cancel stops it whole", cancel_stops_it_whole},
           {"collected errors report the lowest", collected_errors_report_the_lowest})
