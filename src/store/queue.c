/* SPDX-License-Identifier: Apache-2.0 */
#include "store/queue.h"

#include "base/memory.h"

#include <stdlib.h>

enum { SERIES_PER_BLOCK = 72 }; /* a block of 3.4 KiB */

struct queue_block {
    struct queue_block *next;
    size_t end; /* series below it are in use, from the queue's begin on in its head */
    struct series series[SERIES_PER_BLOCK];
};

/* Puts the newest series behind the older ones. */
static bool close_newest(struct queue *queue)
{
    struct queue_block *block = queue->tail;
    if (!block || block->end == SERIES_PER_BLOCK) {
        block = memory_new(sizeof *block);
        if (!block)
            return false;
        block->next = NULL;
        block->end = 0;
        if (queue->tail)
            queue->tail->next = block;
        else
            queue->head = block;
        queue->tail = block;
    }
    block->series[block->end++] = queue->newest;
    return true;
}

bool queue_push(struct queue *queue, const struct task *task)
{
    if (queue->newest.count > 0 && queue_extend(queue, task))
        return true;
    if (queue->newest.count > 0 && !close_newest(queue))
        return false;
    queue->newest = (struct series){.first = *task, .count = 1};
    queue->size++;
    return true;
}

static struct series *oldest_series(const struct queue *queue)
{
    const struct series *series = queue->head ? &queue->head->series[queue->begin] : &queue->newest;
    return (struct series *)series;
}

/* Forgets the oldest series, which is used up. */
static void drop_oldest(struct queue *queue)
{
    struct queue_block *block = queue->head;
    if (!block) {
        queue->newest.count = 0;
        return;
    }
    if (++queue->begin < block->end)
        return;
    queue->begin = 0;
    queue->head = block->next;
    if (!queue->head)
        queue->tail = NULL;
    free(block);
}

size_t queue_pop(struct queue *queue, struct task *tasks, size_t most)
{
    size_t taken = 0;
    while (taken < most && taken < queue->size) {
        struct series *series = oldest_series(queue);
        struct series part = series_take(series, most - taken);
        for (size_t i = 0; i < part.count; i++)
            tasks[taken++] = series_at(&part, i);
        if (series->count == 0)
            drop_oldest(queue);
    }
    queue->size -= taken;
    return taken;
}

bool queue_peek(const struct queue *queue, struct task *task)
{
    if (queue->size == 0)
        return false;
    *task = oldest_series(queue)->first;
    return true;
}

size_t queue_skip_plain(struct queue *queue)
{
    struct series *series = oldest_series(queue);
    if (queue->size == 0 || (series->first.tagged & TASK_FLAGS))
        return 0;
    size_t count = series->count;
    queue->size -= count;
    drop_oldest(queue);
    return count;
}
