/*
 * Pools of workers, regions and groups. What is acquired is as its last user has left it. NULL when
 * memory is short.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_POOLS_H
#define OMPG_SRC_POOLS_H

#include "group/worker.h"

struct worker *worker_acquire(void);
void worker_release(struct worker *worker);
struct region *region_acquire(int threads);
void region_release(struct region *region);
ompg_group *group_acquire_slow(void);
void group_release_slow(ompg_group *group);

/* Each worker keeps a few groups at hand. */
static inline ompg_group *group_acquire(struct worker *worker)
{
    if (!worker || !worker->free_groups)
        return group_acquire_slow();
    ompg_group *group = worker->free_groups;
    worker->free_groups = group->next_free;
    worker->free_count--;
    return group;
}

static inline void group_release(struct worker *worker, ompg_group *group)
{
    if (!worker || worker->free_count == GROUPS_PER_WORKER) {
        group_release_slow(group);
        return;
    }
    group->next_free = worker->free_groups;
    worker->free_groups = group;
    worker->free_count++;
}

/*
 * Before a fork, and after it in both processes: no other thread is in the pools, or in the mailbox of any
 * group, meanwhile.
 */
void pools_lock(void);
void pools_unlock(void);

/* The same in the child, where the locks of all records are free afterwards. */
void pools_unlock_in_child(void);

#endif
