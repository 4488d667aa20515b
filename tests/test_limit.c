/*
 * Limits: never exceeded, changed while the group runs, and never in the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "tasks.h"

#include <errno.h>

static int add_gauged(ompg_group *group, void *arg)
{
    gauge *self = arg;
    gauge_enter(self, 0);
    for (int i = 0; i < 20; i++)
        CHECK_INT(ompg_go(group, run_in_gauge, arg), 0);
    gauge_leave(self, 0);
    return 0;
}

static void limit_is_never_exceeded(void)
{
    static const int limits[] = {1, 2, 3, 5, 100};
    static const int teams[] = {1, 2, 7, 16};
    for (size_t l = 0; l < 5; l++) {
        for (size_t t = 0; t < 4; t++) {
            gauge all = {.limit = limits[l]};
            ompg_options options = {.limit = limits[l], .threads = teams[t]};
            ompg_group *group = ompg_new(&options);
            for (int i = 0; i < 10; i++)
                CHECK_INT(ompg_go(group, add_gauged, &all), 0);
            CHECK_INT(ompg_wait(group), 0);
            CHECK_INT(atomic_load(&all.runs), 210);
            CHECK_INT(atomic_load(&all.over), 0);
            CHECK_STATS(group, 210, 210, 0, 0);
            ompg_free(group);
        }
    }
}

static int tree_of_limits(ompg_group *outer, void *arg)
{
    int height = *(const int *)arg - 1;
    gauge all = {.limit = 1};
    (void)outer;
    if (height < 0)
        return 0;
    ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
    for (int i = 0; i < 3; i++) {
        CHECK_INT(ompg_go(group, tree_of_limits, &height), 0);
        CHECK_INT(ompg_go(group, run_in_gauge, &all), 0);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&all.runs), 3);
    CHECK_INT(atomic_load(&all.over), 0);
    ompg_free(group);
    return 0;
}

static void limits_at_every_level_finish(void)
{
    static const int teams[] = {1, 2, 7, 0};
    for (size_t i = 0; i < 4; i++) {
        int height = 6;
        ompg_options options = {.threads = teams[i], .limit = 1};
        CHECK_INT(ompg_run(&options, tree_of_limits, &height, NULL), 0);
    }
}

static int add_behind_itself(ompg_group *group, void *arg)
{
    for (int i = 0; i < 5000; i++)
        CHECK_INT(ompg_go(group, count_run, arg), 0);
    CHECK_INT(atomic_load((atomic_int *)arg), 0);
    return 0;
}

/* The only place is taken by the task that adds: go keeps the tasks, and runs none of them. */
static void go_does_not_wait_for_a_place(void)
{
    for (int threads = 1; threads <= 4; threads++) {
        atomic_int runs = 0;
        ompg_options options = {.threads = threads, .limit = 1};
        CHECK_INT(ompg_run(&options, add_behind_itself, &runs, NULL), 0);
        CHECK_INT(atomic_load(&runs), 5000);
    }
}

static int try_behind_itself(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_try_go(group, count_run, arg), EAGAIN);
    CHECK_INT(ompg_set_limit(group, 2), 0);
    CHECK_INT(ompg_try_go(group, count_run, arg), 0);
    return 0;
}

static void try_go_says_again(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(&(ompg_options){.limit = 2});
    CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_try_go(group, count_run, &runs), EAGAIN);
    CHECK_INT(ompg_go(group, count_run, &runs), 0);
    CHECK_INT(stats_of(group).submitted, 3);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 3);
    CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    CHECK_INT(ompg_run(&(ompg_options){.limit = 1}, try_behind_itself, &runs, NULL), 0);
    CHECK_INT(atomic_load(&runs), 5);
}

/* A task that is in the gauge until `meeting` of them are. */
typedef struct meeting {
    event arrived;
    int expected;
    gauge all;
} meeting;

static int arrive_and_meet(ompg_group *group, void *arg)
{
    meeting *self = arg;
    (void)group;
    gauge_enter(&self->all, 0);
    event_post(&self->arrived);
    CHECK_AWAIT(&self->arrived, self->expected);
    gauge_leave(&self->all, 0);
    return 0;
}

