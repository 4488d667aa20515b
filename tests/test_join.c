/*
 * Joins: both calls are made once, whoever runs them; a thread that waits for the second call runs only parts
 * of it; limits; joins inside everything that runs tasks, and outside; misuse.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "tasks.h"

#include <errno.h>
#include <stdint.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

/* ---- sums ---- */

struct sum {
    size_t begin, end;
    size_t result;
};

static int sum_up(ompg_group *group, void *arg)
{
    struct sum *self = arg;
    if (self->end - self->begin == 1) {
        self->result = self->begin;
        return 0;
    }
    size_t middle = self->begin + (self->end - self->begin) / 2;
    struct sum left = {.begin = self->begin, .end = middle};
    struct sum right = {.begin = middle, .end = self->end};
    int code = ompg_join(group, sum_up, &left, sum_up, &right);
    self->result = left.result + right.result;
    return code;
}

static size_t sum_to(size_t n)
{
    return n * (n - 1) / 2;
}

static void check_sum(ompg_group *group, size_t n)
{
    struct sum whole = {.end = n};
    CHECK_INT(sum_up(group, &whole), 0);
    CHECK_INT(whole.result, sum_to(n));
}

static int sum_in_task(ompg_group *group, void *arg)
{
    check_sum(group, *(size_t *)arg);
    return 0;
}

static void sums_are_right(void)
{
    static size_t sizes[] = {2, 3, 1000, 30000};
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
            ompg_go(group, sum_in_task, &sizes[i]);
            CHECK_INT(ompg_wait(group), 0);
            CHECK_STATS(group, 1, 1, 0, 0); /* the calls are no tasks */
            ompg_free(group);
        }
    }
}

static void many_tasks_join_at_once(void)
{
    static size_t size = 2000;
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (int i = 0; i < 50; i++)
            ompg_go(group, sum_in_task, &size);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_STATS(group, 50, 50, 0, 0);
        ompg_free(group);
    }
}

/* ---- what a joiner runs meanwhile ---- */

/* A call, and the one that has joined it. */
struct call {
    const struct call *outer;
    unsigned seed;
    int depth;
};

static _Thread_local const struct call *call_here;
static atomic_int strangers, handed_over;

static bool lies_in(const struct call *call, const struct call *outer)
{
    while (call && call != outer)
        call = call->outer;
    return call == outer;
}

/* Whatever is suspended on this thread waits for what starts now. */
static int start_within(ompg_group *group, void *arg)
{
    const struct call *self = arg, *below = call_here;
    unsigned seed = self->seed;
    int code = 0;
    if (below && !lies_in(self, below))
        atomic_fetch_add(&strangers, 1);
    if (below != self->outer)
        atomic_fetch_add(&handed_over, 1);
    call_here = self;
    if (self->depth > 0 && random_next(&seed) % 8 != 0) {
        struct call a = {self, random_next(&seed), self->depth - 1};
        struct call b = {self, random_next(&seed), self->depth - 1};
        code = ompg_join(group, start_within, &a, start_within, &b);
    } else if (random_next(&seed) % 4 == 0) {
        sched_yield();
    }
    call_here = below;
    return code;
}

static void a_joiner_runs_only_parts_of_what_it_waits_for(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        struct call calls[8];
        for (unsigned i = 0; i < 8; i++) {
            calls[i] = (struct call){.seed = 77 * i, .depth = 11};
            ompg_go(group, start_within, &calls[i]);
        }
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&strangers), 0);
        ompg_free(group);
    }
}

/* The second call runs on another thread while the first one waits for it to have begun. */
struct pair {
    event begun, let_go;
};

static int await_the_other(ompg_group *group, void *arg)
{
    struct pair *self = arg;
    (void)group;
    CHECK_AWAIT(&self->begun, 1);
    event_post(&self->let_go);
    return 0;
}

static int let_the_other_go(ompg_group *group, void *arg)
{
    struct pair *self = arg;
    (void)group;
    event_post(&self->begun);
    CHECK_AWAIT(&self->let_go, 1);
    return 0;
}

static int join_pair(ompg_group *group, void *arg)
{
    return ompg_join(group, await_the_other, arg, let_the_other_go, arg);
}

static void the_second_call_is_stolen(void)
{
    for (size_t team = 1; team < TEAMS; team++) {
        struct pair self = {0};
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, join_pair, &self, NULL), 0);
    }
}

/* ---- other tasks of the group ---- */

struct adding {
    atomic_int runs;
    int depth;
};

struct add_call {
    struct adding *all;
    int depth;
};

/* Tasks that lie on top of the branch in the deque. */
static int add_tasks(ompg_group *group, void *arg)
{
    struct add_call *self = arg;
    struct add_call next = {self->all, self->depth - 1};
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go(group, count_run, &self->all->runs), 0);
    return self->depth > 0 ? ompg_join(group, add_tasks, &next, add_tasks, &next) : 0;
}

