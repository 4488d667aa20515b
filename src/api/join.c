/*
 * Joins. See ompgroup/join.h for what they promise, branch.h for who may touch what.
 *
 * The second call is pushed on the deque of the running worker, as a branch, and the first one is made. Then
 * the branch is mostly on top of the deque still: it is taken back and called. So what a join costs where
 * nobody steals is a push and a pop. No group, no count, no allocation.
 *
 * When the branch has been stolen, the joiner shares what it has, before each look, and runs branches that lie in the
 * one that it waits for: they are deeper in the recursion than the join is, so that its stack stays as small as
 * that of a serial execution; none of them waits for anything that lies below on this stack; and the locks and
 * thread-local data of the joiner's task meet only its own calls. Where it finds none, others run all
 * that is left of the branch.
 *
 * Codes go up as in a serial execution, and are not recorded here: so they do not depend on who was first. Errors
 * that a call reports by ompg_fail are recorded at once, except in a branch that was stolen from a task of a
 * deterministic group: there the first one is held until it is certain that nothing before it has failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/join.h"

#include "api/group_add.h"
#include "api/group_call.h"
#include "engine/idle.h"
#include "engine/places.h"
#include "engine/steal.h"
#include "group/branch.h"
#include "group/failure.h"
#include "group/tally.h"

#include <errno.h>
#include <stdlib.h>

struct call {
    ompg_task_fn *fn;
    void *arg;
};

struct join {
    struct call a, b;
};

/* ---- what the two calls report ---- */

/* What the second call has reported: as in struct frame. */
struct outcome {
    int code;
    bool failed;
};

/* An error that the code of the join does not tell, in a group that keeps all. */
static void keep_second(ompg_group *group, struct frame *frame, struct outcome second)
{
    if (!group->collect || second.failed || is_consequence(group, frame, second.code))
        return;
    bool failed = frame->failed; /* about the first call: its code goes up */
    ompg_fail(group, second.code, NULL);
    frame->failed = failed;
}

/* The code of a join whose calls have both been made. */
static int join_codes(ompg_group *group, struct frame *frame, int first, struct outcome second)
{
    if (first == 0 || (second.code != 0 && !frame->failed && is_consequence(group, frame, first) &&
                       !is_consequence(group, frame, second.code))) {
        frame->failed |= second.failed;
        return second.code;
    }
    if (second.code != 0)
        keep_second(group, frame, second);
    return first;
}

/* The held error of a branch counts if nothing before it has failed. */
static void settle_held(ompg_group *group, struct frame *frame, int first, struct branch *branch)
{
    bool counts = first == 0 && !frame->failed;
    if (counts && !(frame_branch(frame) && branch_hold(frame->branch, branch->held)))
        group_record(group, branch->held);
    free(branch->held);
}

/* ---- a branch that was stolen ---- */

static void await_branch(struct worker *worker, struct branch *branch)
{
    int saved = *worker->errno_here;
    struct idle idle = {.until = &branch->over};
    struct task task;
    ompg_group *group = task_group(worker->frame->task);
    int heard = 0;
    for (;;) {
        region_share_all(worker); /* each time: a place that came free may have let others in */
        if (load_acquire(&branch->over))
            break;
        if (UNLIKELY(worker->holdings != NULL) && places_run_in_branch(worker, worker->frame))
            continue;
        int64_t idle_ns = steal_look_within(worker, branch, &idle, &task);
        if (idle_ns > 0) {
            idle_rest(group, &heard, idle_ns);
            continue;
        }
        task_run(worker, &task);
        idle = (struct idle){.until = &branch->over};
    }
    tsan_acquire(branch);
    *worker->errno_here = saved;
}

static __attribute__((noinline)) int join_stolen(struct worker *worker, struct branch *branch,
                                                 int first)
{
    struct frame *frame = worker->frame;
    ompg_group *group = task_group(frame->task);
    await_branch(worker, branch);
    if (branch->held)
        settle_held(group, frame, first, branch);
    frame->refused |= branch->refused;
    return join_codes(group, frame, first,
                      (struct outcome){.code = branch->code, .failed = branch->failed});
}

/* ---- both calls here ---- */

/* The second call where something is to be looked at first: the first one has failed, or a stop. */
static __attribute__((noinline)) int second_slow(struct frame *frame, int first, ompg_task_fn *fn,
                                                 void *arg)
{
    ompg_group *group = task_group(frame->task);
    if (first != 0 && !group->collect)
        return first;
    if (group_stopped(group, frame->task->index))
        return first != 0 ? first : ECANCELED;
    bool failed = frame->failed;
    frame->failed = false;
    struct outcome second = {.code = fn(group, arg)};
    second.failed = frame->failed;
    frame->failed = failed;
    return join_codes(group, frame, first, second);
}

static inline int second_here(struct worker *worker, ompg_group *group, int first, struct call b)
{
    if (LIKELY(first == 0 && group_is_express(group)))
        return b.fn(group, b.arg);
    return second_slow(worker->frame, first, b.fn, b.arg);
}