/* More threads than cores: what blocks in one task (input, output) does not hold up the others. */
static void threads_give_concurrency(void)
{
    static const int limits[] = {0, 16, 5};
    for (size_t i = 0; i < 3; i++) {
        meeting all = {.expected = limits[i] == 5 ? 5 : 16};
        all.all.limit = limits[i];
        ompg_group *group = ompg_new(&(ompg_options){.threads = 16, .limit = limits[i]});
        for (int task = 0; task < 64; task++)
            ompg_go(group, arrive_and_meet, &all);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.all.runs), 64);
        CHECK_INT(atomic_load(&all.all.over), 0);
        CHECK(atomic_load(&all.all.most) >= all.expected);
        ompg_free(group);
    }
}

static int add_and_block(ompg_group *group, void *arg)
{
    meeting *self = arg;
    for (int i = 1; i < self->expected; i++)
        CHECK_INT(ompg_go(group, arrive_and_meet, arg), 0);
    return arrive_and_meet(group, arg);
}

/* A producer that blocks after adding does not keep what it added to itself. */
static void blocked_producer_shares_its_tasks(void)
{
    for (int round = 0; round < 20; round++) {
        meeting all = {.expected = 2 + round % 7};
        ompg_options options = {.threads = all.expected};
        CHECK_INT(ompg_run(&options, add_and_block, &all, NULL), 0);
        CHECK_INT(atomic_load(&all.all.runs), all.expected);
    }
}

static int widen_and_meet(ompg_group *group, void *arg)
{
    const meeting *self = arg;
    CHECK_INT(ompg_set_limit(group, self->all.limit), 0);
    return add_and_block(group, arg);
}

/* Raised to what the meeting needs, then removed. */
static void limit_is_raised_while_it_runs(void)
{
    for (int limit = 4; limit >= 0; limit -= 4) {
        meeting all = {.expected = 4, .all.limit = limit};
        ompg_options options = {.threads = 4, .limit = 1};
        CHECK_INT(ompg_run(&options, widen_and_meet, &all, NULL), 0);
        CHECK_INT(atomic_load(&all.all.runs), 4);
        CHECK_INT(atomic_load(&all.all.over), 0);
    }
}

/* Four tasks run at once; the limit is lowered before any of them ends. */
typedef struct lowering {
    event arrived;
    atomic_int first; /* of the four, how many have not ended */
    gauge later;
} lowering;

static int run_after_lowering(ompg_group *group, void *arg)
{
    lowering *self = arg;
    CHECK_INT(atomic_load(&self->first), 0);
    return run_in_gauge(group, &self->later);
}

static int meet_and_lower(ompg_group *group, void *arg)
{
    lowering *self = arg;
    event_post(&self->arrived);
    CHECK_AWAIT(&self->arrived, 4);
    CHECK_INT(ompg_set_limit(group, 1), 0);
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_go(group, run_after_lowering, arg), 0);
    atomic_fetch_sub(&self->first, 1);
    return 0;
}

static void limit_is_lowered_while_it_runs(void)
{
    for (int round = 0; round < 20; round++) {
        lowering all = {.later.limit = 1, .first = 4};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 4, .limit = 4});
        for (int i = 0; i < 4; i++)
            ompg_go(group, meet_and_lower, &all);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.later.runs), 40);
        CHECK_INT(atomic_load(&all.later.over), 0);
        ompg_free(group);
    }
}

static void limit_is_changed_before_the_wait(void)
{
    static const int limits[][2] = {{5, 1}, {1, 3}, {0, 2}, {2, 0}};
    for (size_t i = 0; i < 4; i++) {
        gauge all = {.limit = limits[i][1]};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 6, .limit = limits[i][0]});
        for (int task = 0; task < 100; task++)
            ompg_go(group, run_in_gauge, &all);
        CHECK_INT(ompg_set_limit(group, limits[i][1]), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.runs), 100);
        CHECK_INT(atomic_load(&all.over), 0);
        ompg_free(group);
    }
}

/*
 * As many tasks or sub-ranges as there are threads are running when one of them lowers the limit to
 * one, so that all others come later: these have a place, or began without one.
 */
typedef struct mid_way {
    int threads;
    atomic_int tickets;
    event arrived, lowered;
    atomic_int first; /* of those that lower it, how many have not ended */
    gauge later;
} mid_way;