static void calls_add_tasks(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int limit = 0; limit <= 3; limit++) {
            struct adding all = {0};
            struct add_call first = {&all, 8};
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .limit = limit});
            ompg_go(group, add_tasks, &first);
            CHECK_INT(ompg_wait(group), 0);
            CHECK_INT(atomic_load(&all.runs), 3 * 511);
            CHECK_STATS(group, 1 + 3 * 511, 1 + 3 * 511, 0, 0);
            ompg_free(group);
        }
    }
}

/*
 * What a stolen call has added is waited for, even where it is counted on its thread: nobody asks that thread
 * for tasks before it has added one.
 */
struct late_task {
    event begun, added;
    atomic_int runs;
};

static int run_late(ompg_group *group, void *arg)
{
    for (int i = 0; i < 200; i++)
        sched_yield();
    return count_run(group, arg);
}

static int await_addition(ompg_group *group, void *arg)
{
    struct late_task *self = arg;
    (void)group;
    CHECK_AWAIT(&self->begun, 1);
    CHECK_AWAIT(&self->added, 1);
    return 0;
}

static int add_late(ompg_group *group, void *arg)
{
    struct late_task *self = arg;
    event_post(&self->begun);
    int code = ompg_go(group, run_late, &self->runs);
    event_post(&self->added);
    return code;
}

static int join_late(ompg_group *group, void *arg)
{
    struct late_task *self = arg;
    return ompg_join(group, await_addition, self, add_late, self);
}

static void what_a_stolen_call_adds_is_waited_for(void)
{
    for (int i = 0; i < 200; i++) {
        struct late_task self = {0};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 2});
        ompg_go(group, join_late, &self);
        CHECK_INT(ompg_wait(group), 0);
        if (!CHECK_INT(atomic_load(&self.runs), 1))
            abort();
        ompg_free(group);
    }
}

/* More branches than a deque holds. */
static int fill_deque(ompg_group *group, void *arg)
{
    atomic_int *runs = arg;
    for (int i = 0; i < 3000; i++)
        CHECK_INT(ompg_go(group, count_run, runs), 0);
    check_sum(group, 1000);
    return 0;
}

static void a_full_deque_is_no_hindrance(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        atomic_int runs = 0;
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, fill_deque, &runs, NULL), 0);
        CHECK_INT(atomic_load(&runs), 3000);
    }
}

/* The first call goes down, so that as many branches lie in the deque. */
static int go_down(ompg_group *group, void *arg)
{
    size_t *left = arg, next = *left - 1;
    size_t nothing = 0;
    return *left == 0 ? 0 : ompg_join(group, go_down, &next, go_down, &nothing);
}

static int go_down_the_other_way(ompg_group *group, void *arg)
{
    size_t *left = arg, next = *left - 1;
    size_t nothing = 0;
    return *left == 0
               ? 0
               : ompg_join(group, go_down_the_other_way, &nothing, go_down_the_other_way, &next);
}

static void recursion_is_deep(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        size_t depth = 3000;
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, go_down, &depth, NULL), 0);
        CHECK_INT(ompg_run(&options, go_down_the_other_way, &depth, NULL), 0);
    }
}

/* ---- inside ---- */

static int sum_in_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        check_sum(group, 50 + i);
    (void)arg;
    return 0;
}

static int sum_in_fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    *(size_t *)accumulator += end - begin;
    return sum_in_range(group, begin, end, arg);
}

static int sum_in_combine(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)arg;
    check_sum(group, 20);
    *(size_t *)accumulator += *(const size_t *)other;
    return 0;
}

static int sum_in_stage(ompg_group *group, void *arg, void **slot)
{
    (void)arg;
    (void)slot;
    check_sum(group, 30);
    return 0;
}

/* In a group of its own, whose tasks join too. */
static int sum_in_group(ompg_group *group, void *arg)
{
    size_t size = 40;
    ompg_group *inner = ompg_new(NULL);
    (void)arg;
    for (int i = 0; i < 5; i++)
        ompg_go(inner, sum_in_task, &size);
    check_sum(group, 25);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    return 0;
}

static int join_groups(ompg_group *group, void *arg)
{
    return ompg_join(group, sum_in_group, arg, sum_in_group, arg);
}

static void joins_inside_everything(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        size_t count = 0;
        int items = 10;
        ompg_stage stages[] = {{.fn = make_items, .arg = &items},
                               {.mode = OMPG_PARALLEL, .fn = sum_in_stage}};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_for(group, 0, 50, 1, sum_in_range, NULL), 0);
        CHECK_INT(
            ompg_reduce(group, 0, 50, 1, &count, sizeof count, sum_in_fold, sum_in_combine, NULL),
            0);
        CHECK_INT(count, 50);
        CHECK_INT(ompg_pipeline(group, stages, 2, 4), 0);
        for (int i = 0; i < 10; i++)
            ompg_go(group, join_groups, NULL);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

