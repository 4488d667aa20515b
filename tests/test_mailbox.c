/*
 * Adding from any thread at any time: threads that run none of a group's tasks add before its wait, while it
 * goes on, between waits, to groups in tasks, with limits, after a stop; and who runs these tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "strangers.h"
#include "tasks.h"

#include <errno.h>

enum { ADDERS = 4, EACH = 500, ROUNDS = 30 };

/* What strangers add to; each adds in every way that there is. */
typedef struct target {
    ompg_group *group;
    atomic_int ran;
    event added; /* by each stranger that is through */
    held_task held;
} target;

static int run_parts(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
    return 0;
}

/* arg: of the task's copy, where the count is. */
static int count_by_copy(ompg_group *group, void *arg)
{
    return count_run(group, *(atomic_int **)arg);
}

enum { WAYS = 4 };

static int add_in_way(target *self, int way)
{
    atomic_int *ran = &self->ran;
    switch (way % WAYS) {
    case 0:
        return ompg_go_with(self->group, count_run, ran, &(ompg_task_options){.name = "w"});
    case 1:
        return ompg_go_copy(self->group, count_by_copy, (void *)&ran, sizeof ran);
    case 2:
        return ompg_go_for(self->group, 7, 8, 1, run_parts, ran);
    default:
        return ompg_go(self->group, count_run, ran);
    }
}

static void add_each(int number, void *arg)
{
    target *self = arg;
    (void)number;
    for (int i = 0; i < EACH; i++)
        CHECK_INT(add_in_way(self, i), 0);
    event_post(&self->added);
}

static void strangers_add(strangers *them, target *self)
{
    strangers_start(them, ADDERS, add_each, self);
}

/* ---- when ---- */

/* Whoever made the group adds too, some time alone. */
static void strangers_add_at_once_before_the_wait(void)
{
    enum { ALONE = 1000 };
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        target self = {.group = ompg_new(NULL)};
        for (int i = 0; i < round % 2 * ALONE; i++)
            CHECK_INT(ompg_go(self.group, count_run, &self.ran), 0);
        strangers_add(&them, &self);
        add_each(ADDERS, &self);
        strangers_join(&them);
        CHECK_INT(atomic_load(&self.ran), 0);
        CHECK_INT(ompg_wait(self.group), 0);
        CHECK_INT(atomic_load(&self.ran), (ADDERS + 1) * EACH + round % 2 * ALONE);
        CHECK_ADDS_UP(self.group);
        ompg_free(self.group);
    }
}

/* A task of the group goes on until all strangers are through: the wait must run what they have added. */
static int wait_for_adders(ompg_group *group, void *arg)
{
    target *self = arg;
    (void)group;
    CHECK_AWAIT(&self->added, ADDERS);
    return 0;
}

static void check_adding_while(target *self)
{
    CHECK_INT(ompg_go(self->group, wait_for_adders, self), 0);
    CHECK_INT(ompg_wait(self->group), 0);
    CHECK_INT(atomic_load(&self->ran), ADDERS * EACH);
    CHECK_ADDS_UP(self->group);
}

static void strangers_add_while_it_runs(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        target self = {.group = ompg_new(&(ompg_options){.threads = round % 3})};
        strangers_add(&them, &self);
        check_adding_while(&self);
        strangers_join(&them);
        ompg_free(self.group);
    }
}

/* arg: options of the group. */
static int add_while_nested(ompg_group *group, void *arg)
{
    strangers them;
    target self = {.group = ompg_new(arg)};
    (void)group;
    strangers_add(&them, &self);
    check_adding_while(&self);
    strangers_join(&them);
    ompg_free(self.group);
    return 0;
}

static void strangers_add_to_teams_of_any_size(void)
{
    static const int teams[] = {1, 2, 7, 64};
    for (size_t i = 0; i < 2 * sizeof teams / sizeof teams[0]; i++) {
        strangers them;
        ompg_options options = {.threads = teams[i / 2], .limit = i % 2 ? 3 : 0};
        target self = {.group = ompg_new(&options)};
        strangers_add(&them, &self);
        check_adding_while(&self);
        strangers_join(&them);
        ompg_free(self.group);
        CHECK_INT(ompg_run(&options, add_while_nested, NULL, NULL), 0);
    }
}

