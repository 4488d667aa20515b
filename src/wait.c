/*
 * Waiting: which way a wait goes, what it starts and ends with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "wait.h"

#include <errno.h>

int wait_result(ompg_group *group)
{
    if (LIKELY(load_acquire(&group->stop) == RUNNING && !group->errors))
        return 0;
    ompg_error error;
    return group_first_error(group, &error) ? error.code : 0;
}

/* Whether the caller runs inside one of the group's tasks, on this thread or through nesting. */
static bool is_own_task(const struct worker *worker, const ompg_group *group)
{
    if (!worker || !worker->frame)
        return false;
    if (group_is_within(task_group(worker->frame->task), group))
        return true;
    return worker->inlined > 0 && frame_of(worker, group) != NULL;
}

/* Whether the tasks can run where the caller is: none is in flight in another region. */
static bool attach(ompg_group *group, struct worker *worker)
{
    if (worker && load_relaxed(&group->region) == worker->region)
        return true;
    size_t waiting = group->queue.size + gate_parked(&group->gate);
    if (group_left(load_relaxed(&group->region), group) != waiting)
        return false;
    if (worker) {
        group->owner = worker;
        store_relaxed(&group->region, worker->region);
    }
    return true;
}

void wait_begin(ompg_group *group, const struct worker *worker)
{
    group_place(group, worker);
    int64_t earliest = deadline_within(live_parent(group));
    if (!load_relaxed(&group->plain))
        store_relaxed(&group->begun, clock_now());
    if (group->timeout > 0.0) {
        int64_t deadline = clock_after(load_relaxed(&group->begun), group->timeout);
        store_relaxed(&group->deadline, deadline);
        if (deadline < earliest)
            earliest = deadline;
    }
    store_relaxed(&group->earliest, earliest);
    if (earliest != CLOCK_NEVER)
        store_relaxed(&group->clean, 0U);
}

void wait_end(ompg_group *group)
{
    if (group->timeout > 0.0) {
        store_relaxed(&group->deadline, CLOCK_NEVER);
        store_relaxed(&group->earliest, deadline_within(live_parent(group)));
    }
    int64_t begun = load_relaxed(&group->begun);
    if (begun != 0) {
        store_relaxed(&group->waited, load_relaxed(&group->waited) + clock_now() - begun);
    }
    tsan_acquire(&group->remote);
    wait_unclaim(group);
}

bool wait_share(ompg_group *group, const struct worker *worker)
{
    spin_lock(&group->loops_lock);
    bool shared = group->loops > 0 || wait_claim(group);
    if (shared && group->loops++ == 0)
        wait_begin(group, worker);
    spin_unlock(&group->loops_lock);
    return shared;
}

void wait_unshare(ompg_group *group)
{
    spin_lock(&group->loops_lock);
    if (--group->loops == 0)
        wait_end(group);
    spin_unlock(&group->loops_lock);
}

/* Runs the tasks of a group that is claimed. */
static int run_claimed(ompg_group *group, struct worker *worker, struct reserved *reserved)
{
    if (!session_reserve(group, reserved)) /* before the gate opens: that cannot be undone */
        return ENOMEM;
    if (load_relaxed(&group->gated) && group->queue.size > 0 && !group_stopped_hard(group))
        gate_open(&group->gate, &group->queue);
    if (worker) {
        task_release_parked(worker, group);
        task_run_parked(worker, group);
        region_wait_nested(worker, group);
    } else {
        session_run(group, reserved);
    }
    return 0;
}

/* Whether another task of the caller's region waits: it may add to the group, but not wait for it. */
static bool is_waited_for_here(const struct worker *worker, ompg_group *group)
{
    return worker && load_relaxed(&group->waiting) &&
           load_relaxed(&group->region) == worker->region;
}

int wait_prepare(ompg_group **group, ompg_group **made)
{
    *made = NULL;
    if (*group && is_own_task(self, *group))
        return EDEADLK;
    if (*group && is_waited_for_here(self, *group))
        return EBUSY;
    if (!*group)
        *group = *made = group_new_default();
    return *group ? 0 : ENOMEM;
}

/* Everything about a wait but for the groups that need nothing of it. */
int wait_reserved(ompg_group *group, struct reserved *reserved)
{
    struct worker *worker = self;
    if (is_own_task(worker, group))
        return EDEADLK;
    if (load_relaxed(&group->waiting))
        return EBUSY;
    if (worker)
        tally_flush_for(worker, group);
    if (group_is_idle(group)) {
        tsan_acquire(&group->remote);
        return wait_result(group);
    }
    if (!wait_claim(group))
        return EBUSY;
    if (!attach(group, worker)) {
        wait_unclaim(group);
        return EPERM;
    }
    wait_begin(group, worker);
    int code = run_claimed(group, worker, reserved);
    wait_end(group);
    return code != 0 ? code : wait_result(group);
}

static __attribute__((noinline)) int wait_any(ompg_group *group)
{
    struct reserved reserved = {0};
    return group ? wait_reserved(group, &reserved) : EINVAL;
}

/* A plain group that was made by the running task, so that it cannot be around that task. */
static inline bool is_plain_child(ompg_group *group, const struct worker *worker)
{
    const struct frame *frame = worker->frame;
    return load_relaxed(&group->plain) && group->owner == worker && frame &&
           is_child_of(group, frame) && worker->inlined == 0 && group_is_express(group);
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
    if (UNLIKELY(!group || !worker || !is_plain_child(group, worker) ||
                 load_relaxed(&group->waiting)))
        return wait_any(group);
    store_relaxed(&group->waiting, true); /* unclaimed: it has no queue that two could empty */
    run_newest(worker, group);
    if (UNLIKELY(!group_is_done(worker->region, group)))
        region_wait_nested(worker, group);
    store_relaxed(&group->waiting, false);
    return LIKELY(load_acquire(&group->stop) == RUNNING) ? 0 : wait_result(group);
}

int ompg_run(const ompg_options *options, ompg_task_fn *fn, void *arg, ompg_error *error)
{
    if (!fn)
        return EINVAL;
    int saved = errno;
    ompg_group *group = ompg_new(options);
    if (!group) {
        int code = errno;
        errno = saved;
        return code;
    }
    int code = ompg_go(group, fn, arg);
    if (code == 0 || code == ECANCELED) /* by a token: its code is the group's error */
        code = ompg_wait(group);
    if (code != 0 && error)
        ompg_get_error(group, error);
    ompg_free(group);
    return code;
}
