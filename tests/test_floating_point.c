/*
 * The floating-point environment of the calling thread: every thread of the region works with it, and
 * gets its own back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <fenv.h>
#include <stdint.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
enum { MODES = sizeof modes / sizeof modes[0] };

/* ---- waits ---- */

/* Two tasks that meet, so that the second one is on another thread where there is one. */
typedef struct meeting {
    int expected; /* rounding mode of all */
    int threads;
    event met;
    atomic_int wrong;
} meeting;

static int meet(ompg_group *group, void *arg)
{
    meeting *self = arg;
    (void)group;
    event_post(&self->met);
    CHECK_AWAIT(&self->met, self->threads);
    if (fegetround() != self->expected)
        atomic_fetch_add(&self->wrong, 1);
    return 0;
}

static void check_meeting(int mode, int threads)
{
    meeting all = {.expected = mode, .threads = threads};
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    for (int i = 0; i < threads; i++)
        ompg_go(group, meet, &all);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&all.wrong), 0);
    CHECK_INT(fegetround(), mode);
    ompg_free(group);
}

static int team_size(void)
{
    return omp_get_max_threads() > 1 ? 2 : 1;
}

/* The mode of each thread of a team is what it was before. */
static ORDERED_BY_OPENMP void check_threads_of_openmp(int mode)
{
    atomic_int wrong = 0;
#pragma omp parallel num_threads(team_size())
    if (fegetround() != mode)
        atomic_fetch_add(&wrong, 1);
    CHECK_INT(atomic_load(&wrong), 0);
}

static void threads_round_as_the_waiter(void)
{
    check_meeting(FE_TONEAREST, team_size()); /* the threads exist now */
    for (int i = 0; i < MODES; i++) {
        fesetround(modes[i]);
        check_meeting(modes[i], team_size());
        fesetround(FE_TONEAREST);
        check_threads_of_openmp(FE_TONEAREST);
    }
}

/* In a team that is there already, its other threads come from their barrier. */
static ORDERED_BY_OPENMP void threads_of_a_team_round_as_the_waiter(void)
{
    atomic_int wrong = 0;
#pragma omp parallel num_threads(team_size())
    {
#pragma omp master
        {
            fesetround(FE_UPWARD);
            check_meeting(FE_UPWARD, omp_get_num_threads());
            fesetround(FE_TONEAREST);
        }
#pragma omp barrier
        if (fegetround() != FE_TONEAREST)
            atomic_fetch_add(&wrong, 1);
    }
    CHECK_INT(atomic_load(&wrong), 0);
}

static void spoil_rounding(void *arg)
{
    (void)arg;
    fesetround(FE_DOWNWARD);
}

/* What runs on the waiting thread and forgets to put the mode back. */
static void callers_mode_survives(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 20; i++)
        ompg_go_with(group, do_nothing, NULL, &(ompg_task_options){.drop = spoil_rounding});
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(fegetround(), FE_TONEAREST);
    check_threads_of_openmp(FE_TONEAREST);
    ompg_go_with(group, do_nothing, NULL, &(ompg_task_options){.drop = spoil_rounding});
    ompg_free(group);
    CHECK_INT(fegetround(), FE_TONEAREST);
}

/* ---- loops and reductions ---- */

static int check_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)begin;
    (void)end;
    return fegetround() == *(const int *)arg ? 0 : EDOM;
}

static int meet_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return meet(group, arg);
}

/* Where the task's thread has another mode than the region. */
static int loop_in_another_mode(ompg_group *group, void *arg)
{
    meeting all = {.expected = FE_DOWNWARD, .threads = team_size()};
    (void)group;
    (void)arg;
    fesetround(FE_DOWNWARD);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, (size_t)all.threads, 1, meet_range, &all), 0);
    CHECK_INT(fegetround(), FE_DOWNWARD);
    fesetround(FE_TONEAREST);
    CHECK_INT(atomic_load(&all.wrong), 0);
    return 0;
}

static void loops_round_as_the_caller(void)
{
    for (int i = 0; i < MODES; i++) {
        int mode = modes[i];
        fesetround(mode);
        CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 1000, 1, check_range, &mode), 0);
        fesetround(FE_TONEAREST);
    }
    CHECK_INT(ompg_run(NULL, loop_in_another_mode, NULL, NULL), 0);
}

static ORDERED_BY_OPENMP void loop_macro_rounds_as_the_caller(void)
{
    atomic_int wrong = 0;
    check_threads_of_openmp(FE_TONEAREST);
    fesetround(FE_UPWARD);
    OMPG_FOR(OMPG_DEFAULT, i, 0, 1000) {
        if (fegetround() != FE_UPWARD)
            atomic_fetch_add(&wrong, 1);
    }
    CHECK_INT(atomic_load(&wrong), 0);
    CHECK_INT(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
    check_threads_of_openmp(FE_TONEAREST);
}

enum { TERMS = 20000 };

static int sum_up(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    volatile double sum = *(double *)accumulator;
    const volatile double *term = arg;
    (void)group;
    for (size_t i = begin; i < end; i++)
        sum = sum + *term / (double)(i + 3);
    *(double *)accumulator = sum;
    return 0;
}

static int add_up(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    volatile double sum = *(double *)accumulator + *(const double *)other;
    (void)group;
    (void)arg;
    *(double *)accumulator = sum;
    return 0;
}

static double sum_with(int threads, double term)
{
    double sum = 0.0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    CHECK_INT(ompg_reduce(group, 0, TERMS, 16, &sum, sizeof sum, sum_up, add_up, &term), 0);
    ompg_free(group);
    return sum;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The same bits with any number of threads. */
static void check_sums(double term)
{
    CHECK_INT(bits_of(sum_with(1, term)), bits_of(sum_with(0, term)));
}

static void reductions_are_the_same_in_any_mode(void)
{
    check_threads_of_openmp(FE_TONEAREST);
    for (int i = 0; i < MODES; i++) {
        fesetround(modes[i]);
        check_sums(1.0);
    }
    fesetround(FE_TONEAREST);
#if defined(__SSE__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* small numbers are zero: FTZ and DAZ */
    check_sums(3e-310);
    CHECK_INT(_mm_getcsr() & 0x8040, 0x8040);
    _mm_setcsr(before);
#endif
}

CHECK_MAIN("floating point", {"threads round as the waiter", threads_round_as_the_waiter},
           {"threads of a team round as the waiter", threads_of_a_team_round_as_the_waiter},
           {"callers mode survives", callers_mode_survives},
           {"loops round as the caller", loops_round_as_the_caller},
           {"loop macro rounds as the caller", loop_macro_rounds_as_the_caller},
           {"reductions are the same in any mode", reductions_are_the_same_in_any_mode})
