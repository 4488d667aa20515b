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
 * One step of an item. The first stage, the source, is called with *item == NULL and makes an item;
 * leaving it NULL ends the stream. A later stage works on *item; it may replace it, or set it to
 * NULL to filter it out (it then owns what it was given). Returns an error code.
 */
typedef int ompg_stage_fn(ompg_group *group, void *arg, void **item);

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
                             (in the source: never); NULL: none */
    OMPG_RESERVED(8);   /* zero: see base.h */
} ompg_stage;

OMPG_BEGIN_DECLS

/*
 * Runs the pipeline stages[0 .. count) until the source ends, and waits. At most `live` items exist
 * at once. OMPG_DEFAULT: a default group, made and freed here.
 * On an error the items before the failing one (in source order) that have left the last stage stay
 * done; all others are discarded, each dropped once; an item whose own stage failed is dropped by
 * that stage's drop, unless it set *item to NULL. The last in-order stage never sees an item after
 * one that failed before it in source order. No thread waits for an item's turn: the item does.
 * The index of an error is the item's number in source order.
 * Returns what the wait returns; EINVAL for a NULL group, NULL stages, count 0, live 0, a NULL fn, an
 * unknown mode or a field of a later version; otherwise as ompg_go() where nothing was started; ENOMEM.
 * Memory: a few words for each item that exists at once and each stage; address space for `live` of them.
 */
OMPG_API int ompg_pipeline(ompg_group *group, const ompg_stage *stages, size_t count, size_t live);

OMPG_END_DECLS

#endif