static mid_way mid_way_of(int threads)
{
    return (mid_way){.threads = threads, .first = threads, .later.limit = 1};
}

/* The work of one task or one sub-range. */
static void lower_mid_way(ompg_group *group, mid_way *self)
{
    int ticket = atomic_fetch_add(&self->tickets, 1);
    if (ticket >= self->threads) {
        run_in_gauge(group, &self->later);
        return;
    }
    event_post(&self->arrived);
    CHECK_AWAIT(&self->arrived, self->threads);
    if (ticket == 0) {
        CHECK_INT(ompg_set_limit(group, 1), 0);
        event_post(&self->lowered);
    }
    CHECK_AWAIT(&self->lowered, 1);
    atomic_fetch_sub(&self->first, 1);
}

static void check_mid_way(const mid_way *self, int all)
{
    CHECK_INT(atomic_load(&self->first), 0);
    CHECK_INT(atomic_load(&self->later.runs), all - self->threads);
    CHECK_INT(atomic_load(&self->later.over), 0);
}

enum { LATE = 100 };

static int run_mid_way(ompg_group *group, void *arg)
{
    lower_mid_way(group, arg);
    return 0;
}

/* Its tasks lie in the deque with their places when the limit is lowered. */
static int nest_mid_way(ompg_group *outer, void *arg)
{
    ompg_group *group = ompg_new(&(ompg_options){.limit = LATE});
    (void)outer;
    for (int i = 0; i < LATE; i++)
        CHECK_INT(ompg_go(group, run_mid_way, arg), 0);
    int code = ompg_wait(group);
    CHECK_STATS(group, LATE, LATE, 0, 0);
    ompg_free(group);
    return code;
}

static void lowered_limit_takes_places_back(void)
{
    static const int limits[] = {LATE, 0};
    for (int threads = 1; threads <= 7; threads += 2) {
        for (size_t i = 0; i < 2; i++) {
            mid_way self = mid_way_of(threads);
            ompg_group *group = ompg_new(&(ompg_options){.threads = threads, .limit = limits[i]});
            for (int task = 0; task < LATE; task++)
                CHECK_INT(ompg_go(group, run_mid_way, &self), 0);
            CHECK_INT(ompg_wait(group), 0);
            check_mid_way(&self, LATE);
            CHECK_STATS(group, LATE, LATE, 0, 0);
            ompg_free(group);
        }
        mid_way self = mid_way_of(threads);
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, nest_mid_way, &self, NULL), 0);
        check_mid_way(&self, LATE);
    }
}

/* Of one iteration. */
static int run_range_mid_way(ompg_group *group, size_t begin, size_t end, void *arg)
{
    CHECK_INT(end - begin, 1);
    lower_mid_way(group, arg);
    return 0;
}

static int fold_mid_way(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    *(size_t *)accumulator += begin;
    return run_range_mid_way(group, begin, end, arg);
}

static int add_sums(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(size_t *)accumulator += *(const size_t *)other;
    return 0;
}

static int loop_mid_way(ompg_group *group, mid_way *self)
{
    return ompg_for(group, 0, LATE, 1, run_range_mid_way, self);
}

static int added_loop_mid_way(ompg_group *group, mid_way *self)
{
    CHECK_INT(ompg_go_for(group, 0, LATE, 1, run_range_mid_way, self), 0);
    return ompg_wait(group);
}

static int reduce_mid_way(ompg_group *group, mid_way *self)
{
    size_t sum = 0;
    int code = ompg_reduce(group, 0, LATE, 1, &sum, sizeof sum, fold_mid_way, add_sums, self);
    CHECK_INT(sum, LATE * (LATE - 1) / 2);
    return code;
}

static void lowered_limit_holds_for_loops(void)
{
    static int (*const loops[])(ompg_group *, mid_way *) = {loop_mid_way, added_loop_mid_way,
                                                            reduce_mid_way};
    for (int round = 0; round < 3 * 4 * 4; round++) {
        int threads = 1 + 2 * (round / 3 % 4);
        mid_way self = mid_way_of(threads);
        ompg_options options = {.threads = threads, .limit = round / 12 % 2 == 0 ? 0 : LATE};
        options.deterministic = round / 24 == 1;
        ompg_group *group = ompg_new(&options);
        CHECK_INT(loops[round % 3](group, &self), 0);
        check_mid_way(&self, LATE);
        CHECK_ADDS_UP(group);
        CHECK_INT(stats_of(group).skipped, 0);
        ompg_free(group);
    }
}

