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

/* Links the group to the task around it, whose deadline counts for it as well; starts the clock. */
void wait_begin(ompg_group *group, const struct worker *worker);
void wait_end(ompg_group *group);

#endif
