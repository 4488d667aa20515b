/*
 * Drops: exactly one for each accepted task, in each way that a task can end; none for a task that
 * was refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

enum { COUNT = 3000 };

static item *items_new(void)
{
    return calloc(COUNT, sizeof(item));
}

static void go_all(ompg_group *group, item *items)
{
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(item_go(group, &items[i]), 0);
}

/* What the items say is what the group counted. */
static void check_items(const ompg_group *group, item *items)
{
    ompg_stats stats = stats_of(group);
    CHECK_INT(items_check_dropped(items, COUNT), stats.done + stats.failed);
    CHECK_INT(stats.submitted, COUNT);
    CHECK_ADDS_UP(group);
}

static void after_running(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(NULL);
    go_all(group, items);
    CHECK_INT(ompg_wait(group), 0);
    check_items(group, items);
    CHECK_STATS(group, COUNT, COUNT, 0, 0);
    ompg_free(group);
    CHECK_INT(items_check_dropped(items, COUNT), COUNT);
    free(items);
}

static void after_failing(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    for (size_t i = 0; i < COUNT; i++)
        items[i].code = 1;
    go_all(group, items);
    CHECK_INT(ompg_wait(group), 1);
    check_items(group, items);
    CHECK_STATS(group, COUNT, 0, COUNT, 0);
    ompg_free(group);
    free(items);
}

static void after_a_failure_elsewhere(void)
{
    for (size_t failing = 0; failing < COUNT; failing += COUNT / 4) {
        item *items = items_new();
        ompg_group *group = ompg_new(NULL);
        items[failing].code = EDOM;
        go_all(group, items);
        CHECK_INT(ompg_wait(group), EDOM);
        check_items(group, items);
        CHECK_INT(stats_of(group).failed, 1);
        ompg_free(group);
        free(items);
    }
}

static void after_a_cancel(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(NULL);
    go_all(group, items);
    CHECK_INT(ompg_cancel(group, EPIPE), 0);
    CHECK_INT(ompg_wait(group), EPIPE);
    check_items(group, items);
    CHECK_STATS(group, COUNT, 0, 0, COUNT);
    ompg_free(group);
    free(items);
}

static void after_a_token(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    item *items = items_new();
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    go_all(group, items);
    ompg_token_cancel(&token, EPIPE);
    CHECK_INT(ompg_wait(group), EPIPE);
    check_items(group, items);
    CHECK_STATS(group, COUNT, 0, 0, COUNT);
    ompg_free(group);
    free(items);
}

static int poll_as_a_task(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

/* Limit 1: while the first task polls, none of the others can start. */
static void after_a_deadline(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(&(ompg_options){.timeout = 1e-3, .limit = 1});
    ompg_go(group, poll_as_a_task, NULL);
    go_all(group, items);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    ompg_stats stats = stats_of(group);
    CHECK_INT(stats.submitted, COUNT + 1);
    CHECK_INT(items_check_dropped(items, COUNT), stats.done);
    CHECK_ADDS_UP(group);
    ompg_free(group);
    free(items);
}

static void behind_a_limit(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(&(ompg_options){.limit = 2, .budget = 1.0});
    items[COUNT / 2].code = EIO;
    go_all(group, items);
    CHECK_INT(ompg_wait(group), EIO);
    check_items(group, items);
    CHECK_INT(stats_of(group).failed, 1);
    ompg_free(group);
    free(items);
}

static void when_freed_without_a_wait(void)
{
    static const ompg_options kinds[] = {{0}, {.limit = 1}, {.on_error = OMPG_COLLECT}};
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        item *items = items_new();
        ompg_group *group = ompg_new(&kinds[kind]);
        go_all(group, items);
        ompg_free(group);
        CHECK_INT(items_check_dropped(items, COUNT), 0);
        free(items);
    }
}

static void when_freed_after_a_refused_reset(void)
{
    item items[2] = {{0}};
    ompg_group *group = ompg_new(NULL);
    item_go(group, &items[0]);
    CHECK_INT(ompg_reset(group), EBUSY);
    CHECK_INT(stats_of(group).submitted, 1);
    item_go(group, &items[1]);
    ompg_free(group);
    CHECK_INT(items_check_dropped(items, 2), 0);
}

/* In a region tasks may have started before the free: then the free is the join. */
static int abandon(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(NULL);
    (void)group;
    go_all(inner, arg);
    ompg_free(inner);
    items_check_dropped(arg, COUNT);
    return 0;
}

static int abandon_limited(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(&(ompg_options){.limit = 1});
    (void)group;
    go_all(inner, arg);
    ompg_free(inner);
    items_check_dropped(arg, COUNT);
    return 0;
}

static void when_freed_in_a_task(void)
{
    item *items = items_new();
    item *limited = items_new();
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, abandon, items);
    ompg_go(group, abandon_limited, limited);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    items_check_dropped(items, COUNT);
    items_check_dropped(limited, COUNT);
    free(items);
    free(limited);
}