/* What comes too late for one wait is left to the next one: nothing is lost, nothing runs twice. */
static void strangers_add_across_waits(void)
{
    strangers them;
    target self = {.group = ompg_new(NULL)};
    strangers_add(&them, &self);
    while (atomic_load(&self.added.count) < ADDERS)
        CHECK_INT(ompg_wait(self.group), 0);
    CHECK_INT(ompg_wait(self.group), 0);
    strangers_join(&them);
    CHECK_INT(atomic_load(&self.ran), ADDERS * EACH);
    CHECK_INT(stats_of(self.group).done, ADDERS * EACH);
    ompg_free(self.group);
}

/* Two threads fill a group and wait for it in turn. */
static void wait_again_and_again(int number, void *arg)
{
    target *self = arg;
    (void)number;
    for (int i = 0; i < EACH / 10; i++) {
        CHECK_INT(ompg_go(self->group, count_run, &self->ran), 0);
        int code = ompg_wait(self->group);
        CHECK(code == 0 || code == EBUSY);
    }
}

static void several_threads_add_and_wait(void)
{
    strangers them;
    target self = {.group = ompg_new(&(ompg_options){.threads = 2})};
    strangers_start(&them, ADDERS, wait_again_and_again, &self);
    strangers_join(&them);
    CHECK_INT(ompg_wait(self.group), 0);
    CHECK_INT(atomic_load(&self.ran), ADDERS * (EACH / 10));
    ompg_free(self.group);
}

/* ---- who runs it ---- */

static int post(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

/* One of two threads is busy, whichever: the other one takes what comes. */
static void add_and_let_go(int number, void *arg)
{
    target *self = arg;
    (void)number;
    CHECK_AWAIT(&self->held.begun, 1);
    CHECK_INT(ompg_go(self->group, post, &self->held.let_go), 0);
}

static void whoever_is_idle_runs_it(void)
{
    for (int round = 0; round < 10 * ROUNDS; round++) {
        strangers them;
        target self = {.group = ompg_new(&(ompg_options){.threads = 2})};
        CHECK_INT(ompg_go(self.group, held_task_run, &self.held), 0);
        strangers_start(&them, 1, add_and_let_go, &self);
        CHECK_INT(ompg_wait(self.group), 0);
        strangers_join(&them);
        CHECK_STATS(self.group, 2, 2, 0, 0);
        ompg_free(self.group);
    }
}

/* Of three threads all but one are busy, in turn, and asleep before: each task needs a thread of its own. */
static int meet_all(ompg_group *group, void *arg)
{
    target *self = arg;
    (void)group;
    event_post(&self->held.begun);
    CHECK_AWAIT(&self->held.begun, 3);
    return 0;
}

static void add_three(int number, void *arg)
{
    target *self = arg;
    (void)number;
    CHECK_AWAIT(&self->added, 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go(self->group, meet_all, self), 0);
    ompg_done(self->group, 0);
}

static void as_many_threads_come_as_there_are_tasks(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        target self = {.group = ompg_new(&(ompg_options){.threads = 3})};
        ompg_hold(self.group);
        ompg_go(self.group, post, &self.added);
        strangers_start(&them, 1, add_three, &self);
        CHECK_INT(ompg_wait(self.group), 0);
        strangers_join(&them);
        ompg_free(self.group);
    }
}

/* ---- groups in tasks ---- */

static void strangers_add_to_nested_groups(void)
{
    static const ompg_options limited_to_two = {.limit = 2};
    for (int threads = 1; threads <= 3; threads++) {
        ompg_group *outer = ompg_new(&(ompg_options){.threads = threads});
        for (int i = 0; i < 4; i++)
            CHECK_INT(ompg_go(outer, add_while_nested, i % 2 ? (void *)&limited_to_two : NULL), 0);
        CHECK_INT(ompg_wait(outer), 0);
        ompg_free(outer);
    }
}

static int add_before_nested_wait(ompg_group *group, void *arg)
{
    strangers them;
    target self = {.group = ompg_new(arg)};
    (void)group;
    strangers_add(&them, &self);
    strangers_join(&them);
    CHECK_INT(ompg_wait(self.group), 0);
    CHECK_INT(atomic_load(&self.ran), ADDERS * EACH);
    ompg_free(self.group);
    return 0;
}

static void strangers_add_before_a_nested_wait(void)
{
    for (int threads = 1; threads <= 3; threads++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, add_before_nested_wait, NULL, NULL),
                  0);
}

/* The nested wait runs a long task on its thread; another thread of the region takes what comes. */
static int hold_nested(ompg_group *group, void *arg)
{
    strangers them;
    target self = {.group = ompg_new(arg)};
    (void)group;
    CHECK_INT(ompg_go(self.group, held_task_run, &self.held), 0);
    strangers_start(&them, 1, add_and_let_go, &self);
    CHECK_INT(ompg_wait(self.group), 0);
    strangers_join(&them);
    ompg_free(self.group);
    return 0;
}

