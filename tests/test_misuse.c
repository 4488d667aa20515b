/*
 * What bad input gets: a code, and nothing else changes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "numbers.h"
#include "rivals.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <limits.h>

static int never_runs(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)begin;
    (void)end;
    (void)arg;
    CHECK(false);
    return EIO;
}

static void check_refused(const ompg_options *options)
{
    atomic_int runs = 0;
    errno = 0;
    CHECK(ompg_new(options) == NULL);
    CHECK_INT(errno, EINVAL);
    CHECK_INT(ompg_run(options, count_run, &runs, NULL), EINVAL);
    CHECK_INT(atomic_load(&runs), 0);
}

static void options_that_make_no_sense(void)
{
    static const union number senseless[] = {
        {-1.0}, {-1e-300}, NUMBER_MINUS_INFINITE, NUMBER_NAN, NUMBER_MINUS_NAN};
    for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++) {
        check_refused(&(ompg_options){.budget = senseless[i].value});
        check_refused(&(ompg_options){.timeout = senseless[i].value});
    }
    static const int negative[] = {-1, INT_MIN};
    for (size_t i = 0; i < 2; i++) {
        check_refused(&(ompg_options){.threads = negative[i]});
        check_refused(&(ompg_options){.limit = negative[i]});
        check_refused(&(ompg_options){.max_errors = negative[i]});
        check_refused(&(ompg_options){.backlog = negative[i]});
    }
    check_refused(&(ompg_options){.on_error = (ompg_on_error)2});
    check_refused(&(ompg_options){.on_error = (ompg_on_error)77});
}

static void check_accepted(const ompg_options *options)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(options);
    if (!CHECK(group != NULL))
        return;
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 10);
    ompg_free(group);
}

static void options_that_are_only_odd(void)
{
    static const union number infinite = NUMBER_INFINITE;
    check_accepted(&(ompg_options){.timeout = infinite.value});
    check_accepted(&(ompg_options){.timeout = 1e308});
    check_accepted(&(ompg_options){.budget = infinite.value});
    check_accepted(&(ompg_options){.budget = 1e-308});
    check_accepted(&(ompg_options){.budget = -0.0, .timeout = -0.0});
    check_accepted(&(ompg_options){.limit = INT_MAX});
    check_accepted(&(ompg_options){.max_errors = INT_MAX});
    check_accepted(&(ompg_options){.max_errors = 5, .on_error = OMPG_FAIL_FAST});
    check_accepted(&(ompg_options){.name = ""});
    check_accepted(&(ompg_options){.threads = 300});
}

/* No region has room for them. The group may be freed, and its tasks are not lost. */
static void more_threads_than_memory(void)
{
    item items[3] = {{0}};
    ompg_group *group = ompg_new(&(ompg_options){.threads = INT_MAX});
    if (!CHECK(group != NULL))
        return;
    for (int i = 0; i < 3; i++)
        CHECK_INT(item_go(group, &items[i]), 0);
    CHECK_INT(ompg_wait(group), ENOMEM);
    CHECK_INT(stats_of(group).submitted, 3);
    ompg_free(group);
    CHECK_INT(items_check_dropped(items, 3), 0);
}

/* Where a group has to be one. */
static void check_no_group(ompg_group *none)
{
    atomic_int runs = 0;
    char byte = 'b';
    ompg_error error = {.code = 5};
    const ompg_error *list = &error;
    ompg_stats stats = {.submitted = 1, .seconds = 1.0, .items = 1, .reserved = {1}};
    CHECK_INT(ompg_go(none, count_run, &runs), EINVAL);
    CHECK_INT(ompg_go_with(none, count_run, &runs, NULL), EINVAL);
    CHECK_INT(ompg_go_copy(none, count_run, &byte, 1), EINVAL);
    CHECK_INT(ompg_try_go(none, count_run, &runs), EINVAL);
    CHECK_INT(ompg_go_for(none, 0, 1, 1, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_wait(none), EINVAL);
    CHECK_INT(ompg_hold(none), EINVAL);
    CHECK_INT(ompg_done(none, 0), EINVAL);
    CHECK_INT(ompg_cancel(none, EIO), EINVAL);
    CHECK_INT(ompg_fail(none, EIO, "nobody"), EINVAL);
    CHECK_INT(ompg_fail_at(none, 1, EIO, "nobody"), EINVAL);
    CHECK_INT(ompg_fail_text(none, 1, EIO, "nobody"), EINVAL);
    CHECK_INT(ompg_fail_from(none, none), EINVAL);
    CHECK_INT(ompg_reset(none), EINVAL);
    CHECK_INT(ompg_set_limit(none, 1), EINVAL);
    CHECK_INT(ompg_get_limit(none), 0);
    CHECK(!ompg_stopped(none));
    CHECK_INT(ompg_get_error(none, &error), 0);
    CHECK_INT(error.code, 5);
    CHECK_INT(ompg_get_errors(none, &list), 0);
    CHECK_INT(ompg_print_error(none, stderr), 0);
    CHECK_INT(ompg_print_short(none, stderr), 0);
    CHECK_INT(ompg_exit_status(none), 1);
    ompg_get_stats(none, &stats);
    CHECK_INT(stats.submitted + stats.running + stats.done + stats.failed + stats.skipped, 0);
    CHECK(stats.seconds == 0.0);
    CHECK_INT(atomic_load(&runs), 0);
    ompg_free(none);
}

static int check_no_group_in_a_task(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    check_no_group(NULL);
    check_no_group(OMPG_DEFAULT);
    return 0;
}

static int never_folds(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return never_runs(group, begin, end, arg);
}

static int never_combines(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)other;
    return never_folds(group, 0, 1, accumulator, arg);
}

