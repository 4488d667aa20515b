/*
 * The deque (src/store/deque.c) with its owner and three thieves at once, who steal, pry, and look for tasks
 * of a group: each task comes out exactly once.
 *
 * Fails for: a newest task that is taken without a look at the border after top was lowered; a thief
 * that pries and does not retreat, or does not wait for the barrier; a tail that is moved before the
 * slots were copied; an owner that takes shared tasks, or lowers the border, without the lock; a ring
 * that grows without the lock; thieves without the lock. The first of these shows with delays only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "base/membarrier.h"
#include "model.h"
#include "store/deque.h"

enum {
    TASKS = 20000 / SHARE,
    THIEVES = 3,
    KINDS = 3,
    SKIPPED = 64 * KINDS,
    SMALL = 64, /* ring that is full often */
    BATCH = 64,
    LONG_SPIN = 4000
};

static struct deque deque;
static atomic_uchar seen[TASKS];
static atomic_size_t over; /* tasks that came out */
static atomic_bool closed;

/* The last kind is skipped by the owner, which counts them without seeing them. */
static uintptr_t kind_of(size_t index)
{
    return 64 * (1 + index / 32 % KINDS);
}

static struct task task_of(size_t index)
{
    return (struct task){
        .arg = (void *)(uintptr_t)(8 * index), .tagged = kind_of(index), .index = index};
}

static void consume(const struct task *task)
{
    size_t index = task->index;
    if (!CHECK(index < TASKS && (uintptr_t)task->arg == 8 * index &&
               task->tagged == kind_of(index)))
        return;
    atomic_fetch_add_explicit(&seen[index], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&over, 1, memory_order_relaxed);
}

static bool match(const struct task *task, const ompg_group *group)
{
    return task_group(task) == group;
}

static const ompg_group *drawn_group(void)
{
    return (const ompg_group *)(64 * (1 + draw(KINDS)));
}

static void compute(void)
{
    for (volatile size_t i = draw(LONG_SPIN); i > 0; i = i - 1)
        ;
}

/* ---- owner ---- */

static void pop_some(size_t most)
{
    struct task task = {.fn = NULL};
    while (most-- > 0 && deque_pop(&deque, &task))
        consume(&task);
}

static void push_one(size_t index)
{
    struct task task = task_of(index);
    while (!deque_push(&deque, &task)) {
        if (chance(1) && deque.mask < DEQUE_CAPACITY)
            CHECK(deque_grow(&deque));
        else if (chance(10))
            pop_some(1 + draw(BATCH));
    }
}

static void answer(void)
{
    if (load_relaxed(&deque.attention) && deque_private(&deque) > 0) {
        store_relaxed(&deque.attention, false);
        deque_share(&deque, chance(10));
    }
}

static void take_or_skip(void)
{
    struct task task = {.fn = NULL};
    if (chance(50)) {
        size_t skipped = deque_skip(&deque, SKIPPED);
        atomic_fetch_add_explicit(&over, skipped, memory_order_relaxed);
    } else if (deque_take(&deque, &task, draw(2 * (size_t)BATCH), match, drawn_group())) {
        consume(&task);
    }
}

/* Answers now and then only, so that thieves pry. */
static void own(void)
{
    for (size_t pushed = 0; pushed < TASKS;) {
        for (size_t n = draw(chance(5) ? 2 * DEQUE_CAPACITY : BATCH); n > 0 && pushed < TASKS; n--)
            push_one(pushed++);
        if (chance(50))
            answer();
        if (chance(20))
            compute();
        if (chance(10))
            take_or_skip();
        pop_some(draw(BATCH));
    }
    pop_some(TASKS);
}

/* ---- thieves ---- */

static size_t steal_batch(struct task *tasks)
{
    if (deque_has_shared(&deque) || deque_pry(&deque))
        return deque_steal(&deque, tasks, 1 + draw(BATCH), chance(30));
    return 0;
}

static void rob_any(void)
{
    struct task tasks[BATCH] = {{.fn = NULL}};
    struct series series = {.count = 0};
    size_t n = 0;
    spin_lock(&deque.lock);
    if (load_relaxed(&deque.has_series))
        series = deque_steal_series(&deque, 1 + draw(BATCH));
    else
        n = steal_batch(tasks);
    spin_unlock(&deque.lock);
    for (size_t i = 0; i < n; i++)
        consume(&tasks[i]);
    for (size_t i = 0; i < series.count; i++) {
        struct task task = series_at(&series, i);
        consume(&task);
    }
}

/* Without the lock between a look and the theft, as a thief that waits for a group. */
static void rob_sighted(void)
{
    struct sighting sighted[SIGHTINGS];
    struct task task = {.fn = NULL};
    spin_lock(&deque.lock);
    size_t n = deque_sight(&deque, sighted, (unsigned)draw_bits(), match, drawn_group());
    spin_unlock(&deque.lock);
    while (n > 0) {
        spin_lock(&deque.lock);
        bool found = deque_steal_sighted(&deque, &sighted[--n], &task);
        spin_unlock(&deque.lock);
        if (found)
            consume(&task);
    }
}

static void rob(void)
{
    if (!deque_has_shared(&deque))
        store_relaxed(&deque.attention, true);
    if (chance(25))
        rob_sighted();
    else
        rob_any();
}

static void *thief_main(void *arg)
{
    draw_state = *(uint64_t *)arg;
    while (!atomic_load(&closed)) {
        rob();
        if (chance(20))
            compute();
    }
    return NULL;
}

/* ---- rounds ---- */

static void check_all_came_out_once(void)
{
    bool once = true;
    for (size_t i = 0; i < TASKS; i++) {
        unsigned char times = atomic_load(&seen[i]);
        once &= times == 1 || (times == 0 && kind_of(i) == SKIPPED);
        atomic_store(&seen[i], 0);
    }
    CHECK(once);
    CHECK_INT(atomic_load(&over), TASKS);
}

static void round_of_thefts(void)
{
    pthread_t thieves[THIEVES];
    uint64_t seeds[THIEVES];
    deque = (struct deque){.ring = NULL};
    if (!CHECK(deque_init(&deque)))
        return;
    if (chance(40)) {
        deque.mask = SMALL - 1;
        deque.room = SMALL;
    }
    atomic_store(&over, 0);
    atomic_store(&closed, false);
    for (int i = 0; i < THIEVES; i++) {
        seeds[i] = draw_bits();
        if (pthread_create(&thieves[i], NULL, thief_main, &seeds[i]) != 0)
            abort();
    }
    own();
    atomic_store(&closed, true);
    for (int i = 0; i < THIEVES; i++)
        pthread_join(thieves[i], NULL);
    check_all_came_out_once();
    free(deque.ring);
}

static void thefts(void)
{
    in_rounds(round_of_thefts);
}

CHECK_MAIN("deque and threads", {"each task comes out once", thefts})