static ORDERED_BY_OPENMP void joins_in_every_region(void)
{
#pragma omp parallel
    {
        ompg_group *group = ompg_new(NULL);
        check_sum(group, 300);
        ompg_free(group);
    }
#pragma omp parallel
#pragma omp single
    {
        ompg_group *group = ompg_new(NULL);
        check_sum(group, 3000);
        ompg_free(group);
    }
}

/* ---- outside ---- */

static void outside_it_waits_for_the_group(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        atomic_int runs = 0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (int i = 0; i < 5; i++)
            ompg_go(group, count_run, &runs);
        check_sum(group, 1000);
        CHECK_INT(atomic_load(&runs), 5);
        CHECK_STATS(group, 6, 6, 0, 0);
        check_sum(group, 1000);
        ompg_free(group);
    }
}

/* Another group than the running task's: nested in it. */
static int join_in_new_group(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(&(ompg_options){.limit = 2});
    (void)group;
    (void)arg;
    check_sum(inner, 300);
    ompg_free(inner);
    return 0;
}

static void in_a_task_of_another_group(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, join_in_new_group, NULL, NULL), 0);
    }
}

/* ---- limits ---- */

static int pass_gauge(ompg_group *group, void *arg)
{
    (void)group;
    gauge_enter(arg, 0);
    sched_yield();
    gauge_leave(arg, 0);
    return 0;
}

struct gauged {
    gauge *all;
    int depth;
};

static int join_gauged(ompg_group *group, void *arg)
{
    struct gauged *self = arg, next = {self->all, self->depth - 1};
    if (self->depth == 0)
        return pass_gauge(group, self->all);
    return ompg_join(group, join_gauged, &next, join_gauged, &next);
}

static void limits_hold(void)
{
    for (int limit = 1; limit <= 4; limit++) {
        for (size_t team = 0; team < TEAMS; team++) {
            gauge all = {.limit = limit};
            struct gauged first = {&all, 7};
            ompg_group *group = ompg_new(&(ompg_options){.limit = limit, .threads = teams[team]});
            for (int i = 0; i < 5; i++) {
                ompg_go(group, join_gauged, &first);
                ompg_go(group, pass_gauge, &all);
            }
            CHECK_INT(ompg_wait(group), 0);
            CHECK_INT(atomic_load(&all.runs), 5 * 129);
            CHECK_INT(atomic_load(&all.over), 0);
            CHECK_STATS(group, 10, 10, 0, 0);
            ompg_free(group);
        }
    }
}

static void a_limit_above_one_lets_both_run(void)
{
    for (size_t team = 1; team < TEAMS; team++) {
        struct pair self = {0};
        ompg_options options = {.threads = teams[team], .limit = 2};
        CHECK_INT(ompg_run(&options, join_pair, &self, NULL), 0);
    }
}

/* A joiner's thread runs a part of the call that it waits for, and the place of that goes to a task that is parked. */
struct passing {
    event outer, inner, added;
    atomic_int runs, on_top;
};

static _Thread_local bool joins;

static int run_beside(ompg_group *group, void *arg)
{
    struct passing *self = arg;
    (void)group;
    atomic_fetch_add(&self->on_top, joins);
    atomic_fetch_add(&self->runs, 1);
    return 0;
}

static int add_beside(ompg_group *group, void *arg)
{
    struct passing *self = arg;
    CHECK_AWAIT(&self->inner, 1);
    CHECK_INT(ompg_try_go(group, run_beside, self), EAGAIN);
    CHECK_INT(ompg_go(group, run_beside, self), 0);
    event_post(&self->added);
    return 0;
}

static int await_added(ompg_group *group, void *arg)
{
    struct passing *self = arg;
    (void)group;
    event_post(&self->inner);
    CHECK_AWAIT(&self->added, 1);
    return 0;
}

static int join_within(ompg_group *group, void *arg)
{
    event_post(&((struct passing *)arg)->outer);
    return ompg_join(group, add_beside, arg, await_added, arg);
}

static int await_outer(ompg_group *group, void *arg)
{
    (void)group;
    CHECK_AWAIT(&((struct passing *)arg)->outer, 1);
    return 0;
}

static int join_around(ompg_group *group, void *arg)
{
    joins = true;
    int code = ompg_join(group, await_outer, arg, join_within, arg);
    joins = false;
    return code;
}

static void a_place_that_comes_free_is_no_part_of_the_call(void)
{
    for (size_t team = 1; team < TEAMS; team++) {
        struct passing self = {.runs = 0};
        ompg_options options = {.threads = teams[team], .limit = 3};
        CHECK_INT(ompg_run(&options, join_around, &self, NULL), 0);
        CHECK_INT(atomic_load(&self.runs), 1);
        CHECK_INT(atomic_load(&self.on_top), 0);
    }
}

