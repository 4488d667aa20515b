/*
 * Group: tasks that are added, run together on the threads of OpenMP, and waited for as one.
 *
 *     ompg_group *group = ompg_new(&(ompg_options){.name = "resize", .limit = 8});
 *     for (size_t i = 0; i < n; i++)
 *         ompg_go(group, resize, &images[i]);
 *     int code = ompg_wait(group);
 *     ompg_free(group);
 *
 * Words that all headers use:
 *   region      the OpenMP parallel region in which tasks run. An ompg_wait() outside of any opens one for
 *               itself; inside one, in a task for instance, it uses that. No region is opened in another.
 *   outermost   the wait that is not made in a task of a group.
 *   nested      a group that is made and waited for inside a task; the task's group encloses
 *               it. The stop of the enclosing group reaches it, unless it is .shielded; its own failure
 *               stays its own, unless the task returns the code.
 *   stopped     a group of which no further task starts: after its first error (fail-fast), a cancellation,
 *               a deadline, or a stop of the enclosing group. Running tasks go on, and may ask ompg_stopped().
 *   skipped     a task that was accepted and never runs, because its group has stopped. Its drop is called.
 *   over        a task that has run or was skipped, and whose drop has returned.
 *   index       how many tasks were added to the group before this one: the first has index 0.
 *
 * No call blocks a thread that could be running the work that it waits for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_GROUP_H
#define OMPGROUP_GROUP_H

#include "base.h"
#include "error.h"
#include "token.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A task. What it returns is its error code, 0 for success. It may add tasks to its group, and make groups
 * of its own.
 *   Order     Tasks start in any order. On one thread, those that were added before the outermost wait run
 *             in that order, and those that tasks add run newest first: a task that adds itself again may
 *             keep older ones waiting. With a .limit of 1 they start in the order in which they were added.
 *   Waiting   It must not wait for what another task does (a flag, a condition variable, a barrier), except
 *             by the ompg_wait() of a nested group: where all threads run such tasks, and there may be only
 *             one, the other task never starts. For producers and consumers there is ompg_pipeline().
 *   Numbers   It runs with the floating-point control (rounding, flushing of small numbers, traps) of the
 *             thread of the outermost wait. A task that changes it puts it back before it returns, adds
 *             tasks or waits: other tasks may run with it otherwise; a build with assertions aborts.
 *   Leaving   It returns. longjmp() and C++ exceptions out of it are undefined; pthread_cancel() does not
 *             end it.
 */
typedef int ompg_task_fn(ompg_group *group, void *arg);

/*
 * Cleanup of a task's argument: called exactly once for each accepted task, after the task ran or
 * when it is skipped, on any thread of the region or the one that waits. It must not use the group.
 */
typedef void ompg_drop_fn(void *arg);

typedef enum ompg_on_error {
    OMPG_FAIL_FAST, /* the first error stops the group: tasks that have not started are skipped */
    OMPG_COLLECT    /* every task runs, all errors are kept */
} ompg_on_error;

/*
 * Zero is the default of every field. A .timeout of 0 is none: whoever passes on what is left of a time
 * sees first that something is left. Later versions add fields: use designated initialisers.
 *
 * .share: one limit, or one budget, for several groups, also of several regions.
 *     ompg_group *disk = ompg_new(&(ompg_options){.limit = 2});
 *     ompg_group *load = ompg_new(&(ompg_options){.share = disk, .limit = 8});
 *   Counts    Each task of this group has a place under its own .limit and .budget, where it has them, and under
 *             those of the other group, which may have a .share itself; or it waits. Its cost, and that of
 *             items of a pipeline, counts against each of the budgets. So do the other group's own tasks; it
 *             need have none. Stages that are .unlimited take no place anywhere. An OMPG_FOR runs on as many
 *             threads as the lowest of the limits allows, and takes none of the places.
 *   Order     Groups that wait for places take turns, one task each time; a dear task is not overtaken for ever.
 *   Nested    A task that waits for a group lends its place to that group's tasks, and to those within it: these
 *             run on its thread, one at a time, beside those that have places of their own. So a task may wait
 *             for a group that shares its own limit. Where tasks under two limits wait for groups under the other
 *             one, both ways, they lend their places to these: so one more may have begun under each.
 *   Limits    ompg_set_limit() of the other group acts at once, from any thread. ompg_get_limit() is each group's
 *             own. The stop of the other group does not reach this one: only places are shared.
 *   Life      The other group is freed after this one (an assertion in debug builds); OMPG_DEFAULT is EINVAL.
 */
