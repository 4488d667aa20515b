/*
 * Adding: the way of a task into a group, for ompg_go and for what is built on tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ADD_H
#define OMPG_SRC_ADD_H

#include "task.h"

/*
 * Adds a task that is complete but for its index; returns as ompg_go, or EAGAIN where it must not
 * park. What the task has beside its slot stays the caller's on failure.
 */
int task_add(struct task *task, bool may_park);

#endif
