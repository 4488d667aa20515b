/*
 * Stealing: how a worker without tasks looks for some.
 *
 * A thief that finds nothing shared asks the owner, by deque.attention, and pries what an owner that
 * does not answer keeps to itself. It asks when it takes the last of what is shared, before it needs
 * more, and shares half of its loot, so that whoever runs out of tasks next need not pry. Each look costs
 * those who work a cache miss or two, so the pauses between looks grow; the answer ends them. The protocol
 * with the owner is in deque.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_STEAL_H
#define OMPG_SRC_STEAL_H

#include "group/branch.h"
#include "group/nesting.h"

struct idle {
    ompg_group *awaited; /* whose end ends the wait, NULL: the region's, */
    atomic_bool *until;  /* or what becomes true then; NULL: nothing does */
    int64_t since;       /* clock at the first look in vain, 0: not idle */
    int64_t pry_at;      /* when to pry next */
    int pause;           /* turns of the next pause */
};

/* Whether a thread that waits for the group may run the task: it belongs to it, or lies within. */
static inline bool may_run(const struct task *task, const ompg_group *group)
{
    return group_encloses(group, task_group(task));
}

/* Asks the owner of a deque to share tasks, or to launch a worker. */
static inline void steal_ask(struct worker *worker)
{
    if (load_relaxed(&worker->deque.attention) == ATTENTION_NONE)
        store_relaxed(&worker->deque.attention, ATTENTION_ASKED);
}

/* What a look takes, from the least on. */
enum look {
    LOOK_SHARED,  /* shared tasks, unless somebody else is at them */
    LOOK_PRIVATE, /* also those of an owner that has not answered */
    LOOK_FOR_SURE /* whatever there is */
};

/*
 * Once around all others, from a random one on. NULL group: any task; others go to the thief's deque,
 * which is empty. With a group: one that may_run.
 */
bool steal(struct worker *thief, const ompg_group *group, enum look look, struct task *task);

/* The same for a task that lies in the branch. */
bool steal_within(struct worker *thief, const struct branch *branch, enum look look,
                  struct task *task);

/* Whether there is nothing to wait for any more. */
bool steal_is_over(const struct region *region, const struct idle *idle);

/* Waits between two looks, longer each time, but not once there is something shared in `watched`. */
void steal_pause(const struct region *region, struct idle *idle, const struct deque *watched);

/* One look around. Returns how long this worker has been idle, in ns; 0 when it found *task. */
int64_t steal_look(struct worker *worker, const ompg_group *group, struct idle *idle,
                   struct task *task);

/* The same for a thread that waits for the branch. */
int64_t steal_look_within(struct worker *worker, const struct branch *branch, struct idle *idle,
                          struct task *task);

#endif
