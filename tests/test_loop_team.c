/*
 * Loops and threads: all of them take part, at any number of iterations and wherever the loop is
 * asked for; none that is busy keeps iterations from the others; .limit bounds the sub-ranges that
 * run at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "tasks.h"
#include "tiles.h"

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], MOST_THREADS = 64 };

/* ---- meetings ---- */

/* The first sub-range of each thread ends when `expected` threads have come. */
typedef struct meeting {
    event arrived;
    int expected;
    atomic_bool came[MOST_THREADS];
    atomic_size_t iterations;
} meeting;

static int meet(ompg_group *group, size_t begin, size_t end, void *arg)
{
    meeting *self = arg;
    int thread = omp_get_thread_num();
    (void)group;
    atomic_fetch_add(&self->iterations, end - begin);
    if (CHECK(thread < MOST_THREADS) && !atomic_exchange(&self->came[thread], true)) {
        event_post(&self->arrived);
        CHECK_AWAIT(&self->arrived, self->expected);
    }
    return 0;
}

static int meeting_of(size_t iterations, size_t grain, int threads)
{
    size_t units = grain == 0 ? iterations : (iterations - 1) / grain + 1;
    return units < (size_t)threads ? (int)units : threads;
}

static void check_meeting(ompg_group *group, size_t iterations, size_t grain, int threads)
{
    meeting all = {.expected = meeting_of(iterations, grain, threads)};
    bool right = CHECK_INT(ompg_for(group, 0, iterations, grain, meet, &all), 0) &&
                 CHECK_INT(atomic_load(&all.iterations), iterations) &&
                 CHECK_INT(atomic_load(&all.arrived.count), all.expected);
    if (!right)
        fprintf(stderr, "%zu iterations by %zu on %d threads\n", iterations, grain, threads);
}

/* Where libgomp's taskloop would run all of them on one thread: 64 tasks for each thread and more. */
static void all_threads_take_part_at_any_count(void)
{
    static const size_t counts[] = {1,   2,   3,   6,   7,   8,    63,   64,   65,   127,  128,
                                    129, 448, 449, 500, 999, 1000, 4096, 4097, 9999, 50000};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            check_meeting(group, counts[i], 0, teams[team]);
            check_meeting(group, counts[i], 1, teams[team]);
            check_meeting(group, counts[i], counts[i] / 64 + 1, teams[team]);
        }
        ompg_free(group);
    }
}

static void all_threads_take_part_when_deterministic(void)
{
    static const size_t counts[] = {1, 7, 64, 1000, 1025, 100000};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_options options = {.deterministic = true, .threads = teams[team]};
        ompg_group *group = ompg_new(&options);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            check_meeting(group, counts[i], 0, teams[team]);
        ompg_free(group);
    }
}

static void all_threads_take_part_by_default(void)
{
    for (size_t iterations = 1; iterations <= 1000000; iterations *= 10) {
        check_meeting(OMPG_DEFAULT, iterations, 0, omp_get_max_threads());
        check_meeting(OMPG_DEFAULT, iterations, iterations / 10000 + 1, omp_get_max_threads());
    }
}

static int meet_below_a_task(ompg_group *group, void *arg)
{
    const int *threads = arg;
    CHECK_INT(ompg_get_threads(group), *threads);
    check_meeting(OMPG_DEFAULT, 100, 0, *threads);
    check_meeting(OMPG_DEFAULT, 1000, 1, *threads);
    return 0;
}

static void all_threads_take_part_below_a_task(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        int threads = teams[team];
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, meet_below_a_task, &threads, NULL),
                  0);
    }
}

ORDERED_BY_OPENMP static void all_threads_of_a_region_take_part(void)
{
    for (int threads = 1; threads <= 7; threads += 3) {
#pragma omp parallel num_threads(threads)
#pragma omp single
        {
            check_meeting(OMPG_DEFAULT, 100, 0, threads);
            check_meeting(OMPG_DEFAULT, 1000, 1, threads);
        }
    }
}

/* Two loops that were added without waiting meet one another. */
static void two_loops_run_at_once(void)
{
    for (int threads = 2; threads <= 8; threads += 2) {
        meeting both = {.expected = threads};
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        for (int i = 0; i < 2; i++)
            CHECK_INT(ompg_go_for(group, 0, (size_t)threads / 2, 1, meet, &both), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&both.iterations), threads);
        ompg_free(group);
    }
}

/* ---- a busy thread ---- */

/* The sub-range of iteration 0 waits until all iterations outside of it are done. */
typedef struct holdup {
    size_t count;
    atomic_size_t done;
} holdup;

static int hold_up(ompg_group *group, size_t begin, size_t end, void *arg)
{
    holdup *self = arg;
    size_t others = self->count - (end - begin);
    double start = seconds_now();
    (void)group;
    while (begin == 0 && atomic_load(&self->done) < others) {
        if (!CHECK(seconds_now() - start < CHECK_PATIENCE))
            return 0;
        sched_yield();
    }
    atomic_fetch_add(&self->done, end - begin);
    return 0;
}

