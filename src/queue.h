/*
 * Queue: a first-in first-out list of tasks without a bound: tasks added before the wait, tasks that
 * wait behind a limit.
 *
 * A loop adds tasks whose arguments lie at equal distances, so entries are runs of these: a million
 * tasks over an array take one entry. Not thread-safe: the owner of the queue names its guard.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_QUEUE_H
#define OMPG_SRC_QUEUE_H

#include "task.h"

#include <stdbool.h>

struct queue_block;

/* All zero is an empty queue. Invariant: size == 0 exactly when there is no block. */
struct queue {
    struct queue_block *head; /* tasks are taken here */
    struct queue_block *tail; /* and added here */
    size_t size;              /* tasks in it */
};

/* False, nothing changed, when memory is short. */
bool queue_push(struct queue *queue, const struct task *task);

/* Puts up to `most` tasks into tasks[] and returns how many. Frees memory that is empty. */
size_t queue_pop(struct queue *queue, struct task *tasks, size_t most);

/* The next task, or false when there is none. */
bool queue_peek(const struct queue *queue, struct task *task);

/*
 * Takes away, unseen, up to all tasks of the next run that has no extra: nobody needs to look at
 * these one by one to skip them. Returns how many, 0 when the next task has an extra.
 */
size_t queue_skip_plain(struct queue *queue);

#endif
