/*
 * A program that was compiled with the oldest headers (tests/abi/oldest), and runs with today's library as
 * with its own. What stands behind each struct in its memory is not the library's: it is neither read as a
 * field that came later nor written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "oldest_rooms.h"

#include <ompgroup.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(offsetof(ompg_options, reserved) == OLDEST_OPTIONS, "options");
_Static_assert(offsetof(ompg_task_options, reserved) == OLDEST_TASK_OPTIONS, "task options");
_Static_assert(offsetof(ompg_stage, reserved) == OLDEST_STAGE, "stages");
_Static_assert(offsetof(ompg_token, reserved) == OLDEST_TOKEN, "tokens");

enum { TASKS = 500, ALL = 3 * TASKS };

static atomic_int ran, dropped;

static int run(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    atomic_fetch_add(&ran, 1);
    return 0;
}

static void drop(void *arg)
{
    (void)arg;
    atomic_fetch_add(&dropped, 1);
}

static int fail(ompg_group *group, void *arg)
{
    const int *number = arg;
    return ompg_fail(group, 100 + *number, "task %d", *number);
}

/* With all of the oldest options. */
static void tasks_run(int threads)
{
    struct {
        ompg_options options;
        long long neighbours[64];
    } here = {
        .options = {.name = "old", .threads = threads, .limit = 2, .budget = 10.0, .timeout = 1e6}};
    struct {
        ompg_task_options options;
        long long neighbours[64];
    } task = {.options = {.drop = drop, .cost = 1.0, .name = "task"}};
    struct {
        ompg_stats stats;
        long long neighbours[64];
    } after;
    ompg_token token = OMPG_TOKEN_INIT;
    here.options.token = &token;
    memset(here.neighbours, 0xff, sizeof here.neighbours);
    memset(task.neighbours, 0xff, sizeof task.neighbours);
    memset(&after, 0xff, sizeof after);
    ran = dropped = 0;
    ompg_group *group = ompg_new(&here.options);
    CHECK(group != NULL);
    for (int i = 0; i < TASKS; i++) {
        CHECK_INT(ompg_go(group, run, NULL), 0);
        CHECK_INT(ompg_go_with(group, run, NULL, &task.options), 0);
        CHECK_INT(ompg_go_copy(group, run, &i, sizeof i), 0);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(ran, ALL);
    CHECK_INT(dropped, TASKS);
    ompg_get_stats(group, &after.stats);
    CHECK_INT(after.stats.submitted, ALL);
    CHECK_INT(after.stats.done, ALL);
    CHECK_INT(after.stats.running + after.stats.failed + after.stats.skipped, 0);
    CHECK(after.stats.seconds > 0.0);
    for (size_t i = 0; i < 64; i++)
        CHECK_INT(after.neighbours[i], -1);
    ompg_free(group);
}

/* The list's step is the size of an error. */
static void errors_are_kept(int threads)
{
    enum { ERRORS = 20 };
    struct {
        ompg_error error;
        long long neighbours[64];
    } here;
    int numbers[ERRORS];
    const ompg_error *list = NULL;
    memset(&here, 0xff, sizeof here);
    ompg_group *group =
        ompg_new(&(ompg_options){.name = "errors", .threads = threads, .on_error = OMPG_COLLECT});
    for (int i = 0; i < ERRORS; i++) {
        numbers[i] = i;
        CHECK_INT(ompg_go(group, fail, &numbers[i]), 0);
    }
    int code = ompg_wait(group);
    CHECK_INT(ompg_get_error(group, &here.error), 1);
    CHECK_INT(here.error.code, code);
    for (size_t i = 0; i < 64; i++)
        CHECK_INT(here.neighbours[i], -1);
    CHECK_INT(ompg_get_errors(group, &list), ERRORS);
    for (int i = 0; list && i < ERRORS; i++) {
        char message[32], line[200];
        snprintf(message, sizeof message, "task %d", i);
        CHECK_INT(list[i].code, 100 + i);
        CHECK_INT(list[i].index, i);
        CHECK_INT(list[i].kind, OMPG_ERROR_TASK);
        CHECK(strcmp(list[i].message, message) == 0);
        CHECK(strcmp(list[i].group, "errors") == 0);
        CHECK(ompg_format_error(&list[i], line, sizeof line) > 0);
        CHECK(strstr(line, message) != NULL);
    }
    ompg_free(group);
}

static int add_range(ompg_group *group, size_t begin, size_t end, void *sum)
{
    (void)group;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add((atomic_int *)sum, (int)i);
    return 0;
}

static int fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        *(long long *)accumulator += (long long)i;
    return 0;
}

static int combine(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(long long *)accumulator += *(const long long *)other;
    return 0;
}