typedef struct ompg_options {
    const char *name; /* for messages; copied, at most 63 bytes kept */
    int threads;   /* team when the group opens its own region; 0: OpenMP's own choice. In a task or
                               a parallel region it uses the team that is there, whatever its size */
    int limit;     /* most tasks of this group running at once; 0: no limit */
    double budget; /* largest sum of the running tasks' .cost; 0: none */
    ompg_on_error on_error; /* what an error does to the other tasks */
    int max_errors;         /* collect: the group stops after that many; 0: never */
    bool deterministic;     /* report the error with the lowest index, whatever the schedule */
    double timeout;         /* seconds from the start of the wait; 0 or INFINITY: none */
    ompg_token *token;      /* stops the group when it is cancelled; must outlive the group */
    bool shielded; /* the stop of enclosing groups, their deadlines too, does not reach this
                               group: for what must be cleaned up after a failure */
    char reserved_shielded[7];
    int backlog; /* most tasks that wait behind the limit: see ompg_go(); 0: any number */
    int reserved_backlog;
    ompg_group *share; /* its limit and budget hold for this group's tasks, too: see below */
    OMPG_RESERVED_BESIDE_POINTER(reserved_share)
    OMPG_RESERVED(22); /* zero: see base.h */
} ompg_options;

typedef struct ompg_task_options {
    ompg_drop_fn *drop; /* called once with the argument when the task is over; NULL: none */
    double cost;        /* what the task takes of the group's .budget while it runs */
    const char *name;   /* for messages; must live until the task is over */
    bool no_wait;       /* as ompg_try_go(): EAGAIN instead of waiting behind the limit */
    char reserved_no_wait[7];
    OMPG_RESERVED(7); /* zero: see base.h */
} ompg_task_options;

/*
 * A snapshot. Every accepted task is submitted, then running, then one of done, failed and skipped;
 * a task that returns ECANCELED after its group stopped counts as skipped. The parts of a loop, a
 * reduction or a pipeline count as tasks too: how many there are depends on the threads. While tasks
 * run, a snapshot is consistent and as old as the call; when no wait is going on it is exact.
 *
 * `items` and `total` say how far the work is: "mapped 1,234 of 5,000". Tasks, iterations of loops and
 * reductions, and items that have left a pipeline or were filtered out count one each, whatever the parts
 * that they ran in; what was skipped, discarded or left out does not. While a loop runs, `items` may be
 * behind by a 64th of each thread's part.
 */
typedef struct ompg_stats {
    size_t submitted;
    size_t running;
    size_t done;
    size_t failed;
    size_t skipped;
    double seconds; /* of all waits so far, also of one that lasts */
    size_t items;   /* tasks that have run, iterations and items of pipelines that are over */
    OMPG_RESERVED_BESIDE_POINTER(reserved_items)
    size_t total; /* how many these will be, as far as is known; 0: a source goes on */
    OMPG_RESERVED_BESIDE_POINTER(reserved_total)
    OMPG_RESERVED(8); /* zero */
} ompg_stats;

OMPG_BEGIN_DECLS

/*
 * Makes a group. NULL options: all defaults; they are read before the call returns.
 * Returns NULL with errno EINVAL (a negative limit, budget, threads, max_errors or timeout, a NaN,
 * an unknown on_error, a .share of OMPG_DEFAULT, a field of a later version, a token that was not set to OMPG_TOKEN_INIT) or
 * ENOMEM. Any thread. Free it with ompg_free().
 */
OMPG_MUST_USE OMPG_API ompg_group *ompg_new(const ompg_options *options);

/*
 * Frees the group. Tasks that nobody has waited for are skipped: their drops run here. In a task some of
 * them may have run already (see ompg_go), and those that run are waited for. Holds are forgotten. NULL is
 * fine.
 * Undefined while another thread waits for the group (an assertion in debug builds), adds to it, or has a
 * hold that it is to be done with; while another group has it as its .share; and from one of the group's own
 * tasks.
 */
OMPG_API void ompg_free(ompg_group *group);

