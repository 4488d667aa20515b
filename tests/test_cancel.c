/*
 * Stops: ompg_cancel(), deadlines, and how the stop of an outer group reaches the inner ones; alone
 * and together with OpenMP's own cancellation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "numbers.h"
#include "tasks.h"

#include <errno.h>
#include <float.h>
#include <signal.h>

static void codes_of_cancel(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "stopped"});
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_cancel(group, 0), 0);
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_cancel(group, EIO), EALREADY);
    CHECK_INT(ompg_wait(group), ECANCELED);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_cancel(group, EIO), 0);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    CHECK_INT(error.code, EIO);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
    CHECK_INT(error.index, OMPG_NO_INDEX);
    CHECK_STR(error.task, "");
    CHECK_STR(error.group, "stopped");
    ompg_free(group);
}

static void cancel_after_a_failure(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, EIO, "first");
    CHECK_INT(ompg_cancel(group, EPIPE), EALREADY);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_reset(group);
    ompg_cancel(group, EPIPE);
    CHECK_INT(ompg_fail(group, EIO, "too late"), EIO);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_STR(error_of(group).message, "");
    ompg_free(group);
}

static int cancel_own_group(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_cancel(group, *(const int *)arg), 0);
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    return 0;
}

/* The task that cancelled ended well: it is done, the others are skipped unless they ran before. */
static void cancel_in_a_task(void)
{
    int code = 88;
    item items[200] = {{0}};
    ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
    for (int i = 0; i < 100; i++)
        item_go(group, &items[i]);
    ompg_go(group, cancel_own_group, &code);
    for (int i = 100; i < 200; i++)
        item_go(group, &items[i]);
    CHECK_INT(ompg_wait(group), 88);
    size_t ran = items_check_dropped(items, 200);
    CHECK_STATS(group, 201, ran + 1, 0, 200 - ran);
    ompg_free(group);
}

static void *cancel_from_thread(void *arg)
{
    CHECK_INT(ompg_cancel(arg, EPIPE), 0);
    CHECK_INT(ompg_cancel(arg, EIO), EALREADY);
    return NULL;
}

static int poll_while_a_thread_cancels(ompg_group *group, void *arg)
{
    pthread_t thread;
    if (CHECK_INT(pthread_create(&thread, NULL, cancel_from_thread, arg), 0)) {
        CHECK(poll_until_stopped(group));
        pthread_join(thread, NULL);
    }
    return ECANCELED;
}

static void cancel_from_another_thread(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, poll_while_a_thread_cancels, group);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_STATS(group, 1, 0, 0, 1);
    ompg_free(group);
}

static ompg_group *signalled;

static void cancel_in_handler(int signo)
{
    ompg_cancel(signalled, signo);
}

