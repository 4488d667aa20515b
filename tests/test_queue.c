/*
 * The queue of tasks (src/store/queue.c) against an array.
 *
 * Fails for: a block that is not linked to the one before it; the position in a block that is not set back
 * when the next one begins; a newest run that is taken before older blocks; a size that does not sink;
 * a series that is skipped though it needs a look; a pop that stops at the end of a series.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "store/queue.h"

enum { MOST = 2000, STEPS = 400 };

static struct queue queue;

/* The model: what is in the queue, oldest first. */
static struct task tasks[MOST];
static size_t first, past;
static size_t next_index;

static bool same(const struct task *a, const struct task *b)
{
    return a->fn == b->fn && a->arg == b->arg && a->tagged == b->tagged && a->index == b->index;
}

static struct task drawn_task(void)
{
    next_index++;
    static const uintptr_t tags[] = {64, 64, 64, 128, 64 | TASK_ADMITTED, 64 | TASK_EXTRA};
    return (struct task){.arg = (void *)(uintptr_t)(chance(95) ? 8 * next_index : draw(1000)),
                         .tagged = tags[chance(90) ? 0 : draw(6)],
                         .index = next_index};
}

static void push_some(void)
{
    for (size_t n = draw(chance(10) ? 300 : 20); n > 0 && past < MOST; n--) {
        tasks[past] = drawn_task();
        CHECK(queue_push(&queue, &tasks[past++]));
    }
}

static void pop_some(void)
{
    struct task popped[MOST];
    size_t most = draw(chance(10) ? 400 : 20);
    size_t expected = most < past - first ? most : past - first;
    if (!CHECK_INT(queue_pop(&queue, popped, most), expected))
        return;
    for (size_t i = 0; i < expected; i++)
        if (!CHECK(same(&popped[i], &tasks[first++])))
            return;
}

static void skip_some(void)
{
    bool plain = first != past && !(tasks[first].tagged & TASK_FLAGS);
    size_t skipped = queue_skip_plain(&queue);
    if (!CHECK(skipped <= past - first) || !CHECK_INT(skipped > 0, plain))
        return;
    for (; skipped > 0; skipped--)
        CHECK(!(tasks[first++].tagged & TASK_FLAGS));
}

static void look(void)
{
    struct task next;
    CHECK_INT(queue.size, past - first);
    if (CHECK_INT(queue_peek(&queue, &next), first != past) && first != past)
        CHECK(same(&next, &tasks[first]));
}

static void round_of_steps(void)
{
    queue = (struct queue){0};
    first = past = next_index = 0;
    unsigned failed = atomic_load(&check_failed);
    for (int step = 0; step < STEPS && atomic_load(&check_failed) == failed; step++) {
        switch (draw(8)) {
        case 0:
            skip_some();
            break;
        case 1:
        case 2:
        case 3:
            pop_some();
            break;
        default:
            push_some();
            break;
        }
        look();
    }
    while (atomic_load(&check_failed) == failed && first != past)
        pop_some();
    look();
}

static void random_steps(void)
{
    in_rounds(round_of_steps);
}

/* A loop over an array is one entry, so it takes no block, and goes at once. */
static void loop_is_one_series(void)
{
    enum { TASKS = 100000 };
    struct queue loop = {0};
    for (size_t i = 0; i < TASKS; i++) {
        struct task task = {.arg = (void *)(uintptr_t)(1000 + 24 * i), .tagged = 64, .index = i};
        CHECK(queue_push(&loop, &task));
    }
    CHECK(loop.head == NULL);
    CHECK_INT(queue_skip_plain(&loop), TASKS);
    CHECK_INT(loop.size, 0);
}

CHECK_MAIN("queue", {"random steps", random_steps}, {"a loop is one series", loop_is_one_series})
