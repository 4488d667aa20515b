/*
 * Loops of tasks. See ompgroup/loop.h for what they promise, loop_units.h for how they are handed out.
 *
 * ompg_go_for adds one task (a participant) for each thread, at most one for each unit. A participant
 * works until no share holds a unit, so any of them can do all the work and those that come late find
 * nothing. Where ompg_for opens a region for the loop alone, each member of its team is a participant from the
 * start, and the loop lies in the caller's frame.
 *
 * Discipline. task_loop.shared: the last participant frees the loop; in a frame, none does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "parallel/loop_units.h"

#include "api/group_add.h"
#include "api/group_call.h"
#include "base/float_control.h"
#include "group/nesting.h"
#include "group/stop.h"
#include "group/tally.h"
#include "ompgroup/loop.h"
#include "parallel/loop_report.h"
#include "parallel/loop_uncounted.h"
#include "parallel/part.h"

#include <errno.h>
#include <stdlib.h>

/* A loop that tasks take part in. */
struct task_loop {
    union {                        /* first */
        struct task_shared shared; /* of its participants' tasks */
        struct task_item item;     /* where it lies in its caller's frame, which outlives them */
    };
    ompg_range_fn *fn;
    void *arg;
    void *memory;     /* its own; of shares that have no room in a frame; NULL: nothing */
    bool counted;     /* its iterations are: another loop over them has not */
    struct loop loop; /* in the second line: where it is need not be looked up. The shares follow */
};

enum { SHARES_IN_FRAME = 8 };

struct task_loop_frame {
    struct task_loop tasks;
    struct share shares[SHARES_IN_FRAME];
};

struct participant {
    struct task_loop *tasks;
    struct frame *frame; /* of its own */
    size_t unreported;   /* iterations that are over, since the last report */
    bool failed;         /* a sub-range has */
    size_t last;         /* iterations that it took at once, */
    int64_t began;       /* and the tick when it did; 0: none yet */
    size_t cut_at;       /* where a sub-range was left out, because the group has stopped there;
                          OMPG_NO_INDEX: none was */
};

/* False when the group has stopped there. */
static bool run_range(struct participant *participant, struct units units)
{
    struct loop *loop = &participant->tasks->loop;
    struct frame *frame = participant->frame;
    struct loop_range range = loop_range_of(&loop->plan, units);
    participant->last = range.end - range.begin;
    if (group_stopped(loop->group, range.begin)) {
        participant->cut_at = range.begin;
        loop_leave_out(loop, units);
        return false;
    }
    part_begin(frame, range.begin);
    int code = participant->tasks->fn(loop->group, range.begin, range.end, participant->tasks->arg);
    code = part_end(frame, loop->group, code);
    if (participant->tasks->counted)
        participant->unreported += participant->last;
    if (LIKELY(code == 0))
        return true;
    if (!frame->failed)
        participant->cut_at = frame->task->index; /* a reduction's moves with its parts */
    participant->failed |= frame->failed;
    return frame->failed;
}

/* Units that were taken at once; the later ones are in the share. */
static void run_units(struct participant *participant, struct units units, struct share *own)
{
    struct loop *loop = &participant->tasks->loop;
    uint32_t n = loop->plan.whole ? units.past - units.first : 1;
    for (; units.first != units.past; units.first += n) {
        if (!run_range(participant, (struct units){units.first, units.first + n})) {
            loop_leave_out(loop, (struct units){units.first + n, units.past});
            loop_abandon_from(loop, own, units.first);
            return;
        }
    }
}

/* A group that has stopped for all iterations, not only for those from an index on. */
static bool nothing_left(const struct participant *participant)
{
    return participant->cut_at != OMPG_NO_INDEX &&
           group_stopped_hard(participant->tasks->loop.group);
}

static int participate(ompg_group *group, void *arg);

