/*
 * Group: making, freeing, stopping, asking. The other functions of group.h are in files that begin with its
 * name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/amount.h"
#include "base/caller.h"
#include "base/room.h"
#include "base/text.h"
#include "base/tsan.h"
#include "engine/pools.h"
#include "engine/session.h"
#include "group/elapsed.h"
#include "group/home.h"
#include "group/nesting.h"
#include "group/stop.h"
#include "group/tally.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static bool options_make_sense(const ompg_options *options)
{
    return ROOM_IS_ZERO(options) && (!options->token || ROOM_IS_ZERO(options->token)) &&
           options->threads >= 0 && options->limit >= 0 && options->backlog >= 0 &&
           options->max_errors >= 0 && is_amount(&options->budget) &&
           is_amount(&options->timeout) && (!options->share || is_group(options->share)) &&
           (options->on_error == OMPG_FAIL_FAST || options->on_error == OMPG_COLLECT);
}

/* The state of a new or reset group, except its stop. */
static inline void clear_state(ompg_group *group)
{
    memset(&group->local, 0, sizeof group->local);
    memset(&group->remote, 0, sizeof group->remote);
    store_relaxed(&group->clean, 0U);
    store_relaxed(&group->submitted_here, 0U);
    store_relaxed(&group->submitted_elsewhere, 0U);
    store_relaxed(&group->unnumbered, 0U);
    store_relaxed(&group->walked, 0U);
    store_relaxed(&group->failed, 0U);
    store_relaxed(&group->cancelled, 0U);
    store_relaxed(&group->waited_ticks, 0);
    store_relaxed(&group->pried, false);
}

/* The rest of it, which default groups never set. */
static void clear_rest(ompg_group *group)
{
    store_relaxed(&group->deadline, CLOCK_NEVER);
    store_relaxed(&group->fail_index, OMPG_NO_INDEX);
    store_relaxed(&group->begun_ticks, 0);
    store_relaxed(&group->has_early_child, false);
    group->moved = false;
    group->gate.added = 0.0;
    if (group->errors)
        errors_clear(group->errors);
}

/* A record keeps the options of its last life: with NULL they become the defaults. */
static bool configure(ompg_group *group, const ompg_options *options)
{
    static const ompg_options defaults;
    if (!options)
        options = &defaults;
    group->collect = options->on_error == OMPG_COLLECT;
    group->deterministic = options->deterministic;
    store_relaxed(&group->shielded, options->shielded);
    store_relaxed(&group->gate.limit, options->limit);
    group->gate.budget = amount_or_none(&options->budget);
    group->gate.backlog = options->backlog;
    if (UNLIKELY(group_uses_gate(group) || options->share || !group->gate.family))
        gate_init(&group->gate, options->share ? &options->share->gate : NULL);
    store_relaxed(&group->gated, options->limit > 0 || group->gate.budget > 0.0 || options->share);
    store_relaxed(&group->token, options->token);
    group->timeout = amount_or_none(&options->timeout);
    group->threads = options->threads;
    group->max_errors = options->max_errors;
    memset(group->name, 0, sizeof group->name);
    if (options->name)
        text_copy(group->name, sizeof group->name, options->name);
    if (!group->collect && !group->deterministic)
        return true;
    group->errors = errors_new(group->spare_errors, &group->errors_lock, group->deterministic);
    group->spare_errors = NULL;
    return group->errors != NULL;
}

/* Puts the group into the task that runs here. */
static inline void nest_new(ompg_group *group, struct worker *worker)
{
    store_relaxed(&group->owner, worker);
    store_relaxed(&group->region, worker ? worker->region : NULL);
    group_set_parent(group, worker);
}

/* From a parent with a gate or a deadline, or under one. */
static __attribute__((noinline)) void inherit_slow(ompg_group *group, ompg_group *parent)
{
    note_early_child(parent);
    size_t walked = load_acquire(&parent->walked);
    store_relaxed(&group->earliest, group_earliest_deadline(parent));
    if (!load_relaxed(&group->token) && !parent->deterministic)
        store_relaxed(&group->walked, walked);
}

/* Of a new group that lies in no other: nothing has stopped it. Never under ThreadSanitizer: see tsan.h. */
static inline size_t clean_outermost(void)
{
    return tsan_is_present() ? 0 : load_relaxed(&stop_epoch);
}

/* A child without a token of its own is as clean as its parent: see stop.c. */
static inline void inherit(ompg_group *group, ompg_group *parent)
{
    size_t clean = parent ? load_relaxed(&parent->clean) : clean_outermost();
    store_relaxed(&group->earliest, CLOCK_NEVER);
    if (UNLIKELY(clean == 0 && parent))
        inherit_slow(group, parent);
    if (load_relaxed(&group->is_default) ||
        (!load_relaxed(&group->token) && group_may_be_express(group)))
        store_relaxed(&group->clean, clean);
}

static __attribute__((noinline)) ompg_group *new_slow(const ompg_options *options)
{
    if (options && !options_make_sense(options)) {
        errno = EINVAL;
        return NULL;
    }
    struct worker *worker = self;
    ompg_group *group = group_acquire(worker);
    fence_release(); /* to the fence_acquire in is_alive: nesting.h */
    if (!group || ((options || !load_relaxed(&group->is_default)) && !configure(group, options))) {
        if (group) {
            gate_end(&group->gate);
            group_release(worker, group);
        }
        errno = ENOMEM;
        return NULL;
    }
    store_relaxed(&group->is_default, !options && worker);
    store_relaxed(&group->stop, RUNNING);
    clear_state(group);
    clear_rest(group);
    mailbox_clear(&group->mailbox);
    nest_new(group, worker);
    inherit(group, load_relaxed(&group->shielded) ? NULL : load_relaxed(&group->parent));
    return group;
}