static void whoever_is_idle_runs_it_for_nested_groups(void)
{
    for (int round = 0; round < ROUNDS; round++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, hold_nested, NULL, NULL), 0);
}

/* Made in a task, waited for there, and then from outside, while the region goes on. */
static void use_from_outside(int number, void *arg)
{
    target *self = arg;
    (void)number;
    for (int i = 0; i < 3; i++) {
        CHECK_INT(ompg_go(self->group, count_run, &self->ran), 0);
        CHECK_INT(ompg_wait(self->group), 0);
    }
}

static int make_and_lend(ompg_group *group, void *arg)
{
    strangers them;
    target *self = arg;
    (void)group;
    self->group = ompg_new(NULL);
    CHECK_INT(ompg_go(self->group, count_run, &self->ran), 0);
    CHECK_INT(ompg_wait(self->group), 0);
    strangers_start(&them, 1, use_from_outside, self);
    strangers_join(&them);
    CHECK_INT(ompg_go(self->group, count_run, &self->ran), 0);
    CHECK_INT(ompg_wait(self->group), 0);
    return 0;
}

static void groups_move_from_region_to_region(void)
{
    target self = {.group = NULL};
    for (int round = 0; round < ROUNDS; round++) {
        CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, make_and_lend, &self, NULL), 0);
        CHECK_INT(ompg_go(self.group, count_run, &self.ran), 0);
        CHECK_INT(ompg_wait(self.group), 0);
        CHECK_STATS(self.group, 6, 6, 0, 0);
        ompg_free(self.group);
    }
    CHECK_INT(atomic_load(&self.ran), 6 * ROUNDS);
}

/* A task that adds to a group of another region, and tasks of a region that is a stranger to the group. */
static int add_to_other(ompg_group *group, void *arg)
{
    (void)group;
    add_each(0, arg);
    return 0;
}

static void run_another_region(int number, void *arg)
{
    (void)number;
    CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, add_to_other, arg, NULL), 0);
}

static void tasks_of_other_regions_add(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        target self = {.group = ompg_new(&(ompg_options){.threads = 2})};
        strangers_start(&them, ADDERS, run_another_region, &self);
        check_adding_while(&self);
        strangers_join(&them);
        ompg_free(self.group);
    }
}

/* ---- inside a parallel region of the caller's ---- */

static ORDERED_BY_OPENMP void strangers_add_inside_a_parallel_region(void)
{
#pragma omp parallel num_threads(3)
#pragma omp single
    add_while_nested(NULL, NULL);
}

/* The bodies of a loop are strangers too; what they add runs in the wait. */
static ORDERED_BY_OPENMP void bodies_of_a_loop_add(void)
{
    target self = {.group = ompg_new(NULL)};
    OMPG_FOR(self.group, i, 0, EACH) {
        CHECK_INT(add_in_way(&self, (int)i), 0);
    }
    CHECK_INT(atomic_load(&self.ran), 0);
    CHECK_INT(ompg_wait(self.group), 0);
    CHECK_INT(atomic_load(&self.ran), EACH);
    ompg_free(self.group);
}

/* ---- limits ---- */

typedef struct limited {
    target target;
    int limit;
    atomic_int running, most, next;
} limited;

static int run_limited(ompg_group *group, void *arg)
{
    limited *self = arg;
    int running = atomic_fetch_add(&self->running, 1) + 1;
    (void)group;
    if (running > atomic_load(&self->most))
        atomic_store(&self->most, running);
    atomic_fetch_sub(&self->running, 1);
    return 0;
}

static void add_limited(int number, void *arg)
{
    limited *self = arg;
    (void)number;
    for (int i = 0; i < EACH; i++)
        CHECK_INT(ompg_go(self->target.group, run_limited, self), 0);
    event_post(&self->target.added);
    ompg_done(self->target.group, 0);
}

static void limits_hold_for_strangers(void)
{
    for (int limit = 1; limit <= 3; limit++) {
        strangers them;
        limited self = {.limit = limit};
        self.target.group = ompg_new(&(ompg_options){.threads = 4, .limit = limit});
        for (int i = 0; i < ADDERS; i++)
            ompg_hold(self.target.group);
        strangers_start(&them, ADDERS, add_limited, &self);
        CHECK_INT(ompg_wait(self.target.group), 0);
        strangers_join(&them);
        CHECK(atomic_load(&self.most) <= limit);
        CHECK_INT(stats_of(self.target.group).done, ADDERS * EACH);
        ompg_free(self.target.group);
    }
}

