/*
 * Pipeline records: the items of a pipeline, where they wait for their turn, and who calls the source.
 *
 * An item lies in a record, numbered in source order; there are `live` records. A record belongs to the
 * task that carries it, or to the stage where it is parked, or to the free list.
 *
 * Discipline. pipeline.lock guards the free records and the claim of the source; whoever has claimed the
 * source counts what it has made. turn.lock guards all of a stage's turn. failed_at only sinks.
 *
 * The records parked at an in-order stage have numbers in [next, next + live): all numbers from next on
 * that the source has made hold a record, so parked[number % live] is free for each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_PIPELINE_RECORDS_H
#define OMPG_SRC_PIPELINE_RECORDS_H

#include "base/atomics.h"
#include "base/spinlock.h"
#include "ompgroup/pipeline.h"
#include "store/gate.h"
#include "store/task.h"

struct record {
    struct task_item task; /* for the task that carries it; first */
    struct pipeline *pipeline;
    struct record *next; /* in the free list, in a serial stage's, or in what a task does later */
    void *item;          /* NULL: filtered out; of a free record: what is kept for the source */
    size_t number;
    size_t stage;  /* that it waits for or is in; 0: the source is claimed for it */
    bool used;     /* holds a number */
    bool has_turn; /* was given the turn at its stage while it was parked there */
    bool charged;  /* the item has a part of the budget: */
    double cost;
};

/* Of a stage that takes one item at a time. */
struct turn {
    struct spinlock lock;
    bool busy;                     /* an item is in the stage */
    size_t next;                   /* in order: number whose turn it is */
    struct record **parked;        /* in order: [live] */
    struct record *first, **after; /* serial: those that are parked, as they came */
};

struct pipeline {
    struct standby standby; /* of the source, which the budget has refused; first */
    ompg_group *group;
    const ompg_stage *stages;
    size_t count, live;
    _Atomic size_t failed_at; /* lowest number that failed; OMPG_NO_INDEX: none */

    alignas(CACHE_LINE) struct spinlock lock;
    bool claimed;   /* a task has the source or is on its way to it */
    bool ended;     /* the source has made its last item */
    size_t made;    /* items */
    size_t charged; /* items that have a part of the budget */
    struct record *free;
    size_t begun;           /* records that have ever been used; the others are not touched */
    struct record *records; /* [live] */
    struct turn *turns;     /* [count]; those of parallel stages are not used */
};

/* NULL when memory is short. */
struct pipeline *pipeline_new(ompg_group *group, const ompg_stage *stages, size_t count,
                              size_t live);

/* NULL is fine. */
void pipeline_free(struct pipeline *pipeline);

/* ---- turns ---- */

/* False when it is not the record's turn: it is parked, and no longer the caller's. */
bool take_turn(struct record *record);

/* From the stage that the record leaves. Returns the record that has the turn now, if it was parked. */
struct record *pass_turn(struct pipeline *pipeline, size_t stage);

/* ---- the budget ---- */

/* The item costs so much, or its part of the budget goes back, if it has one. */
void charge_record(struct record *record, double cost);
void refund_record(struct record *record);

/* ---- the source ---- */

/*
 * A free record for the source, which is then claimed; NULL when it must not or need not run. Where it is the
 * budget that forbids it, the pipeline's standby is called once there is some.
 */
struct record *claim_source(struct pipeline *pipeline);

void give_source_back(struct pipeline *pipeline, bool ended);

/* It is known how many items there are. */
void source_is_over(struct pipeline *pipeline);

/* The record has left the last stage. */
void free_record(struct record *record);

#endif
