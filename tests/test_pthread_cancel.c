/*
 * POSIX cancellation of the calling thread: no call of the library is a cancellation point, whatever it
 * runs; it acts after them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE /* PTHREAD_CANCEL_DISABLE, with C11 */
#include "again.h"
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <time.h>

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

static int sleepy_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)begin;
    (void)end;
    sleepy_item_drop(arg);
    return 0;
}

static int sleepy_fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return sleepy_range(group, begin, end, arg);
}

static int sleepy_combine(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)other;
    return sleepy_fold(group, 0, 1, accumulator, arg);
}

static int sleepy_compare(const void *a, const void *b, void *arg)
{
    sleepy_item_drop(arg);
    return *(const char *)a - *(const char *)b;
}

static int sleepy_visit(void *state, void *arg)
{
    (void)state;
    sleepy_item_drop(arg);
    return 0;
}

static void sleepy_fini(void *state, void *arg)
{
    sleepy_visit(state, arg);
}

static int get_state(ompg_group *group, void *local)
{
    (void)group;
    return ompg_local_get(local) ? 0 : errno;
}

/* What calls functions of the caller's, besides tasks. */
static void make_calls_of_functions(void)
{
    char bytes[] = "cancel";
    ompg_local *local =
        ompg_local_new(&(ompg_local_options){.init = sleepy_visit, .fini = sleepy_fini});
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 3, 1, sleepy_range, NULL), 0);
    CHECK_INT(ompg_reduce(OMPG_DEFAULT, 0, 3, 1, bytes, 1, sleepy_fold, sleepy_combine, NULL), 0);
    CHECK_INT(
        ompg_scan(OMPG_DEFAULT, 0, 3, 1, bytes, 1, sleepy_fold, sleepy_combine, sleepy_fold, NULL),
        0);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, bytes, 6, 1, sleepy_compare, NULL), 0);
    CHECK_INT(ompg_run(NULL, get_state, local, NULL), 0);
    CHECK_INT(ompg_local_each(local, sleepy_visit, NULL), 0);
    ompg_local_free(local);
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
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, stages, 2, 3), EPIPE);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
    ompg_fail(group, EIO, "%d", 7);
    ompg_describe(stderr);
    ompg_print_error(group, stderr);
    ompg_print_short(group, stderr);
    make_calls_of_functions();
    CHECK_INT(ompg_join(OMPG_DEFAULT, do_nothing, NULL, sleep_a_little, runs), 0);
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
    bool complete = atomic_load(&calls_are_over) && atomic_load(&runs_when_cancelled) == 12;
    _Exit(complete ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* A process of its own, because it ends with this thread. */
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

CHECK_MAIN("pthread_cancel", {"cancel acts after the calls", cancel_acts_after_the_calls},
           {"cancel state is kept", cancel_state_is_kept})
