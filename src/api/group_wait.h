/*
 * Waiting: what every wait begins and ends with; OMPG_FOR is one too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_GROUP_WAIT_H
#define OMPG_SRC_GROUP_WAIT_H

#include "engine/session.h"

/* Becomes the thread that waits for the group; false where another one is. */
static inline bool wait_claim(ompg_group *group)
{
    unsigned char nobody = NOBODY_WAITS;
    return cas_acquire(&group->waiting, &nobody, WAIT_CLAIMED);
}

/* To the cas_acquire in wait_claim. wait_end does it too. */
static inline void wait_unclaim(ompg_group *group)
{
    store_release(&group->waiting, NOBODY_WAITS);
}

/* Links the group to the task around it, whose deadline counts for it as well; starts the clock. */
void wait_begin(ompg_group *group, const struct worker *worker, enum wait_state state);
void wait_end(ompg_group *group);

/*
 * The same for a wait that several threads may open at once, each for a loop of its own: the first
 * begins it, the last ends it. False where a thread is in ompg_wait.
 */
bool wait_share(ompg_group *group, const struct worker *worker);
void wait_unshare(ompg_group *group);

/*
 * Adds tasks, or runs them at once in a session by what is reserved: for nothing where the caller is in a
 * region already. Returns as ompg_go.
 */
typedef int wait_add_fn(ompg_group *group, void *arg, const struct reserved *reserved);

/*
 * For calls that add tasks and wait for them: claims the wait, reserves its memory, adds, and waits.
 * Nothing is added where the wait is refused. NULL add: only waits. Returns as ompg_wait, or what add
 * has returned where that is neither 0 nor ECANCELED.
 */
int wait_for(ompg_group *group, wait_add_fn *add, void *arg);

/* The same for a group that the caller has just made, and nobody else knows: there is nothing to claim. */
int wait_for_new(ompg_group *group, wait_add_fn *add, void *arg);

/* What a wait returns that has come to its end. */
int wait_result(ompg_group *group);

#endif
