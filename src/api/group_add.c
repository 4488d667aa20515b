/*
 * Adding tasks.
 *
 * Where a task goes: from a worker of the region that the group is at home in (home.h) into its deque; from
 * all other threads, at any time, into the group's mailbox, which the wait empties; behind a full limit
 * into the gate.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "api/group_add.h"
#include "base/amount.h"
#include "base/bell.h"
#include "base/memory.h"
#include "base/room.h"
#include "engine/mail.h"
#include "engine/places.h"
#include "engine/region.h"
#include "group/home.h"
#include "group/nesting.h"
#include "group/stop.h"
#include "group/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    INLINE_DEPTH = 32 /* of tasks run inside ompg_go: further ones make the deque grow */
};

static inline size_t next_index(struct worker *worker, ompg_group *group)
{
    size_t index = group_next_index(group);
    if (worker && UNLIKELY(load_relaxed(&worker->tally_group) == group))
        index += load_relaxed(&worker->tally_submitted);
    return index;
}

/* Whether the task has nothing to do with the running one: it is of another group, which does not lie in that. */
static bool is_foreign(const struct worker *worker, const struct task *task)
{
    const struct frame *frame = worker->frame;
    const ompg_group *group = task_group(task);
    return frame && task_group(frame->task) != group && !is_child_of(group, frame);
}

/*
 * A task that runs inside ompg_go holds up all that lie below it on the stack. If it has nothing to do with them it may
 * wait for one of their groups, or a task of a group in it may do so on another thread: they would wait for each
 * other. That cannot be where all these have somebody who waits for them.
 */
static __attribute__((noinline)) bool may_hold_up(const struct worker *worker,
                                                  const struct task *task)
{
    return !is_foreign(worker, task) || stack_is_waited_for(worker);
}

/* A task that is not like the running one. */
static __attribute__((noinline)) void run_other(struct worker *worker, struct task *task)
{
    bool foreign = is_foreign(worker, task);
    worker->foreign += foreign;
    task_run(worker, task);
    worker->foreign -= foreign;
    tally_settle(worker);
}

/* Of the same group and kind as the running task: then the tally is that group's afterwards too. */
static inline bool is_alike(const struct worker *worker, const struct task *task)
{
    return worker->frame &&
           !((worker->frame->task->tagged ^ task->tagged) & ~(uintptr_t)TASK_BESIDE);
}

/* A task that runs inside ompg_go leaves errno as the adding task has it. */
static inline int inline_begin(struct worker *worker)
{
    int saved = *worker->errno_here;
    worker->inlined++;
    return saved;
}

static inline void inline_end(struct worker *worker, int saved)
{
    worker->inlined--;
    *worker->errno_here = saved;
}

/* The deque is full: the producer is far ahead and runs the task itself, where it may. */
static __attribute__((noinline)) void run_inline(struct worker *worker, struct task *task)
{
    bool alike = is_alike(worker, task);
    bool may_run_here = worker->inlined < INLINE_DEPTH && (alike || may_hold_up(worker, task));
    if (UNLIKELY(!may_run_here) && deque_grow(&worker->deque)) {
        deque_push(&worker->deque, task);
        return;
    }
    int saved = inline_begin(worker);
    if (LIKELY(alike))
        task_run(worker, task);
    else
        run_other(worker, task);
    inline_end(worker, saved);
}

/*
 * The same for a task in the express lane. One like the running one is run without a call, and without being asked
 * again what the express lane has asked; only the tally may still be that of a group further out.
 */
static inline __attribute__((always_inline)) void run_inline_express(struct worker *worker,
                                                                     struct task *task, bool block)
{
    bool may_run_here = worker->inlined < INLINE_DEPTH && is_alike(worker, task);
    if (UNLIKELY(!may_run_here || load_relaxed(&worker->tally_group))) {
        run_inline(worker, task);
        return;
    }
    int saved = inline_begin(worker);
    task_run_express_with(worker, task, block);
    inline_end(worker, saved);
}

static __attribute__((noinline)) void dispatch(struct worker *worker, struct task *task)
{
    if (UNLIKELY(!deque_push(&worker->deque, task)))
        run_inline(worker, task);
    region_attend_if_asked(worker);
}

/* A task that is accepted takes no index. Never taken back, and after `submitted`: see group_next_index. */
static void leave_unnumbered(const struct task *task)
{
    if (task->tagged & TASK_PARTIAL)
        add_release(&task_group(task)->unnumbered, 1U);
}

