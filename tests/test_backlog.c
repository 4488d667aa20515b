/*
 * Backlogs: how many tasks wait behind a limit, and what an adder does meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "sanitizers.h"
#include "strangers.h"
#include "tasks.h"

#include <errno.h>
#include <sys/resource.h>

enum { BACKLOG = 100, MANY = THREAD_SANITIZED ? 20000 : 1000000 };

static const ompg_options narrow = {.limit = 1, .backlog = BACKLOG};

/* Parked tasks that are not a series: each takes memory of its own. */
static int add_many(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(&narrow);
    static atomic_int runs[7];
    (void)group;
    (void)arg;
    for (int i = 0; i < 7; i++)
        atomic_store(&runs[i], 0);
    for (unsigned i = 0; i < MANY; i++) {
        if (!CHECK(ompg_go(inner, count_run, &runs[i * i % 7]) == 0))
            return EINVAL;
        if (i % 1000 == 0) {
            ompg_stats stats = stats_of(inner);
            size_t over = stats.done + stats.running;
            CHECK(stats.submitted - over <= BACKLOG + 1 + 1); /* one may be between two counts */
        }
    }
    CHECK_INT(ompg_wait(inner), 0);
    int sum = 0;
    for (int i = 0; i < 7; i++)
        sum += atomic_load(&runs[i]);
    CHECK_INT(sum, MANY);
    CHECK_STATS(inner, MANY, MANY, 0, 0);
    ompg_free(inner);
    return 0;
}

static long peak_kilobytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void memory_is_bounded(void)
{
    long before = peak_kilobytes();
    CHECK_INT(ompg_run(NULL, add_many, NULL, NULL), 0);
    if (!SANITIZED)
        CHECK(peak_kilobytes() - before < 4096);
}

/* In the group's own tasks, and in those within them, nobody waits for itself. */
static int add_until_full(ompg_group *group, void *arg)
{
    ompg_group *narrow_group = arg ? arg : group;
    int code = 0, added = 0;
    while (added <= BACKLOG + 1 && (code = ompg_go(narrow_group, do_nothing, NULL)) == 0)
        added++;
    CHECK_INT(code, EAGAIN);
    CHECK_INT(added, BACKLOG);
    return 0;
}

static int add_from_within(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_run(NULL, add_until_full, group, NULL);
}

static void own_tasks_are_told_to_try_again(void)
{
    CHECK_INT(ompg_run(&narrow, add_until_full, NULL, NULL), 0);
    CHECK_INT(ompg_run(&narrow, add_from_within, NULL, NULL), 0);
}

/* Many add to one group, which is theirs and not within any of them. */
static int add_some(ompg_group *group, void *arg)
{
    (void)group;
    for (int i = 0; i < 5 * BACKLOG; i++)
        if (!CHECK(ompg_go(arg, do_nothing, NULL) == 0))
            return EINVAL;
    return 0;
}

static int share_one(ompg_group *group, void *arg)
{
    (void)arg;
    (void)group;
    ompg_group *producers = ompg_new(NULL), *shared = ompg_new(&narrow);
    for (int i = 0; i < 10; i++)
        ompg_go(producers, add_some, shared);
    CHECK_INT(ompg_wait(producers), 0);
    CHECK_INT(ompg_wait(shared), 0);
    CHECK_STATS(shared, 50 * BACKLOG, 50 * BACKLOG, 0, 0);
    ompg_free(shared);
    ompg_free(producers);
    return 0;
}

static void several_producers_wait(void)
{
    CHECK_INT(ompg_run(NULL, share_one, NULL, NULL), 0);
}

/* ---- threads that run no task of the region: they have nothing to help with, and are never refused ---- */

enum { ADDERS = 4, ADDED_BY_EACH = 5 * BACKLOG };

typedef struct target {
    ompg_group *group;
    gauge tasks;
    event added; /* by each that is through */
} target;

static int run_gauged(ompg_group *group, void *arg)
{
    (void)group;
    gauge_enter(arg, 0);
    gauge_leave(arg, 0);
    return 0;
}

static void add_from_outside(int number, void *arg)
{
    target *self = arg;
    (void)number;
    for (int i = 0; i < ADDED_BY_EACH; i++)
        CHECK_INT(ompg_go(self->group, run_gauged, &self->tasks), 0);
    event_post(&self->added);
    ompg_done(self->group, 0);
}

