/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/run.h"

#include "base/bell.h"
#include "base/openmp.h"
#include "base/text.h"
#include "engine/announce.h"
#include "group/branch.h"
#include "group/elapsed.h"
#include "group/failure.h"
#include "group/home.h"
#include "group/stop.h"
#include "group/tally.h"

#include <errno.h>
#include <stdlib.h>

/* Not inlined: the error must not lie in the frames of nested tasks. */
static __attribute__((noinline)) void record_code(ompg_group *group, const struct task *task,
                                                  int code, ompg_error_kind kind)
{
    ompg_error error = {.code = code, .index = task->index, .kind = kind};
    error.thread = openmp_thread();
    error.seconds = group_seconds(group);
    text_copy(error.task, sizeof error.task, task_name(task));
    group_record(group, &error);
}

static void note_failure(ompg_group *group, const struct frame *frame, int code)
{
    if (!frame->failed && is_consequence(group, frame, code)) {
        add_relaxed(&group->cancelled, 1U);
        return;
    }
    add_relaxed(&group->failed, 1U);
    if (!frame->failed)
        record_code(group, frame->task, code, OMPG_ERROR_TASK);
}

void task_end_slow(ompg_group *group, struct frame *frame, int code)
{
    frame_give_states_back(frame);
    if (code != 0 || frame->failed)
        note_failure(group, frame, code);
}

/* The worker that ends a task keeps its block; NULL: a thread has none. */
static inline void put_block(struct worker *worker, void *block)
{
    if (LIKELY(worker))
        block_put(&worker->blocks, block);
    else
        block_put_in_store(block);
}

static inline void clean_up_beside(struct worker *worker, const struct task *task)
{
    task_call_drop(task);
    if (task->tagged & TASK_BLOCK)
        put_block(worker, task->arg);
    else if (task->tagged & TASK_EXTRA)
        free(task->arg);
}

void task_clean_up(const struct task *task)
{
    if (!(task->tagged & TASK_SHARED)) {
        clean_up_beside(self, task);
        return;
    }
    struct task_shared *shared = task->arg;
    if (sub_acq_rel(&shared->references, 1U) == 1)
        shared->release(shared);
}

/* There was no memory to park it. */
static __attribute__((noinline)) void lose(ompg_group *group, const struct task *task)
{
    record_code(group, task, ENOMEM, OMPG_ERROR_LIBRARY);
    group_stop(group, &(ompg_error){.code = 0});
}

/* ---- places that come free ---- */

static bool has_room_here(struct worker *worker, const ompg_group *group)
{
    return is_home(worker, group) && deque_make_room(&worker->deque);
}

/*
 * Whether deliver would bring a task of the gate's group to a thread that runs it. A group that is not waited
 * for and not at home here has none; its wait looks at the gate when it begins.
 */
static bool can_reach(struct gate *gate, void *worker)
{
    ompg_group *group = gate_group(gate);
    return has_room_here(worker, group) ||
           (load_acquire(&group->waiting) == WAIT_BEGUN && load_relaxed(&group->region));
}

static bool deliver_by_mail(ompg_group *group, const struct task *task)
{
    struct bell *bell = bell_of(group);
    mailbox_lock(&group->mailbox);
    bool put = mailbox_put(&group->mailbox, task);
    bool rings = put && mail_announce(group);
    mailbox_unlock(&group->mailbox); /* it may be the last touch of the group */
    if (rings)
        bell_ring(bell);
    return put;
}

/* Nobody could be given the task, nor is there memory to park it again: it is skipped. */
static __attribute__((noinline)) void skip_undelivered(ompg_group *group, const struct task *task)
{
    struct place place = {.cost = task_cost(task)};
    lose(group, task);
    task_clean_up(task);
    gate_leave(&group->gate, &place);
    count_skipped_elsewhere(group);
}

/* A task of any group in the family of the worker's, with a place. False where memory is short. */
static bool deliver(struct worker *worker, const struct task *task)
{
    ompg_group *group = task_group(task);
    if (has_room_here(worker, group) && deque_push(&worker->deque, task))
        return true;
    if (deliver_by_mail(group, task))
        return true;
    if (!gate_park_again(&group->gate, task))
        skip_undelivered(group, task);
    return false;
}

static void release_claims(struct worker *worker, struct gate *gate)
{
    struct task task;
    while (gate_next_claim(gate, can_reach, worker, &task) && deliver(worker, &task))
        ;
}

static void call_standby(struct gate *gate)
{
    struct standby *standby = gate_take_standby(gate);
    if (standby)
        standby->call(standby);
}

