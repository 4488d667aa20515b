/*
 * Pipeline: items pass stages that are parallel, in order one at a time, or one at a time as they come, with
 * a bound on how many exist.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_PIPELINE_H
#define OMPGROUP_PIPELINE_H

#include "base.h"
#include "group.h"

#include <stddef.h>

/*
 * One step of an item. Returns an error code.
 * - The first stage, the source, finds NULL in *item and puts an item there; leaving it NULL ends the stream.
 *   With .recycle it may find an item that has left the last stage, to be filled anew: then setting *item to
 *   NULL ends the stream.
 * - A later stage works on *item. It may put another item there, or NULL to filter it out: what it was given
 *   is then its own.
 */
typedef int ompg_stage_fn(ompg_group *group, void *arg, void **item);

/* What an item takes of the group's .budget while it exists: a number that is not negative. */
typedef double ompg_cost_fn(void *item, void *arg);

typedef enum ompg_stage_mode {
    OMPG_IN_ORDER, /* one item at a time, in the order of the source */
    OMPG_PARALLEL, /* any number of items at once, in any order */
    OMPG_SERIAL    /* one item at a time, in the order in which they come to the stage */
} ompg_stage_mode;

typedef struct ompg_stage {
    ompg_stage_mode mode; /* the source is called by one thread at a time in any mode */
    ompg_stage_fn *fn;
    void *arg;
    ompg_drop_fn *drop; /* of an item that is discarded while it waits for this stage or is in it
                             (in the source: of what .recycle keeps, or has no other stage); NULL: none */
    ompg_cost_fn *cost; /* of the source: called with `arg` for each item that it makes; NULL: 0 */
    OMPG_RESERVED_BESIDE_POINTER(reserved_cost)
    bool recycle; /* of the source: an item that the last stage leaves in *item comes back to it */
    bool unlimited; /* its calls are not counted against the group's .limit */
    char reserved_flags[6];
    OMPG_RESERVED(6); /* zero: see base.h */
} ompg_stage;

OMPG_BEGIN_DECLS

/*
 * Runs the pipeline stages[0 .. count) until the source ends, and waits. At most `live` items exist
 * at once. OMPG_DEFAULT: a default group, made and freed here. No thread waits for an item's turn: the
 * item does.
 *
 * - Errors: the items before the failing one (in source order) that have left the last stage stay done;
 *   all others are discarded, each dropped once. An item whose own stage failed is dropped by that stage's
 *   drop, unless it set *item to NULL. The last in-order stage never sees an item after one that failed
 *   before it in source order. The index of an error is the item's number in source order.
 * - .recycle of the source: no more items are made than exist at once. What leaves the last stage is kept,
 *   and given to the source again. At the end each of these is dropped once by the source's drop; also the
 *   one that the source was given when it ended the stream, or failed and left no other one there.
 * - .cost of the source, in a group with a .budget: the source is not called while the items that exist and
 *   the group's running tasks use the budget up. So at most one item exceeds it. The source is called
 *   again when an item or a task that costs something is over; one item may exist at any time. A task that costs something waits while it
 *   does not fit beside the items. A cost that is negative, infinite or no number is an error of its
 *   item (EINVAL).
 * - .unlimited: the stage runs beside the stages and tasks that the group's .limit counts, and needs no
 *   place of theirs. For a stage that waits for a disk, in a group of .limit = n and .threads = n + 1.
 *
 * Returns what the wait returns; EINVAL for a NULL group, NULL stages, count 0, live 0, a NULL fn, an
 * unknown mode, .recycle or .cost of another stage than the source, or a field of a later version;
 * otherwise as ompg_go() where nothing was started; ENOMEM.
 * Memory: a few words for each item that exists at once and each stage; address space for `live` of them.
 */
OMPG_API int ompg_pipeline(ompg_group *group, const ompg_stage *stages, size_t count, size_t live);

OMPG_END_DECLS

#endif