static void begin_to_add(strangers *them, target *self)
{
    for (int i = 0; i < ADDERS; i++)
        ompg_hold(self->group);
    strangers_start(them, ADDERS, add_from_outside, self);
}

static void check_added(strangers *them, target *self, int tasks)
{
    CHECK_INT(ompg_wait(self->group), 0);
    strangers_join(them);
    CHECK_INT(atomic_load(&self->tasks.runs), tasks);
    CHECK_INT(atomic_load(&self->tasks.over), 0);
    CHECK_STATS(self->group, tasks, tasks, 0, 0);
    ompg_free(self->group);
}

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], ROUNDS = THREAD_SANITIZED ? 1 : 5 };

static void strangers_are_never_refused(void)
{
    for (int i = 0; i < ROUNDS * TEAMS; i++) {
        strangers them;
        ompg_options options = narrow;
        options.threads = teams[i % TEAMS];
        target self = {.group = ompg_new(&options), .tasks = {.limit = 1}};
        begin_to_add(&them, &self);
        check_added(&them, &self, ADDERS * ADDED_BY_EACH);
    }
}

/* While a producer in the region waits for room, again and again. */
static int add_beside_strangers(ompg_group *group, void *arg)
{
    strangers them;
    target self = {.group = ompg_new(&narrow), .tasks = {.limit = 1}};
    (void)group;
    (void)arg;
    begin_to_add(&them, &self);
    for (int i = 0; i < ADDED_BY_EACH; i++)
        CHECK_INT(ompg_go(self.group, run_gauged, &self.tasks), 0);
    check_added(&them, &self, (ADDERS + 1) * ADDED_BY_EACH);
    return 0;
}

static void producers_wait_beside_strangers(void)
{
    for (int i = 0; i < ROUNDS * TEAMS; i++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = teams[i % TEAMS]}, add_beside_strangers, NULL,
                           NULL),
                  0);
}

/* The place is taken until all strangers are through: none of them waits for it. */
static int await_strangers(ompg_group *group, void *arg)
{
    target *self = arg;
    (void)group;
    CHECK_AWAIT(&self->added, ADDERS);
    return 0;
}

static void strangers_do_not_wait_for_room(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        strangers them;
        ompg_options options = narrow;
        options.threads = teams[team];
        target self = {.group = ompg_new(&options), .tasks = {.limit = 1}};
        CHECK_INT(ompg_go(self.group, await_strangers, &self), 0);
        begin_to_add(&them, &self);
        CHECK_INT(ompg_wait(self.group), 0);
        strangers_join(&them);
        CHECK_INT(atomic_load(&self.tasks.runs), ADDERS * ADDED_BY_EACH);
        ompg_free(self.group);
    }
}

/* ---- groups around groups, and beside them ---- */

/* Two groups with limits that add to one another: whoever cannot add now runs it itself. */
struct pair {
    ompg_group *groups[2];
    atomic_int left, runs;
};

static struct pair pair;

static int play(ompg_group *group, void *arg)
{
    ompg_group *other = pair.groups[group == pair.groups[0]];
    for (int i = 0; i < 2 && atomic_fetch_sub(&pair.left, 1) > 0; i++) {
        int code = ompg_go(other, play, arg);
        CHECK(code == 0 || code == EAGAIN);
        if (code == 0)
            atomic_fetch_add(&pair.runs, 1);
    }
    return 0;
}

static int begin_to_play(ompg_group *group, void *arg)
{
    (void)group;
    const ompg_options tight = {.limit = 1, .backlog = 1};
    for (int i = 0; i < 2; i++)
        pair.groups[i] = ompg_new(&tight);
    for (int i = 0; i < 2; i++)
        CHECK_INT(ompg_go(pair.groups[i], play, arg), 0);
    size_t submitted = 0;
    for (int i = 0; i < 6; i++)
        CHECK_INT(ompg_wait(pair.groups[i % 2]), 0);
    while (atomic_load(&pair.left) > 0 && submitted != stats_of(pair.groups[0]).submitted)
        submitted = stats_of(pair.groups[0]).submitted;
    CHECK_INT(ompg_wait(pair.groups[0]), 0);
    CHECK_INT(ompg_wait(pair.groups[1]), 0);
    return 0;
}

static void groups_that_add_to_one_another_finish(void)
{
    for (int round = 0; round < 20; round++) {
        atomic_store(&pair.left, 2000);
        CHECK_INT(ompg_run(NULL, begin_to_play, NULL, NULL), 0);
        for (int i = 0; i < 2; i++) {
            CHECK_INT(ompg_wait(pair.groups[i]), 0);
            ompg_free(pair.groups[i]);
        }
    }
}

