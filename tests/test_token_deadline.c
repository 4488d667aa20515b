/*
 * Deadlines of tokens: one time limit for several groups, together with their own, set from anywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "printed.h"
#include "tasks.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <signal.h>

static const double SOON = 0.02, LONG = 1000.0;

static int stay(ompg_group *group, void *arg)
{
    (void)arg;
    return poll_until_stopped(group) ? ECANCELED : ENOTRECOVERABLE;
}

static void await(const ompg_token *token)
{
    double start = seconds_now();
    while (!ompg_token_stopped(token) && seconds_now() - start < CHECK_PATIENCE)
        sched_yield();
}

static void passes_without_a_group(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    double start = seconds_now();
    CHECK_INT(ompg_token_set_deadline(&token, SOON), 0);
    await(&token);
    CHECK(ompg_token_stopped(&token));
    CHECK(seconds_now() - start >= SOON * 0.99);
    CHECK_INT(ompg_token_get_code(&token), ETIMEDOUT);
    CHECK_INT(ompg_token_get_signal(&token), 0);
    CHECK_INT(ompg_token_cancel(&token, EIO), EALREADY);
    CHECK_INT(ompg_token_set_deadline(&token, LONG), EALREADY);
    CHECK_INT(ompg_token_get_code(&token), ETIMEDOUT);
}

/* The call that comes after the deadline is too late, even if nobody has looked before it. */
static void a_late_cancel_is_too_late(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token_set_deadline(&token, 1e-9);
    double start = seconds_now();
    while (seconds_now() - start < 1e-6)
        ;
    CHECK_INT(ompg_token_cancel(&token, EIO), EALREADY);
    CHECK_INT(ompg_token_get_code(&token), ETIMEDOUT);
}

static void stops_a_group(void)
{
    char line[256];
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.name = "load", .token = &token});
    ompg_go(group, stay, NULL);
    CHECK_INT(ompg_token_set_deadline(&token, SOON), 0);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    ompg_error error = error_of(group);
    CHECK_INT(error.code, ETIMEDOUT);
    CHECK_INT(error.kind, OMPG_ERROR_DEADLINE);
    CHECK_INT(error.index, OMPG_NO_INDEX);
    CHECK_INT(ompg_exit_status(group), 124);
    CHECK_STR(printed(ompg_print_short, group, line, sizeof line),
              "load: timed out after 0.02 s\n");
    CHECK_STATS(group, 1, 0, 0, 1);
    ompg_free(group);
}

static int set_from_within(ompg_group *group, void *arg)
{
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_token_set_deadline(arg, SOON), 0);
    return stay(group, NULL);
}

/* The group was in the express lane until then, and so were those within. */
static int set_by_a_nested_task(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(NULL), *innermost;
    CHECK(!ompg_stopped(inner));
    ompg_go(inner, set_from_within, arg);
    int code = ompg_wait(inner);
    CHECK_INT(code, ECANCELED);
    CHECK_INT(error_of(inner).kind, OMPG_ERROR_CANCEL);
    innermost = ompg_new(NULL);
    CHECK(ompg_stopped(innermost));
    CHECK(ompg_stopped(group));
    ompg_free(innermost);
    ompg_free(inner);
    return code;
}

static void may_be_set_while_tasks_run(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, set_from_within, &token, NULL), ETIMEDOUT);
    token = (ompg_token)OMPG_TOKEN_INIT;
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, set_by_a_nested_task, &token, NULL),
              ETIMEDOUT);
}

/* Groups one after the other have one deadline, however much of it the earlier ones have used. */
static void one_deadline_for_several_groups(void)
{
    enum { GROUPS = 4 };
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token_set_deadline(&token, SOON);
    for (int i = 0; i < GROUPS; i++) {
        ompg_group *group = ompg_new(&(ompg_options){.token = &token});
        int code = ompg_go(group, stay, NULL);
        CHECK(code == 0 || (code == ECANCELED && i > 0));
        CHECK_INT(ompg_wait(group), ETIMEDOUT);
        CHECK_INT(error_of(group).kind, OMPG_ERROR_DEADLINE);
        ompg_free(group);
    }
}

static void the_earlier_of_two_counts(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_error error;
    ompg_token_set_deadline(&token, LONG);
    double start = seconds_now();
    CHECK_INT(ompg_run(&(ompg_options){.token = &token, .timeout = SOON}, stay, NULL, &error),
              ETIMEDOUT);
    CHECK(!ompg_token_stopped(&token));
    CHECK_STR(error.message, "timed out after 0.02 s");
    CHECK_INT(ompg_token_set_deadline(&token, 2 * SOON), 0);
    CHECK_INT(ompg_run(&(ompg_options){.token = &token, .timeout = LONG}, stay, NULL, &error),
              ETIMEDOUT);
    CHECK(ompg_token_stopped(&token));
    CHECK_STR(error.message, "timed out after 0.04 s");
    CHECK(seconds_now() - start < LONG / 2);
}

