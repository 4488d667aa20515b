/*
 * Loops: every iteration exactly once in sub-ranges of the grain, whatever the range; misuse; loops
 * beside tasks and other loops, in them, and in every kind of OpenMP region.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"
#include "tiles.h"

#include <errno.h>
#include <omp.h>
#include <stdint.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], MOST_TILES = 1 << 20 };

/* ---- coverage ---- */

static void check_cover(ompg_group *group, size_t begin, size_t end, size_t grain)
{
    tiles all = tiles_new(begin, end, MOST_TILES);
    if (!CHECK_INT(ompg_for(group, begin, end, grain, tiles_run, &all), 0) ||
        !tiles_check(&all, grain))
        fprintf(stderr, "from %zu to %zu by %zu\n", begin, end, grain);
    tiles_free(&all);
}

static void every_iteration_once(void)
{
    static const size_t counts[] = {1, 2, 3, 7, 64, 65, 1000, 4099};
    static const size_t grains[] = {0, 1, 2, 3, 64, 1000, SIZE_MAX};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++)
                check_cover(group, team == 0 ? 0 : 12345 * team, 12345 * team + counts[c],
                            grains[g]);
        }
        ompg_free(group);
    }
}

static void every_iteration_once_of_a_million(void)
{
    static const size_t grains[] = {0, 1, 3, 1000, 999999, 1000000};
    for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++)
        check_cover(OMPG_DEFAULT, 0, 1000000, grains[g]);
}

static int fail(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_fail(group, EIO, "on purpose");
}

/* Members that do not come: all is done and counted all the same, and the next task has the next index. */
static void a_team_smaller_than_asked_for(void)
{
    int dynamic = omp_get_dynamic();
    omp_set_dynamic(1); /* as many threads as there are processors */
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        check_cover(group, 0, 1000, 1);
        check_cover(group, 0, 1000, 0);
        ompg_stats stats;
        ompg_get_stats(group, &stats);
        CHECK_INT(stats.items, 2000);
        CHECK_INT(stats.total, 2000);
        CHECK_INT(stats.done, stats.submitted);
        CHECK_INT(ompg_go(group, fail, NULL), 0);
        CHECK_INT(ompg_wait(group), EIO);
        ompg_error error;
        ompg_get_error(group, &error);
        CHECK_INT(error.index, 0);
        ompg_free(group);
    }
    omp_set_dynamic(dynamic);
}

static void every_iteration_once_where_numbers_end(void)
{
    static const size_t grains[] = {0, 1, 7, 999, 1000, 1001, SIZE_MAX - 1, SIZE_MAX};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++) {
            check_cover(group, SIZE_MAX - 1000, SIZE_MAX, grains[g]);
            check_cover(group, SIZE_MAX - 1, SIZE_MAX, grains[g]);
        }
        ompg_free(group);
    }
}

static void the_whole_of_all_numbers(void)
{
    static const size_t grains[] = {
        0, SIZE_MAX / 1000, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX};
    for (int deterministic = 0; deterministic <= 1; deterministic++) {
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = deterministic});
        for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++) {
            check_cover(group, 0, SIZE_MAX, grains[g]);
            check_cover(group, 1, SIZE_MAX, grains[g]);
            check_cover(group, 0, SIZE_MAX / 2 + 1, grains[g]);
        }
        ompg_free(group);
    }
}

/* A microsecond for each iteration. */
static int run_slowly(ompg_group *group, size_t begin, size_t end, void *arg)
{
    double until = omp_get_wtime() + 1e-6 * (double)(end - begin);
    while (omp_get_wtime() < until)
        ;
    return tiles_run(group, begin, end, arg);
}

/* For one thread the order of the sub-ranges is that of the iterations. */
static void chosen_sub_ranges_begin_with_one(void)
{
    const size_t n = 100000;
    tiles all = tiles_new(0, n, n);
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    CHECK_INT(ompg_for(group, 0, n, 0, run_slowly, &all), 0);
    size_t count = atomic_load(&all.count);
    size_t large = 0;
    for (size_t i = 1; i < count; i++) {
        large += all.list[i].end - all.list[i].begin > n / 8;
        CHECK_INT(all.list[i].begin, all.list[i - 1].end);
    }
    CHECK_INT(all.list[0].end, 1);
    CHECK_INT(large, 0);
    CHECK(count < n / 5);
    CHECK(tiles_check(&all, 0));
    ompg_free(group);
    tiles_free(&all);
}

