/*
 * Waiting: which way a wait goes, what it starts and ends with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "api/group_wait.h"

#include "group/failure.h"
#include "group/home.h"
#include "group/nesting.h"
#include "group/stop.h"
#include "group/tally.h"

#include <errno.h>

/* Not inlined: the error must not lie in the frames of nested waits. */
static __attribute__((noinline)) int first_code(ompg_group *group)
{
    ompg_error error;
    return group_first_error(group, &error) ? error.code : 0;
}

int wait_result(ompg_group *group)
{
    return LIKELY(load_acquire(&group->stop) == RUNNING && !group->errors) ? 0 : first_code(group);
}

/* Groups that were made within before must hear of the deadline: see note_early_child. */
static void set_deadline(ompg_group *group)
{
    store_relaxed(&group->deadline, clock_after(clock_now(), group->timeout));
    fence_seq_cst();
    if (load_relaxed(&group->has_early_child))
        stop_epoch_bump();
}

/*
 * A default group is so short-lived that a look at the time at both ends of its wait makes it almost a third
 * slower, even by the processor's counter (fib with a group for each call, 2026-11-28: 12.1 ns become 15.6).
 * So nobody looks where nobody can ask: a static library's program that does not call ompg_get_stats has no
 * such function, which is all that the weak reference tells.
 */
#pragma weak ompg_get_stats

static inline bool has_statistics(void)
{
    return ompg_get_stats != NULL;
}

/* While the wait lasts, the sum lacks what the counter showed at its start: more than all waits together. */
static inline void begin_ticks(ompg_group *group, int64_t now)
{
    store_relaxed(&group->waited_ticks, load_relaxed(&group->waited_ticks) - now);
}

static inline void end_ticks(ompg_group *group)
{
    store_relaxed(&group->waited_ticks, load_relaxed(&group->waited_ticks) + clock_ticks());
}

/* Of a wait that is not a default group's: its errors tell the time since then. */
static void begin_clock(ompg_group *group)
{
    int64_t now = clock_ticks();
    store_relaxed(&group->begun_ticks, now);
    if (has_statistics())
        begin_ticks(group, now);
}

void wait_begin(ompg_group *group, const struct worker *worker, enum wait_state state)
{
    group_nest(group, worker);
    if (!load_relaxed(&group->is_default))
        begin_clock(group);
    else if (has_statistics())
        begin_ticks(group, clock_ticks());
    if (group->timeout > 0.0)
        set_deadline(group);
    store_release(&group->waiting, state); /* to the load_acquire in parent_is_held */
}

void wait_end(ompg_group *group)
{
    if (group->timeout > 0.0)
        store_relaxed(&group->deadline, CLOCK_NEVER);
    if (load_relaxed(&group->gated))
        gate_forget_standby(&group->gate);
    if (load_relaxed(&group->waited_ticks) < 0) /* whatever the group was when it began */
        end_ticks(group);
    tsan_acquire(&group->remote);
    wait_unclaim(group);
}

bool wait_share(ompg_group *group, const struct worker *worker)
{
    spin_lock(&group->lock);
    bool shared = group->loops > 0 || wait_claim(group);
    if (shared && group->loops++ == 0)
        wait_begin(group, worker, LOOP_WAITS);
    spin_unlock(&group->lock);
    return shared;
}

void wait_unshare(ompg_group *group)
{
    spin_lock(&group->lock);
    if (--group->loops == 0)
        wait_end(group);
    spin_unlock(&group->lock);
}

/* Runs the tasks of a group that is claimed. */
static void run_claimed(ompg_group *group, struct worker *worker, struct reserved *reserved)
{
    if (worker) {
        int saved = errno;
        if (group_uses_gate(group)) {
            task_release_parked(worker, group);
            task_run_parked(worker, group);
        }
        region_wait_nested(worker, group);
        errno = saved;
    } else {
        session_run(group, reserved);
    }
}

/* Claims the wait for the caller, where the tasks are to run. */
static int claim(ompg_group *group, struct worker *worker)
{
    if (group_has_task_here(worker, group))
        return EDEADLK;
    if (!wait_claim(group))
        return EBUSY;
    if (home_claim(group, worker))
        return 0;
    wait_unclaim(group);
    return EPERM;
}