/*
 * Adds a task.
 *   Who       Any thread, at any time between ompg_new() and ompg_free(), also while another thread waits, and
 *             from threads that are not OpenMP's.
 *   Start     Before the wait the task is kept, and runs in ompg_wait(). Added by a task of the region it may
 *             start at once. Added from elsewhere during a wait it starts as soon as a thread of the region has
 *             nothing else to do; one that sleeps is woken. (In a parallel region of the caller's these are
 *             the thread that waits, and those that run tasks of the group already.)
 *   Which     A wait runs all tasks that were added before something was over that it waits for, a task or
 *   wait      a hold (see ompg_hold). What is added when nothing is left may remain for the next wait.
 *   Number    Any. When the library's bounded buffers are full, a task's ompg_go() runs the new task inside
 *             this call. So in a task, no lock may be held over ompg_go() that the added task takes: its thread
 *             would ask for it twice. (An omp_nest_lock_t lets it in: to OpenMP both are one task. That
 *             excludes neither from the other.) A task that has nothing to do with the adding one, and may
 *             wait for that one's group because nobody does so yet, is kept instead: 32 bytes.
 *   Memory    For tasks that wait before the wait or behind a limit, or come from elsewhere: 56 bytes, or
 *             nothing where a loop adds the same fn with arguments at equal distances.
 *   Backlog   With a .backlog, a task adds at most so many that wait behind the limit: then this call helps
 *             to run the group's tasks until there is room. Where that could go on for ever it returns
 *             EAGAIN: in the group's own tasks and what lies in them, and in tasks with a place under another
 *             limit, or that lie in one, except those that the group itself lies in. Whoever waits
 *             for room waits for the group's tasks: these must not wait for its group. What is added before
 *             tasks of the group may run, or by threads that run none of the region's tasks, is kept in any
 *             case.
 *   Index     Exact where one thread adds at a time. Two tasks that are added at once may get the same.
 * Returns 0; otherwise the task is not accepted and its drop is not called: ECANCELED when the
 * group has stopped; EAGAIN as told above, with a .backlog only; ENOMEM; EINVAL when group or fn is NULL.
 */
OMPG_API int ompg_go(ompg_group *group, ompg_task_fn *fn, void *arg);

/*
 * As ompg_go() with options for the task; NULL options: as ompg_go().
 * EINVAL also for a negative or NaN cost and for a field of a later version. A cost above the whole
 * budget is fine: that task runs alone.
 */
OMPG_API int ompg_go_with(ompg_group *group, ompg_task_fn *fn, void *arg,
                          const ompg_task_options *options);

/*
 * As ompg_go() with a copy of the `size` bytes at data, aligned for any type, as the argument; the copy is
 * the group's and lives until the task is over. EINVAL also when data is NULL and size is not 0.
 * Memory: none is allocated for up to 64 bytes in a task, unless many tasks wait behind a limit; the same
 * holds for options.
 */
OMPG_API int ompg_go_copy(ompg_group *group, ompg_task_fn *fn, const void *data, size_t size);

/*
 * As ompg_go(), but returns EAGAIN, task not accepted, where the task would wait behind the group's limit
 * or budget.
 */
OMPG_MUST_USE OMPG_API int ompg_try_go(ompg_group *group, ompg_task_fn *fn, void *arg);

/*
 * Holds the group: a wait for it goes on until as many holds are done (ompg_done) as were taken, without
 * using a processor while nothing happens. For what is no task: I/O that goes on, a device, a producer in a
 * thread of its own: a hold is taken before it is started, it adds tasks, and is done.
 * Take the first hold before the wait, in a task of the group, or while another hold is open. One that is
 * taken when the wait has nothing left to wait for may come too late for it.
 * Returns 0, also when the group has stopped; EINVAL when group is NULL. Any thread, from ompg_new() to
 * ompg_free(); async-signal-safe. No memory.
 */
OMPG_API int ompg_hold(ompg_group *group);

/*
 * A hold is done. A nonzero code is recorded as an error of the group, without an index, as ompg_fail() does
 * outside of tasks (except ECANCELED after the group has stopped). What was written before is visible to
 * whoever waits. The last one ends the wait if all tasks are over, and then the group may be freed by the
 * thread that waits. A stop of the group ends no hold: whoever has one asks ompg_stopped(), and is done.
 * Returns 0; EINVAL when group is NULL or no hold is open. Any thread; async-signal-safe where code is 0.
 */
OMPG_API int ompg_done(ompg_group *group, int code);