/* Limits of one around limits of one, each level full. */
static int nest(ompg_group *group, void *arg)
{
    int left = *(int *)arg - 1;
    (void)group;
    if (left < 0)
        return 0;
    ompg_group *inner = ompg_new(&(ompg_options){.limit = 1, .backlog = 1});
    for (int i = 0; i < 4; i++)
        CHECK_INT(ompg_go(inner, nest, &left), 0);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    return 0;
}

static void nested_limits_finish(void)
{
    int levels = 5;
    CHECK_INT(ompg_run(&(ompg_options){.limit = 1, .backlog = 1}, nest, &levels, NULL), 0);
}

/* What waits for room is no task to wait for: whoever does so makes the circle. One thread sees that. */
static int add_more_than_fit(ompg_group *group, void *arg)
{
    circle *self = arg;
    (void)group;
    for (int i = 0; i < 2 * BACKLOG; i++)
        CHECK_INT(ompg_go(self->above, wait_for_below, self), 0);
    return 0;
}

/* Leaves both groups to the one that has made the region, so that nobody waits for the adders yet. */
static int leave_the_circle(ompg_group *group, void *arg)
{
    circle *self = arg;
    (void)group;
    self->above = ompg_new(&narrow);
    self->below = ompg_new(NULL);
    CHECK_INT(ompg_go(self->below, add_more_than_fit, self), 0);
    return 0;
}

static void a_wait_for_who_waits_for_room_is_refused(void)
{
    circle it = {0};
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, leave_the_circle, &it, NULL), 0);
    CHECK_INT(ompg_wait(it.below), 0);
    CHECK_INT(ompg_wait(it.above), 0);
    CHECK(it.deadlocks > 0);
    CHECK_STATS(it.above, 2 * BACKLOG, 2 * BACKLOG, 0, 0);
    ompg_free(it.below);
    ompg_free(it.above);
}

static int stop_while_waiting(ompg_group *group, void *arg)
{
    return ompg_cancel(group, *(int *)arg);
}

static int add_to_a_stopped_one(ompg_group *group, void *arg)
{
    int code = 0, cause = EPIPE;
    (void)group;
    (void)arg;
    ompg_group *inner = ompg_new(&narrow);
    CHECK_INT(ompg_go(inner, stop_while_waiting, &cause), 0);
    for (int i = 0; i < 10 * BACKLOG && code == 0; i++)
        code = ompg_go(inner, do_nothing, NULL);
    CHECK_INT(code, ECANCELED);
    CHECK_INT(ompg_wait(inner), EPIPE);
    ompg_free(inner);
    return 0;
}

static void a_stop_ends_the_waiting(void)
{
    CHECK_INT(ompg_run(NULL, add_to_a_stopped_one, NULL, NULL), 0);
}

/* Before the wait nothing runs, so all is kept; parts of loops are few. */
static int count_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
    return 0;
}

static void what_comes_before_the_wait_is_kept(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(&narrow);
    for (int i = 0; i < 10 * BACKLOG; i++)
        CHECK_INT(ompg_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_for(group, 0, 1000, 1, count_range, &runs), 0);
    CHECK_INT(atomic_load(&runs), 10 * BACKLOG + 1000);
    ompg_free(group);
}

static void nonsense_is_refused(void)
{
    errno = 0;
    CHECK(ompg_new(&(ompg_options){.limit = 1, .backlog = -1}) == NULL);
    CHECK_INT(errno, EINVAL);
}

CHECK_MAIN("backlog", {"memory is bounded", memory_is_bounded},
           {"own tasks are told to try again", own_tasks_are_told_to_try_again},
           {"several producers wait", several_producers_wait},
           {"a wait for who waits for room is refused", a_wait_for_who_waits_for_room_is_refused},
           {"strangers are never refused", strangers_are_never_refused},
           {"producers wait beside strangers", producers_wait_beside_strangers},
           {"strangers do not wait for room", strangers_do_not_wait_for_room},
           {"groups that add to one another finish", groups_that_add_to_one_another_finish},
           {"nested limits finish", nested_limits_finish},
           {"a stop ends the waiting", a_stop_ends_the_waiting},
           {"what comes before the wait is kept", what_comes_before_the_wait_is_kept},
           {"nonsense is refused", nonsense_is_refused})
