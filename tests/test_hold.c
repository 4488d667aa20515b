/*
 * Holds: a group is not over until each is done, from whatever thread, and says what they fail with; the wait
 * goes on meanwhile and uses no processor.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "strangers.h"
#include "tasks.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>

enum { HOLDERS = 4, EACH = 1000, ROUNDS = 30 };

static ompg_group *held; /* by what a test has begun */

static ompg_group *new_group(double timeout)
{
    return ompg_new(&(ompg_options){.threads = 2, .timeout = timeout});
}

static void holds_are_counted(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_hold(NULL), EINVAL);
    CHECK_INT(ompg_done(NULL, 0), EINVAL);
    CHECK_INT(ompg_done(group, 0), EINVAL);
    CHECK_INT(ompg_done(group, EIO), EINVAL);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_hold(group), 0);
    CHECK_INT(ompg_reset(group), EBUSY);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_done(group, 0), 0);
    CHECK_INT(ompg_done(group, 0), EINVAL);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(ompg_reset(group), 0);
    ompg_free(group);
}

/* What holds a group, and writes something before it lets go. */
typedef struct holder {
    ompg_group *group;
    event asked; /* to let go */
    int wrote[STRANGERS_MOST];
    int code;
} holder;

static void write_and_let_go(int number, void *arg)
{
    holder *self = arg;
    CHECK_AWAIT(&self->asked, 1);
    self->wrote[number] = 1;
    CHECK_INT(ompg_done(self->group, number == 0 ? self->code : 0), 0);
}

static void hold_and_start(strangers *them, holder *self)
{
    for (int i = 0; i < HOLDERS; i++)
        CHECK_INT(ompg_hold(self->group), 0);
    strangers_start(them, HOLDERS, write_and_let_go, self);
}

static void check_let_go(strangers *them, const holder *self)
{
    for (int i = 0; i < HOLDERS; i++)
        CHECK_INT(self->wrote[i], 1);
    CHECK_INT(ompg_done(self->group, 0), EINVAL);
    strangers_join(them);
}

static int ask(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

static void a_wait_goes_on_until_all_are_done(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        strangers them;
        holder self = {.group = new_group(0)};
        hold_and_start(&them, &self);
        if (round % 2)
            ompg_go(self.group, ask, &self.asked);
        else
            event_post(&self.asked);
        CHECK_INT(ompg_wait(self.group), 0);
        check_let_go(&them, &self);
        CHECK_STATS(self.group, round % 2, round % 2, 0, 0);
        ompg_free(self.group);
    }
}

static int hold_nested(ompg_group *group, void *arg)
{
    strangers them;
    holder self = {.group = ompg_new(arg)};
    (void)group;
    hold_and_start(&them, &self);
    event_post(&self.asked);
    CHECK_INT(ompg_wait(self.group), 0);
    check_let_go(&them, &self);
    ompg_free(self.group);
    return 0;
}

static void nested_waits_go_on_too(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        ompg_options options = {.threads = 1 + round % 3};
        CHECK_INT(ompg_run(&options, hold_nested, round % 2 ? &options : NULL, NULL), 0);
    }
}

/* Tasks take holds, and others let go, while tasks are added. */
static int take_hold(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_hold(group), 0);
    event_post(arg);
    return 0;
}

static void let_go_of_each(int number, void *arg)
{
    holder *self = arg;
    (void)number;
    for (int i = 1; i <= EACH; i++) {
        CHECK_AWAIT(&self->asked, i);
        CHECK_INT(ompg_go(self->group, do_nothing, NULL), 0);
        CHECK_INT(ompg_done(self->group, 0), 0);
    }
}

static void tasks_take_holds(void)
{
    strangers them;
    holder self = {.group = new_group(0)};
    for (int i = 0; i < EACH; i++)
        ompg_go(self.group, take_hold, &self.asked);
    strangers_start(&them, 1, let_go_of_each, &self);
    CHECK_INT(ompg_wait(self.group), 0);
    CHECK_STATS(self.group, 2 * EACH, 2 * EACH, 0, 0);
    strangers_join(&them);
    ompg_free(self.group);
}

/* Each hands its hold on, and lets go of it in another thread than the one that took it. */
static void hold_and_let_go(int number, void *arg)
{
    (void)number;
    for (int i = 0; i < EACH; i++) {
        CHECK_INT(ompg_hold(arg), 0);
        CHECK_INT(ompg_done(arg, 0), 0);
    }
    CHECK_INT(ompg_done(arg, 0), 0);
}