static void may_be_moved_and_taken_away(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_set_deadline(&token, LONG), 0);
    CHECK(!ompg_token_stopped(&token));
    CHECK_INT(ompg_token_set_deadline(&token, SOON), 0);
    CHECK_INT(ompg_token_set_deadline(&token, 0), 0);
    CHECK_INT(token.deadline, 0);
    CHECK_INT(ompg_token_set_deadline(&token, SOON), 0);
    CHECK_INT(ompg_token_set_deadline(&token, (double)INFINITY), 0);
    CHECK_INT(token.deadline, 0);
    CHECK_INT(ompg_token_set_deadline(&token, DBL_MAX), 0);
    CHECK(!ompg_token_stopped(&token));
}

/* A group that has cached the earlier deadline is not stopped by it. */
static int outlast(ompg_group *group, void *arg)
{
    ompg_token_set_deadline(arg, SOON);
    CHECK(!ompg_stopped(group));
    ompg_token_set_deadline(arg, LONG);
    double start = seconds_now();
    while (seconds_now() - start < 2 * SOON)
        CHECK(!ompg_stopped(group));
    return 0;
}

static void a_later_deadline_is_kept(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, outlast, &token, NULL), 0);
}

static void nonsense_is_refused(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_set_deadline(NULL, 1), EINVAL);
    CHECK_INT(ompg_token_set_deadline(&token, -1), EINVAL);
    CHECK_INT(ompg_token_set_deadline(&token, (double)NAN), EINVAL);
    token.reserved[0] = 1;
    CHECK_INT(ompg_token_set_deadline(&token, 1), EINVAL);
}

static ompg_token handled = OMPG_TOKEN_INIT;

static void set_in_handler(int signo)
{
    (void)signo;
    int saved = errno;
    ompg_token_set_deadline(&handled, SOON);
    errno = saved;
}

static int raise_and_stay(ompg_group *group, void *arg)
{
    raise(SIGUSR1);
    return stay(group, arg);
}

/* As after a first Ctrl-C: the tasks have some time left. */
static void set_by_a_signal_handler(void)
{
    const struct sigaction action = {.sa_handler = set_in_handler};
    struct sigaction before;
    handled = (ompg_token)OMPG_TOKEN_INIT;
    sigaction(SIGUSR1, &action, &before);
    CHECK_INT(ompg_run(&(ompg_options){.token = &handled}, raise_and_stay, NULL, NULL), ETIMEDOUT);
    sigaction(SIGUSR1, &before, NULL);
}

static atomic_bool looking;

static void *move_about(void *arg)
{
    while (atomic_load(&looking)) {
        ompg_token_set_deadline(arg, LONG);
        ompg_token_set_deadline(arg, 0);
    }
    return NULL;
}

static int nest_and_look(ompg_group *group, void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++) {
        ompg_group *inner = ompg_new(NULL);
        CHECK(!ompg_stopped(inner));
        for (int j = 0; j < 4; j++)
            CHECK_INT(ompg_go(inner, do_nothing, NULL), 0);
        CHECK_INT(ompg_wait(inner), 0);
        ompg_free(inner);
    }
    CHECK(!ompg_stopped(group));
    return 0;
}

/* Groups on two levels look on all threads, while another thread moves the deadline to and fro. */
static void moved_while_many_look(void)
{
    pthread_t mover;
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    atomic_store(&looking, true);
    CHECK_INT(pthread_create(&mover, NULL, move_about, &token), 0);
    for (int i = 0; i < 20; i++)
        ompg_go(group, nest_and_look, NULL);
    CHECK_INT(ompg_wait(group), 0);
    atomic_store(&looking, false);
    CHECK_INT(pthread_join(mover, NULL), 0);
    CHECK_INT(ompg_token_set_deadline(&token, SOON), 0);
    ompg_go(group, stay, NULL);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    ompg_free(group);
}

CHECK_MAIN("token deadline", {"passes without a group", passes_without_a_group},
           {"a late cancel is too late", a_late_cancel_is_too_late},
           {"stops a group", stops_a_group},
           {"may be set while tasks run", may_be_set_while_tasks_run},
           {"one deadline for several groups", one_deadline_for_several_groups},
           {"the earlier of two counts", the_earlier_of_two_counts},
           {"may be moved and taken away", may_be_moved_and_taken_away},
           {"a later deadline is kept", a_later_deadline_is_kept},
           {"nonsense is refused", nonsense_is_refused},
           {"set by a signal handler", set_by_a_signal_handler},
           {"moved while many look", moved_while_many_look})