/* Nested groups without options are made by the million: their record is at hand. */
ompg_group *ompg_new(const ompg_options *options)
{
    struct worker *worker = self;
    if (UNLIKELY(options || !worker || !worker->frame || !worker->free_groups ||
                 !load_relaxed(&worker->free_groups->is_default)))
        return new_slow(options);
    ompg_group *group = group_acquire(worker);
    fence_release(); /* as in new_slow */
    store_relaxed(&group->stop, RUNNING);
    clear_state(group);
    nest_new(group, worker);
    inherit(group, load_relaxed(&group->parent));
    return group;
}

static bool mailbox_pop(struct mailbox *box, struct task *task)
{
    mailbox_lock(box);
    size_t taken = mailbox_take(box, task, 1);
    mailbox_unlock(box);
    return taken > 0;
}

/* Skips what was added and never reached a deque. */
static void skip_unwaited(ompg_group *group)
{
    struct task task;
    while (mailbox_pop(&group->mailbox, &task) || gate_drop(&group->gate, &task)) {
        if (task.tagged & TASK_ADMITTED)
            gate_leave(&group->gate, &(struct place){.cost = task_cost(&task)});
        task_clean_up(&task);
    }
}

static void skip_all(ompg_group *group)
{
    struct caller caller;
    caller_enter(&caller); /* for the drops */
    group_stop(group, &(ompg_error){.code = ECANCELED, .index = OMPG_NO_INDEX});
    if (self && load_relaxed(&group->region) == self->region)
        ompg_wait(group);
    skip_unwaited(group);
    caller_leave(&caller);
}

/* Links to the record are void from here on. */
static inline void end_life(ompg_group *group)
{
    parts_clear(group);
    bump_relaxed(&group->serial, 1U);
}

/* A group with tasks that nobody waited for, or one that is not a default one. */
static __attribute__((noinline)) void free_slow(ompg_group *group)
{
    if (!is_group(group))
        return;
    assert(!load_relaxed(&group->waiting) && "ompg_free of a group that is being waited for");
    store_relaxed(&group->holds, 0U); /* nobody waits for them any more */
    if (!group_is_idle(group))
        skip_all(group);
    tsan_acquire(&group->remote); /* its tasks may have run before */
    if (group->errors)
        group->spare_errors = errors_retire(group->errors);
    group->errors = NULL;
    gate_end(&group->gate);
    spin_lock(&group->lock); /* whoever looks at the token from within has it */
    store_relaxed(&group->token, NULL);
    end_life(group);
    spin_unlock(&group->lock);
    group_release(self, group);
}

void ompg_free(ompg_group *group)
{
    struct worker *worker = self;
    if (UNLIKELY(!is_group(group) || !worker || !load_relaxed(&group->is_default) ||
                 load_relaxed(&group->waiting) || !group_is_done(worker->region, group))) {
        free_slow(group);
        return;
    }
    tsan_acquire(&group->remote);
    end_life(group);
    group_release(worker, group);
}

int ompg_reset(ompg_group *group)
{
    if (!is_group(group))
        return EINVAL;
    if (load_relaxed(&group->waiting) || !group_is_idle(group))
        return EBUSY;
    group_restart(group);
    parts_clear(group);
    clear_state(group);
    clear_rest(group);
    return 0;
}

ompg_group *ompg_current(void)
{
    const struct frame *frame = self ? self->frame : NULL;
    if (loop_here.group && loop_here.within == frame)
        return (ompg_group *)loop_here.group;
    return frame ? task_group(frame->task) : NULL;
}

bool ompg_stopped(const ompg_group *group)
{
    if (!is_group(group))
        return false;
    ompg_group *record = (ompg_group *)group; /* const for the caller; a stop is noted in it */
    if (LIKELY(group_is_express(record)))
        return false;
    size_t index = group->deterministic ? group_current_index(group) : 0;
    if (index == OMPG_NO_INDEX && loop_here.group && loop_here.index != OMPG_NO_INDEX)
        index = 0; /* somewhere in a loop, which must not leave out what a serial one would do */
    return group_stopped_slow(record, index);
}

int ompg_cancel(ompg_group *group, int code)
{
    if (!is_group(group))
        return EINVAL;
    ompg_error error = {.code = code ? code : ECANCELED, .index = OMPG_NO_INDEX};
    error.kind = OMPG_ERROR_CANCEL;
    error.thread = self ? self->thread : 0; /* omp_get_thread_num() is not async-signal-safe */
    error.seconds = group_seconds(group);
    return group_stop(group, &error) ? 0 : EALREADY;
}

int ompg_set_limit(ompg_group *group, int limit)
{
    if (!is_group(group) || limit < 0)
        return EINVAL;
    gate_set_limit(&group->gate, limit);
    if (limit > 0) {
        store_relaxed(&group->is_default, false);
        store_relaxed(&group->gated, true);
        store_relaxed(&group->clean, 0U);
        stop_epoch_bump();
    }
    struct worker *worker = self;
    if (is_home(worker, group) || gate_is_shared(&group->gate))
        task_release_parked(worker, group);
    return 0;
}

int ompg_get_limit(const ompg_group *group)
{
    return is_group(group) ? load_relaxed(&((ompg_group *)group)->gate.limit) : 0;
}

int ompg_get_threads(const ompg_group *group)
{
    if (!group)
        return 1;
    if (self)
        return load_relaxed(&self->region->threads);
    return session_threads(is_group(group) ? group : NULL);
}