/*
 * A submission must be visible before any other thread can finish the task. In the deque tasks stay
 * with the worker until its tally is flushed; but a tally may hide only what the running task adds to
 * its own group (worker.h).
 */
static void count_submitted(struct worker *worker, const struct task *task)
{
    ompg_group *group = task_group(task);
    if ((task->tagged & TASK_PARTIAL) || !runs_task_of(worker, group))
        count_at_once(worker, group, 1);
    else
        count_submitted_hidden(worker, group);
    leave_unnumbered(task);
}

/* Through the gate, or behind it, where fewer than `most` are. */
static int enter_gate(struct worker *worker, ompg_group *group, struct task *task, size_t most)
{
    if (most > 0)
        count_at_once(worker, group, 1); /* others may take it from the gate */
    enum gate_verdict verdict = gate_enter(&group->gate, task, most);
    if (most > 0 && (verdict == GATE_FULL || verdict == GATE_NO_MEMORY))
        count_at_once(worker, group, (size_t)-1);
    if (verdict == GATE_FULL)
        return EAGAIN;
    if (verdict == GATE_NO_MEMORY)
        return ENOMEM;
    if (most == 0)
        count_at_once(worker, group, 1);
    leave_unnumbered(task);
    if (verdict == GATE_ADMITTED)
        dispatch(worker, task);
    else
        task_release_parked(worker, group); /* the limit may have been raised */
    return 0;
}

/* Before the wait, and for whoever adds outside of the region: where the limit lets a task run at once. */
static bool finds_place(ompg_group *group, struct task *task)
{
    if (!load_relaxed(&group->region))
        return gate_would_admit(&group->gate, &group->mailbox.queue, task_cost(task));
    if (!load_relaxed(&group->gated))
        return true;
    return group->mailbox.queue.size == 0 &&
           gate_enter(&group->gate, task, GATE_NONE) == GATE_ADMITTED;
}

/* Outside of regions `local` is counted by whoever has the lock; at home by its owner. */
static inline void count_in_mailbox(ompg_group *group, const struct task *task)
{
    if (!load_relaxed(&group->region)) {
        if (task->tagged & TASK_EXTRA)
            group->gate.added += task_cost(task);
        bump_relaxed(&group->submitted_here, 1U);
    } else {
        add_release(&group->submitted_elsewhere, 1U);
    }
    leave_unnumbered(task);
}

/* The caller holds the mailbox's lock, or it is its own. Its tasks pass the gate when they leave it. */
static inline int put_in_mailbox(ompg_group *group, struct task *task, bool may_park)
{
    if (!may_park && !finds_place(group, task))
        return EAGAIN;
    task->index = group_next_index(group);
    if (!mailbox_put(&group->mailbox, task))
        return ENOMEM; /* not where it has a place: then the mailbox was empty */
    count_in_mailbox(group, task);
    return 0;
}

/*
 * Before a wait, while no other thread comes. Whoever begins one takes the mailbox's lock (home_claim) and sees what
 * lies there, so that nobody need be told.
 */
static void own_mailbox(ompg_group *group)
{
    if (!load_relaxed(&group->region) && load_relaxed(&group->waiting) == NOBODY_WAITS)
        mailbox_note_put(&group->mailbox);
}

/* Into the mailbox: see mail.h. Another thread may run the task, and end the group, once it is unlocked. */
static __attribute__((noinline)) int add_by_shared_mail(ompg_group *group, struct task *task,
                                                        bool may_park)
{
    mailbox_lock(&group->mailbox);
    int code = put_in_mailbox(group, task, may_park);
    bool rings = code == 0 && mail_announce(group);
    own_mailbox(group);
    mailbox_unlock(&group->mailbox);
    if (rings)
        bell_ring(bell_of(group)); /* by its address: the group may be gone */
    return code;
}

static inline int add_by_mail(ompg_group *group, struct task *task, bool may_park)
{
    if (!mailbox_enter_own(&group->mailbox))
        return add_by_shared_mail(group, task, may_park);
    int code = put_in_mailbox(group, task, may_park);
    mailbox_leave_own(&group->mailbox);
    return code;
}

/* The running task, if it is one of the group's, may end with the code. */
static int refuse(ompg_group *group)
{
    struct frame *frame = frame_of(self, group);
    if (frame)
        frame->refused = true;
    return ECANCELED;
}

