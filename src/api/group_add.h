/*
 * Adding: the way of a task into a group, for ompg_go and for what is built on tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_GROUP_ADD_H
#define OMPG_SRC_GROUP_ADD_H

#include "store/task.h"

enum add_mode {
    ADD,
    ADD_OR_REFUSE /* EAGAIN where the task would be parked */
};

/*
 * Adds a task that is complete except its index; returns as ompg_go. What the task has beside its slot
 * stays the caller's on failure.
 */
int task_add(struct task *task, enum add_mode mode);

#endif