/* What was moved to the deque others must be able to find: what runs here next may take long. */
static void attend_if_asked(struct worker *worker)
{
    if (worker && UNLIKELY(load_relaxed(&worker->deque.attention)))
        worker->region->attend(worker);
}

void task_release_parked(struct worker *worker, ompg_group *group)
{
    struct task task;
    if (!group_uses_gate(group))
        return; /* nothing was ever parked */
    if (gate_is_shared(&group->gate))
        release_claims(worker, &group->gate);
    else
        while (worker && deque_make_room(&worker->deque) && gate_next(&group->gate, &task))
            deque_push(&worker->deque, &task);
    if (worker && deque_make_room(&worker->deque)) /* for what it adds */
        call_standby(&group->gate);
    attend_if_asked(worker);
}

void task_run_parked(struct worker *worker, ompg_group *group)
{
    struct task task;
    if (load_relaxed(&group->gated) && gate_next(&group->gate, &task))
        task_run(worker, &task);
}

/* All at once, those of a group that has stopped which need no clean-up. */
static void skip_parked(struct worker *worker, ompg_group *group)
{
    size_t n;
    while (group_stopped_hard(group) && (n = gate_skip_plain(&group->gate)) > 0)
        count_skipped(worker, group, n);
}

/*
 * Gives the place back and takes the next task's; those that fit beside it go to the deque. Where the group
 * has stopped, parked tasks that need no look go first, or each of them would be taken as the next.
 */
static __attribute__((noinline)) bool pass_place_on(struct worker *worker, ompg_group *group,
                                                    const struct place *place, struct task *next,
                                                    bool starts)
{
    bool more;
    skip_parked(worker, group);
    bool found = gate_pass_on(&group->gate, place, next, starts, &more);
    if (more)
        task_release_parked(worker, group);
    return found;
}

/* For later, or for another thread; false where memory is short. */
static bool put_aside(struct worker *worker, const struct task *task)
{
    return deque_push(&worker->deque, task) ||
           (deque_grow(&worker->deque) && deque_push(&worker->deque, task));
}

void task_give_place_back(struct worker *worker, ompg_group *group)
{
    struct task next;
    struct place place = {.started = true};
    if (pass_place_on(worker, group, &place, &next, false) && !put_aside(worker, &next))
        task_run(worker, &next);
}

/* ---- running ---- */

/*
 * Tasks that were added before the group had a limit come here without a place; those that have one
 * may have to give it back, because the limit was lowered. True when the task may go on: it has a place,
 * or it is to be skipped.
 */
static bool pass_gate(ompg_group *group, struct task *task, struct place *place)
{
    if (!load_relaxed(&group->gated) || place->started ||
        group_stopped(group, task_stop_index(task)) || task_is_unlimited(task))
        return true;
    if (!(task->tagged & TASK_ADMITTED)) {
        enum gate_verdict verdict = gate_enter(&group->gate, task, GATE_ANY_NUMBER);
        if (verdict == GATE_NO_MEMORY)
            lose(group, task);
        if (verdict != GATE_ADMITTED)
            return verdict == GATE_NO_MEMORY;
    }
    place->started = gate_start(&group->gate, task);
    return place->started; /* false: others may run it now, and end the group */
}

/* What runs on the task's stack has its places, too. */
static inline void hold_place(struct worker *worker, struct holding *holding, ompg_group *group)
{
    holding->prev = worker->holdings;
    holding->gate = &group->gate;
    worker->holdings = holding;
}

/*
 * A task that passes the gate, or has something to clean up. True when *task is the next to run.
 *
 * What ends a task stands in this order:
 * - The drop, while the task has its place and is not over: when the wait returns every drop has been
 *   called, and a budget counts what an argument takes until that is freed.
 * - The place goes to the next task, before this one counts as over: until then the group is not over, and
 *   so its gate is there. The next task was submitted, so it keeps the group from then on.
 * - The count, last: it may be the last touch of the group, which its waiter then frees.
 */
static __attribute__((noinline)) bool run_gated(struct worker *worker, struct task *task,
                                                struct holding *holding)
{
    ompg_group *group = task_group(task);
    if (!pass_gate(group, task, &holding->place))
        return false;
    bool admitted = (task->tagged & TASK_ADMITTED) != 0;
    bool skipped = group_stopped(group, task_stop_index(task)); /* after it may have waited */
    holding->place.cost = task_cost(task); /* the clean-up frees where it is written */
    if (admitted)
        hold_place(worker, holding, group);
    tsan_acquire(&group->local);
    if (!skipped) {
        count_started(worker, group);
        task_call(worker, task, group, task_argument(task));
    }
    task_clean_up(task);
    tsan_release(&group->remote);
    if ((task->tagged & TASK_PARTIAL) && !skipped)
        parts_returned(group, 1);
    if (admitted)
        worker->holdings = holding->prev;
    bool more = admitted && pass_place_on(worker, group, &holding->place, task, true);
    if (skipped)
        count_skipped(worker, group, 1);
    else
        count_returned(worker, group);
    return more;
}