static int add_items(ompg_group *group, void *arg)
{
    go_all(group, arg);
    return 0;
}

static void when_a_task_added_it(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, add_items, items);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, COUNT + 1, COUNT + 1, 0, 0);
    CHECK_INT(items_check_dropped(items, COUNT), COUNT);
    ompg_free(group);
    free(items);
}

/* On one thread the deque is full before the last one comes, which then runs inside ompg_go_with. */
static int add_items_with_a_name(ompg_group *group, void *arg)
{
    item *items = arg;
    ompg_task_options options = {.drop = item_drop, .name = "of many"};
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(ompg_go_with(group, item_run, &items[i], &options), 0);
    return 0;
}

static void of_one_that_fails_inside_ompg_go(void)
{
    item *items = items_new();
    ompg_error error;
    items[COUNT - 1].code = EDOM;
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, add_items_with_a_name, items, &error), EDOM);
    CHECK_STR(error.task, "of many");
    CHECK_INT(error.index, COUNT);
    CHECK_INT(atomic_load(&items[COUNT - 1].runs), 1);
    items_check_dropped(items, COUNT);
    free(items);
}

/* Fails in the middle, so that go is refused from some task on: those must not be dropped. */
static int add_until_refused(ompg_group *group, void *arg)
{
    item *items = arg;
    for (size_t i = 0; i < COUNT; i++) {
        if (i == COUNT / 2)
            ompg_fail(group, EIO, NULL);
        int code = item_go(group, &items[i]);
        CHECK_INT(code, i < COUNT / 2 ? 0 : ECANCELED);
    }
    return 0;
}

static void not_when_refused(void)
{
    item *items = items_new();
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, add_until_refused, items);
    CHECK_INT(ompg_wait(group), EIO);
    items_check_dropped(items, COUNT / 2);
    for (size_t i = COUNT / 2; i < COUNT; i++) {
        CHECK_INT(atomic_load(&items[i].runs), 0);
        CHECK_INT(atomic_load(&items[i].drops), 0);
    }
    CHECK_INT(stats_of(group).submitted, COUNT / 2 + 1);
    CHECK_ADDS_UP(group);
    ompg_free(group);
    free(items);
}

static void not_when_refused_outside(void)
{
    item items[4] = {{0}};
    ompg_drop_fn *drop = item_drop;
    ompg_task_options negative = {.drop = drop, .cost = -1.0};
    ompg_task_options fine = {.drop = drop};
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go_with(group, NULL, &items[0], &fine), EINVAL);
    CHECK_INT(ompg_go_with(group, item_run, &items[1], &negative), EINVAL);
    CHECK_INT(ompg_go_with(NULL, item_run, &items[2], &fine), EINVAL);
    ompg_cancel(group, 0);
    CHECK_INT(item_go(group, &items[3]), ECANCELED);
    CHECK_INT(ompg_wait(group), ECANCELED);
    ompg_free(group);
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(atomic_load(&items[i].drops), 0);
}

typedef struct guarded {
    atomic_int *live;
    int value;
} guarded;

static int use_guarded(ompg_group *group, void *arg)
{
    const guarded *self = arg;
    (void)group;
    return self->value;
}

static void free_guarded(void *arg)
{
    guarded *self = arg;
    atomic_fetch_sub(self->live, 1);
    free(self);
}

/* The usual drop is free(): a second drop, or a run after it, is an error for the sanitizer. */
static void may_free_the_argument(void)
{
    atomic_int live = 0;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < COUNT; i++) {
        guarded *arg = malloc(sizeof *arg);
        *arg = (guarded){&live, i == COUNT / 3 ? EIO : 0};
        atomic_fetch_add(&live, 1);
        CHECK_INT(ompg_go_with(group, use_guarded, arg, &(ompg_task_options){.drop = free_guarded}),
                  0);
    }
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(atomic_load(&live), 0);
    ompg_free(group);
}

CHECK_MAIN("drops", {"after running", after_running}, {"after failing", after_failing},
           {"after a failure elsewhere", after_a_failure_elsewhere},
           {"after a cancel", after_a_cancel}, {"after a token", after_a_token},
           {"after a deadline", after_a_deadline}, {"behind a limit", behind_a_limit},
           {"when freed without a wait", when_freed_without_a_wait},
           {"when freed after a refused reset", when_freed_after_a_refused_reset},
           {"when freed in a task", when_freed_in_a_task},
           {"when a task added it", when_a_task_added_it},
           {"of one that fails inside ompg_go", of_one_that_fails_inside_ompg_go},
           {"not when refused", not_when_refused},
           {"not when refused outside", not_when_refused_outside},
           {"may free the argument", may_free_the_argument})