/* What a deterministic group's loop without a grain is cut into, for any number of threads. */
static void deterministic_sub_ranges_are_the_same(void)
{
    static const size_t counts[] = {1, 100, 1024, 1025, 5000, 1000000};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        tiles first = tiles_new(7, 7 + counts[c], counts[c]);
        for (size_t team = 0; team < TEAMS; team++) {
            ompg_options options = {.deterministic = true, .threads = teams[team]};
            ompg_group *group = ompg_new(&options);
            tiles all = tiles_new(7, 7 + counts[c], counts[c]);
            tiles *these = team == 0 ? &first : &all;
            CHECK_INT(ompg_for(group, 7, 7 + counts[c], 0, tiles_run, these), 0);
            CHECK(tiles_check(these, 0));
            CHECK_INT(atomic_load(&these->count), atomic_load(&first.count));
            size_t size = atomic_load(&first.count) * sizeof(tile);
            CHECK(memcmp(these->list, first.list, size) == 0);
            ompg_free(group);
            tiles_free(&all);
        }
        tiles_free(&first);
    }
}

static int never_runs(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    CHECK_INT(end - begin, 0);
    return EIO;
}

static void empty_ranges_only_wait(void)
{
    static const size_t points[] = {0, 5, SIZE_MAX};
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(ompg_for(OMPG_DEFAULT, points[i], points[i], i, never_runs, NULL), 0);
        CHECK_INT(ompg_go_for(group, points[i], points[i], i, never_runs, NULL), 0);
        CHECK_INT(stats_of(group).submitted, 0);
    }
    ompg_go(group, count_run, &runs);
    CHECK_INT(ompg_for(group, 9, 9, 0, never_runs, NULL), 0);
    CHECK_INT(atomic_load(&runs), 1);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void misuse(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, count_run, &runs);
    CHECK_INT(ompg_for(group, 1, 0, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_for(group, SIZE_MAX, 0, 1, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_for(group, 0, 10, 0, NULL, NULL), EINVAL);
    CHECK_INT(ompg_for(group, 3, 3, 0, NULL, NULL), EINVAL);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 1, 0, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 10, 0, NULL, NULL), EINVAL);
    CHECK_INT(ompg_go_for(group, 1, 0, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_go_for(group, 0, 10, 0, NULL, NULL), EINVAL);
    CHECK_INT(ompg_go_for(NULL, 0, 10, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_go_for(OMPG_DEFAULT, 0, 10, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_for(NULL, 0, 10, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_for(NULL, 5, 5, 0, never_runs, NULL), EINVAL);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK_INT(stats_of(group).submitted, 1);
    CHECK_INT(atomic_load(&runs), 0);
    check_cover(group, 0, 100, 3);
    CHECK_INT(atomic_load(&runs), 1);
    ompg_free(group);
}

static int meet_default_group(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    CHECK(group != NULL && group != OMPG_DEFAULT);
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_go(group, count_run, arg), 0);
    return 0;
}

static int fail_in_default_group(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)end;
    (void)arg;
    return begin == 0 ? ompg_fail(group, 321, "nobody reads this") : 0;
}

static void default_is_a_group_of_the_call(void)
{
    atomic_int runs = 0;
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 100, 1, meet_default_group, &runs), 0);
    CHECK_INT(atomic_load(&runs), 100);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 100, 1, fail_in_default_group, NULL), 321);
}

static void errno_is_left_alone(void)
{
    ompg_group *group = ompg_new(NULL);
    errno = 1234;
    check_cover(OMPG_DEFAULT, 0, 1000, 0);
    check_cover(group, 0, 1000, 1);
    CHECK_INT(ompg_for(group, 2, 1, 0, never_runs, NULL), EINVAL);
    CHECK_INT(errno, 1234);
    ompg_free(group);
}

/* ---- beside tasks and other loops ---- */

/* An ordinary array: what the loops write is visible after the wait. */
typedef struct sheet {
    int *cells;
    int value;
} sheet;

static int write_cells(ompg_group *group, size_t begin, size_t end, void *arg)
{
    const sheet *self = arg;
    (void)group;
    for (size_t i = begin; i < end; i++)
        self->cells[i] += self->value;
    return 0;
}

static void loops_and_tasks_share_a_group(void)
{
    enum { N = 5000, TASKS = 50 };
    int *cells = calloc(N, sizeof *cells);
    for (size_t team = 0; team < TEAMS; team++) {
        item items[TASKS] = {{0}};
        sheet low = {cells, 1};
        sheet high = {cells, 2};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        memset(cells, 0, N * sizeof *cells);
        for (int i = 0; i < TASKS; i++)
            CHECK_INT(item_go(group, &items[i]), 0);
        CHECK_INT(ompg_go_for(group, 0, N / 2, 0, write_cells, &low), 0);
        CHECK_INT(ompg_go_for(group, N / 2, N - 1, 10, write_cells, &high), 0);
        CHECK_INT(ompg_for(group, N - 1, N, 0, write_cells, &high), 0);
        CHECK_INT(items_check_dropped(items, TASKS), TASKS);
        size_t wrong = 0;
        for (int i = 0; i < N; i++)
            wrong += cells[i] != (i < N / 2 ? 1 : 2);
        CHECK_INT(wrong, 0);
        CHECK_ADDS_UP(group);
        CHECK_INT(stats_of(group).failed + stats_of(group).skipped, 0);
        ompg_free(group);
    }
    free(cells);
}

