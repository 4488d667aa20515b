/*
 * Series: tasks at equal distances. Tasks that a loop adds mostly have the same function, and arguments
 * at equal distances: `count` tasks, the first one and others whose argument and index grow by stride and
 * by 1. So a million tasks over an array take 48 bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_SERIES_H
#define OMPG_SRC_SERIES_H

#include "store/task.h"

struct series {
    struct task first;
    uintptr_t stride; /* unspecified while count was never more than 1 */
    size_t count;     /* 0: no series */
};

/* Adds the task to a series of at least one, if it continues it. */
static inline bool series_extend(struct series *series, const struct task *task)
{
    uintptr_t distance = (uintptr_t)task->arg - (uintptr_t)series->first.arg;
    if (series->first.fn != task->fn || series->first.tagged != task->tagged ||
        series->first.index + series->count != task->index)
        return false;
    if (series->count == 1)
        series->stride = distance;
    else if (distance != series->stride * series->count)
        return false;
    series->count++;
    return true;
}

static inline struct task series_at(const struct series *series, size_t i)
{
    struct task task = series->first;
    task.arg = (void *)((uintptr_t)task.arg + i * series->stride);
    task.index += i;
    return task;
}

/* Takes the first tasks off the series, at most `most`. */
static inline struct series series_take(struct series *series, size_t most)
{
    struct series taken = *series;
    if (most < taken.count)
        taken.count = most;
    series->first = series_at(series, taken.count);
    series->count -= taken.count;
    return taken;
}

#endif
