/*
 * Queue of tasks in runs of equal distance. See queue.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "queue.h"

#include <stdlib.h>

enum { RUNS_PER_BLOCK = 84 }; /* a block of 4 KiB */

/* `count` tasks: the first one, and others whose argument and index grow by stride and 1. */
struct run {
    struct task first;
    uintptr_t stride; /* meaningful when count > 1 */
    size_t count;     /* never 0 */
};

struct queue_block {
    struct queue_block *next;
    size_t begin; /* runs [begin, end) are in use; begin < end */
    size_t end;
    struct run runs[RUNS_PER_BLOCK];
};

static struct run *last_run(const struct queue *queue)
{
    return queue->tail ? &queue->tail->runs[queue->tail->end - 1] : NULL;
}

static bool run_extend(struct run *run, const struct task *task)
{
    const struct task *first = &run->first;
    if (first->fn != task->fn || first->tagged != task->tagged || (task->tagged & TASK_EXTRA) ||
        first->index + run->count != task->index)
        return false;
    uintptr_t distance = (uintptr_t)task->arg - (uintptr_t)first->arg;
    if (run->count == 1)
        run->stride = distance;
    else if (distance != run->stride * run->count)
        return false;
    run->count++;
    return true;
}

static bool append_run(struct queue *queue, const struct task *task)
{
    struct queue_block *block = queue->tail;
    if (!block || block->end == RUNS_PER_BLOCK) {
        block = malloc(sizeof *block);
        if (!block)
            return false;
        block->next = NULL;
        block->begin = block->end = 0;
        if (queue->tail)
            queue->tail->next = block;
        else
            queue->head = block;
        queue->tail = block;
    }
    block->runs[block->end++] = (struct run){.first = *task, .count = 1};
    return true;
}

bool queue_push(struct queue *queue, const struct task *task)
{
    struct run *last = last_run(queue);
    if (!(last && run_extend(last, task)) && !append_run(queue, task))
        return false;
    queue->size++;
    return true;
}

static void drop_first_run(struct queue *queue)
{
    struct queue_block *block = queue->head;
    if (++block->begin < block->end)
        return;
    queue->head = block->next;
    if (!queue->head)
        queue->tail = NULL;
    free(block);
}

size_t queue_pop(struct queue *queue, struct task *tasks, size_t most)
{
    size_t taken = 0;
    while (taken < most && queue->head) {
        struct run *run = &queue->head->runs[queue->head->begin];
        size_t n = most - taken < run->count ? most - taken : run->count;
        struct task task = run->first;
        for (size_t i = 0; i < n; i++) {
            tasks[taken++] = task;
            task.arg = (void *)((uintptr_t)task.arg + run->stride);
            task.index++;
        }
        run->first = task;
        run->count -= n;
        if (run->count == 0)
            drop_first_run(queue);
    }
    queue->size -= taken;
    return taken;
}

bool queue_peek(const struct queue *queue, struct task *task)
{
    if (!queue->head)
        return false;
    *task = queue->head->runs[queue->head->begin].first;
    return true;
}

size_t queue_skip_plain(struct queue *queue)
{
    if (!queue->head)
        return 0;
    const struct run *run = &queue->head->runs[queue->head->begin];
    if (run->first.tagged & TASK_EXTRA)
        return 0;
    size_t count = run->count;
    queue->size -= count;
    drop_first_run(queue);
    return count;
}