static int never_compares(const void *a, const void *b, void *arg)
{
    (void)a;
    (void)b;
    return never_runs(NULL, 0, 1, arg);
}

static int never_flows(ompg_group *group, void *arg, void **piece)
{
    (void)piece;
    return never_runs(group, 0, 1, arg);
}

/* ompg_new() has failed, and nobody looked: nothing runs, least of all without its limit. */
static void null_group(void)
{
    int result = 5;
    const ompg_stage stage = {.fn = never_flows};
    check_no_group(NULL);
    for (size_t end = 0; end <= 100; end += 50) {
        CHECK_INT(ompg_for(NULL, 0, end, 1, never_runs, NULL), EINVAL);
        CHECK_INT(
            ompg_reduce(NULL, 0, end, 1, &result, sizeof result, never_folds, never_combines, NULL),
            EINVAL);
        CHECK_INT(ompg_pipeline(NULL, &stage, 1, end), EINVAL);
        CHECK_INT(ompg_scan(NULL, 0, end, 1, &result, sizeof result, never_folds, never_combines,
                            never_folds, NULL),
                  EINVAL);
        CHECK_INT(ompg_sort(NULL, &result, end / 50, sizeof result, never_compares, NULL), EINVAL);
    }
    CHECK_INT(ompg_join(NULL, do_nothing, NULL, do_nothing, NULL), EINVAL);
    CHECK_INT(result, 5);
    CHECK_INT(ompg_get_threads(NULL), 1);
}

static void default_group(void)
{
    check_no_group(OMPG_DEFAULT);
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_fail_from(group, OMPG_DEFAULT), EINVAL);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK_INT(ompg_get_threads(OMPG_DEFAULT), ompg_get_threads(group));
    ompg_free(group);
}

static void no_group_in_a_task(void)
{
    CHECK_INT(ompg_run(NULL, check_no_group_in_a_task, NULL, NULL), 0);
}

static void null_function(void)
{
    char byte = 'b';
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go(group, NULL, NULL), EINVAL);
    CHECK_INT(ompg_go_with(group, NULL, NULL, NULL), EINVAL);
    CHECK_INT(ompg_go_copy(group, NULL, &byte, 1), EINVAL);
    CHECK_INT(ompg_try_go(group, NULL, NULL), EINVAL);
    CHECK_INT(ompg_run(NULL, NULL, NULL, NULL), EINVAL);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 0, 0, 0, 0);
    ompg_free(group);
}

static void null_outputs(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_get_stats(group, NULL);
    ompg_get_stats(NULL, NULL);
    ompg_fail(group, EIO, "x");
    CHECK_INT(ompg_get_error(group, NULL), 1);
    CHECK_INT(ompg_get_errors(group, NULL), 1);
    CHECK_INT(ompg_print_error(group, NULL), 0);
    CHECK_INT(ompg_format_error(NULL, NULL, 0), 0);
    ompg_free(group);
}

static void senseless_costs(void)
{
    static const union number senseless[] = {
        {-1.0}, NUMBER_MINUS_INFINITE, NUMBER_NAN, NUMBER_MINUS_NAN};
    item refused = {0};
    ompg_group *group = ompg_new(&(ompg_options){.budget = 5.0});
    for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++) {
        ompg_task_options options = {.drop = item_drop, .cost = senseless[i].value};
        CHECK_INT(ompg_go_with(group, item_run, &refused, &options), EINVAL);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 0, 0, 0, 0);
    CHECK_INT(atomic_load(&refused.drops), 0);
    ompg_free(group);
}

static void copy_of_null(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go_copy(group, do_nothing, NULL, 1), EINVAL);
    CHECK_INT(ompg_go_copy(group, do_nothing, NULL, (size_t)-1), EINVAL);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* With its header the copy would be larger than size_t can say. */
static void copy_of_everything(void)
{
    static const size_t sizes[] = {(size_t)-1, (size_t)-8, (size_t)-16};
    char byte = 'b';
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(ompg_go_copy(group, do_nothing, &byte, sizes[i]), ENOMEM);
    CHECK_INT(ompg_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 1);
    CHECK_STATS(group, 1, 1, 0, 0);
    ompg_free(group);
}

/* A waiting group refuses a second waiter and a reset, from its tasks and from elsewhere. */
static void *wait_and_reset_elsewhere(void *arg)
{
    CHECK_INT(ompg_wait(arg), EBUSY);
    CHECK_INT(ompg_reset(arg), EBUSY);
    return NULL;
}