typedef struct numbered {
    atomic_int *next;
    int number;
} numbered;

static int run_numbered(ompg_group *group, void *arg)
{
    numbered *self = arg;
    (void)group;
    CHECK_INT(atomic_fetch_add(self->next, 1), self->number);
    return 0;
}

static void add_numbered(int number, void *arg)
{
    limited *self = arg;
    (void)number;
    for (int i = 0; i < EACH; i++)
        CHECK_INT(ompg_go_copy(self->target.group, run_numbered,
                               &(numbered){.next = &self->next, .number = i}, sizeof(numbered)),
                  0);
    ompg_done(self->target.group, 0);
}

static void a_limit_of_one_keeps_the_order(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        limited self = {.limit = 1};
        self.target.group = ompg_new(&(ompg_options){.threads = 3, .limit = 1});
        ompg_hold(self.target.group);
        strangers_start(&them, 1, add_numbered, &self);
        CHECK_INT(ompg_wait(self.target.group), 0);
        strangers_join(&them);
        CHECK_INT(atomic_load(&self.next), EACH);
        ompg_free(self.target.group);
    }
}

/* While the only place is taken nothing more gets in; when it is free again, something does. */
static void try_while_held(int number, void *arg)
{
    target *self = arg;
    (void)number;
    CHECK_AWAIT(&self->held.begun, 1);
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_try_go(self->group, count_run, &self->ran), EAGAIN);
    event_post(&self->held.let_go);
    while (ompg_try_go(self->group, count_run, &self->ran) == EAGAIN)
        sched_yield();
    ompg_done(self->group, 0);
}

static void try_go_says_where_a_task_would_wait(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        target self = {.group = ompg_new(&(ompg_options){.threads = 2, .limit = 1})};
        ompg_hold(self.group);
        CHECK_INT(ompg_go(self.group, held_task_run, &self.held), 0);
        strangers_start(&them, 1, try_while_held, &self);
        CHECK_INT(ompg_wait(self.group), 0);
        strangers_join(&them);
        CHECK_INT(atomic_load(&self.ran), 1);
        ompg_free(self.group);
    }
}

/* Tasks that cost 3 under a budget of 7: two at once. */
static void add_costly(int number, void *arg)
{
    limited *self = arg;
    (void)number;
    for (int i = 0; i < EACH / 5; i++)
        CHECK_INT(
            ompg_go_with(self->target.group, run_limited, self, &(ompg_task_options){.cost = 3}),
            0);
    ompg_done(self->target.group, 0);
}

static void budgets_hold_for_strangers(void)
{
    for (int round = 0; round < ROUNDS / 3; round++) {
        strangers them;
        limited self = {.limit = 2};
        self.target.group = ompg_new(&(ompg_options){.threads = 4, .budget = 7});
        for (int i = 0; i < ADDERS; i++)
            ompg_hold(self.target.group);
        strangers_start(&them, ADDERS, add_costly, &self);
        CHECK_INT(ompg_wait(self.target.group), 0);
        strangers_join(&them);
        CHECK(atomic_load(&self.most) <= self.limit);
        ompg_free(self.target.group);
    }
}

/* ---- stops, errors, the end ---- */

enum { ITEMS = 300 };

typedef struct stopping {
    ompg_group *group;
    item items[ITEMS];
    int accepted;
    int code; /* of the first refusal */
} stopping;

/* Until the group says no. */
static void add_until_stopped(int number, void *arg)
{
    stopping *self = arg;
    (void)number;
    for (int i = 0; i < ITEMS && self->code == 0; i++) {
        self->code = item_go(self->group, &self->items[i]);
        self->accepted += self->code == 0;
        if (i == ITEMS / 2)
            ompg_cancel(self->group, EIO);
    }
    ompg_done(self->group, 0);
}

static void a_stopped_group_takes_nothing(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        stopping self = {
            .group = ompg_new(&(ompg_options){.threads = 1 + round % 3, .limit = round % 2})};
        ompg_hold(self.group);
        strangers_start(&them, 1, add_until_stopped, &self);
        CHECK_INT(ompg_wait(self.group), EIO);
        strangers_join(&them);
        CHECK_INT(self.code, ECANCELED);
        CHECK_INT(self.accepted, ITEMS / 2 + 1);
        items_check_dropped(self.items, (size_t)self.accepted);
        for (int i = self.accepted; i < ITEMS; i++)
            CHECK_INT(atomic_load(&self.items[i].drops), 0);
        CHECK_ADDS_UP(self.group);
        ompg_free(self.group);
    }
}

