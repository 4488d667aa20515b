/*
 * Tokens: cancelled by hand, by a signal, heard by any number of groups.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <signal.h>

static void is_cancelled_once(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK(!ompg_token_stopped(&token));
    CHECK_INT(ompg_token_get_code(&token), 0);
    CHECK_INT(ompg_token_cancel(&token, EPIPE), 0);
    CHECK(ompg_token_stopped(&token));
    CHECK_INT(ompg_token_cancel(&token, EIO), EALREADY);
    CHECK_INT(ompg_token_get_code(&token), EPIPE);
    CHECK_INT(ompg_token_get_signal(&token), 0);
    ompg_token again = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_cancel(&again, 0), 0);
    CHECK_INT(ompg_token_get_code(&again), ECANCELED);
}

static void null_token(void)
{
    CHECK_INT(ompg_token_cancel(NULL, EIO), EINVAL);
    CHECK(!ompg_token_stopped(NULL));
    CHECK_INT(ompg_token_get_code(NULL), 0);
    CHECK_INT(ompg_token_get_signal(NULL), 0);
    CHECK_INT(ompg_token_on_signal(NULL, SIGUSR1), EINVAL);
    CHECK_INT(ompg_token_off_signal(NULL, SIGUSR1), EINVAL);
}

static void stops_a_group_before_its_wait(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    item items[2] = {{0}};
    ompg_group *group = ompg_new(&(ompg_options){.name = "listener", .token = &token});
    CHECK(!ompg_stopped(group));
    CHECK_INT(item_go(group, &items[0]), 0);
    ompg_token_cancel(&token, EPIPE);
    CHECK(ompg_stopped(group));
    CHECK_INT(item_go(group, &items[1]), ECANCELED);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(items_check_dropped(&items[0], 1), 0);
    CHECK_INT(atomic_load(&items[1].drops), 0);
    ompg_error error = error_of(group);
    CHECK_INT(error.code, EPIPE);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
    CHECK_INT(error.index, OMPG_NO_INDEX);
    CHECK_STR(error.group, "listener");
    ompg_free(group);
}

static void stops_a_run_at_once(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    atomic_int runs = 0;
    ompg_error error = {0};
    ompg_token_cancel(&token, EPIPE);
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, count_run, &runs, &error), EPIPE);
    CHECK_INT(error.code, EPIPE);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
    CHECK_INT(atomic_load(&runs), 0);
}

static void reset_leaves_the_token(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    ompg_token_cancel(&token, EPIPE);
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(ompg_reset(group), 0);
    CHECK(ompg_token_stopped(&token));
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    CHECK_INT(ompg_wait(group), EPIPE);
    ompg_free(group);
}

static int cancel_and_poll(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_token_cancel(arg, EPIPE), 0);
    CHECK(ompg_stopped(group));
    return ECANCELED;
}

static void stops_a_group_during_its_wait(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    item items[100] = {{0}};
    ompg_group *group = ompg_new(&(ompg_options){.token = &token, .limit = 1});
    for (int i = 0; i < 50; i++)
        item_go(group, &items[i]);
    ompg_go(group, cancel_and_poll, &token);
    for (int i = 50; i < 100; i++)
        item_go(group, &items[i]);
    CHECK_INT(ompg_wait(group), EPIPE);
    size_t ran = items_check_dropped(items, 100);
    CHECK_STATS(group, 101, ran, 0, 101 - ran);
    ompg_free(group);
}

/* All the work is done and nobody noticed: there is nothing to report. */
static int cancel_and_finish(ompg_group *group, void *arg)
{
    (void)group;
    return ompg_token_cancel(arg, EPIPE);
}

static int cancel_and_leave(ompg_group *group, void *arg)
{
    (void)group;
    ompg_token_cancel(arg, EPIPE);
    return ECANCELED;
}

static void stop_that_changed_nothing(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    ompg_go(group, cancel_and_finish, &token);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 1, 1, 0, 0);
    ompg_free(group);
}

/* Nothing of the group noticed, but a task left early: its work is missing. */
static void stop_that_only_a_task_noticed(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    ompg_go(group, cancel_and_leave, &token);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_STATS(group, 1, 0, 0, 1);
    ompg_free(group);
}

static void stops_several_groups(void)
{
    enum { GROUPS = 5 };
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token other = OMPG_TOKEN_INIT;
    ompg_group *groups[GROUPS];
    ompg_group *bystander = ompg_new(&(ompg_options){.token = &other});
    for (int i = 0; i < GROUPS; i++) {
        groups[i] = ompg_new(&(ompg_options){.token = &token});
        ompg_go(groups[i], do_nothing, NULL);
    }
    ompg_token_cancel(&token, ESTALE);
    for (int i = 0; i < GROUPS; i++) {
        CHECK(ompg_stopped(groups[i]));
        CHECK_INT(ompg_wait(groups[i]), ESTALE);
        ompg_free(groups[i]);
    }
    CHECK(!ompg_stopped(bystander));
    CHECK_INT(ompg_wait(bystander), 0);
    ompg_free(bystander);
}