/* The call of a branch, in the stead of its joiner. */
static void call_branch(struct worker *worker, struct task *task, struct branch *branch)
{
    ompg_group *group = task_group(task);
    struct frame frame = {.prev = worker->frame, .task = task, .branch = branch, .in_branch = true};
    worker->frame = &frame;
    int code = ECANCELED;
    if (!group_stopped(group, task->index))
        code = task_call_function(task, group, branch->arg);
    worker->frame = frame.prev;
    frame_give_states_back(&frame);
    branch->code = code;
    branch->failed = frame.failed;
    branch->refused = frame.refused;
}

/*
 * A stolen branch. Its end is not counted, so that nothing of its group may be hidden in the tally
 * afterwards. The next task does not run here: what lies below on this stack may wait for a branch around this one.
 */
static __attribute__((noinline)) void run_branch(struct worker *worker, struct task *task,
                                                 struct holding *holding)
{
    struct branch *branch = task->arg;
    ompg_group *group = task_group(task);
    bool admitted = (task->tagged & TASK_ADMITTED) != 0;
    if (admitted)
        hold_place(worker, holding, group);
    tsan_acquire(&group->local);
    tally_flush(worker);
    call_branch(worker, task, branch);
    if (admitted) {
        worker->holdings = holding->prev;
        task_give_place_back(worker, group);
    }
    tally_flush(worker);
    tsan_release(branch);
    store_release(&branch->over, true); /* the last touch of the branch */
}

static bool run_special(struct worker *worker, struct task *task, struct holding *holding)
{
    if (!(task->tagged & TASK_BRANCH))
        return run_gated(worker, task, holding);
    run_branch(worker, task, holding);
    return false;
}

/* The task, and with its place those that follow, unless it is a branch. */
static inline void run_specials(struct worker *worker, const struct task *task,
                                const struct gate *inherited, bool started)
{
    struct task current = *task;
    struct holding holding = {.place = {.inherited = inherited, .started = started}};
    while (run_special(worker, &current, &holding))
        holding.place = (struct place){.started = true};
}

void task_run_started(struct worker *worker, const struct task *task, const struct gate *inherited)
{
    run_specials(worker, task, inherited, true);
}

/* A plain task of a group that has stopped: with it go those of the same kind that lie below it. */
static void skip_plain(struct worker *worker, const struct task *task)
{
    size_t n = 1 + deque_skip(&worker->deque, task->tagged);
    count_skipped(worker, task_group(task), n);
}

/* Not inlined: the tasks that need less run without its stack. */
static __attribute__((noinline)) void run_or_skip(struct worker *worker, struct task *task)
{
    if (!(task->tagged & TASK_FLAGS) && group_stopped_hard(task_group(task)))
        skip_plain(worker, task);
    else
        run_specials(worker, task, NULL, false);
}

/* Whoever counts for the group. Not inlined: a block's task runs without its stack where it needs no tally. */
static __attribute__((noinline)) void run_counted(struct worker *worker, struct task *task)
{
    ompg_group *group = task_group(task);
    struct counts *counts = counts_for_start(worker, group);
    bump_relaxed(&counts->started, 1U);
    task_call(worker, task, group, task_argument(task));
    clean_up_beside(worker, task);
    if (counts != &group->local) /* the tally may have turned to another group meanwhile */
        counts = counts_for(worker, group);
    bump_release(&counts->returned, 1U);
}

static inline bool has_only_block(const struct task *task)
{
    return (task->tagged & (TASK_FLAGS & ~TASK_EXTRA)) == TASK_BLOCK;
}

void task_run_slow(struct worker *worker, struct task *task)
{
    ompg_group *group = task_group(task);
    if (has_only_block(task) && task_is_express(worker, group))
        task_run_express_with(worker, task, true);
    else if (UNLIKELY((task->tagged & TASK_SPECIAL) || !group_is_express(group)))
        run_or_skip(worker, task);
    else
        run_counted(worker, task);
}

void task_run_copy(struct worker *worker, const struct task *task)
{
    ompg_group *group = task_group(task);
    struct task copy;
    task_copy(&copy, task);
    tsan_acquire(&group->local);
    count_started(worker, group);
    task_call(worker, &copy, group, copy.arg);
    tsan_release(&group->remote);
    count_returned(worker, group);
}
