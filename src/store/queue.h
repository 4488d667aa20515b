/*
 * Queue: a first-in first-out list of tasks without a bound: tasks added before the wait, tasks that
 * wait behind a limit.
 *
 * Entries are series (series.h): a million tasks over an array take one entry. Not thread-safe: whoever
 * has a queue names its guard.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_QUEUE_H
#define OMPG_SRC_QUEUE_H

#include "store/series.h"

#include <stdbool.h>

struct queue_block;

/* All zero is an empty queue. */
struct queue {
    size_t size;              /* tasks in it */
    struct queue_block *head; /* older series: taken from here, */
    size_t begin;             /* where the oldest is; */
    struct queue_block *tail; /* put here */
    struct series newest;     /* the one that grows */
};

/* Adds the task to the newest series if it continues it. */
static inline bool queue_extend(struct queue *queue, const struct task *task)
{
    if ((task->tagged & TASK_EXTRA) || !series_extend(&queue->newest, task))
        return false;
    queue->size++;
    return true;
}

/* False, nothing changed, when memory is short. */
bool queue_push(struct queue *queue, const struct task *task);

/* Puts up to `most` tasks into tasks[] and returns how many. */
size_t queue_pop(struct queue *queue, struct task *tasks, size_t most);

/* The next task, or false when there is none. */
bool queue_peek(const struct queue *queue, struct task *task);

/*
 * Takes away the next series, if its tasks are plain (without flags): nobody needs to look at them one
 * by one to skip them. Returns how many, 0 when the next task is not plain.
 */
size_t queue_skip_plain(struct queue *queue);

#endif