/* Adds loops and tasks to the group that it runs in. */
static int add_more(ompg_group *group, size_t begin, size_t end, void *arg)
{
    sheet *self = arg;
    for (size_t i = begin; i < end; i++)
        CHECK_INT(ompg_go_for(group, 100 * i, 100 * i + 100, i % 7, write_cells, self), 0);
    return 0;
}

static int add_loop_that_adds_more(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_go_for(group, 0, 50, 1, add_more, arg), 0);
    return 0;
}

static void loops_are_added_by_tasks_and_loops(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        int cells[5000] = {0};
        sheet all = {cells, 1};
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, add_loop_that_adds_more, &all, NULL), 0);
        size_t wrong = 0;
        for (int i = 0; i < 5000; i++)
            wrong += cells[i] != 1;
        CHECK_INT(wrong, 0);
    }
}

static void a_loop_never_waited_for_is_skipped(void)
{
    item one = {0};
    ompg_group *group = ompg_new(NULL);
    item_go(group, &one);
    CHECK_INT(ompg_go_for(group, 0, 1000, 0, never_runs, NULL), 0);
    CHECK_INT(ompg_go_for(group, 0, 1000, 1, never_runs, NULL), 0);
    ompg_free(group);
    CHECK_INT(items_check_dropped(&one, 1), 0);
}

static void a_group_that_has_stopped_takes_no_loop(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, count_run, &runs);
    ompg_fail(group, EDOM, NULL);
    CHECK_INT(ompg_go_for(group, 0, 10, 0, never_runs, NULL), ECANCELED);
    CHECK_INT(ompg_for(group, 0, 10, 0, never_runs, NULL), EDOM);
    CHECK_INT(ompg_for(group, 0, 0, 0, never_runs, NULL), EDOM);
    CHECK_INT(atomic_load(&runs), 0);
    CHECK_STATS(group, 1, 0, 0, 1);
    CHECK_INT(ompg_reset(group), 0);
    check_cover(group, 0, 10, 0);
    ompg_free(group);
}

/* ---- who may ask for a loop ---- */

static void *loop_from_outside(void *arg)
{
    ompg_group *group = arg;
    CHECK_INT(ompg_for(group, 0, 10, 1, never_runs, NULL), EBUSY);
    CHECK_INT(ompg_for(group, 4, 4, 1, never_runs, NULL), EBUSY);
    return NULL;
}

static int let_others_loop(ompg_group *group, void *arg)
{
    pthread_t stranger;
    (void)arg;
    if (CHECK_INT(pthread_create(&stranger, NULL, loop_from_outside, group), 0))
        pthread_join(stranger, NULL);
    return 0;
}

static void strangers_are_refused(void)
{
    for (int round = 0; round < 10; round++) {
        ompg_group *group = ompg_new(NULL);
        for (int i = 0; i < 5; i++)
            ompg_go(group, let_others_loop, NULL);
        CHECK_INT(ompg_wait(group), 0);
        check_cover(group, 0, 100, 1);
        ompg_free(group);
    }
}

/* ---- tasks of other threads ---- */

enum { TASKS_FROM_OUTSIDE = 20000 };

typedef struct outsider {
    ompg_group *group;
    atomic_int runs, accepted;
    atomic_bool finished;
} outsider;

static int count_from_outside(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add(&((outsider *)arg)->runs, 1);
    return 0;
}

static void *add_from_outside(void *arg)
{
    outsider *self = arg;
    for (int i = 0; i < TASKS_FROM_OUTSIDE; i++)
        if (ompg_go(self->group, count_from_outside, self) == 0)
            atomic_fetch_add(&self->accepted, 1);
    atomic_store(&self->finished, true);
    return NULL;
}

/* Threads go when a loop's group is done; what comes into it before its wait has ended is run all the same. */
static void tasks_come_while_a_loop_ends(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        outsider outside = {.group = group};
        pthread_t stranger;
        if (!CHECK_INT(pthread_create(&stranger, NULL, add_from_outside, &outside), 0))
            return;
        while (!atomic_load(&outside.finished))
            check_cover(group, 0, 20, 0);
        pthread_join(stranger, NULL);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&outside.accepted), TASKS_FROM_OUTSIDE);
        CHECK_INT(atomic_load(&outside.runs), TASKS_FROM_OUTSIDE);
        ompg_free(group);
    }
}

