/*
 * Tasks in a parallel region of the caller: the group uses the team that is there, all of it, and
 * opens no region within. (Loops there: test_loop_team.c.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

static const int teams[] = {1, 2, 4, 7};

enum { TEAMS = sizeof teams / sizeof teams[0], MOST_THREADS = 7, MEETINGS = 20 };

/* As many tasks as the team has threads; each ends when all have begun, so each has its thread. */
typedef struct meeting {
    int threads;
    int level; /* omp_get_level() of the caller's region */
    event arrived;
    atomic_int came[MOST_THREADS]; /* by the thread's number in the team */
} meeting;

static int meet(ompg_group *group, void *arg)
{
    meeting *self = arg;
    int thread = omp_get_thread_num();
    CHECK_INT(omp_get_level(), self->level);
    CHECK_INT(omp_get_num_threads(), self->threads);
    CHECK_INT(ompg_get_threads(group), self->threads);
    if (CHECK(thread < self->threads))
        atomic_fetch_add(&self->came[thread], 1);
    event_post(&self->arrived);
    CHECK_AWAIT(&self->arrived, self->threads);
    return 0;
}

static int add_the_others(ompg_group *group, void *arg)
{
    const meeting *self = arg;
    for (int i = 1; i < self->threads; i++)
        CHECK_INT(ompg_go(group, meet, arg), 0);
    return meet(group, arg);
}

/* `.threads` is for regions of the group's own: it changes nothing here. */
static bool hold_meeting(int threads, bool from_a_task)
{
    meeting all = {.threads = threads, .level = omp_get_level()};
    ompg_group *group = ompg_new(&(ompg_options){.threads = from_a_task ? 3 : 0});
    bool right = CHECK_INT(ompg_get_threads(group), threads);
    for (int i = from_a_task ? 1 : threads; i > 0; i--)
        right &= CHECK_INT(ompg_go(group, from_a_task ? add_the_others : meet, &all), 0);
    right &= CHECK_INT(ompg_wait(group), 0);
    for (int i = 0; i < threads; i++)
        right &= CHECK_INT(atomic_load(&all.came[i]), 1);
    CHECK_STATS(group, threads, threads, 0, 0);
    ompg_free(group);
    return right;
}

/* One that fails takes a minute. */
static void hold_meetings(int threads)
{
    static atomic_bool failed;
    for (int i = 0; i < MEETINGS && !atomic_load(&failed); i++) {
        if (!hold_meeting(threads, i % 2 == 1))
            atomic_store(&failed, true);
    }
}

static ORDERED_BY_OPENMP void single_has_the_whole_team(void)
{
    for (int i = 0; i < TEAMS; i++) {
#pragma omp parallel num_threads(teams[i])
#pragma omp single
        hold_meetings(teams[i]);
    }
}

/* Those that are not the caller wait for the region's end. */
static ORDERED_BY_OPENMP void any_thread_has_the_whole_team(void)
{
    for (int i = 0; i < TEAMS; i++) {
        for (int caller = 0; caller < teams[i]; caller++) {
#pragma omp parallel num_threads(teams[i])
            if (omp_get_thread_num() == caller)
                hold_meetings(teams[i]);
        }
    }
}

static ORDERED_BY_OPENMP void omp_task_has_the_whole_team(void)
{
    for (int i = 0; i < TEAMS; i++) {
#pragma omp parallel num_threads(teams[i])
#pragma omp single
        {
#pragma omp task default(none) firstprivate(i) shared(teams)
            hold_meetings(teams[i]);
        }
    }
}

typedef struct busy_team {
    event over;
    atomic_int strangers; /* tasks on a thread that is busy */
} busy_team;

static int look_who_runs(ompg_group *group, void *arg)
{
    busy_team *self = arg;
    (void)group;
    if (omp_get_thread_num() != 0)
        atomic_fetch_add(&self->strangers, 1);
    return 0;
}

/* A wait does without those that are at work: they come when they are at a barrier. */
static ORDERED_BY_OPENMP void busy_threads_are_not_needed(void)
{
    busy_team all = {.over = {0}};
#pragma omp parallel num_threads(4)
    if (omp_get_thread_num() == 0) {
        ompg_group *group = ompg_new(NULL);
        for (int i = 0; i < 1000; i++)
            CHECK_INT(ompg_go(group, look_who_runs, &all), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
        event_post(&all.over);
    } else {
        CHECK_AWAIT(&all.over, 1);
    }
    CHECK_INT(atomic_load(&all.strangers), 0);
}

/* The innermost team, though OpenMP would nest further. */
static ORDERED_BY_OPENMP void inner_region_has_its_team(void)
{
    int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(4);
    for (int i = 0; i < TEAMS; i++) {
#pragma omp parallel num_threads(2)
#pragma omp single
#pragma omp parallel num_threads(teams[i])
#pragma omp single
        hold_meetings(teams[i]);
    }
#pragma omp parallel num_threads(3)
#pragma omp single
    hold_meetings(3);
    omp_set_max_active_levels(levels);
}

/* A group within a task of a region of the group's own. */
static int meet_within(ompg_group *outer, void *arg)
{
    int threads = *(const int *)arg;
    CHECK_INT(ompg_get_threads(outer), threads);
    CHECK_INT(omp_get_level(), 1);
    hold_meetings(threads);
    return 0;
}

static void nested_group_has_the_whole_team(void)
{
    int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(4);
    for (int i = 0; i < TEAMS; i++) {
        int threads = teams[i];
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, meet_within, &threads, NULL), 0);
    }
    omp_set_max_active_levels(levels);
}

CHECK_MAIN("team", {"single has the whole team", single_has_the_whole_team},
           {"any thread has the whole team", any_thread_has_the_whole_team},
           {"omp task has the whole team", omp_task_has_the_whole_team},
           {"busy threads are not needed", busy_threads_are_not_needed},
           {"inner region has its team", inner_region_has_its_team},
           {"nested group has the whole team", nested_group_has_the_whole_team})