/* Whether a task of `outer` has a place that one of the group's needs: up to the gate that is inherited. */
static bool has_place_of(ompg_group *outer, ompg_group *group, const struct gate *inherited)
{
    const struct gate *gate = &group->gate;
    while (gate && gate != inherited && !gate_leads_to(&outer->gate, gate))
        gate = gate->share;
    return gate && gate != inherited;
}

/*
 * Whether the group lies in the task, or the task and all that it lies in are without a limit. Those that the group
 * lies in must not have its tasks' places either, except on this stack.
 */
static bool is_free_of_limits(const struct worker *worker, ompg_group *group, ompg_group *at)
{
    const struct gate *inherited = places_on_stack(worker, group);
    struct enclosing outer = {.group = at, .serial = load_relaxed(&at->serial)};
    bool lies_in = false;
    while (outer.group) {
        lies_in = lies_in || group_lies_in(group, outer.group);
        if (lies_in ? has_place_of(outer.group, group, inherited)
                    : load_relaxed(&outer.group->gated))
            return false;
        if (lies_in && !gate_is_shared(&group->gate))
            return true;
        outer = enclosing_next(&outer);
    }
    return true;
}

/*
 * Whether this thread may wait until fewer tasks are parked, that is until tasks of the group end that have a
 * place. None of these may need one of the tasks on this stack. Those that lie in the group are needed, for
 * certain. Others could be where two groups add to one another: a task that has a place in one waits for
 * the other. So no task on this stack, nor one that it lies in, may have a place, except where the group lies
 * in that one: then waits lead from outer groups to inner ones only, and never in a circle.
 */
static bool may_wait_for_room(const struct worker *worker, ompg_group *group)
{
    if (group_has_task_here(worker, group))
        return false;
    for (const struct frame *frame = worker->frame; frame; frame = frame->prev) {
        ompg_group *at = task_group(frame->task);
        if (at == group || group_lies_in(at, group) || !is_free_of_limits(worker, group, at))
            return false;
    }
    return true;
}

/* Behind a limit with a backlog: helps until there is room, or says EAGAIN. */
static __attribute__((noinline)) int add_with_backlog(struct worker *worker, ompg_group *group,
                                                      struct task *task)
{
    size_t most = gate_backlog(&group->gate);
    for (;;) {
        int code = enter_gate(worker, group, task, most);
        if (code != EAGAIN || !may_wait_for_room(worker, group))
            return code;
        int saved = *worker->errno_here;
        bool foreign = is_foreign(worker, task);
        worker->foreign += foreign;
        region_wait_room(worker, group);
        worker->foreign -= foreign;
        *worker->errno_here = saved;
        if (group_stopped(group, task_stop_index(task)))
            return refuse(group);
        task->index = next_index(worker, group);
    }
}

/* Parts of loops and pipelines are few, and wait for nothing. */
static int add_gated(struct worker *worker, ompg_group *group, struct task *task, bool may_park)
{
    if (may_park && group->gate.backlog > 0 && !(task->tagged & TASK_PARTIAL))
        return add_with_backlog(worker, group, task);
    return enter_gate(worker, group, task, may_park ? GATE_ANY_NUMBER : GATE_NONE);
}

/*
 * In this order:
 * - The destination. Where it is the mailbox, the index is drawn again under its lock.
 * - The index, before the stop: a deterministic group has stopped for the tasks from an index on.
 * - The stop, before anything is counted: a task that is refused has changed nothing.
 * - The gate, before the deque: what it parks does not get there. All ways count the task before another
 *   thread can end it.
 */
int task_add(struct task *task, enum add_mode mode)
{
    ompg_group *group = task_group(task);
    struct worker *worker = is_home(self, group) ? self : NULL;
    bool may_park = mode != ADD_OR_REFUSE;
    task->index = next_index(worker, group);
    if (group_stopped(group, task_stop_index(task)))
        return refuse(group);
    tsan_release(&group->local);
    if (!worker)
        return add_by_mail(group, task, may_park);
    if (load_acquire(&group->gated) && !task_is_unlimited(task))
        return add_gated(worker, group, task, may_park);
    count_submitted(worker, task);
    dispatch(worker, task);
    return 0;
}

static __attribute__((noinline)) int go(ompg_group *group, ompg_task_fn *fn, void *arg,
                                        enum add_mode mode)
{
    if (!is_group(group) || !fn)
        return EINVAL;
    struct task task = {.fn = fn, .arg = arg, .tagged = (uintptr_t)group};
    return task_add(&task, mode);
}