static void add_all(int number, void *arg)
{
    stopping *self = arg;
    (void)number;
    for (int i = 0; i < ITEMS; i++)
        CHECK_INT(item_go(self->group, &self->items[i]), 0);
}

static int abandon(ompg_group *group, void *arg)
{
    strangers them;
    stopping self = {.group = ompg_new(arg)};
    (void)group;
    strangers_start(&them, 1, add_all, &self);
    strangers_join(&them);
    ompg_free(self.group);
    CHECK_INT(items_check_dropped(self.items, ITEMS), 0);
    return 0;
}

static void what_nobody_waits_for_is_skipped(void)
{
    abandon(NULL, NULL);
    CHECK_INT(ompg_run(NULL, abandon, NULL, NULL), 0);
    CHECK_INT(ompg_run(NULL, abandon, &(ompg_options){.limit = 1}, NULL), 0);
}

/* Its errors say which indices the tasks have. */
static void add_failing(int number, void *arg)
{
    static int code = EIO;
    (void)number;
    for (int i = 0; i < 20; i++) {
        CHECK_INT(ompg_go(arg, do_nothing, NULL), 0);
        CHECK_INT(ompg_go(arg, return_code, &code), 0);
    }
    ompg_done(arg, 0);
}

static void tasks_of_one_stranger_are_numbered(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        const ompg_error *list = NULL;
        ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT, .threads = 2});
        ompg_hold(group);
        strangers_start(&them, 1, add_failing, group);
        CHECK_INT(ompg_wait(group), EIO);
        strangers_join(&them);
        if (CHECK_INT(ompg_get_errors(group, &list), 20))
            for (size_t i = 0; i < 20; i++)
                CHECK_INT(list[i].index, 2 * i + 1);
        ompg_free(group);
    }
}

/* The lowest of the failing ones is reported, whoever runs them. */
static int fail_from_30(ompg_group *group, void *arg)
{
    (void)group;
    int number = *(int *)arg;
    return number >= 30 ? number : 0;
}

static void add_ascending(int number, void *arg)
{
    (void)number;
    for (int i = 0; i < 200; i++)
        if (ompg_go_copy(arg, fail_from_30, &i, sizeof i) != 0)
            break;
    ompg_done(arg, 0);
}

static void deterministic_groups_report_the_lowest(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = true, .threads = 3});
        ompg_hold(group);
        strangers_start(&them, 1, add_ascending, group);
        CHECK_INT(ompg_wait(group), 30);
        CHECK_INT(error_of(group).index, 30);
        strangers_join(&them);
        ompg_free(group);
    }
}

CHECK_MAIN("mailbox",
           {"strangers add at once before the wait", strangers_add_at_once_before_the_wait},
           {"strangers add while it runs", strangers_add_while_it_runs},
           {"strangers add to teams of any size", strangers_add_to_teams_of_any_size},
           {"strangers add across waits", strangers_add_across_waits},
           {"several threads add and wait", several_threads_add_and_wait},
           {"whoever is idle runs it", whoever_is_idle_runs_it},
           {"as many threads come as there are tasks", as_many_threads_come_as_there_are_tasks},
           {"strangers add to nested groups", strangers_add_to_nested_groups},
           {"strangers add before a nested wait", strangers_add_before_a_nested_wait},
           {"whoever is idle runs it for nested groups", whoever_is_idle_runs_it_for_nested_groups},
           {"groups move from region to region", groups_move_from_region_to_region},
           {"tasks of other regions add", tasks_of_other_regions_add},
           {"strangers add inside a parallel region", strangers_add_inside_a_parallel_region},
           {"bodies of a loop add", bodies_of_a_loop_add},
           {"limits hold for strangers", limits_hold_for_strangers},
           {"a limit of one keeps the order", a_limit_of_one_keeps_the_order},
           {"try_go says where a task would wait", try_go_says_where_a_task_would_wait},
           {"budgets hold for strangers", budgets_hold_for_strangers},
           {"a stopped group takes nothing", a_stopped_group_takes_nothing},
           {"what nobody waits for is skipped", what_nobody_waits_for_is_skipped},
           {"tasks of one stranger are numbered", tasks_of_one_stranger_are_numbered},
           {"deterministic groups report the lowest", deterministic_groups_report_the_lowest})
