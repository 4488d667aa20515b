/*
 * Pipeline. See ompgroup/pipeline.h.
 *
 * A task carries a record from stage to stage until it has left the last one or must wait for its turn:
 * then the record is parked at that stage and the task ends. Whoever leaves a stage that takes one item at
 * a time takes the next record from there, if it is parked, and adds a task that carries it on. An item
 * that was filtered out goes on as a record without an item, because the in-order stages must see its
 * number.
 *
 * The source is claimed by one task at a time, which takes a free record with it. When the source
 * has made an item, the task adds another one for the next item and carries its own on. A record
 * that comes free while nobody has claimed the source claims it. What a task cannot add another one
 * for (memory is short) it does itself, later.
 *
 * Discipline: see pipeline_records.h. A record above failed_at goes no further and stays where it is until
 * all tasks are over. An item that failed keeps its turn in an in-order stage: none passes it. In a serial
 * one it passes the turn on, because a lower number may be behind it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "parallel/pipeline_records.h"

#include "api/group_add.h"
#include "api/group_call.h"
#include "base/amount.h"
#include "base/caller.h"
#include "base/room.h"
#include "group/stop.h"
#include "parallel/part.h"

#include <errno.h>
#include <stdlib.h>

/* ---- failing ---- */

static bool goes_no_further(struct pipeline *pipeline, size_t number)
{
    return number > load_relaxed(&pipeline->failed_at) || group_stopped(pipeline->group, number);
}

static void note_failed(struct pipeline *pipeline, size_t number)
{
    size_t lowest = load_relaxed(&pipeline->failed_at);
    while (number < lowest && !cas_weak_relaxed(&pipeline->failed_at, &lowest, number))
        ;
}

/* Runs a stage's function on the record's item. */
static int call(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    const ompg_stage *stage = &pipeline->stages[record->stage];
    struct frame *frame = self->frame;
    bool failed_before = frame->failed;
    part_begin(frame, record->number);
    int code = stage->fn(pipeline->group, stage->arg, &record->item);
    code = part_end(frame, pipeline->group, code);
    if (code != 0)
        note_failed(pipeline, record->number);
    frame->failed |= failed_before;
    return code;
}

/* ---- carrying ---- */

static int carry(ompg_group *group, void *arg);

/* A task of its own for the record, which is that task's then. */
static int add_carrier(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    struct task task = {.fn = carry, .arg = record};
    task.tagged = (uintptr_t)pipeline->group | TASK_PARTIAL;
    record->task.unlimited = pipeline->stages[record->stage].unlimited;
    return task_add(&task, ADD);
}

/* There was no memory for a task that the record needs. */
static void give_up(const struct record *record)
{
    ompg_group *group = record->pipeline->group;
    ompg_fail_at(group, record->number, ENOMEM, NULL);
    note_failed(record->pipeline, record->number);
}

/* The same, or an entry in *later. */
static void go_on(struct record *record, struct record **later)
{
    if (add_carrier(record) == 0)
        return;
    record->next = *later;
    *later = record;
}

/*
 * Whether the task that runs may do the record's next stage: where the group has a limit, a stage that it
 * counts is done by a task that has a place, and another stage by one that has none. Otherwise another
 * task has it now; or it has failed, because there was no memory for one.
 */
static bool stays_here(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    bool unlimited = pipeline->stages[record->stage].unlimited;
    bool has_place = (self->frame->task->tagged & TASK_ADMITTED) != 0;
    if (LIKELY(has_place != unlimited) || !load_relaxed(&pipeline->group->gated))
        return true;
    int code = add_carrier(record);
    if (code == ENOMEM && unlimited)
        return true;
    if (code == ENOMEM)
        give_up(record);
    return false;
}

/* From a stage that takes one item at a time, on to the next one that waits for it. */
static void leave_turn(struct pipeline *pipeline, size_t stage, struct record **later)
{
    struct record *next = pass_turn(pipeline, stage);
    if (next)
        go_on(next, later);
}

/* Claims the source for another item, if there is anything to do for it. */
static void start_next(struct pipeline *pipeline, struct record **later)
{
    struct record *record = claim_source(pipeline);
    if (record)
        go_on(record, later);
}

/* The budget has some again: somebody else's cost has come back. */
static void try_source_again(struct standby *standby)
{
    struct pipeline *pipeline = (void *)standby; /* its first field */
    struct record *record = claim_source(pipeline);
    if (record && add_carrier(record) == ENOMEM)
        give_up(record);
}

/* Whether the stage takes one item at a time. What was filtered out has only its number to show. */
static bool needs_turn(const struct record *record)
{
    ompg_stage_mode mode = record->pipeline->stages[record->stage].mode;
    return mode == OMPG_IN_ORDER || (mode == OMPG_SERIAL && record->item);
}

/* Runs one stage and moves on, and with it a neighbour whose turn it is now. */
static int pass_stage(struct record *record, struct record **later)
{
    struct pipeline *pipeline = record->pipeline;
    size_t stage = record->stage;
    bool has_turn = needs_turn(record);
    record->has_turn = false;
    int code = record->item ? call(record) : 0;
    if (code == 0)
        record->stage++;
    if (!record->item && record->charged) { /* filtered out */
        refund_record(record);
        start_next(pipeline, later);
    }
    if (has_turn && (code == 0 || pipeline->stages[stage].mode == OMPG_SERIAL))
        leave_turn(pipeline, stage, later);
    return code;
}