/* The deque may be full. */
static inline __attribute__((always_inline)) void
push_or_run(struct worker *worker, ompg_task_fn *fn, void *arg, uintptr_t tagged, bool block)
{
    size_t index = group_submit_here(tagged_group(tagged));
    struct task task = {.fn = fn, .arg = arg, .tagged = tagged, .index = index};
    if (!deque_push(&worker->deque, &task))
        run_inline_express(worker, &task, block);
    region_attend_if_asked(worker);
}

/* Not inlined, and called last: ompg_go needs no stack. */
static __attribute__((noinline)) int go_full(struct worker *worker, ompg_task_fn *fn, void *arg,
                                             uintptr_t tagged)
{
    push_or_run(worker, fn, arg, tagged, false);
    return 0;
}

/* A function of its own, so that go_full has nothing to do with blocks. */
static __attribute__((noinline)) int go_full_with_block(struct worker *worker, ompg_task_fn *fn,
                                                        void *block, uintptr_t tagged)
{
    push_or_run(worker, fn, block, tagged, true);
    return 0;
}

static __attribute__((noinline)) int attend(struct worker *worker)
{
    region_attend(worker);
    return 0;
}

/* Outside of regions. The express lane: nothing is asked about stops and limits. */
static __attribute__((noinline)) int go_outside(ompg_group *group, ompg_task_fn *fn, void *arg)
{
    if (!is_group(group) || !fn || !group_is_express(group))
        return go(group, fn, arg, ADD);
    struct task task = {.fn = fn, .arg = arg, .tagged = (uintptr_t)group};
    return add_by_mail(group, &task, true);
}

/* Out of the express lane. A producer that does not look is refused without further ado. */
static __attribute__((noinline)) int go_slow(ompg_group *group, ompg_task_fn *fn, void *arg)
{
    if (is_group(group) && fn && load_relaxed(&group->owner) == self && group_stopped_hard(group))
        return ECANCELED;
    return go(group, fn, arg, ADD);
}

/* The group is this worker's, and needs nothing special. */
static inline bool is_express_here(const struct worker *worker, ompg_group *group)
{
    return load_relaxed(&group->owner) == worker &&
           worker->region == load_relaxed(&group->region) && group_is_express(group);
}

/* The express lane, without a call except those that end it. */
static inline int go_express(struct worker *worker, ompg_group *group, ompg_task_fn *fn, void *arg,
                             uintptr_t flags)
{
    size_t top = load_relaxed(&worker->deque.top);
    if (UNLIKELY(top == worker->deque.room))
        return flags ? go_full_with_block(worker, fn, arg, (uintptr_t)group | flags)
                     : go_full(worker, fn, arg, (uintptr_t)group);
    struct task *slot = &worker->deque.ring[top & worker->deque.mask];
    slot->fn = fn;
    slot->arg = arg;
    slot->tagged = (uintptr_t)group | flags;
    slot->index = group_submit_here(group);
    store_release(&worker->deque.top, top + 1);
    return LIKELY(!load_relaxed(&worker->deque.attention)) ? 0 : attend(worker);
}

int ompg_go(ompg_group *group, ompg_task_fn *fn, void *arg)
{
    struct worker *worker = self;
    if (UNLIKELY(!worker))
        return go_outside(group, fn, arg);
    if (UNLIKELY(!is_group(group) || !fn || !is_express_here(worker, group)))
        return go_slow(group, fn, arg);
    return go_express(worker, group, fn, arg, 0);
}

int ompg_try_go(ompg_group *group, ompg_task_fn *fn, void *arg)
{
    return go(group, fn, arg, ADD_OR_REFUSE);
}

/* ---- what has something beside its slot ---- */

/*
 * The express lane for a task that takes a block at hand. Whoever it does not let in finds out by the slow way
 * why not, so that it needs neither a call nor a stack.
 */
static inline bool may_take_block(const struct worker *worker, ompg_group *group, ompg_task_fn *fn)
{
    return worker && is_group(group) && fn && is_express_here(worker, group) &&
           has_block_at_hand(&worker->blocks);
}

/* The block, or what comes from malloc() instead, goes back where the task is not accepted. */
static int add_beside(ompg_group *group, ompg_task_fn *fn, void *beside, uintptr_t flags,
                      enum add_mode mode)
{
    struct worker *worker = self;
    struct task task = {.fn = fn, .arg = beside, .tagged = (uintptr_t)group | flags};
    int code = task_add(&task, mode);
    if (code != 0 && (flags & TASK_BLOCK))
        block_put(&worker->blocks, beside);
    else if (code != 0)
        free(beside);
    return code;
}

