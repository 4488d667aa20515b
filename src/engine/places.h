/*
 * Places: how a thread that waits starts a parked task whose place in a shared gate is somewhere on its own stack, or
 * lies with a task that has not started. Why there is no deadlock is told in docs/design.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_PLACES_H
#define OMPG_SRC_PLACES_H

#include "group/worker.h"

/* The gate of the claim's chain from which on tasks on the worker's stack have places; NULL: they have none. */
const struct gate *places_inherited_by(const struct worker *worker, struct gate *claim);

/* The same for a group; NULL also where no gate of it is shared. */
static inline const struct gate *places_on_stack(const struct worker *worker, ompg_group *group)
{
    return UNLIKELY(worker->holdings != NULL) && gate_is_shared(&group->gate)
               ? places_inherited_by(worker, &group->gate)
               : NULL;
}

/* Runs a parked task of the group on that. */
bool places_run_inherited(struct worker *worker, ompg_group *group, const struct gate *inherited);

/*
 * For a thread that waits for the group and finds no task: runs a parked one, of the group or, where this stack has a
 * place for it, of a group that lies in it; skips what is parked in a group that has stopped. False: nothing
 * was there.
 */
bool places_run_parked(struct worker *worker, ompg_group *group);

/*
 * Where two families wait for each other: runs a parked task of the group, for which this thread waits, on a place that
 * a task has lent which waits itself.
 */
bool places_run_lent(struct worker *worker, ompg_group *group);

/*
 * As places_run_parked, for a thread that waits for a branch of the task that the frame is of: a group that lies in the
 * task. Afterwards tasks that this thread must not run may lie in its deque, and counts in its tally.
 */
bool places_run_in_branch(struct worker *worker, const struct frame *frame);

#endif
