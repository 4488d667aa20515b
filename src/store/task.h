/*
 * A task by value, 32 bytes: what deques and queues hold.
 *
 * The group pointer carries flags in its low bits (groups are aligned to cache lines). What few
 * tasks have (a drop, a cost, a name, a large copied argument) is in an `extra`, which the argument then
 * points to. The index of a loop's task moves with the iterations that it runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_TASK_H
#define OMPG_SRC_TASK_H

#include "base/atomics.h"
#include "ompgroup/group.h"

#include <stdint.h>

enum task_flag {
    TASK_EXTRA = 1,    /* arg points to a struct task_extra, from malloc() unless TASK_BLOCK */
    TASK_ADMITTED = 2, /* holds a place in its group's gate */
    TASK_SHARED = 4,   /* arg points to a struct task_shared; never with TASK_EXTRA */
    TASK_PARTIAL = 8,  /* of a loop or pipeline: looks itself which part of it is to be skipped */
    TASK_BLOCK = 16,   /* arg points to a block: an extra, or else a copy; never with TASK_SHARED */
    TASK_BRANCH = 32,  /* the second call of an ompg_join: arg points to a struct branch */
    TASK_FLAGS = 63,
    TASK_BESIDE = TASK_EXTRA | TASK_BLOCK,
    TASK_SPECIAL = TASK_FLAGS & ~TASK_BESIDE /* more than something beside its slot */
};

struct task {
    ompg_task_fn *fn;
    void *arg;
    uintptr_t tagged; /* the group, and flags of enum task_flag */
    size_t index;     /* submission order in the group */
};

struct task_extra {
    /* The user's argument: theirs, or the copy that follows this header, aligned for any type. */
    alignas(max_align_t) void *arg;
    ompg_drop_fn *drop;
    const char *name;
    double cost;
};

/*
 * Word by word: the compiler would use 16-byte loads, and those of a slot that has just been filled
 * with 8-byte stores stall (no store forwarding), which costs more than the rest of a pop.
 */
static inline void task_copy(struct task *to, const struct task *from)
{
    to->fn = word_load_relaxed(&from->fn);
    to->arg = word_load_relaxed(&from->arg);
    to->tagged = word_load_relaxed(&from->tagged);
    to->index = word_load_relaxed(&from->index);
}

static inline ompg_group *tagged_group(uintptr_t tagged)
{
    return (ompg_group *)(tagged & ~(uintptr_t)TASK_FLAGS);
}

static inline ompg_group *task_group(const struct task *task)
{
    return tagged_group(task->tagged);
}

/* First field of what several tasks of a loop share: the last one that is over releases it. */
struct task_shared {
    _Atomic size_t references;
    void (*release)(struct task_shared *shared);
};

/* First field of what a task of a pipeline carries. */
struct task_item {
    bool unlimited; /* the task needs no place */
};

/* TASK_PARTIAL alone is a pipeline's. */
static inline bool task_is_unlimited(const struct task *task)
{
    return (task->tagged & (TASK_PARTIAL | TASK_SHARED)) == TASK_PARTIAL &&
           ((const struct task_item *)task->arg)->unlimited;
}

static inline struct task_extra *task_extra(const struct task *task)
{
    return (task->tagged & TASK_EXTRA) ? task->arg : NULL;
}

/* What its function gets. */
static inline void *task_argument(const struct task *task)
{
    return (task->tagged & TASK_EXTRA) ? ((const struct task_extra *)task->arg)->arg : task->arg;
}

static inline double task_cost(const struct task *task)
{
    const struct task_extra *extra = task_extra(task);
    return extra ? extra->cost : 0.0;
}

/* Where the group must have stopped for the task to be skipped: a partial one may begin anywhere. */
static inline size_t task_stop_index(const struct task *task)
{
    return (task->tagged & TASK_PARTIAL) ? 0 : task->index;
}

static inline const char *task_name(const struct task *task)
{
    const struct task_extra *extra = task_extra(task);
    return extra && extra->name ? extra->name : "";
}

#endif