static int loop_in_range_of(ompg_group *group, size_t begin, size_t end, void *arg)
{
    ompg_group *own = arg;
    (void)group;
    (void)begin;
    (void)end;
    CHECK_INT(ompg_for(own, 0, 10, 0, never_runs, NULL), EDEADLK);
    CHECK_INT(ompg_for(own, 5, 5, 0, never_runs, NULL), EDEADLK);
    CHECK_INT(ompg_wait(own), EDEADLK);
    return 0;
}

static int loop_in_own_task(ompg_group *group, void *arg)
{
    (void)arg;
    loop_in_range_of(group, 0, 1, group);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 3, 1, loop_in_range_of, group), 0);
    return 0;
}

static void own_tasks_cannot_wait(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 10; i++)
        ompg_go(group, loop_in_own_task, NULL);
    CHECK_INT(ompg_go_for(group, 0, 10, 1, loop_in_range_of, group), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* ---- in loops, tasks and regions ---- */

typedef struct nest {
    int height;
    int team;
    atomic_size_t leaves;
} nest;

static int run_nest(ompg_group *group, size_t begin, size_t end, void *arg)
{
    nest *self = arg;
    (void)group;
    CHECK_INT(omp_get_num_threads(), self->team);
    CHECK(omp_get_thread_num() < ompg_get_threads(group));
    for (size_t i = begin; i < end; i++) {
        nest below = {.height = self->height - 1, .team = self->team};
        if (self->height == 0) {
            atomic_fetch_add(&self->leaves, 1);
        } else if (i % 2 == 0) {
            CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 6, i % 3, run_nest, &below), 0);
        } else {
            ompg_group *inner = ompg_new(&(ompg_options){.limit = (int)i});
            CHECK_INT(ompg_for(inner, 0, 6, i % 3, run_nest, &below), 0);
            ompg_free(inner);
        }
        atomic_fetch_add(&self->leaves, atomic_load(&below.leaves));
    }
    return 0;
}

static void loops_nest_in_loops(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        nest top = {.height = 3, .team = teams[team]};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_for(group, 0, 6, 1, run_nest, &top), 0);
        CHECK_INT(atomic_load(&top.leaves), 6 * 6 * 6 * 6);
        ompg_free(group);
    }
}

static int loop_in_task(ompg_group *group, void *arg)
{
    (void)arg;
    (void)group;
    check_cover(OMPG_DEFAULT, 0, 300, 0);
    check_cover(OMPG_DEFAULT, 0, 300, 7);
    return 0;
}

static void loops_run_in_tasks(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (int i = 0; i < 20; i++)
            ompg_go(group, loop_in_task, NULL);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

static void check_cover_twice(void)
{
    check_cover(OMPG_DEFAULT, 0, 500, 0);
    check_cover(OMPG_DEFAULT, 0, 500, 3);
}

static void loops_run_in_every_region(void)
{
#pragma omp parallel
    check_cover_twice();
#pragma omp parallel
#pragma omp single
    check_cover_twice();
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < 10; i++)
        check_cover_twice();
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 10; i++) {
#pragma omp task
        check_cover_twice();
    }
#pragma omp task
    check_cover_twice();
#pragma omp taskwait
}

CHECK_MAIN("loop", {"every iteration once", every_iteration_once},
           {"every iteration once of a million", every_iteration_once_of_a_million},
           {"a team smaller than asked for", a_team_smaller_than_asked_for},
           {"every iteration once where numbers end", every_iteration_once_where_numbers_end},
           {"the whole of all numbers", the_whole_of_all_numbers},
           {"chosen sub-ranges begin with one", chosen_sub_ranges_begin_with_one},
           {"deterministic sub-ranges are the same", deterministic_sub_ranges_are_the_same},
           {"empty ranges only wait", empty_ranges_only_wait}, {"misuse", misuse},
           {"default is a group of the call", default_is_a_group_of_the_call},
           {"errno is left alone", errno_is_left_alone},
           {"loops and tasks share a group", loops_and_tasks_share_a_group},
           {"loops are added by tasks and loops", loops_are_added_by_tasks_and_loops},
           {"a loop never waited for is skipped", a_loop_never_waited_for_is_skipped},
           {"a group that has stopped takes no loop", a_group_that_has_stopped_takes_no_loop},
           {"strangers are refused", strangers_are_refused},
           {"tasks come while a loop ends", tasks_come_while_a_loop_ends},
           {"own tasks cannot wait", own_tasks_cannot_wait},
           {"loops nest in loops", loops_nest_in_loops}, {"loops run in tasks", loops_run_in_tasks},
           {"loops run in every region", loops_run_in_every_region})
