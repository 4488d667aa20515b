/*
 * Deterministic groups: the error with the lowest index is reported, the one that a serial execution
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

/* ---- indices beside loops and pipelines, which take none ---- */

enum { OPS = 24, LOOPS_FROM = 1000, LOOP_LENGTH = 60, CODES_OF_LOOPS = 5000 };

/* What is added: tasks, and loops that lie above all of their indices. 0: nothing fails. */
typedef struct op {
    bool is_loop;
    bool waits; /* a loop or pipeline that is waited for; outside of the group's tasks */
    int code;
    size_t at; /* a loop's failing iteration */
} op;

typedef struct medley {
    op ops[OPS];
    int code; /* of the serial execution, and its index */
    size_t index;
    bool waits; /* some op does: only tasks after it fail */
} medley;

static void medley_draw(medley *all, unsigned *seed, size_t first_index, bool waits)
{
    size_t number = first_index;
    *all = (medley){.index = OMPG_NO_INDEX, .waits = waits};
    for (size_t i = 0; i < OPS; i++) {
        op *one = &all->ops[i];
        one->is_loop = random_next(seed) % 3 == 0;
        one->waits = waits && i < OPS / 2 && random_next(seed) % 2 == 0;
        bool fails = random_next(seed) % 8 == 0 && !(waits && i < OPS / 2);
        one->at = LOOPS_FROM + LOOP_LENGTH * i + random_next(seed) % LOOP_LENGTH;
        size_t index = one->is_loop ? one->at : number;
        number += !one->is_loop;
        if (!fails)
            continue;
        one->code = (one->is_loop ? CODES_OF_LOOPS : 1) + (int)i;
        if (index < all->index) {
            all->index = index;
            all->code = one->code;
        }
    }
}

static int run_op(ompg_group *group, void *arg)
{
    const op *self = arg;
    (void)group;
    return self->code;
}

static int run_op_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    const op *self = arg;
    bool within = begin <= self->at && self->at < end;
    return within && self->code != 0 ? ompg_fail_at(group, self->at, self->code, NULL) : 0;
}

static int make_few(ompg_group *group, void *arg, void **piece)
{
    int *left = arg;
    (void)group;
    *piece = (*left)-- > 0 ? arg : NULL;
    return 0;
}

static int run_pipeline_op(ompg_group *group)
{
    int left = 10;
    ompg_stage source = {.mode = OMPG_IN_ORDER, .fn = make_few, .arg = &left};
    return ompg_pipeline(group, &source, 1, 3);
}

static int add_op(ompg_group *group, size_t nth, op *one)
{
    size_t begin = LOOPS_FROM + LOOP_LENGTH * nth;
    size_t end = begin + LOOP_LENGTH;
    if (!one->is_loop)
        return ompg_go(group, run_op, one);
    if (one->waits && nth % 2 == 0)
        return run_pipeline_op(group);
    if (one->waits)
        return ompg_for(group, begin, end, 1, run_op_range, one);
    return ompg_go_for(group, begin, end, 1, run_op_range, one);
}

static int add_medley(ompg_group *group, void *arg)
{
    medley *all = arg;
    for (size_t i = 0; i < OPS; i++) {
        int code = add_op(group, i, &all->ops[i]);
        CHECK(code == 0 || (code == ECANCELED && !all->waits));
    }
    return 0;
}

static void check_medley(medley *all, int threads, bool from_a_task, unsigned drawn)
{
    ompg_group *group = ompg_new(&(ompg_options){.deterministic = true, .threads = threads});
    if (from_a_task)
        CHECK_INT(ompg_go(group, add_medley, all), 0);
    else
        add_medley(group, all);
    bool right = CHECK_INT(ompg_wait(group), all->code);
    if (all->code != 0)
        right &= CHECK_INT(error_of(group).index, all->index);
    if (!right)
        printf("\nwith %d threads, seed %u\n", threads, drawn);
    CHECK_ADDS_UP(group);
    ompg_free(group);
}

static void loops_and_pipelines_take_no_index(void)
{
    static const int teams[] = {1, 2, 7};
    unsigned seed = 1848;
    for (int round = 0; round < 90; round++) {
        unsigned drawn = seed;
        bool from_a_task = round % 3 == 0;
        for (size_t team = 0; team < 3; team++) {
            medley all;
            seed = drawn;
            medley_draw(&all, &seed, from_a_task ? 1 : 0, round % 3 == 1);
            check_medley(&all, teams[team], from_a_task, drawn);
        }
    }
}

/* ---- collecting, up to a bound ---- */

/* Which of the plan's failures are kept: the lowest `most`, as one after the other gives them. */
static size_t plan_kept(const plan *all, size_t most, size_t kept[COUNT])
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT && count < most; i++) {
        if (all->fails[i])
            kept[count++] = i;
    }
    return count;
}