/*
 * Runs the group's tasks, on this thread and on others of the region, and returns when all tasks are over
 * and all holds done. What the tasks wrote is then visible here.
 *   Helpers   In a region that it opens: all threads. In a parallel region of the caller's: those that are at
 *             one of its barriers, implied ones too. The others do not help and are not needed.
 *   In a task It runs only tasks of this group and of groups nested in it.
 *   Thread    errno, the floating-point control (after an outermost wait) and whether the thread can be
 *             cancelled are as before. A pthread_cancel() meanwhile acts after the outermost wait.
 *   Again     The group can take more tasks and be waited for again. An error sticks until ompg_reset().
 * Returns 0 or the code of the first error, which ompg_get_error() gives in full. Without having waited:
 * EINVAL when group is NULL; EDEADLK in one of the group's own tasks; EBUSY when another thread waits for
 * it; EPERM when tasks of it are in flight in another region; ENOMEM when the region's memory could not be
 * had (the tasks stay, the group is usable).
 */
OMPG_API int ompg_wait(ompg_group *group);

/*
 * ompg_new, ompg_go, ompg_wait and ompg_free in one call: runs fn(group, arg) as the first task
 * and waits for all that it adds. Returns what the wait returns; the first error is copied into
 * *error, which may be NULL and is untouched on success. EINVAL and ENOMEM as the parts return.
 */
OMPG_API int ompg_run(const ompg_options *options, ompg_task_fn *fn, void *arg, ompg_error *error);

/*
 * The group whose task, or whose loop's sub-range or pipeline's stage, runs on this thread: the innermost
 * one. NULL outside of any, and on other threads of an OpenMP region that such a task opens. For error
 * sites that have no argument for the group: ompg_fail(ompg_current(), ...). Any thread; about a nanosecond.
 */
OMPG_MUST_USE OMPG_API ompg_group *ompg_current(void);

/*
 * True once the group has stopped, because it failed (fail-fast), was cancelled or is past its deadline,
 * or its token was, or an enclosing group has stopped; a .shielded group, itself or one between, keeps
 * that off. A long task then cleans up and returns ECANCELED. The enclosing group is that of the task in
 * which this one was made, or is waited for, whichever came last. In a .deterministic group it is true
 * only for the tasks from the lowest failing index on. False for NULL. Any thread. About a nanosecond
 * without a deadline, a clock reading with one.
 */
OMPG_API bool ompg_stopped(const ompg_group *group);

/*
 * Stops the group with `code` (0 means ECANCELED): no further task starts, running ones finish or
 * poll. Returns 0; EALREADY when it had stopped (a .deterministic group that has failed has not: it
 * still runs what is below the error); EINVAL when group is NULL. Any thread, from ompg_new() to
 * ompg_free(); async-signal-safe.
 */
OMPG_API int ompg_cancel(ompg_group *group, int code);

/*
 * Makes the group as new after a wait: no error, not stopped, counters and indices from 0; its
 * options stay. Returns 0; EINVAL when group is NULL; EBUSY, nothing changed, when it has tasks
 * that are not over, holds that are not done, or is being waited for. The token is not reset. From the
 * thread that waited, or one that it hands the group to; undefined while another thread adds to it.
 */
OMPG_API int ompg_reset(ompg_group *group);

/* Fills *stats (may be NULL), all zero for a NULL group. Any thread, while the group runs too. */
OMPG_API void ompg_get_stats(const ompg_group *group, ompg_stats *stats);

/*
 * Changes the limit, 0: no limit. While the group runs too, from any thread: a lower limit lets
 * running tasks, and sub-ranges of loops, finish; a higher one takes effect when the next task starts,
 * ends or is added; at once where others .share the group. An OMPG_FOR keeps the limit that it began with.
 * Returns 0; EINVAL when group is NULL or limit is negative.
 */
OMPG_API int ompg_set_limit(ompg_group *group, int limit);

/* The limit now; 0: none, also for NULL. Any thread, while the group runs too. */
OMPG_MUST_USE OMPG_API int ompg_get_limit(const ompg_group *group);

/*
 * How many threads the group's tasks may run on, known before the wait; it holds while the
 * OpenMP settings of the caller (number of threads, parallel region) stay as they are. Scratch memory goes
 * by task, not by thread: one task may run inside another's ompg_go() or wait, on the same thread. See
 * ompg_local_get().
 * At least 1; 1 for NULL; OMPG_DEFAULT: of a group with default options. OMP_THREAD_LIMIT counts; OpenMP may
 * still give fewer (OMP_DYNAMIC). Any thread.
 */
OMPG_MUST_USE OMPG_API int ompg_get_threads(const ompg_group *group);

OMPG_END_DECLS

#endif