static int nest_and_cancel_outer_token(ompg_group *group, void *arg)
{
    ompg_token own = OMPG_TOKEN_INIT;
    ompg_error error = {0};
    int code = ompg_run(&(ompg_options){.token = &own}, cancel_and_poll, arg, &error);
    CHECK_INT(code, ECANCELED);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
    CHECK(!ompg_token_stopped(&own));
    CHECK(ompg_stopped(group));
    return ECANCELED;
}

static void reaches_inner_groups(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_error error = {0};
    CHECK_INT(
        ompg_run(&(ompg_options){.token = &token}, nest_and_cancel_outer_token, &token, &error),
        EPIPE);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
}

static int nest_and_cancel_inner_token(ompg_group *group, void *arg)
{
    ompg_token own = OMPG_TOKEN_INIT;
    (void)arg;
    CHECK_INT(ompg_run(&(ompg_options){.token = &own}, cancel_and_poll, &own, NULL), EPIPE);
    CHECK(!ompg_stopped(group));
    return 0;
}

static void inner_token_stays_inner(void)
{
    CHECK_INT(ompg_run(NULL, nest_and_cancel_inner_token, NULL, NULL), 0);
}

static void stops_a_collecting_group(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    const ompg_error *list = NULL;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token, .on_error = OMPG_COLLECT});
    ompg_go(group, do_nothing, NULL);
    ompg_token_cancel(&token, EPIPE);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(ompg_get_errors(group, &list), 1);
    CHECK_INT(list[0].kind, OMPG_ERROR_CANCEL);
    CHECK_STATS(group, 1, 0, 0, 1);
    ompg_free(group);
}

static int raise_and_poll(ompg_group *group, void *arg)
{
    raise(*(const int *)arg);
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void signal_stops_a_group(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    int signo = SIGUSR1;
    struct sigaction now;
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR2), 0);
    sigaction(SIGUSR1, NULL, &now);
    CHECK((now.sa_flags & SA_RESTART) != 0);
    CHECK((now.sa_flags & SA_ONSTACK) != 0);
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, raise_and_poll, &signo, NULL), EINTR);
    CHECK_INT(ompg_token_get_code(&token), EINTR);
    CHECK_INT(ompg_token_get_signal(&token), SIGUSR1);
    raise(SIGUSR2);
    CHECK_INT(ompg_token_get_signal(&token), SIGUSR1);
    CHECK_INT(ompg_token_cancel(&token, EIO), EALREADY);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR2), 0);
}

static void signal_after_a_cancel(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token_on_signal(&token, SIGUSR1);
    ompg_token_cancel(&token, EPIPE);
    raise(SIGUSR1);
    CHECK_INT(ompg_token_get_code(&token), EPIPE);
    CHECK_INT(ompg_token_get_signal(&token), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
}

static void signal_misuse(void)
{
    static const int uncatchable[] = {SIGKILL, SIGSTOP, 0, -1, 100000};
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token other = OMPG_TOKEN_INIT;
    for (size_t i = 0; i < sizeof uncatchable / sizeof uncatchable[0]; i++) {
        CHECK_INT(ompg_token_on_signal(&token, uncatchable[i]), EINVAL);
        CHECK_INT(ompg_token_off_signal(&token, uncatchable[i]), EINVAL);
    }
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), EINVAL);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), EALREADY);
    CHECK_INT(ompg_token_on_signal(&other, SIGUSR1), EBUSY);
    CHECK_INT(ompg_token_off_signal(&other, SIGUSR1), EINVAL);
    CHECK_INT(ompg_token_on_signal(&other, SIGUSR2), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), EINVAL);
    CHECK_INT(ompg_token_on_signal(&other, SIGUSR1), 0);
    raise(SIGUSR1);
    CHECK(!ompg_token_stopped(&token));
    CHECK(ompg_token_stopped(&other));
    CHECK_INT(ompg_token_off_signal(&other, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&other, SIGUSR2), 0);
}

/* Nobody may go on after these: the faulting instruction would run again, for ever. */
static void faults_are_refused(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    ompg_token token = OMPG_TOKEN_INIT;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct sigaction before, after;
        sigaction(faults[i], NULL, &before);
        CHECK_INT(ompg_token_on_signal(&token, faults[i]), EINVAL);
        sigaction(faults[i], NULL, &after);
        CHECK(after.sa_handler == before.sa_handler);
        CHECK_INT(ompg_token_off_signal(&token, faults[i]), EINVAL);
    }
}

static bool is_ignored(int signo)
{
    struct sigaction now;
    sigaction(signo, NULL, &now);
    return now.sa_handler == SIG_IGN;
}