static void many_threads_hold_at_once(void)
{
    strangers them;
    ompg_group *group = new_group(0);
    for (int i = 0; i < HOLDERS; i++)
        ompg_hold(group);
    strangers_start(&them, HOLDERS, hold_and_let_go, group);
    CHECK_INT(ompg_wait(group), 0);
    strangers_join(&them);
    CHECK_INT(ompg_done(group, 0), EINVAL);
    ompg_free(group);
}

/* The waiter may free the group as soon as the last hold is done. */
static void let_go(int number, void *arg)
{
    (void)number;
    CHECK_INT(ompg_done(arg, 0), 0);
}

static void the_group_may_go_then(void)
{
    for (int round = 0; round < 20 * ROUNDS; round++) {
        strangers them;
        ompg_group *group = ompg_new(NULL);
        ompg_hold(group);
        strangers_start(&them, 1, let_go, group);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
        strangers_join(&them);
    }
}

/* ---- errors ---- */

static void check_code(const ompg_options *options, int code)
{
    strangers them;
    holder self = {.group = ompg_new(options), .code = code};
    hold_and_start(&them, &self);
    event_post(&self.asked);
    CHECK_INT(ompg_wait(self.group), code);
    ompg_error error = error_of(self.group);
    CHECK_INT(error.code, code);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
    CHECK(error.index == OMPG_NO_INDEX);
    check_let_go(&them, &self);
    ompg_free(self.group);
}

static void a_code_is_an_error_of_the_group(void)
{
    check_code(NULL, EIO);
    check_code(&(ompg_options){.on_error = OMPG_COLLECT}, -7);
    check_code(&(ompg_options){.deterministic = true}, 42);
    check_code(&(ompg_options){.limit = 1}, EIO);
}

static void a_consequence_is_no_error(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    const ompg_error *list;
    ompg_hold(group);
    ompg_hold(group);
    ompg_cancel(group, ENOSPC);
    CHECK_INT(ompg_hold(group), 0); /* also when it has stopped */
    CHECK_INT(ompg_done(group, ECANCELED), 0);
    CHECK_INT(ompg_done(group, 0), 0);
    CHECK_INT(ompg_done(group, EIO), 0);
    CHECK_INT(ompg_wait(group), ENOSPC);
    CHECK_INT(ompg_get_errors(group, &list), 2);
    ompg_free(group);
}

/* The token was cancelled, and nobody but this thread has noticed: that is the cause. */
static void a_consequence_of_a_token(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    ompg_hold(group);
    ompg_token_cancel(&token, EPIPE);
    CHECK_INT(ompg_done(group, ECANCELED), 0);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(error_of(group).kind, OMPG_ERROR_CANCEL);
    ompg_free(group);
}

/* ---- stops: they end no hold ---- */

static void let_go_when_stopped(int number, void *arg)
{
    holder *self = arg;
    CHECK(poll_until_stopped(self->group));
    self->wrote[number] = 1;
    CHECK_INT(ompg_done(self->group, ECANCELED), 0);
}

static int let_all_go_when_stopped(ompg_options options, ompg_error *error)
{
    strangers them;
    holder self = {.group = ompg_new(&options)};
    for (int i = 0; i < HOLDERS; i++)
        ompg_hold(self.group);
    strangers_start(&them, HOLDERS, let_go_when_stopped, &self);
    int code = ompg_wait(self.group);
    *error = error_of(self.group);
    check_let_go(&them, &self);
    ompg_free(self.group);
    return code;
}

static void a_deadline_stops_what_is_held(void)
{
    ompg_error error;
    CHECK_INT(let_all_go_when_stopped((ompg_options){.timeout = 0.02}, &error), ETIMEDOUT);
    CHECK_INT(error.kind, OMPG_ERROR_DEADLINE);
}

static int nest_held(ompg_group *outer, void *arg)
{
    ompg_error error;
    (void)arg;
    CHECK_INT(let_all_go_when_stopped((ompg_options){.threads = 0}, &error), ECANCELED);
    CHECK(ompg_stopped(outer));
    return ECANCELED;
}

static void an_enclosing_deadline_stops_what_is_held(void)
{
    CHECK_INT(ompg_run(&(ompg_options){.timeout = 0.02}, nest_held, NULL, NULL), ETIMEDOUT);
}

/* Nobody but the waiter looks. */
static void let_go_late(int number, void *arg)
{
    holder *self = arg;
    double start = seconds_now();
    (void)number;
    while (!ompg_get_error(self->group, NULL) && seconds_now() - start < CHECK_PATIENCE)
        sched_yield();
    CHECK_INT(ompg_done(self->group, 0), 0);
}