static int raise_and_poll(ompg_group *group, void *arg)
{
    (void)arg;
    raise(SIGUSR1);
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void cancel_from_a_signal_handler(void)
{
    struct sigaction old;
    struct sigaction handler = {.sa_handler = cancel_in_handler};
    sigemptyset(&handler.sa_mask);
    CHECK_INT(sigaction(SIGUSR1, &handler, &old), 0);
    signalled = ompg_new(NULL);
    ompg_go(signalled, raise_and_poll, NULL);
    CHECK_INT(ompg_wait(signalled), SIGUSR1);
    ompg_free(signalled);
    sigaction(SIGUSR1, &old, NULL);
}

/* Levels of groups below `top`; the lowest cancels the top, each level must see it. */
typedef struct levels {
    ompg_group *top;
    int below;
} levels;

static int descend_and_cancel(ompg_group *group, void *arg)
{
    levels self = *(const levels *)arg;
    ompg_error error = {0};
    CHECK(!ompg_stopped(group));
    if (self.below-- == 0) {
        CHECK_INT(ompg_cancel(self.top, EPIPE), 0);
        CHECK(ompg_stopped(group));
        CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
        return ECANCELED;
    }
    CHECK_INT(ompg_run(NULL, descend_and_cancel, &self, &error), ECANCELED);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
    CHECK(ompg_stopped(group));
    return ECANCELED;
}

static void outer_stop_reaches_inner_groups(void)
{
    for (int depth = 0; depth < 5; depth++) {
        levels all = {.top = ompg_new(NULL), .below = depth};
        ompg_go(all.top, descend_and_cancel, &all);
        CHECK_INT(ompg_wait(all.top), EPIPE);
        CHECK_STATS(all.top, 1, 0, 0, 1);
        ompg_free(all.top);
    }
}

static int fail_outer_then_nest(ompg_group *outer, void *arg)
{
    item items[10] = {{0}};
    (void)arg;
    ompg_group *before = ompg_new(NULL);
    item_go(before, &items[0]);
    ompg_fail(outer, EIO, "outer");
    CHECK(ompg_stopped(before));
    CHECK_INT(item_go(before, &items[1]), ECANCELED);
    CHECK_INT(ompg_wait(before), ECANCELED);
    items_check_dropped(items, 1);
    CHECK_ADDS_UP(before);
    ompg_free(before);
    ompg_group *after = ompg_new(NULL);
    CHECK(ompg_stopped(after));
    CHECK_INT(item_go(after, &items[2]), ECANCELED);
    CHECK_INT(ompg_wait(after), ECANCELED);
    ompg_free(after);
    return EIO;
}

static void outer_failure_reaches_inner_groups(void)
{
    ompg_error error = {0};
    CHECK_INT(ompg_run(NULL, fail_outer_then_nest, NULL, &error), EIO);
    CHECK_STR(error.message, "outer");
}

/* A collected error stops nothing, so nothing reaches the inner group either. */
static int fail_collecting_then_nest(ompg_group *outer, void *arg)
{
    atomic_int runs = 0;
    (void)arg;
    ompg_fail(outer, EIO, "collected");
    CHECK_INT(ompg_run(NULL, count_run, &runs, NULL), 0);
    CHECK_INT(atomic_load(&runs), 1);
    return 0;
}

static void collected_error_does_not_reach_inner_groups(void)
{
    CHECK_INT(
        ompg_run(&(ompg_options){.on_error = OMPG_COLLECT}, fail_collecting_then_nest, NULL, NULL),
        EIO);
}

typedef struct timed {
    double start;
    double timeout;
} timed;

static int poll_past_deadline(ompg_group *group, void *arg)
{
    const timed *self = arg;
    CHECK(poll_until_stopped(group));
    CHECK(seconds_now() - self->start >= self->timeout);
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    return ECANCELED;
}

/* Were the time counted from ompg_new() or from the first wait, the poll would end too early. */
static void deadline_counts_from_the_wait(void)
{
    timed all = {.timeout = 0.02};
    ompg_group *group = ompg_new(&(ompg_options){.timeout = all.timeout});
    for (int wait = 0; wait < 3; wait++) {
        double made = seconds_now();
        while (seconds_now() - made < all.timeout)
            sched_yield();
        CHECK(!ompg_stopped(group));
        ompg_go(group, poll_past_deadline, &all);
        all.start = seconds_now();
        CHECK_INT(ompg_wait(group), ETIMEDOUT);
        ompg_error error = error_of(group);
        CHECK_INT(error.kind, OMPG_ERROR_DEADLINE);
        CHECK_INT(error.index, OMPG_NO_INDEX);
        CHECK(error.seconds >= all.timeout);
        CHECK_STATS(group, 1, 0, 0, 1);
        CHECK_INT(ompg_reset(group), 0);
    }
    ompg_free(group);
}

static int busy_until(ompg_group *group, void *arg)
{
    double start = seconds_now();
    (void)group;
    while (seconds_now() - start < *(const double *)arg)
        sched_yield();
    return 0;
}

/* Nobody polls: the next start of a task finds out. */
static void deadline_is_seen_at_a_start(void)
{
    double busy = 0.02;
    item items[100] = {{0}};
    ompg_group *group = ompg_new(&(ompg_options){.timeout = 0.01, .limit = 1});
    for (int i = 0; i < 10; i++)
        ompg_go(group, busy_until, &busy);
    for (int i = 0; i < 100; i++)
        item_go(group, &items[i]);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    items_check_dropped(items, 100);
    CHECK_ADDS_UP(group);
    CHECK(stats_of(group).done < 110);
    ompg_free(group);
}

static void deadline_far_away(void)
{
    static const union number far[] = {{1e6}, {1e300}, NUMBER_INFINITE};
    for (int i = 0; i < 3; i++) {
        atomic_int runs = 0;
        CHECK_INT(ompg_run(&(ompg_options){.timeout = far[i].value}, count_run, &runs, NULL), 0);
        CHECK_INT(atomic_load(&runs), 1);
    }
}

static int leave_when_stopped(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_stopped(group) ? ECANCELED : 0;
}

/* Zero is the default, not "at once": that is the smallest number above it. */
static void deadline_of_zero_is_none(void)
{
    static const struct {
        double timeout;
        int code;
    } all[] = {{0.0, 0}, {-0.0, 0}, {DBL_TRUE_MIN, ETIMEDOUT}, {1e-9, ETIMEDOUT}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        CHECK_INT(
            ompg_run(&(ompg_options){.timeout = all[i].timeout}, leave_when_stopped, NULL, NULL),
            all[i].code);
}

static int nest_with_deadline(ompg_group *outer, void *arg)
{
    timed all = {.start = seconds_now(), .timeout = 0.01};
    (void)arg;
    CHECK_INT(ompg_run(&(ompg_options){.timeout = all.timeout}, poll_past_deadline, &all, NULL),
              ETIMEDOUT);
    CHECK(!ompg_stopped(outer));
    return 0;
}

static void inner_deadline_stays_inner(void)
{
    CHECK_INT(ompg_run(NULL, nest_with_deadline, NULL, NULL), 0);
}

static int nest_without_deadline(ompg_group *outer, void *arg)
{
    ompg_error error = {0};
    CHECK_INT(ompg_run(NULL, poll_past_deadline, arg, &error), ECANCELED);
    CHECK_INT(error.kind, OMPG_ERROR_CANCEL);
    CHECK(ompg_stopped(outer));
    return ECANCELED;
}

static void outer_deadline_reaches_inner_groups(void)
{
    timed all = {.start = seconds_now(), .timeout = 0.01};
    CHECK_INT(ompg_run(&(ompg_options){.timeout = all.timeout}, nest_without_deadline, &all, NULL),
              ETIMEDOUT);
}

/* ---- groups that are used elsewhere than they were made: the task that uses them encloses them ---- */

typedef struct lent {
    ompg_group *group;
    event begun, over;
    bool stopped;
} lent;

static int poll_lent(ompg_group *group, void *arg)
{
    lent *self = arg;
    event_post(&self->begun);
    self->stopped = poll_until_stopped(group);
    event_post(&self->over);
    return 0;
}

/* Another task of the outer group cancels it when the lent group's task has begun, in the wait. */
static int cancel_around_lent(ompg_group *outer, void *arg)
{
    lent *self = arg;
    CHECK_AWAIT(&self->begun, 1);
    ompg_cancel(outer, ENOSPC);
    return 0;
}

static int wait_for_lent(ompg_group *outer, void *arg)
{
    lent *self = arg;
    CHECK_INT(ompg_go(self->group, poll_lent, self), 0);
    CHECK_INT(ompg_go(outer, cancel_around_lent, self), 0);
    CHECK_INT(ompg_wait(self->group), ECANCELED);
    return 0;
}

static void outer_stop_reaches_groups_made_outside(void)
{
    lent self = {.group = ompg_new(NULL)};
    CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, wait_for_lent, &self, NULL), ENOSPC);
    CHECK(self.stopped);
    ompg_free(self.group);
}