static void check_collected(plan *all, const ompg_group *group, int code, size_t most)
{
    size_t kept[COUNT];
    size_t count = plan_kept(all, most, kept);
    const ompg_error *list = NULL;
    CHECK_INT(code, count > 0 ? 1 + kept[0] : 0);
    CHECK_INT(error_of(group).index, count > 0 ? kept[0] : 0);
    if (CHECK_INT(ompg_get_errors(group, &list), count)) {
        for (size_t i = 0; i < count; i++) {
            CHECK_INT(list[i].index, kept[i]);
            CHECK_INT(list[i].code, 1 + kept[i]);
        }
    }
    size_t past = count == most && count > 0 ? kept[count - 1] + 1 : COUNT;
    for (size_t i = 0; i < past; i++)
        CHECK(atomic_load(&all->ran[i]));
    CHECK_ADDS_UP(group);
}

static int run_planned_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    int code = 0;
    for (size_t i = begin; i < end; i++) {
        plan *all = arg;
        CHECK(!atomic_exchange(&all->ran[i], true));
        if (all->fails[i])
            code = ompg_fail_at(group, i, 1 + (int)i, NULL);
    }
    return code;
}

static void collect_plan(plan *all, int threads, size_t most, size_t grain)
{
    ompg_options options = {.deterministic = true, .on_error = OMPG_COLLECT};
    options.max_errors = (int)most;
    options.threads = threads;
    ompg_group *group = ompg_new(&options);
    int code = 0;
    for (size_t i = 0; i < COUNT && grain == 0; i++)
        CHECK_INT(ompg_go_copy(group, run_planned, &(planned){all, i}, sizeof(planned)), 0);
    if (grain > 0)
        code = ompg_for(group, 0, COUNT, grain, run_planned_range, all);
    else
        code = ompg_wait(group);
    check_collected(all, group, code, most);
    ompg_free(group);
}

/* By tasks, and by loops whose sub-ranges fail more than once. */
static void the_lowest_errors_are_kept(void)
{
    static const int teams[] = {1, 2, 7};
    static plan all;
    unsigned seed = 1917;
    for (int round = 0; round < 90; round++) {
        unsigned drawn = seed;
        for (size_t team = 0; team < 3; team++) {
            seed = drawn;
            plan_draw(&all, &seed);
            collect_plan(&all, teams[team], 1 + random_next(&seed) % 9,
                         (size_t)(round % 3) * (random_next(&seed) % 20 + 1));
        }
    }
}

/* ---- ECANCELED below the failing index ---- */

typedef int refused_call(ompg_group *group);

typedef struct refusal {
    event failed;
    refused_call *call;
} refusal;

static int refused_go(ompg_group *group)
{
    return ompg_go(group, do_nothing, NULL);
}

static int refused_go_with(ompg_group *group)
{
    return ompg_go_with(group, do_nothing, NULL, &(ompg_task_options){.name = "refused"});
}

static int refused_go_copy(ompg_group *group)
{
    return ompg_go_copy(group, do_nothing, &group, sizeof group);
}

static int refused_try_go(ompg_group *group)
{
    return ompg_try_go(group, do_nothing, NULL);
}

static int refused_by_choice(ompg_group *group)
{
    (void)group;
    return ECANCELED;
}

static int add_after_the_failure(ompg_group *group, void *arg)
{
    refusal *self = arg;
    CHECK_AWAIT(&self->failed, 1);
    CHECK(!ompg_stopped(group));
    int code = self->call(group);
    CHECK_INT(code, ECANCELED);
    return code;
}

static int fail_and_tell(ompg_group *group, void *arg)
{
    refusal *self = arg;
    int code = ompg_fail(group, EIO, "the cause");
    event_post(&self->failed);
    return code;
}

/* Task 0 is not stopped by task 1's failure, but what it adds would come behind that. */
static void a_refusal_does_not_mask_the_cause(void)
{
    static refused_call *const calls[] = {refused_go, refused_go_with, refused_go_copy,
                                          refused_try_go, refused_by_choice};
    for (size_t i = 0; i < 5; i++) {
        bool own = calls[i] == refused_by_choice;
        refusal self = {.call = calls[i]};
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = true, .threads = 2});
        CHECK_INT(ompg_go(group, add_after_the_failure, &self), 0);
        CHECK_INT(ompg_go(group, fail_and_tell, &self), 0);
        CHECK_INT(ompg_wait(group), own ? ECANCELED : EIO);
        CHECK_INT(error_of(group).index, own ? 0 : 1);
        CHECK_STATS(group, 2, 0, own ? 2 : 1, own ? 0 : 1);
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
           {"collected errors report the lowest", collected_errors_report_the_lowest},
           {"loops and pipelines take no index", loops_and_pipelines_take_no_index},
           {"the lowest errors are kept", the_lowest_errors_are_kept},
           {"a refusal does not mask the cause", a_refusal_does_not_mask_the_cause})