/* On one thread, where the second call is taken back. */
static int join_and_try(ompg_group *group, void *arg)
{
    size_t size = 10;
    CHECK_INT(sum_in_task(group, &size), 0);
    CHECK_INT(ompg_try_go(group, count_run, arg), 0);
    CHECK_INT(ompg_try_go(group, count_run, arg), EAGAIN);
    return 0;
}

static void places_are_given_back(void)
{
    atomic_int runs = 0;
    CHECK_INT(ompg_run(&(ompg_options){.limit = 2, .threads = 1}, join_and_try, &runs, NULL), 0);
    CHECK_INT(atomic_load(&runs), 1);
}

/* Lowered while branches have places. */
static int lower_limit(ompg_group *group, void *arg)
{
    struct gauged *self = arg, next = {self->all, self->depth - 1};
    if (self->depth == 3)
        CHECK_INT(ompg_set_limit(group, 1), 0);
    return self->depth == 0 ? 0 : ompg_join(group, lower_limit, &next, lower_limit, &next);
}

static void a_limit_is_lowered(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        struct gauged first = {NULL, 7};
        atomic_int runs = 0;
        ompg_group *group = ompg_new(&(ompg_options){.limit = 5, .threads = teams[team]});
        ompg_go(group, lower_limit, &first);
        for (int i = 0; i < 20; i++)
            ompg_go(group, count_run, &runs);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&runs), 20);
        ompg_free(group);
    }
}

/* ---- misuse ---- */

static int return_0(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 0;
}

static int misuse_inside(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK_INT(ompg_join(NULL, return_0, NULL, return_0, NULL), EINVAL);
    CHECK_INT(ompg_join(group, NULL, NULL, return_0, NULL), EINVAL);
    CHECK_INT(ompg_join(group, return_0, NULL, NULL, NULL), EINVAL);
    return 0;
}

static int join_outer(ompg_group *group, void *outer)
{
    (void)group;
    CHECK_INT(ompg_join(outer, return_0, NULL, return_0, NULL), EDEADLK);
    return 0;
}

static int join_outer_from_within(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_run(NULL, join_outer, group, NULL);
}

static void misuse(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(misuse_inside(group, NULL), 0);
    CHECK_INT(ompg_run(NULL, misuse_inside, NULL, NULL), 0);
    CHECK_INT(ompg_run(NULL, join_outer_from_within, NULL, NULL), 0);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    ompg_free(group);
}

static int change_errno(ompg_group *group, void *arg)
{
    (void)group;
    errno = *(int *)arg;
    return 0;
}

static int check_errno(ompg_group *group, void *arg)
{
    int a = 11, b = 12;
    struct pair both = {0};
    (void)arg;
    errno = 1234;
    check_sum(group, 1000);
    CHECK_INT(errno, 1234);
    if (omp_get_num_threads() > 1) {
        CHECK_INT(join_pair(group, &both), 0);
        CHECK_INT(errno, 1234);
    }
    CHECK_INT(ompg_join(group, change_errno, &a, change_errno, &b), 0);
    CHECK(errno == 11 || errno == 12); /* as the calls themselves would leave it */
    return 0;
}

static void errno_is_left_alone(void)
{
    int a = 11, b = 12;
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_run(NULL, check_errno, NULL, NULL), 0);
    errno = 1234;
    CHECK_INT(ompg_join(group, change_errno, &a, change_errno, &b), 0);
    CHECK_INT(errno, 1234);
    ompg_free(group);
}

CHECK_MAIN("join", {"sums are right", sums_are_right},
           {"many tasks join at once", many_tasks_join_at_once},
           {"a joiner runs only parts of what it waits for",
            a_joiner_runs_only_parts_of_what_it_waits_for},
           {"the second call is stolen", the_second_call_is_stolen},
           {"calls add tasks", calls_add_tasks},
           {"what a stolen call adds is waited for", what_a_stolen_call_adds_is_waited_for},
           {"a full deque is no hindrance", a_full_deque_is_no_hindrance},
           {"recursion is deep", recursion_is_deep},
           {"joins inside everything", joins_inside_everything},
           {"joins in every region", joins_in_every_region},
           {"outside it waits for the group", outside_it_waits_for_the_group},
           {"in a task of another group", in_a_task_of_another_group}, {"limits hold", limits_hold},
           {"a limit above one lets both run", a_limit_above_one_lets_both_run},
           {"a place that comes free is no part of the call",
            a_place_that_comes_free_is_no_part_of_the_call},
           {"places are given back", places_are_given_back},
           {"a limit is lowered", a_limit_is_lowered}, {"misuse", misuse},
           {"errno is left alone", errno_is_left_alone})
