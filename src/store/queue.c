/*
 * Queue of tasks in runs of equal distance. See queue.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "store/queue.h"

#include "base/memory.h"

#include <stdlib.h>

enum { RUNS_PER_BLOCK = 72 }; /* a block of 3.4 KiB */

struct queue_block {
    struct queue_block *next;
    size_t end; /* runs below it are in use, from the queue's begin on in its head */
    struct run runs[RUNS_PER_BLOCK];
};

/* Puts the newest run behind the older ones. */
static bool close_newest(struct queue *queue)
{
    struct queue_block *block = queue->tail;
    if (!block || block->end == RUNS_PER_BLOCK) {
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
    block->runs[block->end++] = queue->newest;
    return true;
}

bool queue_push(struct queue *queue, const struct task *task)
{
    if (queue->newest.count > 0 && queue_extend(queue, task))
        return true;
    if (queue->newest.count > 0 && !close_newest(queue))
        return false;
    queue->newest = (struct run){.first = *task, .count = 1};
    queue->size++;
    return true;
}

static struct run *oldest_run(const struct queue *queue)
{
    const struct run *run = queue->head ? &queue->head->runs[queue->begin] : &queue->newest;
    return (struct run *)run;
}

/* Forgets the oldest run, which is used up. */
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
        struct run *run = oldest_run(queue);
        struct run part = run_take(run, most - taken);
        for (size_t i = 0; i < part.count; i++)
            tasks[taken++] = run_at(&part, i);
        if (run->count == 0)
            drop_oldest(queue);
    }
    queue->size -= taken;
    return taken;
}

bool queue_peek(const struct queue *queue, struct task *task)
{
    if (queue->size == 0)
        return false;
    *task = oldest_run(queue)->first;
    return true;
}

size_t queue_skip_plain(struct queue *queue)
{
    struct run *run = oldest_run(queue);
    if (queue->size == 0 || (run->first.tagged & TASK_FLAGS))
        return 0;
    size_t count = run->count;
    queue->size -= count;
    drop_oldest(queue);
    return count;
}
