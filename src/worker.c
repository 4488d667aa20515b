/*
 * Workers, regions, their pools and tallies. See worker.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_MIN = 16,
    SLOTS_MAX = 1 << 22 /* no system has more threads */
};

_Thread_local struct worker *self __attribute__((tls_model("initial-exec")));

_Thread_local struct place place_in_loop __attribute__((tls_model("initial-exec")));

/* Guards the three lists. */
static struct spinlock pool_lock;
static struct worker *free_workers;
static struct region *free_regions;
static ompg_group *free_groups;

void pools_after_fork(void)
{
    store_relaxed(&pool_lock.locked, 0);
    free_workers = NULL;
    free_regions = NULL;
    free_groups = NULL;
}

struct worker *worker_acquire(void)
{
    spin_lock(&pool_lock);
    struct worker *worker = free_workers;
    if (worker)
        free_workers = worker->next_free;
    spin_unlock(&pool_lock);
    if (worker)
        return worker;

    worker = memory_new_lines(sizeof *worker);
    if (!worker)
        return NULL;
    memset(worker, 0, sizeof *worker);
    if (!deque_init(&worker->deque)) {
        free(worker);
        return NULL;
    }
    worker->random = (unsigned)((uintptr_t)worker >> 6) | 1U;
    return worker;
}

void worker_release(struct worker *worker)
{
    spin_lock(&pool_lock);
    worker->next_free = free_workers;
    free_workers = worker;
    spin_unlock(&pool_lock);
}

static struct region *take_free_region(int threads)
{
    for (struct region **link = &free_regions; *link; link = &(*link)->next_free) {
        struct region *region = *link;
        if (region->capacity >= threads) {
            *link = region->next_free;
            return region;
        }
    }
    return NULL;
}

struct region *region_acquire(int threads)
{
    spin_lock(&pool_lock);
    struct region *region = take_free_region(threads);
    spin_unlock(&pool_lock);
    if (region)
        return region;

    if (threads > SLOTS_MAX)
        return NULL;
    int capacity = SLOTS_MIN;
    while (capacity < threads)
        capacity *= 2;
    size_t size = sizeof *region + (size_t)capacity * sizeof region->slots[0];
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    region = memory_new_lines(size);
    if (region) {
        memset(region, 0, size);
        region->capacity = capacity;
    }
    return region;
}

void region_release(struct region *region)
{
    spin_lock(&pool_lock);
    region->next_free = free_regions;
    free_regions = region;
    spin_unlock(&pool_lock);
}

ompg_group *group_acquire_slow(void)
{
    spin_lock(&pool_lock);
    ompg_group *group = free_groups;
    if (group)
        free_groups = group->next_free;
    spin_unlock(&pool_lock);
    if (group)
        return group;

    group = memory_new_lines(sizeof *group);
    if (group)
        memset(group, 0, sizeof *group);
    return group;
}

void group_release_slow(ompg_group *group)
{
    spin_lock(&pool_lock);
    group->next_free = free_groups;
    free_groups = group;
    spin_unlock(&pool_lock);
}

static size_t take(_Atomic size_t *count)
{
    size_t n = load_relaxed(count);
    store_release(count, 0U); /* after the addition to remote: see tallied_submissions */
    return n;
}

/*
 * Adds before it clears, submitted before what is over; the last addition may be the last touch of
 * the group, for its waiter may free it then.
 */
void tally_flush(struct worker *worker)
{
    ompg_group *group = load_relaxed(&worker->tally_group);
    if (!group)
        return;
    struct counts *tally = &worker->tally;
    bump_relaxed(&worker->flushes, 1U); /* before the releases that follow */
    size_t submitted = load_relaxed(&tally->submitted);
    if (submitted) {
        add_release(&group->submitted_elsewhere, submitted);
        store_release(&tally->submitted, 0U);
    }
    size_t started = take(&tally->started);
    if (started)
        add_relaxed(&group->remote.started, started);
    size_t skipped = take(&tally->skipped);
    size_t returned = take(&tally->returned);
    store_release(&worker->tally_group, NULL);
    if (skipped)
        add_release(&group->remote.skipped, skipped);
    if (returned)
        add_release(&group->remote.returned, returned);
    bump_release(&worker->flushes, 1U);
}

void tally_turn_to(struct worker *worker, ompg_group *group)
{
    tally_flush(worker);
    store_release(&worker->tally_group, group); /* after the flush, for tallied_submissions */
}

void tally_before_start(struct worker *worker, ompg_group *group)
{
    if (group->owner != worker) {
        tally_turn_to(worker, group);
        return;
    }
    /* The tallied group is waiting in any case where the new task interrupts one of its tasks. */
    ompg_group *tallied = load_relaxed(&worker->tally_group);
    if (!worker->frame || task_group(worker->frame->task) != tallied)
        tally_flush(worker);
}

/*
 * Reads the tallies before submitted_elsewhere is read (group_left): a submission that is being
 * flushed meanwhile is seen in one of the two, or in both, which errs on the safe side.
 */
static size_t tallied_submissions(struct region *region, ompg_group *group)
{
    size_t sum = 0;
    for (int i = 0; i < load_relaxed(&region->threads); i++) {
        struct worker *worker = load_acquire(&region->slots[i]);
        if (worker && load_acquire(&worker->tally_group) == group)
            sum += load_acquire(&worker->tally.submitted);
    }
    return sum;
}

size_t group_left(struct region *region, ompg_group *group)
{
    size_t over = group_over(group);
    size_t tallied = region ? tallied_submissions(region, group) : 0;
    return tallied + group_submitted(group) - over;
}