static int make_lent(ompg_group *group, void *arg)
{
    (void)group;
    *(ompg_group **)arg = ompg_new(NULL);
    return 0;
}

typedef struct stopper {
    lent lent;
    ompg_group *outer;
} stopper;

static int cancel_then_poll(ompg_group *group, void *arg)
{
    stopper *self = arg;
    ompg_cancel(self->outer, ENOSPC);
    return poll_lent(group, &self->lent);
}

static int fill_and_wait(ompg_group *outer, void *arg)
{
    stopper *self = arg;
    self->outer = outer;
    CHECK_INT(ompg_go(self->lent.group, cancel_then_poll, self), 0);
    CHECK_INT(ompg_wait(self->lent.group), ECANCELED);
    return 0;
}

/* The task in which the group was made, and the group around that, are over. */
static int use_what_another_task_made(ompg_group *outermost, void *arg)
{
    stopper self = {.outer = NULL};
    (void)outermost;
    (void)arg;
    CHECK_INT(ompg_run(NULL, make_lent, &self.lent.group, NULL), 0);
    CHECK_INT(ompg_run(NULL, fill_and_wait, &self, NULL), ENOSPC);
    CHECK(self.lent.stopped);
    ompg_free(self.lent.group);
    return 0;
}

static void outer_stop_reaches_groups_made_in_another_task(void)
{
    for (int threads = 1; threads <= 3; threads++)
        for (int i = 0; i < 100; i++)
            CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, use_what_another_task_made,
                               NULL, NULL),
                      0);
}