/* The deque is full: then there is enough for others to do. */
static __attribute__((noinline)) int join_here(struct worker *worker, ompg_group *group,
                                               struct call a, struct call b)
{
    int first = a.fn(group, a.arg);
    return second_here(worker, group, first, b);
}

/* Of a call that is made here. */
static __attribute__((noinline)) void give_place_back(struct worker *worker, ompg_group *group)
{
    task_give_place_back(worker, group);
    region_attend_if_asked(worker); /* the place may have let tasks in, and the call take long */
}

/* ---- fork and join ---- */

static __attribute__((noinline)) bool take_back_slow(struct deque *deque,
                                                     const struct branch *branch)
{
    return deque_take_back(deque, branch);
}

static __attribute__((noinline)) void attend_thieves(struct worker *worker)
{
    region_attend(worker);
}

/*
 * In a task of the group, which has not stopped. flags: of the branch's task. Inlined, and without a struct
 * for the calls: this is all that a join costs, and it is 40 instructions.
 */
static inline __attribute__((always_inline)) int fork_and_join(struct worker *worker,
                                                               ompg_group *group, uintptr_t flags,
                                                               struct call a, struct call b)
{
    struct deque *deque = &worker->deque;
    size_t top = load_relaxed(&deque->top);
    if (UNLIKELY(top == deque->room) && !deque_make_room(deque))
        return join_here(worker, group, a, b);
    struct branch branch;
    branch.arg = b.arg;
    branch.within = frame_branch(worker->frame);
    branch.held = NULL;
    store_relaxed(&branch.over, false);
    struct task *slot = &deque->ring[top & deque->mask];
    slot->fn = b.fn;
    slot->arg = &branch;
    slot->tagged = (uintptr_t)group | flags;
    slot->index = worker->frame->task->index;
    store_release(&deque->top, top + 1); /* as in deque_push */
    if (UNLIKELY(load_relaxed(&deque->attention)))
        attend_thieves(worker);
    int first = a.fn(group, a.arg);
    if (UNLIKELY(!deque_pop_back(deque, &branch)) && !take_back_slow(deque, &branch))
        return join_stolen(worker, &branch, first);
    if (flags & TASK_ADMITTED)
        give_place_back(worker, group);
    return second_here(worker, group, first, (struct call){b.fn, branch.arg});
}

/* ---- other ways ---- */

/* The second call needs a place of its own. */
static int join_gated(struct worker *worker, ompg_group *group, const struct join *join)
{
    struct task branch = {.tagged = (uintptr_t)group | TASK_BRANCH};
    if (gate_enter(&group->gate, &branch, GATE_NONE) != GATE_ADMITTED)
        return join_here(worker, group, join->a, join->b);
    return fork_and_join(worker, group, TASK_BRANCH | TASK_ADMITTED, join->a, join->b);
}

static int join_in_task(ompg_group *group, void *arg)
{
    const struct join *join = arg;
    return ompg_join(group, join->a.fn, join->a.arg, join->b.fn, join->b.arg);
}

static int add_join(ompg_group *group, void *join, const struct reserved *reserved)
{
    (void)reserved;
    struct task task = {.fn = join_in_task, .arg = join, .tagged = (uintptr_t)group};
    return task_add(&task, ADD);
}

/* Whoever calls keeps its states (states.h); the calls, which run in its frame too, have others. */
static int join_beside_states(struct frame *frame, ompg_group *group, struct join *join)
{
    struct state *held = frame->states;
    frame->has_states = false;
    int code = join_in_task(group, join);
    frame_give_states_back(frame);
    frame->states = held;
    frame->has_states = true;
    return code;
}

static __attribute__((noinline)) int join_slow(ompg_group *group, struct call a, struct call b)
{
    struct join join = {a, b};
    if (!group || !a.fn || !b.fn)
        return EINVAL;
    struct worker *worker = self;
    if (!worker || !runs_task_of(worker, group))
        return call_with_group(group, add_join, &join);
    if (worker->frame->has_states)
        return join_beside_states(worker->frame, group, &join);
    if (group_stopped(group, worker->frame->task->index))
        return ECANCELED;
    tsan_release(&group->local);
    if (load_relaxed(&group->gated))
        return join_gated(worker, group, &join);
    return fork_and_join(worker, group, TASK_BRANCH, a, b);
}

int ompg_join(ompg_group *group, ompg_task_fn *fn_a, void *arg_a, ompg_task_fn *fn_b, void *arg_b)
{
    struct worker *worker = self;
    struct call a = {fn_a, arg_a}, b = {fn_b, arg_b};
    if (UNLIKELY(!worker || !runs_task_of(worker, group) || worker->frame->has_states ||
                 !group_is_express(group) || !fn_a || !fn_b))
        return join_slow(group, a, b);
    return fork_and_join(worker, group, TASK_BRANCH, a, b);
}