static int ask_elsewhere(ompg_group *group, void *arg)
{
    pthread_t thread;
    CHECK_INT(ompg_reset(group), EBUSY);
    if (CHECK_INT(pthread_create(&thread, NULL, wait_and_reset_elsewhere, group), 0))
        pthread_join(thread, NULL);
    return count_run(group, arg);
}

static void busy_group(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go(group, ask_elsewhere, &runs), 0);
    CHECK_INT(ompg_reset(group), EBUSY);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 1, 1, 0, 0);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_STATS(group, 0, 0, 0, 0);
    ompg_free(group);
}

static void misuse_leaves_a_group_usable(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 100; i++) {
        ompg_go(group, NULL, NULL);
        ompg_go_copy(group, do_nothing, NULL, 7);
        ompg_set_limit(group, -5);
        CHECK_INT(ompg_go(group, count_run, &runs), 0);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 100);
    ompg_free(group);
}

/* ---- two threads at the same moment ---- */

/* Two OpenMP teams that spin on one processor are slow. */
enum { ROUNDS = SANITIZED ? 500 : 5000, ROUNDS_OF_TEAMS = ROUNDS / 20, CELLS = 40 };

/* Those of the tasks, and of each rival's loop. */
static atomic_int task_cells[CELLS];
static atomic_int loop_cells[2][CELLS];

static void clear_cells(void)
{
    for (size_t i = 0; i < CELLS; i++) {
        atomic_store(&task_cells[i], 0);
        atomic_store(&loop_cells[0][i], 0);
        atomic_store(&loop_cells[1][i], 0);
    }
}

/* Returns whether all of the cells hold `expected`. */
static bool check_cells(const atomic_int *cells, int expected)
{
    bool right = true;
    for (size_t i = 0; i < CELLS && right; i++)
        right = CHECK_INT(atomic_load(&cells[i]), expected);
    return right;
}

static int rival_wait(ompg_group *group, int side)
{
    (void)side;
    return ompg_wait(group);
}

static int count_cells(ompg_group *group, size_t begin, size_t end, void *arg)
{
    atomic_int *cells = arg;
    (void)group;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&cells[i], 1);
    return 0;
}

static int rival_loop(ompg_group *group, int side)
{
    return ompg_for(group, 0, CELLS, 1, count_cells, loop_cells[side]);
}

static bool is_refusal(int code)
{
    return code == EBUSY || code == EPERM;
}

/*
 * Whoever is refused has done nothing; whoever is not has done all. That can be both: one comes when the
 * other is over.
 */
static bool check_rivals(const rivals *all, int tasks)
{
    bool right = check_cells(task_cells, tasks);
    for (int side = 0; side < 2; side++) {
        int code = all->codes[side];
        right &= CHECK(code == 0 || is_refusal(code));
        if (all->calls[side] == rival_loop)
            right &= check_cells(loop_cells[side], code == 0);
        else
            right &= CHECK(code != EPERM);
    }
    return right & CHECK(all->codes[0] == 0 || all->codes[1] == 0);
}

/* Unlike neighbours, so that the tasks do not become a series. */
static void add_cells(ompg_group *group)
{
    for (size_t i = 0; i < CELLS; i++)
        CHECK_INT(ompg_go(group, count_run, &task_cells[7 * i % CELLS]), 0);
}

static void check_at_once(rival_call *first, rival_call *second, bool tasks, int threads)
{
    rivals all = {.calls = {first, second}};
    if (!rivals_start(&all))
        return;
    bool right = true;
    int rounds = threads == 1 ? ROUNDS : ROUNDS_OF_TEAMS;
    for (int round = 0; round < rounds && right; round++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        clear_cells();
        if (tasks)
            add_cells(group);
        right = rivals_meet(&all, group) && check_rivals(&all, tasks);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
    rivals_end(&all);
}

static void two_waits_at_once(void)
{
    for (int threads = 1; threads <= 2; threads++)
        check_at_once(rival_wait, rival_wait, true, threads);
}

static void two_loops_at_once(void)
{
    for (int threads = 1; threads <= 2; threads++)
        check_at_once(rival_loop, rival_loop, false, threads);
}

static void wait_and_loop_at_once(void)
{
    for (int threads = 1; threads <= 2; threads++)
        check_at_once(rival_wait, rival_loop, false, threads);
}

CHECK_MAIN("misuse", {"options that make no sense", options_that_make_no_sense},
           {"options that are only odd", options_that_are_only_odd}, {"null group", null_group},
           {"default group", default_group}, {"no group in a task", no_group_in_a_task},
           {"more threads than memory", more_threads_than_memory}, {"null function", null_function},
           {"null outputs", null_outputs}, {"senseless costs", senseless_costs},
           {"copy of null", copy_of_null}, {"copy of everything", copy_of_everything},
           {"busy group", busy_group},
           {"misuse leaves a group usable", misuse_leaves_a_group_usable},
           {"two waits at once", two_waits_at_once}, {"two loops at once", two_loops_at_once},
           {"wait and loop at once", wait_and_loop_at_once})