static void a_busy_thread_keeps_nothing(void)
{
    static const size_t grains[] = {0, 1, 10, 333};
    for (int threads = 2; threads <= 7; threads++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        for (size_t g = 0; g < 4; g++) {
            holdup all = {.count = 1000};
            CHECK_INT(ompg_for(group, 0, all.count, grains[g], hold_up, &all), 0);
            CHECK_INT(atomic_load(&all.done), all.count);
        }
        ompg_free(group);
    }
}

/* ---- limits ---- */

static int run_gauged(ompg_group *group, size_t begin, size_t end, void *arg)
{
    gauge *self = arg;
    (void)group;
    for (size_t i = begin; i < end; i++) {
        gauge_enter(self, 0);
        sched_yield();
        gauge_leave(self, 0);
    }
    return 0;
}

static int run_gauged_task(ompg_group *group, void *arg)
{
    return run_gauged(group, 0, 1, arg);
}

static void limit_bounds_sub_ranges(void)
{
    static const int limits[] = {1, 2, 3, 10};
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
            gauge all = {.limit = limits[l]};
            ompg_options options = {.threads = teams[team], .limit = limits[l]};
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_for(group, 0, 300, 1, run_gauged, &all), 0);
            CHECK_INT(ompg_for(group, 0, 300, 0, run_gauged, &all), 0);
            CHECK_INT(atomic_load(&all.runs), 600);
            CHECK_INT(atomic_load(&all.over), 0);
            ompg_free(group);
        }
    }
}

static void limit_bounds_loops_and_tasks_together(void)
{
    for (int limit = 1; limit <= 4; limit++) {
        gauge all = {.limit = limit};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 7, .limit = limit});
        for (int i = 0; i < 20; i++) {
            CHECK_INT(ompg_go_for(group, 0, 20, (size_t)i % 3, run_gauged, &all), 0);
            CHECK_INT(ompg_go(group, run_gauged_task, &all), 0);
        }
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.runs), 20 * 21);
        CHECK_INT(atomic_load(&all.over), 0);
        ompg_free(group);
    }
}

/* As many as the limit allows do run at once. */
static void limit_is_used_up(void)
{
    for (int limit = 1; limit <= 5; limit++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = 7, .limit = limit});
        check_meeting(group, 100, 1, limit);
        check_meeting(group, 100, 0, limit);
        ompg_free(group);
    }
}

static int loop_behind_limits(ompg_group *outer, size_t begin, size_t end, void *arg)
{
    (void)outer;
    for (size_t i = begin; i < end; i++) {
        gauge all = {.limit = 1};
        ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
        const int *height = arg;
        int below = *height - 1;
        CHECK_INT(ompg_for(group, 0, 10, 1, run_gauged, &all), 0);
        CHECK_INT(atomic_load(&all.over), 0);
        if (below > 0)
            CHECK_INT(ompg_for(group, 0, 3, 1, loop_behind_limits, &below), 0);
        ompg_free(group);
    }
    return 0;
}

static void limits_at_every_level_finish(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        int height = 3;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .limit = 1});
        CHECK_INT(ompg_for(group, 0, 3, 1, loop_behind_limits, &height), 0);
        ompg_free(group);
    }
}

/* Raised by the only sub-range that runs, whichever thread has it: then the others come. */
static int raise_limit_and_meet(ompg_group *group, size_t begin, size_t end, void *arg)
{
    const meeting *self = arg;
    CHECK_INT(ompg_set_limit(group, self->expected), 0);
    return meet(group, begin, end, arg);
}

static void limit_is_raised_in_a_loop(void)
{
    for (int limit = 2; limit <= 4; limit++) {
        meeting all = {.expected = limit};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 4, .limit = 1});
        CHECK_INT(ompg_for(group, 0, 4, 1, raise_limit_and_meet, &all), 0);
        CHECK_INT(atomic_load(&all.iterations), 4);
        ompg_free(group);
    }
}

CHECK_MAIN("loop and team",
           {"all threads take part at any count", all_threads_take_part_at_any_count},
           {"all threads take part when deterministic", all_threads_take_part_when_deterministic},
           {"all threads take part by default", all_threads_take_part_by_default},
           {"all threads take part below a task", all_threads_take_part_below_a_task},
           {"all threads of a region take part", all_threads_of_a_region_take_part},
           {"two loops run at once", two_loops_run_at_once},
           {"a busy thread keeps nothing", a_busy_thread_keeps_nothing},
           {"limit bounds sub-ranges", limit_bounds_sub_ranges},
           {"limit bounds loops and tasks together", limit_bounds_loops_and_tasks_together},
           {"limit is used up", limit_is_used_up},
           {"limits at every level finish", limits_at_every_level_finish},
           {"limit is raised in a loop", limit_is_raised_in_a_loop})
