/*
 * Pools of workers, regions and groups.
 *
 * Discipline. Each pool has a lock, which guards its list, in a cache line of its own: the members of a team take
 * workers while its waiter, who took a region and its group before, needs these two lines again. That of the groups
 * guards the list of all groups too; the locks of mailboxes and of lists of errors may be taken under it. A record is
 * in a list, or in use by whoever acquired it; spare groups lie at the workers too, a region has a worker. Records
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

static struct {
    alignas(CACHE_LINE) struct spinlock lock;
    struct worker *free;
} workers;

static struct {
    alignas(CACHE_LINE) struct spinlock lock;
    struct region *free;
} regions;

static struct {
    alignas(CACHE_LINE) struct spinlock lock;
    ompg_group *free;
    ompg_group *all;
} groups;

static _Atomic size_t made; /* records of all kinds */

static void lock_lists(void)
{
    spin_lock(&workers.lock);
    spin_lock(&regions.lock);
    spin_lock(&groups.lock);
}

static void unlock_lists(void)
{
    spin_unlock(&groups.lock);
    spin_unlock(&regions.lock);
    spin_unlock(&workers.lock);
}

void pools_lock(void)
{
    lock_lists();
    for (ompg_group *group = groups.all; group; group = group->next_made) {
        mailbox_lock(&group->mailbox);
        spin_lock(&group->errors_lock);
    }
}

void pools_unlock(void)
{
    for (ompg_group *group = groups.all; group; group = group->next_made) {
        spin_unlock(&group->errors_lock);
        mailbox_unlock(&group->mailbox);
    }
    unlock_lists();
}

/*
 * No other thread goes on here: what one held of a record would be held for ever, also of a free one, at which
 * others may look.
 */
static void unlock_records(void)
{
    for (ompg_group *group = groups.all; group; group = group->next_made) {
        mailbox_settle(&group->mailbox);
        spin_unlock(&group->lock);
        spin_unlock(&group->gate.lock);
    }
    for (struct worker *worker = workers.free; worker; worker = worker->next_free)
        spin_unlock(&worker->deque.lock);
    for (struct region *region = regions.free; region; region = region->next_free) {
        spin_unlock(&region->waiter->deque.lock);
        spin_unlock(&region->call_lock);
    }
}

void pools_unlock_in_child(void)
{
    unlock_records();
    pools_unlock();
}

/* ---- free ones; the caller holds the lock ---- */

static struct worker *take_free_worker(void)
{
    struct worker *worker = workers.free;
    if (worker)
        workers.free = worker->next_free;
    return worker;
}

static struct region *take_free_region(int threads)
{
    for (struct region **link = &regions.free; *link; link = &(*link)->next_free) {
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
    ompg_group *group = groups.free;
    if (group)
        groups.free = group->next_free;
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

static void unmake_record(void *record)
{
    if (!record)
        return;
    free(record);
    sub_relaxed(&made, 1U);
}

static struct worker *make_worker(void)
{
    struct worker *worker = make_record(sizeof *worker);
    if (!worker)
        return NULL;
    if (!deque_init(&worker->deque)) {
        unmake_record(worker);
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
    struct region *region =
        make_record(sizeof *region + (size_t)capacity * sizeof region->slots[0]);
    struct worker *worker = region ? make_worker() : NULL;
    if (!worker) {
        unmake_record(region);
        return NULL;
    }
    region->capacity = capacity;
    region->waiter = worker;
    return region;
}

/* ---- either ---- */

struct worker *worker_acquire(void)
{
    spin_lock(&workers.lock);
    struct worker *worker = take_free_worker();
    spin_unlock(&workers.lock);
    return worker ? worker : make_worker();
}

void worker_release(struct worker *worker)
{
    spin_lock(&workers.lock);
    worker->next_free = workers.free;
    workers.free = worker;
    spin_unlock(&workers.lock);
}

struct region *region_acquire(int threads)
{
    spin_lock(&regions.lock);
    struct region *region = take_free_region(threads);
    spin_unlock(&regions.lock);
    return region ? region : make_region(threads);
}

void region_release(struct region *region)
{
    spin_lock(&regions.lock);
    region->next_free = regions.free;
    regions.free = region;
    spin_unlock(&regions.lock);
}

ompg_group *group_acquire_slow(void)
{
    spin_lock(&groups.lock);
    ompg_group *group = take_free_group();
    spin_unlock(&groups.lock);
    if (group)
        return group;

    group = make_record(sizeof *group);
    if (!group)
        return NULL;
    spin_lock(&groups.lock);
    group->next_made = groups.all;
    groups.all = group;
    spin_unlock(&groups.lock);
    return group;
}

void group_release_slow(ompg_group *group)
{
    spin_lock(&groups.lock);
    group->next_free = groups.free;
    groups.free = group;
    spin_unlock(&groups.lock);
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
    size_t n = groups_in(groups.free);
    for (const struct worker *worker = workers.free; worker; worker = worker->next_free)
        n += 1 + groups_in(worker->free_groups);
    for (const struct region *region = regions.free; region; region = region->next_free)
        n += 2 + groups_in(region->waiter->free_groups);
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

/* Returns how many blocks it had. */
static size_t free_worker(struct worker *worker)
{
    size_t blocks = worker->blocks.count;
    free_list(worker->free_groups);
    free(worker->deque.ring);
    free(worker);
    return blocks;
}

static void free_all(void)
{
    size_t blocks = 0;
    free_list(groups.free);
    groups.free = NULL;
    groups.all = NULL;
    while (workers.free) {
        struct worker *worker = workers.free;
        workers.free = worker->next_free;
        blocks += free_worker(worker);
    }
    while (regions.free) {
        struct region *region = regions.free;
        regions.free = region->next_free;
        blocks += free_worker(region->waiter);
        free(region);
    }
    blocks_end(blocks);
    store_relaxed(&made, 0U);
}

/* Whoever uses the library later, from another destructor, finds empty pools. */
__attribute__((destructor)) static void pools_end(void)
{
    lock_lists();
    if (records_in_pools() == load_relaxed(&made))
        free_all();
    unlock_lists();
}