static void end_lent(void *arg)
{
    lent *self = arg;
    event_post(&self->over);
}

/* A group of its own time, used twice: between the waits the deadline around it holds. */
static int wait_then_poll(ompg_group *outer, void *arg)
{
    lent *self = arg;
    self->group = ompg_new(&(ompg_options){.timeout = 1e6});
    int first = ompg_go(self->group, do_nothing, NULL);
    CHECK(first == 0 || first == ECANCELED);
    int waited = ompg_wait(self->group);
    CHECK(waited == 0 || waited == ECANCELED);      /* a busy machine may be as slow as that */
    ompg_task_options options = {.drop = end_lent}; /* it may be skipped */
    int code = ompg_go_with(self->group, poll_lent, self, &options);
    CHECK(code == 0 || code == ECANCELED);
    CHECK_AWAIT(&self->over, code == 0);
    CHECK_INT(ompg_wait(self->group), ECANCELED);
    ompg_free(self->group);
    CHECK(ompg_stopped(outer));
    return 0;
}

static void outer_deadline_holds_between_waits(void)
{
    for (int i = 1; i <= 20; i++) {
        lent self = {.stopped = false};
        ompg_options options = {.threads = 2, .timeout = 0.001 * i};
        CHECK_INT(ompg_run(&options, wait_then_poll, &self, NULL), ETIMEDOUT);
    }
}

/* A raw task that ends when it is let go, or earlier where the OpenMP runtime cancels it. */
typedef struct raw_task {
    event let_go;
    atomic_int ends; /* that were not the runtime's doing */
} raw_task;

static ORDERED_BY_OPENMP int make_raw_task_then_fail(ompg_group *group, void *arg)
{
    raw_task *self = arg;
    (void)group;
#pragma omp task
    {
        double start = seconds_now();
        while (atomic_load(&self->let_go.count) == 0 && seconds_now() - start < CHECK_PATIENCE) {
            sched_yield();
#pragma omp cancellation point taskgroup
        }
        atomic_fetch_add(&self->ends, 1);
    }
    return EIO;
}

/* Called when the group has failed: nobody else ends the raw task where OpenMP does not cancel. */
static void let_raw_task_go(void *arg)
{
    raw_task *self = arg;
    if (!omp_get_cancellation())
        event_post(&self->let_go);
}

