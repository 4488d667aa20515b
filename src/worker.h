/*
 * Worker: what a thread needs to take part in a region: its deque, its tally, its place.
 * Region: what the workers of one outermost wait share.
 *
 * Discipline.
 * - A worker belongs to the thread that acquired it, until it releases it. Workers and regions come
 *   from pools that never shrink (type-stable), so thieves may look at one that is gone: they take
 *   its deque's lock and then compare its region.
 * - slots[thread] is written by that OpenMP thread only: at most one worker for each thread.
 * - The tally counts for one group that the worker does not own. Invariant: tally.group is NULL or
 *   has a task that is not over, because this tally holds counts of it or one of its tasks runs
 *   here. It is flushed before the worker shares tasks, counts for another group, starts a task of
 *   another group, or goes idle. Others only read it, to know whether a group's pried tasks were
 *   submitted yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_WORKER_H
#define OMPG_SRC_WORKER_H

#include "deque.h"
#include "group.h"

struct frame {
    struct frame *prev; /* the task that this one interrupted, by a nested wait */
    struct task *task;
    bool failed; /* ompg_fail recorded its error: the code it returns is the same one */
};

struct worker {
    struct deque deque;
    struct region *region; /* written by the owner under deque.lock */
    struct frame *frame;   /* innermost running task, NULL: none */
    int thread;            /* omp_get_thread_num() in the region */
    unsigned inlined;      /* tasks that run inside ompg_go on this stack */
    unsigned random;       /* xorshift state for the choice of victims */
    ompg_group *free_groups;
    unsigned free_count;
    _Atomic(ompg_group *) tally_group;
    struct counts tally;
    struct worker *next_free; /* pool's lock */
};

struct region {
    int threads;         /* size of the team; these: read-only while the region runs */
    int capacity;        /* of slots */
    int level;           /* omp_get_level() in it */
    bool oversubscribed; /* more threads than processors */
    int64_t begun;       /* clock when it was opened */
    ompg_group *root;
    struct region *next_free;              /* pool's lock */
    alignas(CACHE_LINE) atomic_int active; /* workers in slots */
    atomic_int pending;                    /* workers launched that have not started */
    atomic_bool closing;                   /* the root group is done: workers end */
    atomic_bool waiter_left;               /* the root's waiter is in the taskgroup's end */
    _Atomic(struct worker *) slots[];
};

/* The worker of this thread, NULL outside regions. */
extern _Thread_local struct worker *self __attribute__((tls_model("initial-exec")));

/* ---- pools; NULL when memory is short ---- */

struct worker *worker_acquire(void);
void worker_release(struct worker *worker);
struct region *region_acquire(int threads);
void region_release(struct region *region);
ompg_group *group_acquire(void);
void group_release(ompg_group *group);

/* In the child of a fork: forget what other threads may have held. */
void pools_after_fork(void);

/* ---- counting ---- */

void tally_flush(struct worker *worker);

/* Flushes if the tally is the group's. */
static inline void tally_flush_for(struct worker *worker, ompg_group *group)
{
    if (load_relaxed(&worker->tally_group) == group)
        tally_flush(worker);
}

/* The cell where this worker counts for the group. */
static inline struct counts *counts_for(struct worker *worker, ompg_group *group)
{
    if (LIKELY(group->owner == worker))
        return &group->local;
    if (load_relaxed(&worker->tally_group) != group) {
        tally_flush(worker);
        store_release(&worker->tally_group, group); /* after the flush, for tallied_submissions */
    }
    return &worker->tally;
}

/* How many tasks of the group the region's workers have added and not yet flushed. */
size_t tallied_submissions(struct region *region, ompg_group *group);

/* True when every task of the group is over. */
bool group_is_done(struct region *region, ompg_group *group);

/* ---- the current task ---- */

/* The running task of this thread that belongs to the group; NULL when there is none. */
struct frame *frame_of(const struct worker *worker, const ompg_group *group);

/* Makes the group a child of the task that runs here. */
void group_set_parent(ompg_group *group, const struct worker *worker);

#endif
