/*
 * Pipeline. See ompgroup/pipeline.h.
 *
 * An item lives in a record, numbered in source order; there are `live` records. A task carries a
 * record from stage to stage until it has left the last one or must wait for its turn: then the
 * record is parked at that stage and the task ends. Whoever leaves an in-order stage takes the next
 * number's record, if it is parked there, and adds a task that carries it on. An item that was
 * filtered out goes on as a record without an item, because the in-order stages must see its number.
 *
 * The source is claimed by one task at a time, which takes a free record with it. When the source
 * has made an item, the task adds another one for the next item and carries its own on. A record
 * that comes free while nobody has claimed the source claims it. What a task cannot add another one
 * for (memory is short) it does itself, later.
 *
 * Discipline. pipeline.lock guards the free records and the claim; whoever has claimed the source
 * counts what it has made. turn.lock guards next, busy and
 * parked of a stage. A record belongs to the task that carries it, or to the stage where it is
 * parked, or to the free list. failed_at only sinks; a record above it goes no further and stays
 * where it is until all tasks are over. An item that failed keeps its turn: none passes it.
 *
 * The records parked at a stage have numbers in [next, next + live): all numbers from next on that
 * the source has made hold a record, so parked[number % live] is free for each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/pipeline.h"

#include "api/add.h"
#include "api/call.h"
#include "base/caller.h"
#include "base/memory.h"
#include "base/room.h"
#include "base/spinlock.h"
#include "group/stop.h"
#include "parallel/part.h"

#include <errno.h>
#include <stdlib.h>

struct record {
    struct pipeline *pipeline;
    struct record *next; /* in the free list, or in a task's list of what it does later */
    void *item;          /* NULL: filtered out */
    size_t number;
    size_t stage;  /* that it waits for or is in; 0: the source is claimed for it */
    bool used;     /* holds a number */
    bool has_turn; /* was given the turn at its stage while it was parked there */
};

struct turn {
    struct spinlock lock;
    bool busy;              /* an item is in the stage */
    size_t next;            /* number whose turn it is */
    struct record **parked; /* [live] */
};

struct pipeline {
    ompg_group *group;
    const ompg_stage *stages;
    size_t count, live;
    _Atomic size_t failed_at; /* lowest number that failed; OMPG_NO_INDEX: none */

    alignas(CACHE_LINE) struct spinlock lock;
    bool claimed; /* a task has the source or is on its way to it */
    bool ended;   /* the source has made its last item */
    size_t made;  /* items */
    struct record *free;
    size_t begun;           /* records that have ever been used; the others are not touched */
    struct record *records; /* [live] */
    struct turn *turns;     /* [count]; those of parallel stages are not used */
};

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

/* ---- turns ---- */

/* False when it is not the record's turn: it is parked, and no longer the caller's. */
static bool take_turn(struct turn *turn, struct record *record)
{
    spin_lock(&turn->lock);
    bool mine = !turn->busy && turn->next == record->number;
    if (mine)
        turn->busy = true;
    else
        turn->parked[record->number % record->pipeline->live] = record;
    tsan_release(turn);
    spin_unlock(&turn->lock);
    tsan_acquire(turn);
    return mine;
}

/* Returns the record that has the turn now, if it was parked. */
static struct record *pass_turn(struct turn *turn, size_t live)
{
    tsan_release(turn);
    spin_lock(&turn->lock);
    turn->next++;
    struct record **slot = &turn->parked[turn->next % live];
    struct record *record = *slot;
    *slot = NULL;
    turn->busy = record != NULL;
    if (record)
        record->has_turn = true;
    spin_unlock(&turn->lock);
    tsan_acquire(turn);
    return record;
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

/* Runs one stage and moves on, and with it a neighbour whose turn it is now. */
static int pass_stage(struct record *record, struct record **later)
{
    struct pipeline *pipeline = record->pipeline;
    size_t stage = record->stage;
    record->has_turn = false;
    int code = record->item ? call(record) : 0;
    if (code != 0)
        return code;
    record->stage++;
    if (pipeline->stages[stage].mode == OMPG_PARALLEL)
        return 0;
    struct record *next = pass_turn(&pipeline->turns[stage], pipeline->live);
    if (next)
        go_on(next, later);
    return 0;
}

/* Carries the record as far as it goes; true when it has left the last stage. */
static bool carry_through(struct record *record, struct record **later, int *code)
{
    struct pipeline *pipeline = record->pipeline;
    while (record->stage < pipeline->count) {
        if (goes_no_further(pipeline, record->number))
            return false;
        bool in_order = pipeline->stages[record->stage].mode == OMPG_IN_ORDER;
        if (in_order && !record->has_turn && !take_turn(&pipeline->turns[record->stage], record))
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

/* NULL when all are in use. The caller holds the lock. */
static struct record *take_record(struct pipeline *pipeline)
{
    struct record *record = pipeline->free;
    if (record) {
        pipeline->free = record->next;
    } else if (pipeline->begun < pipeline->live) {
        record = &pipeline->records[pipeline->begun++];
        record->pipeline = pipeline;
    }
    return record;
}

/* A free record for the source, which is then claimed; NULL when it must not or need not run. */
static struct record *claim_source(struct pipeline *pipeline)
{
    spin_lock(&pipeline->lock);
    bool may_run = !pipeline->claimed && !pipeline->ended;
    struct record *record = may_run ? take_record(pipeline) : NULL;
    if (record) {
        pipeline->claimed = true;
        record->stage = 0;
    }
    spin_unlock(&pipeline->lock);
    return record;
}

static void free_record(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    record->used = false;
    tsan_release(pipeline); /* to the acquire in make_item: stages look at the record's item */
    spin_lock(&pipeline->lock);
    record->next = pipeline->free;
    pipeline->free = record;
    spin_unlock(&pipeline->lock);
}

static void give_source_back(struct pipeline *pipeline, bool ended)
{
    tsan_release(pipeline);
    spin_lock(&pipeline->lock);
    pipeline->claimed = false;
    pipeline->ended |= ended;
    spin_unlock(&pipeline->lock);
}

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
            (stages[i].mode != OMPG_IN_ORDER && stages[i].mode != OMPG_PARALLEL))
            return false;
    return true;
}

static void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    for (size_t i = 0; pipeline->turns && i < pipeline->count; i++)
        free(pipeline->turns[i].parked);
    free(pipeline->turns);
    free(pipeline->records);
    free(pipeline);
}

static bool allocate(struct pipeline *pipeline)
{
    pipeline->records = memory_new_zeroed(pipeline->live, sizeof *pipeline->records);
    pipeline->turns = memory_new_zeroed(pipeline->count, sizeof *pipeline->turns);
    if (!pipeline->records || !pipeline->turns)
        return false;
    for (size_t i = 1; i < pipeline->count; i++) {
        if (pipeline->stages[i].mode == OMPG_PARALLEL)
            continue;
        struct record **parked = memory_new_zeroed(pipeline->live, sizeof(struct record *));
        pipeline->turns[i].parked = parked;
        if (!parked)
            return false;
    }
    return true;
}

/* NULL when memory is short. */
static struct pipeline *pipeline_new(ompg_group *group, const ompg_stage *stages, size_t count,
                                     size_t live)
{
    struct pipeline *pipeline = memory_new_lines(sizeof *pipeline);
    if (!pipeline)
        return NULL;
    *pipeline = (struct pipeline){
        .group = group, .stages = stages, .count = count, .live = live, .failed_at = OMPG_NO_INDEX};
    if (!allocate(pipeline)) {
        pipeline_free(pipeline);
        return NULL;
    }
    return pipeline;
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