static void loops_run(int threads)
{
    atomic_int sum = 0;
    long long reduced = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    CHECK_INT(ompg_for(group, 0, 1000, 0, add_range, &sum), 0);
    CHECK_INT(ompg_go_for(group, 0, 1000, 7, add_range, &sum), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(sum, 999000);
    CHECK_INT(ompg_reduce(group, 0, 100000, 0, &reduced, sizeof reduced, fold, combine, NULL), 0);
    CHECK_INT(reduced, 4999950000);
    CHECK_INT(ompg_for(NULL, 0, 1000, 0, add_range, &sum), EINVAL);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 1000, 0, add_range, &sum), 0);
    CHECK_INT(sum, 1498500);
    ompg_free(group);
}

static void loop_statements_run(int threads)
{
    int sum = 0;
    long long wide = 0;
    struct {
        ompg_loop_options options;
        long long neighbours[64];
    } here = {.options = {.grain = 3, .threads = threads, .schedule = OMPG_STATIC}};
    memset(here.neighbours, 0xff, sizeof here.neighbours);
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    OMPG_FOR(group, i, 0, 1000, reduction(+ : sum))
        sum += i;
    CHECK_INT(sum, 499500);
    OMPG_FOR_OPT(group, i, 0, 1000, here.options, reduction(+ : sum))
        sum += i;
    CHECK_INT(sum, 999000);
    OMPG_FOR_STEP(group, i, 1000LL, 0LL, -2, reduction(+ : wide))
        wide += i;
    CHECK_INT(wide, 250500);
    OMPG_FOR2(group, i, 0, 30, j, 0, 20, reduction(+ : wide))
        wide += i + j;
    CHECK_INT(wide, 250500 + 14400);
#pragma omp parallel num_threads(threads)
    OMPG_FOR_TEAM(group, i, 0, 1000, reduction(+ : sum))
        sum += i;
    CHECK_INT(sum, 1498500);
    CHECK_INT(ompg_wait(group), 0);
    OMPG_FOR(group, i, 0, 1000)
        ompg_fail_at(group, (size_t)i, EIO, "at %d", i);
    CHECK_INT(ompg_wait(group), EIO);
    OMPG_FOR(NULL, i, 0, 1000)
        ompg_fail_at(group, (size_t)i, EIO, "at %d", i);
    ompg_free(group);
}

static int source(ompg_group *group, void *arg, void **piece)
{
    static int numbers[TASKS];
    int *made = arg;
    (void)group;
    *piece = *made < TASKS ? &numbers[*made] : NULL;
    if (*piece)
        numbers[*made] = *made;
    (*made)++;
    return 0;
}

static int twice(ompg_group *group, void *arg, void **piece)
{
    int *number = *piece;
    (void)group;
    (void)arg;
    *number *= 2;
    return 0;
}

/* In their order. */
static int last(ompg_group *group, void *arg, void **piece)
{
    const int *number = *piece;
    int *seen = arg;
    (void)group;
    CHECK_INT(*number, *seen + *seen);
    (*seen)++;
    return 0;
}

static void pipelines_run(int threads)
{
    int made = 0, seen = 0;
    const ompg_stage stages[] = {{.mode = OMPG_IN_ORDER, .fn = source, .arg = &made},
                                 {.mode = OMPG_PARALLEL, .fn = twice, .drop = drop},
                                 {.mode = OMPG_IN_ORDER, .fn = last, .arg = &seen, .drop = drop}};
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    CHECK_INT(ompg_pipeline(group, stages, 3, 8), 0);
    CHECK_INT(seen, TASKS);
    ompg_free(group);
}

/* Tokens in an array, as threads may have them. */
static void tokens_stop(int threads)
{
    ompg_token tokens[3] = {OMPG_TOKEN_INIT, OMPG_TOKEN_INIT, OMPG_TOKEN_INIT};
    ompg_options options = {.threads = threads, .token = &tokens[1]};
    CHECK_INT(ompg_token_cancel(&tokens[1], EPIPE), 0);
    CHECK_INT(ompg_run(&options, run, NULL, NULL), EPIPE);
    CHECK_INT(ompg_token_get_code(&tokens[1]), EPIPE);
    for (int i = 0; i < 3; i += 2) {
        CHECK(!ompg_token_stopped(&tokens[i]));
        options.token = &tokens[i];
        CHECK_INT(ompg_run(&options, run, NULL, NULL), 0);
    }
}

int main(void)
{
    static const int teams[] = {1, 2, 7};
    for (int i = 0; i < 3; i++) {
        tasks_run(teams[i]);
        errors_are_kept(teams[i]);
        loops_run(teams[i]);
        loop_statements_run(teams[i]);
        pipelines_run(teams[i]);
        tokens_stop(teams[i]);
    }
    return check_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