/* The group was given a limit, or a lower one, and this participant has no place under it. */
static bool has_lost_place(const struct participant *participant)
{
    ompg_group *group = participant->tasks->loop.group;
    if (LIKELY(group_is_express(group)) || !load_relaxed(&group->gated))
        return false; /* the first look is at a line that is not written meanwhile */
    bool admitted = (participant->frame->task->tagged & TASK_ADMITTED) != 0;
    return admitted ? gate_is_crowded(&group->gate, self->holdings->place.inherited)
                    : load_relaxed(&group->gate.limit) > 0;
}

/* Has another participant go on in its stead, which waits for a place; false when memory is short. */
static bool hand_over(const struct participant *participant)
{
    struct task_loop *tasks = participant->tasks;
    struct task task = {.fn = participate, .arg = tasks};
    task.tagged = participant->frame->task->tagged & ~(uintptr_t)TASK_ADMITTED;
    bool shared = (task.tagged & TASK_SHARED) != 0;
    if (shared)
        add_relaxed(&tasks->shared.references, 1U);
    bool added = task_add(&task, ADD) == 0;
    if (shared && !added)
        sub_relaxed(&tasks->shared.references, 1U); /* this participant has one */
    return added;
}

static struct units take_more(struct participant *participant, struct share *own)
{
    struct loop *loop = &participant->tasks->loop;
    int64_t before = participant->began;
    struct units units = loop_take(loop, own, participant->last, &participant->began);
    loop_report(loop, &participant->unreported, before, participant->began);
    return units;
}

static int participate(ompg_group *group, void *arg)
{
    struct task_loop *tasks = arg;
    struct loop *loop = &tasks->loop;
    struct participant participant = {
        .tasks = tasks, .frame = frame_of(self, group), .cut_at = OMPG_NO_INDEX};
    struct share *own = loop_share(loop, self->thread);
    uint32_t float_control = float_control_set(loop->float_control);
    while (!nothing_left(&participant) &&
           !(has_lost_place(&participant) && hand_over(&participant))) {
        struct units units = take_more(&participant, own);
        if (units_are_none(units))
            break;
        run_units(&participant, units, own);
    }
    float_control_set(float_control);
    participant.frame->failed = participant.failed;
    if (participant.cut_at == OMPG_NO_INDEX)
        return 0;
    participant.frame->task->index = participant.cut_at; /* where ECANCELED is a consequence */
    return ECANCELED;
}

/* ---- making ---- */

struct loop_call {
    size_t begin, end, grain;
    ompg_range_fn *fn;
    void *arg;
    bool counted;
};

static void plan_call(struct loop_plan *plan, const ompg_group *group, const struct loop_call *call)
{
    loop_plan_range(plan, call->begin, call->end, call->grain, group->deterministic);
}

/* No more than there are units. */
static int no_more_threads(int threads, const struct loop_plan *plan)
{
    return plan->units < (uint32_t)threads ? (int)plan->units : threads;
}

/* Except for the plan and the shares. */
static void task_loop_init(struct task_loop *tasks, ompg_group *group, const struct loop_call *call)
{
    tasks->loop.group = group;
    store_relaxed(&tasks->loop.settled, 0U);
    tasks->fn = call->fn;
    tasks->arg = call->arg;
    tasks->loop.float_control = float_control_get();
    tasks->counted = call->counted;
}

static void deal(struct loop *loop, int threads)
{
    loop_deal(loop, threads);
    loop->report_at = loop_report_at(loop->plan.end - loop->plan.begin, threads);
}

/* All participants have left. */
static void end_loop(struct task_loop *tasks)
{
    if (tasks->counted)
        parts_add(tasks->loop.group, loop_unreported(&tasks->loop));
    free(tasks->memory);
}

static size_t counted_iterations(const struct loop_call *call)
{
    return call->counted ? call->end - call->begin : 0;
}

/* ---- as tasks of a group ---- */

static void release(struct task_shared *shared)
{
    end_loop((void *)shared); /* its first field */
}

