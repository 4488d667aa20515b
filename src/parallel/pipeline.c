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

/* A task of its own for the record; where none can be added, an entry in *later. */
static void go_on(struct record *record, struct record **later)
{
    struct task task = {.fn = carry, .arg = record};
    task.tagged = (uintptr_t)record->pipeline->group | TASK_PARTIAL;
    if (task_add(&task, ADD) == 0)
        return;
    record->next = *later;
    *later = record;
}

/* From a stage that takes one item at a time, on to the next one that waits for it. */
static void leave_turn(struct pipeline *pipeline, size_t stage, struct record **later)
{
    struct record *next = pass_turn(pipeline, stage);
    if (next)
        go_on(next, later);
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

/* Claims the source for another item, if there is anything to do for it. */
static void start_next(struct pipeline *pipeline, struct record **later)
{
    struct record *record = claim_source(pipeline);
    if (record)
        go_on(record, later);
}

/* Makes an item with the source, which is claimed; false when there was none. */
static bool make_item(struct record *record, int *code)
{
    struct pipeline *pipeline = record->pipeline;
    tsan_acquire(pipeline);
    record->item = NULL;
    record->has_turn = false;
    record->number = pipeline->made;
    record->used = true;
    bool stopped = goes_no_further(pipeline, record->number);
    int result = stopped ? 0 : call(record);
    if (result != 0)
        *code = result;
    bool more = !stopped && result == 0 && record->item;
    if (more) {
        pipeline->made++;
        record->stage = 1;
    }
    give_source_back(pipeline, !more);
    return more;
}

/* ---- tasks ---- */

/* Carries the record, and what else this task has to do. */
static int carry(ompg_group *group, void *arg)
{
    (void)group;
    struct record *record = arg;
    struct pipeline *pipeline = record->pipeline;
    struct record *later = NULL;
    int code = 0;
    while (record) {
        bool made = record->stage == 0 && make_item(record, &code);
        if (made)
            start_next(pipeline, &later);
        if (record->stage > 0 && carry_through(record, &later, &code)) {
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
            (stages[i].mode != OMPG_IN_ORDER && stages[i].mode != OMPG_PARALLEL &&
             stages[i].mode != OMPG_SERIAL))
            return false;
    return true;
}

/* What an error has left on its way; what a source that failed has made is the source's. */
static void drop_items(struct pipeline *pipeline)
{
    struct caller caller;
    caller_enter(&caller);
    for (size_t i = 0; i < pipeline->begun; i++) {
        struct record *record = &pipeline->records[i];
        bool dropped = record->used && record->item && record->stage > 0;
        if (dropped && pipeline->stages[record->stage].drop)
            pipeline->stages[record->stage].drop(record->item);
    }
    caller_leave(&caller);
}

struct pipeline_call {
    const ompg_stage *stages;
    size_t count, live;
    struct pipeline *pipeline; /* NULL: not made yet */
};

static int add_source(ompg_group *group, void *arg)
{
    struct pipeline_call *call = arg;
    call->pipeline = pipeline_new(group, call->stages, call->count, call->live);
    if (!call->pipeline)
        return ENOMEM;
    struct task task = {.fn = carry, .arg = claim_source(call->pipeline)};
    task.tagged = (uintptr_t)group | TASK_PARTIAL;
    return task_add(&task, ADD_CLAIMED);
}

int ompg_pipeline(ompg_group *group, const ompg_stage *stages, size_t count, size_t live)
{
    if (!group || !stages || count == 0 || live == 0 || !stages_make_sense(stages, count))
        return EINVAL;
    struct pipeline_call call = {.stages = stages, .count = count, .live = live};
    int code = call_with_group(group, add_source, &call);
    if (call.pipeline)
        drop_items(call.pipeline);
    pipeline_free(call.pipeline);
    return code;
}