/* NULL: there is none for the calling thread, or the size is too large. */
static void *take_block(size_t size)
{
    struct worker *worker = self;
    return worker && size <= BLOCK_SIZE ? block_take(&worker->blocks, size) : NULL;
}

static __attribute__((noinline)) int go_with_slow(ompg_group *group, ompg_task_fn *fn, void *arg,
                                                  const ompg_task_options *options)
{
    if (!options)
        return ompg_go(group, fn, arg);
    if (!is_group(group) || !fn || !is_amount(&options->cost) || !ROOM_IS_ZERO(options))
        return EINVAL;
    struct task_extra *block = take_block(sizeof *block);
    struct task_extra *extra = block ? block : memory_new(sizeof *extra);
    if (!extra)
        return ENOMEM;
    *extra = (struct task_extra){
        .arg = arg, .drop = options->drop, .name = options->name, .cost = options->cost};
    return add_beside(group, fn, extra, block ? TASK_EXTRA | TASK_BLOCK : TASK_EXTRA,
                      options->no_wait ? ADD_OR_REFUSE : ADD);
}

/* Neither a cost nor no_wait, which are for a gate, nor nonsense. */
static inline bool options_are_express(const ompg_task_options *options)
{
    return amount_bits(&options->cost) == 0 && !options->no_wait && ROOM_IS_ZERO(options);
}

int ompg_go_with(ompg_group *group, ompg_task_fn *fn, void *arg, const ompg_task_options *options)
{
    struct worker *worker = self;
    if (UNLIKELY(!options || !may_take_block(worker, group, fn) || !options_are_express(options)))
        return go_with_slow(group, fn, arg, options);
    struct task_extra *extra = block_take(&worker->blocks, sizeof *extra);
    extra->arg = arg;
    extra->drop = options->drop;
    extra->name = options->name;
    extra->cost = 0.0;
    return go_express(worker, group, fn, extra, TASK_EXTRA | TASK_BLOCK);
}

/* In memory of its own. */
static int go_copy_alone(ompg_group *group, ompg_task_fn *fn, const void *data, size_t size)
{
    if (size > SIZE_MAX - sizeof(struct task_extra))
        return ENOMEM;
    struct task_extra *extra = memory_new(sizeof *extra + size);
    if (!extra)
        return ENOMEM;
    *extra = (struct task_extra){.arg = extra + 1};
    if (size > 0)
        memcpy(extra + 1, data, size);
    return add_beside(group, fn, extra, TASK_EXTRA, ADD);
}

static __attribute__((noinline)) int go_copy_slow(ompg_group *group, ompg_task_fn *fn,
                                                  const void *data, size_t size)
{
    if (!is_group(group) || !fn || (!data && size > 0))
        return EINVAL;
    void *block = take_block(size);
    if (!block)
        return go_copy_alone(group, fn, data, size);
    if (size > 0)
        memcpy(block, data, size);
    return add_beside(group, fn, block, TASK_BLOCK, ADD);
}

/*
 * Word by word, as task_copy: memcpy() would load more at once than the caller has just stored, which stalls for
 * longer than the rest of a task takes.
 */
static inline void copy_small(unsigned char *to, const unsigned char *from, size_t size)
{
    enum { WORD = sizeof(size_t), PAIR = 2 * WORD };
    size_t words[2];
#pragma GCC unroll 4
    for (; size >= PAIR; size -= PAIR, from += PAIR, to += PAIR) {
        memcpy(words, from, PAIR);
        __asm__("" : "+r"(words[0]), "+r"(words[1])); /* not joined */
        memcpy(to, words, PAIR);
    }
    if (size >= WORD) {
        memcpy(to, from, WORD);
        size -= WORD, from += WORD, to += WORD;
    }
    while (size-- > 0)
        *to++ = *from++;
}

int ompg_go_copy(ompg_group *group, ompg_task_fn *fn, const void *data, size_t size)
{
    struct worker *worker = self;
    if (UNLIKELY(size > BLOCK_SIZE || (!data && size > 0) || !may_take_block(worker, group, fn)))
        return go_copy_slow(group, fn, data, size);
    void *block = block_take(&worker->blocks, size);
    copy_small(block, data, size);
    return go_express(worker, group, fn, block, TASK_BLOCK);
}
