/*
 * Pools of workers, regions and groups.
 *
 * Discipline. The lock guards the four lists; the locks of mailboxes and of lists of errors may be taken under
 * it. A record is in a list, or in use by whoever acquired it; spare groups lie at the workers too. Records
 * stay records for as long as anything may look at one that is gone: their memory is given back when the
 * library is unloaded or the program ends, and only if all that were made have come back. Where one is in use
 * (a task calls exit(), a group was never freed, a thread of the program still runs tasks) all stay.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/pools.h"
#include "base/memory.h"
#include "base/spinlock.h"
#include "group/worker.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_MIN = 16,
    SLOTS_MAX = 1 << 22 /* no system has more threads */
};

static struct spinlock pool_lock;
static struct worker *free_workers;
static struct region *free_regions;
static ompg_group *free_groups;
static ompg_group *all_groups;
static _Atomic size_t made; /* records of all kinds */

void pools_lock(void)
{
    spin_lock(&pool_lock);
    for (ompg_group *group = all_groups; group; group = group->next_made) {
        mailbox_lock(&group->mailbox);
        spin_lock(&group->errors_lock);
    }
}

void pools_unlock(void)
{
    for (ompg_group *group = all_groups; group; group = group->next_made) {
        spin_unlock(&group->errors_lock);
        mailbox_unlock(&group->mailbox);
    }
    spin_unlock(&pool_lock);
}

/*
 * No other thread goes on here: what one held of a record would be held for ever, also of a free one, at which
 * others may look.
 */
static void unlock_records(void)
{
    for (ompg_group *group = all_groups; group; group = group->next_made) {
        mailbox_settle(&group->mailbox);
        spin_unlock(&group->lock);
        spin_unlock(&group->gate.lock);
    }
    for (struct worker *worker = free_workers; worker; worker = worker->next_free)
        spin_unlock(&worker->deque.lock);
    for (struct region *region = free_regions; region; region = region->next_free)
        spin_unlock(&region->call_lock);
}

void pools_unlock_in_child(void)
{
    unlock_records();
    pools_unlock();
}

/* ---- free ones; the caller holds the lock ---- */

static struct worker *take_free_worker(void)
{
    struct worker *worker = free_workers;
    if (worker)
        free_workers = worker->next_free;
    return worker;
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

static ompg_group *take_free_group(void)
{
    ompg_group *group = free_groups;
    if (group)
        free_groups = group->next_free;
    return group;
}

/* ---- new ones; NULL when memory is short ---- */

static void *make_record(size_t size)
{
    void *record = memory_new_lines(size);
    if (!record)
        return NULL;
    add_relaxed(&made, 1U);
    return memset(record, 0, size);
}

static struct worker *make_worker(void)
{
    struct worker *worker = make_record(sizeof *worker);
    if (!worker)
        return NULL;
    if (!deque_init(&worker->deque)) {
        free(worker);
        sub_relaxed(&made, 1U);
        return NULL;
    }
    blocks_allow_worker();
    worker->random = (unsigned)((uintptr_t)worker >> 6) | 1U;
    return worker;
}

static struct region *make_region(int threads)
{
    if (threads > SLOTS_MAX)
        return NULL;
    int capacity = SLOTS_MIN;
    while (capacity < threads)
        capacity *= 2;
    size_t size = sizeof(struct region) + (size_t)capacity * sizeof(struct worker *);
    struct region *region = make_record((size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    if (region)
        region->capacity = capacity;
    return region;
}

/* ---- either ---- */

struct worker *worker_acquire(void)
{
    spin_lock(&pool_lock);
    struct worker *worker = take_free_worker();
    spin_unlock(&pool_lock);
    return worker ? worker : make_worker();
}

void worker_release(struct worker *worker)
{
    spin_lock(&pool_lock);
    worker->next_free = free_workers;
    free_workers = worker;
    spin_unlock(&pool_lock);
}

struct region *region_acquire(int threads)
{
    spin_lock(&pool_lock);
    struct region *region = take_free_region(threads);
    spin_unlock(&pool_lock);
    return region ? region : make_region(threads);
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
    ompg_group *group = take_free_group();
    spin_unlock(&pool_lock);
    if (group)
        return group;

    group = make_record(sizeof *group);
    if (!group)
        return NULL;
    spin_lock(&pool_lock);
    group->next_made = all_groups;
    all_groups = group;
    spin_unlock(&pool_lock);
    return group;
}

void group_release_slow(ompg_group *group)
{
    spin_lock(&pool_lock);
    group->next_free = free_groups;
    free_groups = group;
    spin_unlock(&pool_lock);
}

/* ---- the end ---- */

static size_t groups_in(const ompg_group *list)
{
    size_t n = 0;
    for (; list; list = list->next_free)
        n++;
    return n;
}

static size_t records_in_pools(void)
{
    size_t n = groups_in(free_groups);
    for (const struct worker *worker = free_workers; worker; worker = worker->next_free)
        n += 1 + groups_in(worker->free_groups);
    for (const struct region *region = free_regions; region; region = region->next_free)
        n++;
    return n;
}

static void free_list(ompg_group *list)
{
    while (list) {
        ompg_group *group = list;
        list = group->next_free;
        errors_free(group->spare_errors);
        free(group);
    }
}

static void free_all(void)
{
    size_t blocks = 0;
    free_list(free_groups);
    free_groups = NULL;
    all_groups = NULL;
    while (free_workers) {
        struct worker *worker = free_workers;
        free_workers = worker->next_free;
        blocks += worker->blocks.count;
        free_list(worker->free_groups);
        free(worker->deque.ring);
        free(worker);
    }
    while (free_regions) {
        struct region *region = free_regions;
        free_regions = region->next_free;
        free(region);
    }
    blocks_end(blocks);
    store_relaxed(&made, 0U);
}

/* Whoever uses the library later, from another destructor, finds empty pools. */
__attribute__((destructor)) static void pools_end(void)
{
    spin_lock(&pool_lock);
    if (records_in_pools() == load_relaxed(&made))
        free_all();
    spin_unlock(&pool_lock);
}