/* Reserves memory, adds, runs: nothing is added that cannot be run then. */
static int add_and_run(ompg_group *group, struct worker *worker, wait_add_fn *add, void *arg)
{
    struct reserved reserved = {0};
    int code = session_reserve(group, &reserved) ? 0 : ENOMEM;
    if (code == 0 && add)
        code = add(group, arg, &reserved);
    if ((code == 0 || code == ECANCELED) && !group_is_idle(group))
        run_claimed(group, worker, &reserved);
    session_unreserve(&reserved);
    return code == ECANCELED ? 0 : code; /* the group has the error */
}

/* A wait that is claimed. */
static int run_wait(ompg_group *group, struct worker *worker, wait_add_fn *add, void *arg)
{
    wait_begin(group, worker, WAIT_BEGUN);
    int code = add_and_run(group, worker, add, arg);
    wait_end(group);
    return code != 0 ? code : wait_result(group);
}

/*
 * Everything about a wait except for the groups that need nothing of it. In this order:
 * - What this worker's tally hides of the group is flushed, or the group would seem to have tasks left.
 * - The claim, before anything of the group changes: of two waits one is refused and has changed nothing.
 * - The begin, before tasks are added or run: they look at what encloses the group, and at its deadline.
 * - The memory before the tasks (add_and_run): what is added can be run.
 * - The end, which gives the claim back: from then on another thread may wait.
 */
int wait_for(ompg_group *group, wait_add_fn *add, void *arg)
{
    struct worker *worker = self;
    if (worker)
        tally_flush_for(worker, group);
    if (!add && !load_relaxed(&group->waiting) && group_is_idle(group)) {
        tsan_acquire(&group->remote);
        return wait_result(group);
    }
    int code = claim(group, worker);
    return code == 0 ? run_wait(group, worker, add, arg) : code;
}

int wait_for_new(ompg_group *group, wait_add_fn *add, void *arg)
{
    store_relaxed(&group->waiting, WAIT_CLAIMED);
    return run_wait(group, self, add, arg);
}

static __attribute__((noinline)) int wait_slow(ompg_group *group)
{
    return is_group(group) ? wait_for(group, NULL, NULL) : EINVAL;
}

/* A default group that was made by the running task, so that it cannot be around that task. */
static inline bool is_default_child(ompg_group *group, const struct worker *worker)
{
    const struct frame *frame = worker->frame;
    return load_relaxed(&group->is_default) && load_relaxed(&group->owner) == worker && frame &&
           is_child_of(group, frame) && worker->foreign == 0 && group_is_express(group);
}

/* Runs the group's tasks as far as they lie on top of the deque and take the express lane. */
static inline void run_newest(struct worker *worker, ompg_group *group)
{
    struct task task;
    while (deque_pop_private(&worker->deque, &task)) {
        if (UNLIKELY(task.tagged != (uintptr_t)group || !task_is_express(worker, group))) {
            deque_push(&worker->deque, &task); /* there is room: it has just come from there */
            return;
        }
        task_run_express(worker, &task);
        region_attend_if_asked(worker);
    }
}

int ompg_wait(ompg_group *group)
{
    struct worker *worker = self;
    if (UNLIKELY(!is_group(group) || !worker || !is_default_child(group, worker) ||
                 load_relaxed(&group->waiting)))
        return wait_slow(group);
    int saved = *worker->errno_here;
    store_relaxed(&group->waiting, WAIT_BEGUN); /* unclaimed: it is at home here, and stays so */
    if (has_statistics())
        begin_ticks(group, clock_ticks());
    run_newest(worker, group);
    if (UNLIKELY(!group_is_done(worker->region, group)))
        region_wait_nested(worker, group);
    if (has_statistics())
        end_ticks(group);
    store_relaxed(&group->waiting, NOBODY_WAITS);
    *worker->errno_here = saved;
    return LIKELY(load_acquire(&group->stop) == RUNNING) ? 0 : wait_result(group);
}