/* A record that goes no further. Only in a serial stage has it a turn that others need. */
static void strand(struct record *record, struct record **later)
{
    if (record->has_turn && record->pipeline->stages[record->stage].mode == OMPG_SERIAL)
        leave_turn(record->pipeline, record->stage, later);
}

/* Carries the record as far as it goes; true when it has left the last stage. */
static bool carry_through(struct record *record, struct record **later, int *code)
{
    struct pipeline *pipeline = record->pipeline;
    while (record->stage < pipeline->count) {
        if (goes_no_further(pipeline, record->number)) {
            strand(record, later);
            return false;
        }
        if (!stays_here(record))
            return false;
        if (needs_turn(record) && !record->has_turn && !take_turn(record))
            return false;
        int result = pass_stage(record, later);
        if (result != 0) {
            *code = result;
            return false;
        }
    }
    return true;
}

/* ---- the source ---- */

/* What the item costs, which is about to be there. Returns EINVAL where that makes no sense. */
static int charge(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    const ompg_stage *source = &pipeline->stages[0];
    if (!source->cost || !gate_counts_cost(&pipeline->group->gate))
        return 0;
    double cost = source->cost(record->item, source->arg);
    if (is_amount(&cost) && amount_bits(&cost) != AMOUNT_INFINITE) {
        charge_record(record, cost);
        return 0;
    }
    ompg_fail_at(pipeline->group, record->number, EINVAL,
                 "the cost of item %zu is %g; expected: a finite number that is not negative",
                 record->number, cost);
    note_failed(pipeline, record->number);
    return EINVAL;
}

/* Makes an item with the source, which is claimed; false when there was none. */
static bool make_item(struct record *record, int *code)
{
    struct pipeline *pipeline = record->pipeline;
    tsan_acquire(pipeline);
    void *kept = record->item;
    record->has_turn = false;
    bool stopped = goes_no_further(pipeline, record->number);
    int result = stopped ? 0 : call(record);
    bool more = !stopped && result == 0 && record->item;
    if (more) {
        pipeline->made++;
        record->stage = 1;
        record->used = true;
        result = charge(record);
        more = result == 0;
    } else {
        record->item = !record->item || record->item == kept ? kept : NULL;
    }
    if (result != 0)
        *code = result;
    give_source_back(pipeline, !more);
    return more;
}

/* ---- tasks ---- */

/* The same, and has another task make the next one. */
static bool begin_item(struct record *record, struct record **later, int *code)
{
    if (!stays_here(record) || !make_item(record, code))
        return false;
    start_next(record->pipeline, later);
    return true;
}

/* Carries the record, and what else this task has to do. */
static int carry(ompg_group *group, void *arg)
{
    (void)group;
    struct record *record = arg;
    struct pipeline *pipeline = record->pipeline;
    struct record *later = NULL;
    int code = 0;
    while (record) {
        bool made = record->stage > 0 || begin_item(record, &later, &code);
        if (made && carry_through(record, &later, &code)) {
            if (!pipeline->stages[0].recycle)
                record->item = NULL;
            free_record(record);
            start_next(pipeline, &later);
        }
        record = later;
        if (record)
            later = record->next;
    }
    return code;
}

/* ---- beginning and end ---- */

static bool stages_make_sense(const ompg_stage *stages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!stages[i].fn || !ROOM_IS_ZERO(&stages[i]) ||
            (i > 0 && (stages[i].recycle || stages[i].cost)) ||
            (stages[i].mode != OMPG_IN_ORDER && stages[i].mode != OMPG_PARALLEL &&
             stages[i].mode != OMPG_SERIAL))
            return false;
    return true;
}

/* What an error has left on its way, and what is kept for the source. */
static void drop_items(struct pipeline *pipeline)
{
    struct caller caller;
    caller_enter(&caller);
    for (size_t i = 0; i < pipeline->begun; i++) {
        struct record *record = &pipeline->records[i];
        bool waits = record->used && record->stage < pipeline->count; /* for a stage, or is in it */
        const ompg_stage *stage = &pipeline->stages[waits ? record->stage : 0];
        if (record->item && stage->drop)
            stage->drop(record->item);
        refund_record(record);
    }
    caller_leave(&caller);
}

struct pipeline_call {
    const ompg_stage *stages;
    size_t count, live;
    struct pipeline *pipeline; /* NULL: not made yet */
};

static int add_source(ompg_group *group, void *arg, const struct reserved *reserved)
{
    (void)reserved;
    struct pipeline_call *call = arg;
    call->pipeline = pipeline_new(group, call->stages, call->count, call->live);
    if (!call->pipeline)
        return ENOMEM;
    call->pipeline->standby.call = try_source_again;
    parts_expect(group, 0);
    add_relaxed(&group->parts.sources, 1U);
    return add_carrier(claim_source(call->pipeline));
}

int ompg_pipeline(ompg_group *group, const ompg_stage *stages, size_t count, size_t live)
{
    if (!group || !stages || count == 0 || live == 0 || !stages_make_sense(stages, count))
        return EINVAL;
    struct pipeline_call call = {.stages = stages, .count = count, .live = live};
    int code = call_with_group(group, add_source, &call);
    if (call.pipeline && !call.pipeline->ended && group != OMPG_DEFAULT)
        source_is_over(call.pipeline); /* a stop has come before its end */
    if (call.pipeline)
        drop_items(call.pipeline);
    pipeline_free(call.pipeline);
    return code;
}
