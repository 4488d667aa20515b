/* SPDX-License-Identifier: Apache-2.0 */
#include "parallel/pipeline_records.h"

#include "base/memory.h"
#include "base/tsan.h"
#include "engine/run.h"

#include <stdlib.h>

/* ---- beginning and end ---- */

void pipeline_free(struct pipeline *pipeline)
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
        struct turn *turn = &pipeline->turns[i];
        turn->after = &turn->first;
        if (pipeline->stages[i].mode != OMPG_IN_ORDER)
            continue;
        turn->parked = memory_new_zeroed(pipeline->live, sizeof(struct record *));
        if (!turn->parked)
            return false;
    }
    return true;
}

struct pipeline *pipeline_new(ompg_group *group, const ompg_stage *stages, size_t count,
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

/* ---- turns ---- */

static bool is_serial(const struct pipeline *pipeline, size_t stage)
{
    return pipeline->stages[stage].mode == OMPG_SERIAL;
}

/* The caller holds the lock. */
static void park(struct turn *turn, struct record *record)
{
    if (is_serial(record->pipeline, record->stage)) {
        record->next = NULL;
        *turn->after = record;
        turn->after = &record->next;
    } else {
        turn->parked[record->number % record->pipeline->live] = record;
    }
}

bool take_turn(struct record *record)
{
    struct turn *turn = &record->pipeline->turns[record->stage];
    spin_lock(&turn->lock);
    bool next = is_serial(record->pipeline, record->stage) || turn->next == record->number;
    bool mine = !turn->busy && next;
    if (mine)
        turn->busy = true;
    else
        park(turn, record);
    tsan_release(turn);
    spin_unlock(&turn->lock);
    tsan_acquire(turn);
    return mine;
}

/* The same. NULL when the next one is not there. */
static struct record *unpark_next(struct turn *turn, size_t live)
{
    if (!turn->parked) { /* serial */
        struct record *record = turn->first;
        turn->first = record ? record->next : NULL;
        if (!turn->first)
            turn->after = &turn->first;
        return record;
    }
    turn->next++;
    struct record *record = turn->parked[turn->next % live];
    turn->parked[turn->next % live] = NULL;
    return record;
}

struct record *pass_turn(struct pipeline *pipeline, size_t stage)
{
    struct turn *turn = &pipeline->turns[stage];
    tsan_release(turn);
    spin_lock(&turn->lock);
    struct record *record = unpark_next(turn, pipeline->live);
    turn->busy = record != NULL;
    if (record)
        record->has_turn = true;
    spin_unlock(&turn->lock);
    tsan_acquire(turn);
    return record;
}

/* ---- the budget ---- */

void charge_record(struct record *record, double cost)
{
    struct pipeline *pipeline = record->pipeline;
    record->charged = true;
    record->cost = cost;
    gate_charge(&pipeline->group->gate, cost);
    spin_lock(&pipeline->lock);
    pipeline->charged++;
    spin_unlock(&pipeline->lock);
}

void refund_record(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    if (!record->charged)
        return;
    record->charged = false;
    if (gate_refund(&pipeline->group->gate, record->cost) && self)
        task_release_parked(self, pipeline->group);
    spin_lock(&pipeline->lock);
    pipeline->charged--;
    spin_unlock(&pipeline->lock);
}

/*
 * Whether another item may be made. One may exist always, or the items of two pipelines that use the budget
 * up together would wait for one another. The caller holds the lock.
 */
static bool has_budget(struct pipeline *pipeline)
{
    return pipeline->charged == 0 || gate_has_budget(&pipeline->group->gate, &pipeline->standby);
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

struct record *claim_source(struct pipeline *pipeline)
{
    spin_lock(&pipeline->lock);
    bool may_run = !pipeline->claimed && !pipeline->ended && has_budget(pipeline);
    struct record *record = may_run ? take_record(pipeline) : NULL;
    if (record) {
        pipeline->claimed = true;
        record->number = pipeline->made;
        record->stage = 0;
    }
    spin_unlock(&pipeline->lock);
    return record;
}

void free_record(struct record *record)
{
    struct pipeline *pipeline = record->pipeline;
    record->used = false;
    parts_add(pipeline->group, 1);
    refund_record(record);
    tsan_release(pipeline); /* to the acquire in make_item: stages look at the record's item */
    spin_lock(&pipeline->lock);
    record->next = pipeline->free;
    pipeline->free = record;
    spin_unlock(&pipeline->lock);
}

void source_is_over(struct pipeline *pipeline)
{
    parts_expect(pipeline->group, pipeline->made);
    sub_release(&pipeline->group->parts.sources, 1U);
}

void give_source_back(struct pipeline *pipeline, bool ended)
{
    tsan_release(pipeline);
    spin_lock(&pipeline->lock);
    pipeline->claimed = false;
    pipeline->ended |= ended;
    spin_unlock(&pipeline->lock);
    if (ended)
        source_is_over(pipeline);
}