/* As under nohup. */
static void ignored_signal_stays_ignored(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token other = OMPG_TOKEN_INIT;
    signal(SIGHUP, SIG_IGN);
    CHECK_INT(ompg_token_on_signal(&token, SIGHUP), 0);
    CHECK(is_ignored(SIGHUP));
    raise(SIGHUP);
    CHECK(!ompg_token_stopped(&token));
    CHECK_INT(ompg_token_on_signal(&token, SIGHUP), EALREADY);
    CHECK_INT(ompg_token_on_signal(&other, SIGHUP), EBUSY);
    CHECK_INT(ompg_token_off_signal(&token, SIGHUP), 0);
    CHECK(is_ignored(SIGHUP));
    signal(SIGHUP, SIG_DFL);
    CHECK_INT(ompg_token_on_signal(&other, SIGHUP), 0);
    raise(SIGHUP);
    CHECK_INT(ompg_token_get_signal(&other), SIGHUP);
    CHECK_INT(ompg_token_off_signal(&other, SIGHUP), 0);
}

/* What was installed meanwhile over an ignored signal is not the library's to take away. */
static void ignored_signal_is_left_alone(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    signal(SIGHUP, SIG_IGN);
    CHECK_INT(ompg_token_on_signal(&token, SIGHUP), 0);
    signal(SIGHUP, SIG_DFL);
    CHECK_INT(ompg_token_off_signal(&token, SIGHUP), 0);
    CHECK(!is_ignored(SIGHUP));
}

static void handler_keeps_errno(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    errno = ENOTTY;
    raise(SIGUSR1);
    CHECK_INT(errno, ENOTTY);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
}

static volatile sig_atomic_t heard;

static void hear(int signo, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    heard = signo;
}

/* Attached, tripped, detached: the disposition is as it was, to the last flag. */
static void check_put_back(const struct sigaction *before)
{
    ompg_token token = OMPG_TOKEN_INIT;
    struct sigaction after;
    CHECK_INT(sigaction(SIGUSR1, before, NULL), 0);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(raise(SIGUSR1), 0);
    CHECK_INT(ompg_token_get_signal(&token), SIGUSR1);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
    sigaction(SIGUSR1, NULL, &after);
    CHECK_INT(after.sa_flags & (SA_SIGINFO | SA_RESTART), before->sa_flags);
    if ((before->sa_flags & SA_SIGINFO) != 0)
        CHECK(after.sa_sigaction == before->sa_sigaction);
    else
        CHECK(after.sa_handler == before->sa_handler);
    for (int signo = 1; signo < 32 && !THREAD_SANITIZED; signo++) /* which fills the mask */
        CHECK_INT(sigismember(&after.sa_mask, signo), sigismember(&before->sa_mask, signo));
}

static void earlier_handlers_are_put_back(void)
{
    struct sigaction saved;
    struct sigaction before = {.sa_handler = SIG_DFL};
    sigaction(SIGUSR1, NULL, &saved);
    sigemptyset(&before.sa_mask);
    check_put_back(&before);
    before.sa_sigaction = hear;
    before.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaddset(&before.sa_mask, SIGUSR2);
    heard = 0;
    check_put_back(&before);
    CHECK_INT(heard, 0);
    raise(SIGUSR1);
    CHECK_INT(heard, SIGUSR1);
    sigaction(SIGUSR1, &saved, NULL);
}

static void *cancel_token(void *arg)
{
    return (void *)(size_t)ompg_token_cancel(arg, EPIPE);
}

static void one_of_many_threads_cancels(void)
{
    enum { THREADS = 8 };
    for (int round = 0; round < 50; round++) {
        ompg_token token = OMPG_TOKEN_INIT;
        pthread_t threads[THREADS];
        int winners = 0;
        for (int i = 0; i < THREADS; i++)
            CHECK_INT(pthread_create(&threads[i], NULL, cancel_token, &token), 0);
        for (int i = 0; i < THREADS; i++) {
            void *code = NULL;
            pthread_join(threads[i], &code);
            CHECK((size_t)code == 0 || (size_t)code == EALREADY);
            winners += (size_t)code == 0;
        }
        CHECK_INT(winners, 1);
    }
}

CHECK_MAIN("token", {"is cancelled once", is_cancelled_once}, {"null token", null_token},
           {"stops a group before its wait", stops_a_group_before_its_wait},
           {"stops a run at once", stops_a_run_at_once},
           {"reset leaves the token", reset_leaves_the_token},
           {"stops a group during its wait", stops_a_group_during_its_wait},
           {"stop that changed nothing", stop_that_changed_nothing},
           {"stop that only a task noticed", stop_that_only_a_task_noticed},
           {"stops several groups", stops_several_groups},
           {"reaches inner groups", reaches_inner_groups},
           {"inner token stays inner", inner_token_stays_inner},
           {"stops a collecting group", stops_a_collecting_group},
           {"signal stops a group", signal_stops_a_group},
           {"signal after a cancel", signal_after_a_cancel}, {"signal misuse", signal_misuse},
           {"faults are refused", faults_are_refused},
           {"ignored signal stays ignored", ignored_signal_stays_ignored},
           {"ignored signal is left alone", ignored_signal_is_left_alone},
           {"handler keeps errno", handler_keeps_errno},
           {"earlier handlers are put back", earlier_handlers_are_put_back},
           {"one of many threads cancels", one_of_many_threads_cancels})