/* NULL when memory is short. */
static struct task_loop *task_loop_new(ompg_group *group, const struct loop_call *call)
{
    struct loop_plan planned;
    plan_call(&planned, group, call);
    int threads = no_more_threads(ompg_get_threads(group), &planned);
    void *memory = loop_allocate(sizeof(struct task_loop) + loop_shares_size(threads));
    if (!memory)
        return NULL;
    struct task_loop *tasks = loop_first_line(memory);
    task_loop_init(tasks, group, call);
    tasks->shared.release = release;
    store_relaxed(&tasks->shared.references, (size_t)threads);
    tasks->memory = memory;
    tasks->loop.shares = (void *)(tasks + 1);
    tasks->loop.plan = planned;
    deal(&tasks->loop, threads);
    return tasks;
}

/* Adds the participants. Once there is one, the loop will be done. */
static int add_participants(struct task_loop *tasks)
{
    struct loop *loop = &tasks->loop;
    int threads = loop->threads;
    int code = 0;
    int added = 0;
    for (; added < threads && code == 0; added += code == 0) {
        struct task task = {.fn = participate, .arg = tasks};
        task.tagged = (uintptr_t)loop->group | TASK_SHARED | TASK_PARTIAL;
        code = task_add(&task, ADD);
    }
    size_t missing = (size_t)(threads - added);
    if (missing > 0 && sub_acq_rel(&tasks->shared.references, missing) == missing) {
        if (added > 0)
            release(&tasks->shared);
        else
            free(tasks->memory); /* nothing is over */
    }
    return added > 0 ? 0 : code;
}

static int add_loop(ompg_group *group, const struct loop_call *call)
{
    struct task_loop *tasks = task_loop_new(group, call);
    if (!tasks)
        return ENOMEM;
    size_t counted = counted_iterations(call);
    parts_expect(group, counted);
    int code = add_participants(tasks);
    if (code != 0)
        sub_relaxed(&group->parts.total, counted);
    return code;
}

int ompg_go_for(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                void *arg)
{
    if (!is_group(group) || !fn || begin > end)
        return EINVAL;
    if (begin == end)
        return 0;
    return add_loop(group, &(struct loop_call){begin, end, grain, fn, arg, true});
}

int loop_go_uncounted(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                      void *arg)
{
    return add_loop(group, &(struct loop_call){begin, end, grain, fn, arg, false});
}

/* ---- with a team of its own ---- */

/* Whether each member of the team can begin with the loop, because nothing else comes first. */
static bool is_alone(ompg_group *group, const struct reserved *reserved)
{
    return reserved->region && reserved->level == 0 && group_is_idle(group) &&
           !group_uses_gate(group) && !group_stopped(group, 0);
}

static void run_alone(ompg_group *group, const struct loop_call *call,
                      const struct reserved *reserved)
{
    struct task_loop_frame frame;
    struct task_loop *tasks = &frame.tasks;
    struct loop *loop = &tasks->loop;
    task_loop_init(tasks, group, call);
    tasks->item.unlimited = false;
    plan_call(&loop->plan, group, call);
    int threads = no_more_threads(reserved->threads, &loop->plan);
    deal(loop, loop_make_shares(loop, frame.shares, SHARES_IN_FRAME, threads, &tasks->memory));
    parts_expect(group, counted_iterations(call));
    struct task task = {.fn = participate, .arg = tasks};
    task.tagged = (uintptr_t)group | TASK_PARTIAL;
    session_run_each(group, reserved, &task, loop->threads);
    end_loop(tasks);
}

static int add_claimed(ompg_group *group, void *call, const struct reserved *reserved)
{
    if (!is_alone(group, reserved))
        return add_loop(group, call);
    run_alone(group, call, reserved);
    return 0;
}

int ompg_for(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
             void *arg)
{
    if (!fn || begin > end)
        return EINVAL;
    struct loop_call call = {begin, end, grain, fn, arg, true};
    return call_with_group(group, begin < end ? add_claimed : NULL, &call);
}