static void limit_misuse(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
    CHECK_INT(ompg_set_limit(group, -1), EINVAL);
    CHECK_INT(ompg_set_limit(NULL, 1), EINVAL);
    CHECK_INT(ompg_try_go(group, do_nothing, NULL), 0);
    CHECK_INT(ompg_try_go(group, do_nothing, NULL), EAGAIN);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static int fail_in_the_queue(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_go(group, count_run, arg), 0);
    return EIO;
}

/* What waits behind the limit when the group fails is skipped, not forgotten. */
static void failure_empties_the_queue(void)
{
    for (int limit = 1; limit <= 3; limit++) {
        atomic_int runs = 0;
        ompg_group *group = ompg_new(&(ompg_options){.limit = limit});
        for (int i = 0; i < 1000; i++)
            ompg_go(group, i == 500 ? fail_in_the_queue : count_run, &runs);
        CHECK_INT(ompg_wait(group), EIO);
        ompg_stats stats = stats_of(group);
        CHECK_INT(stats.done, atomic_load(&runs));
        CHECK_INT(stats.failed, 1);
        CHECK(stats.submitted == 1000 || stats.submitted == 1001);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

/* What is refused leaves no trace: its drop is not called. */
static int go_without_waiting(ompg_group *group, void *arg)
{
    item *items = arg;
    const ompg_task_options options = {.drop = item_drop, .no_wait = true, .name = "now or never"};
    CHECK_INT(ompg_go_with(group, item_run, &items[0], &options), EAGAIN);
    CHECK_INT(ompg_set_limit(group, 0), 0);
    CHECK_INT(ompg_get_limit(group), 0);
    CHECK_INT(ompg_go_with(group, item_run, &items[1], &options), 0);
    return 0;
}

static void no_wait_says_again(void)
{
    item items[4] = {{0}};
    const ompg_task_options options = {.drop = item_drop, .no_wait = true};
    ompg_group *group = ompg_new(&(ompg_options){.limit = 2});
    CHECK_INT(ompg_go(group, go_without_waiting, items), 0);
    CHECK_INT(ompg_go_with(group, item_run, &items[2], &options), 0);
    CHECK_INT(ompg_go_with(group, item_run, &items[3], &options), EAGAIN);
    CHECK_INT(ompg_set_limit(group, 1), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(items_check_dropped(&items[1], 2), 2);
    CHECK_INT(atomic_load(&items[0].drops) + atomic_load(&items[3].drops), 0);
    CHECK_STATS(group, 3, 3, 0, 0);
    ompg_free(group);
}

static void the_limit_can_be_asked_for(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.limit = 3});
    CHECK_INT(ompg_get_limit(group), 3);
    CHECK_INT(ompg_set_limit(group, 5), 0);
    CHECK_INT(ompg_get_limit(group), 5);
    CHECK_INT(ompg_set_limit(group, -1), EINVAL);
    CHECK_INT(ompg_get_limit(group), 5);
    CHECK_INT(ompg_get_limit(NULL), 0);
    CHECK_INT(ompg_get_limit(OMPG_DEFAULT), 0);
    ompg_free(group);
}

CHECK_MAIN("limit", {"limit is never exceeded", limit_is_never_exceeded},
           {"limits at every level finish", limits_at_every_level_finish},
           {"go does not wait for a place", go_does_not_wait_for_a_place},
           {"try_go says again", try_go_says_again}, {"no_wait says again", no_wait_says_again},
           {"the limit can be asked for", the_limit_can_be_asked_for},
           {"threads give concurrency", threads_give_concurrency},
           {"blocked producer shares its tasks", blocked_producer_shares_its_tasks},
           {"limit is raised while it runs", limit_is_raised_while_it_runs},
           {"limit is lowered while it runs", limit_is_lowered_while_it_runs},
           {"lowered limit takes places back", lowered_limit_takes_places_back},
           {"lowered limit holds for loops", lowered_limit_holds_for_loops},
           {"limit is changed before the wait", limit_is_changed_before_the_wait},
           {"limit misuse", limit_misuse}, {"failure empties the queue", failure_empties_the_queue})