static void the_waiter_sees_the_deadline(void)
{
    strangers them;
    holder self = {.group = new_group(0.02)};
    ompg_hold(self.group);
    strangers_start(&them, 1, let_go_late, &self);
    CHECK_INT(ompg_wait(self.group), ETIMEDOUT);
    strangers_join(&them);
    ompg_free(self.group);
}

/* ---- a signal handler lets go ---- */

static void let_go_in_handler(int signo)
{
    (void)signo;
    ompg_done(held, 0);
}

static void raise_all(int number, void *arg)
{
    (void)number;
    (void)arg;
    for (int i = 0; i < 10; i++)
        raise(SIGUSR1);
}

static void signal_handlers_may_let_go(void)
{
    struct sigaction old, action = {.sa_handler = let_go_in_handler};
    CHECK_INT(sigaction(SIGUSR1, &action, &old), 0);
    strangers them;
    held = new_group(0);
    for (int i = 0; i < 10 * HOLDERS; i++)
        ompg_hold(held);
    strangers_start(&them, HOLDERS, raise_all, NULL);
    CHECK_INT(ompg_wait(held), 0);
    strangers_join(&them);
    ompg_free(held);
    CHECK_INT(sigaction(SIGUSR1, &old, NULL), 0);
}

/* ---- what a wait costs meanwhile ---- */

static double processor_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

/* Of one processor. With ThreadSanitizer each of the looks between two naps takes several times as long. */
static const double most_of_processor = THREAD_SANITIZED ? 0.1 : 0.01;

/* The others have gone to sleep when nothing is used for a while; they spin as long as OpenMP does. */
static void measure(int number, void *arg)
{
    double *share = arg, first = seconds_now(), begun = first, used = processor_seconds();
    (void)number;
    while (begun - first < 20 && *share >= most_of_processor) {
        nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
        double now = seconds_now(), used_now = processor_seconds();
        *share = (used_now - used) / (now - begun);
        begun = now, used = used_now;
    }
    ompg_done(held, 0);
}

/* However many threads there are, before a first task and after it. */
static void check_held_wait(bool has_task)
{
    double share = 1;
    strangers them;
    held = ompg_new(NULL);
    if (has_task)
        CHECK_INT(ompg_go(held, do_nothing, NULL), 0);
    ompg_hold(held);
    strangers_start(&them, 1, measure, &share);
    CHECK_INT(ompg_wait(held), 0);
    strangers_join(&them);
    CHECK(share < most_of_processor);
    ompg_free(held);
}

static void a_held_wait_uses_no_processor(void)
{
    const char *policy = getenv("OMP_WAIT_POLICY");
    if (!CHECK(policy == NULL || strcmp(policy, "active") != 0))
        return;
    check_held_wait(false);
    check_held_wait(true);
}

/* Threads of the process; 0 where nobody says that. */
static int threads_there(void)
{
    struct stat threads;
    return stat("/proc/self/task", &threads) == 0 ? (int)threads.st_nlink - 2 : 0;
}

static void count_threads(int number, void *arg)
{
    int *count = arg;
    (void)number;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    *count = threads_there();
    CHECK_INT(ompg_done(held, 0), 0);
}

/* In a process that has used no team yet, before a first task. */
static void holds_alone_need_no_team(void)
{
    strangers them;
    int before = threads_there(), during = 0;
    held = ompg_new(&(ompg_options){.threads = 8});
    ompg_hold(held);
    strangers_start(&them, 1, count_threads, &during);
    CHECK_INT(ompg_wait(held), 0);
    strangers_join(&them);
    CHECK(during <= before + 2); /* ThreadSanitizer has one of its own */
    CHECK_STATS(held, 0, 0, 0, 0);
    ompg_free(held);
}

CHECK_MAIN("hold", {"holds alone need no team", holds_alone_need_no_team},
           {"holds are counted", holds_are_counted},
           {"a wait goes on until all are done", a_wait_goes_on_until_all_are_done},
           {"nested waits go on too", nested_waits_go_on_too},
           {"tasks take holds", tasks_take_holds},
           {"many threads hold at once", many_threads_hold_at_once},
           {"the group may go then", the_group_may_go_then},
           {"a code is an error of the group", a_code_is_an_error_of_the_group},
           {"a consequence is no error", a_consequence_is_no_error},
           {"a consequence of a token", a_consequence_of_a_token},
           {"a deadline stops what is held", a_deadline_stops_what_is_held},
           {"an enclosing deadline stops what is held", an_enclosing_deadline_stops_what_is_held},
           {"the waiter sees the deadline", the_waiter_sees_the_deadline},
           {"signal handlers may let go", signal_handlers_may_let_go},
           {"a held wait uses no processor", a_held_wait_uses_no_processor})
