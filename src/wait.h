/*
 * Waiting: what every wait begins and ends with; OMPG_FOR is one too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_WAIT_H
#define OMPG_SRC_WAIT_H

#include "worker.h"

/* Whether the caller runs inside one of the group's tasks, on this thread or through nesting. */
bool is_own_task(const struct worker *worker, const ompg_group *group);

/* Whether another task of the caller's region waits: it may add to the group, but not wait for it. */
static inline bool is_waited_for_here(const struct worker *worker, ompg_group *group)
{
    return worker && load_relaxed(&group->waiting) &&
           load_relaxed(&group->region) == worker->region;
}

/* Links the group to the task around it, whose deadline counts for it as well; starts the clock. */
void wait_begin(ompg_group *group, const struct worker *worker);
void wait_end(ompg_group *group);

/* What a wait returns that has come to its end. */
int wait_result(ompg_group *group);

#endif