/* Two threads, because a runtime may run the raw task at once where there is only one. */
static void openmp_cancellation_is_used(void)
{
    raw_task raw = {.ends = 0};
    ompg_task_options options = {.drop = let_raw_task_go};
    ompg_group *group = ompg_new(&(ompg_options){.threads = 2});
    CHECK_INT(ompg_go_with(group, make_raw_task_then_fail, &raw, &options), 0);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(atomic_load(&raw.ends), omp_get_cancellation() ? 0 : 1);
    CHECK_STATS(group, 1, 0, 1, 0);
    ompg_free(group);
}

static ORDERED_BY_OPENMP int fail_inside_among_raw_tasks(ompg_group *group, void *arg)
{
    atomic_int *raw = arg;
    int code = EIO;
    (void)group;
    for (int i = 0; i < 20; i++) {
#pragma omp task
        atomic_fetch_add(raw, 1);
    }
    CHECK_INT(ompg_run(NULL, return_code, &code, NULL), EIO);
    return 0;
}

static void inner_failure_spares_raw_tasks(void)
{
    atomic_int raw = 0;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 100; i++)
        ompg_go(group, fail_inside_among_raw_tasks, &raw);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&raw), 2000);
    ompg_free(group);
}

static ORDERED_BY_OPENMP int make_raw_tasks_and_maybe_fail(ompg_group *group, void *arg)
{
    item *self = arg;
    for (int i = 0; i < 20; i++) {
#pragma omp task
        atomic_fetch_add(&self->runs, 1);
    }
    return self->code != 0 ? ompg_fail(group, self->code, "with raw tasks") : 0;
}

/* The group's results do not depend on what the runtime did with the raw tasks; all are over. */
static void failure_among_raw_tasks(void)
{
    for (int round = 0; round < 50; round++) {
        item all[64] = {{0}};
        int raw[64];
        ompg_group *group = ompg_new(NULL);
        all[round].code = EDOM;
        for (int i = 0; i < 64; i++)
            ompg_go_with(group, make_raw_tasks_and_maybe_fail, &all[i],
                         &(ompg_task_options){.drop = item_drop});
        CHECK_INT(ompg_wait(group), EDOM);
        for (int i = 0; i < 64; i++) {
            raw[i] = atomic_load(&all[i].runs);
            CHECK_INT(atomic_load(&all[i].drops), 1);
            CHECK(raw[i] <= 20);
        }
        CHECK_STR(error_of(group).message, "with raw tasks");
        CHECK_INT(error_of(group).index, round);
        CHECK_INT(stats_of(group).failed, 1);
        CHECK_ADDS_UP(group);
        sched_yield();
        for (int i = 0; i < 64; i++)
            CHECK_INT(atomic_load(&all[i].runs), raw[i]);
        ompg_free(group);
    }
}

CHECK_MAIN("cancel", {"codes of cancel", codes_of_cancel},
           {"cancel after a failure", cancel_after_a_failure},
           {"cancel in a task", cancel_in_a_task},
           {"cancel from another thread", cancel_from_another_thread},
           {"cancel from a signal handler", cancel_from_a_signal_handler},
           {"outer stop reaches inner groups", outer_stop_reaches_inner_groups},
           {"outer failure reaches inner groups", outer_failure_reaches_inner_groups},
           {"collected error does not reach inner groups",
            collected_error_does_not_reach_inner_groups},
           {"deadline counts from the wait", deadline_counts_from_the_wait},
           {"deadline is seen at a start", deadline_is_seen_at_a_start},
           {"deadline far away", deadline_far_away},
           {"deadline of zero is none", deadline_of_zero_is_none},
           {"inner deadline stays inner", inner_deadline_stays_inner},
           {"outer deadline reaches inner groups", outer_deadline_reaches_inner_groups},
           {"outer stop reaches groups made outside", outer_stop_reaches_groups_made_outside},
           {"outer stop reaches groups made in another task",
            outer_stop_reaches_groups_made_in_another_task},
           {"outer deadline holds between waits", outer_deadline_holds_between_waits},
           {"OpenMP's cancellation is used", openmp_cancellation_is_used},
           {"inner failure spares raw tasks", inner_failure_spares_raw_tasks},
           {"failure among raw tasks", failure_among_raw_tasks})
