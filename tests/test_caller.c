/*
 * What the calling thread owns beside errno: its floating-point environment, which every thread of the
 * region works with, and POSIX cancellation, which acts on it after the wait.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE /* PTHREAD_CANCEL_*, with C11 */
#include "again.h"
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <fenv.h>
#include <stdint.h>
#include <time.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};
enum { MODES = sizeof modes / sizeof modes[0] };

/* ---- the floating-point environment ---- */

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
    CHECK_INT(ompg_for(NULL, 0, (size_t)all.threads, 1, meet_range, &all), 0);
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
        CHECK_INT(ompg_for(NULL, 0, 1000, 1, check_range, &mode), 0);
        fesetround(FE_TONEAREST);
    }
    CHECK_INT(ompg_run(NULL, loop_in_another_mode, NULL, NULL), 0);
}

static ORDERED_BY_OPENMP void loop_macro_rounds_as_the_caller(void)
{
    atomic_int wrong = 0;
    check_threads_of_openmp(FE_TONEAREST);
    fesetround(FE_UPWARD);
    OMPG_FOR(NULL, i, 0, 1000) {
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

static void add_up(void *accumulator, const void *other, void *arg)
{
    volatile double sum = *(double *)accumulator + *(const double *)other;
    (void)arg;
    *(double *)accumulator = sum;
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

/* ---- POSIX cancellation ---- */

static int sleep_a_little(ompg_group *group, void *arg)
{
    (void)group;
    nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL); /* a cancellation point */
    return count_run(group, arg);
}

static void sleepy_drop(void *arg)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void sleepy_item_drop(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

static int sleepy_stage(ompg_group *group, void *arg, void **slot)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
    return *slot ? EPIPE : make_items(group, arg, slot);
}

/* Every call that runs, waits or prints: each is over before the thread may end. */
static void make_calls(atomic_int *runs)
{
    ompg_token token = OMPG_TOKEN_INIT;
    int items = 5;
    ompg_stage stages[] = {{.mode = OMPG_IN_ORDER, .fn = sleepy_stage, .arg = &items},
                           {.mode = OMPG_PARALLEL, .fn = sleepy_stage, .drop = sleepy_item_drop}};
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 10; i++)
        ompg_go(group, sleep_a_little, runs);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(ompg_pipeline(NULL, stages, 2, 3), EPIPE);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
    ompg_fail(group, EIO, "%d", 7);
    ompg_describe(stderr);
    ompg_print_error(group, stderr);
    ompg_reset(group);
    ompg_go_with(group, do_nothing, runs, &(ompg_task_options){.drop = sleepy_drop});
    ompg_free(group);
}

static atomic_int runs_when_cancelled;
static atomic_bool calls_are_over;

/* Nothing but the end of the thread may bring it here, after all calls. */
static void end_of_thread(void *arg)
{
    (void)arg;
    bool complete = atomic_load(&calls_are_over) && atomic_load(&runs_when_cancelled) == 11;
    _Exit(complete ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* A process of its own, for it ends with this thread. */
static void cancel_myself(void)
{
    pthread_cleanup_push(end_of_thread, NULL);
    pthread_cancel(pthread_self());
    make_calls(&runs_when_cancelled);
    atomic_store(&calls_are_over, true);
    pthread_testcancel();
    pthread_cleanup_pop(0);
    _Exit(EXIT_FAILURE);
}

static void cancel_acts_after_the_calls(void)
{
    char name[] = "cancel acts after the calls";
    if (is_again())
        cancel_myself();
    int status = run_again(name, "/dev/null");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static void cancel_state_is_kept(void)
{
    int state, before;
    CHECK_INT(ompg_run(NULL, do_nothing, NULL, NULL), 0);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    CHECK_INT(state, PTHREAD_CANCEL_ENABLE);
    CHECK_INT(ompg_run(NULL, do_nothing, NULL, NULL), 0);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before);
    CHECK_INT(before, PTHREAD_CANCEL_DISABLE);
}

CHECK_MAIN("caller", {"threads round as the waiter", threads_round_as_the_waiter},
           {"threads of a team round as the waiter", threads_of_a_team_round_as_the_waiter},
           {"callers mode survives", callers_mode_survives},
           {"loops round as the caller", loops_round_as_the_caller},
           {"loop macro rounds as the caller", loop_macro_rounds_as_the_caller},
           {"reductions are the same in any mode", reductions_are_the_same_in_any_mode},
           {"cancel acts after the calls", cancel_acts_after_the_calls},
           {"cancel state is kept", cancel_state_is_kept})
