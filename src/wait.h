/*
 * Waiting: what every wait begins and ends with; OMPG_FOR is one too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_WAIT_H
#define OMPG_SRC_WAIT_H

#include "session.h"

/* Becomes the thread that waits for the group; false where another one is. */
static inline bool wait_claim(ompg_group *group)
{
    return !load_relaxed(&group->waiting) && !exchange_acquire(&group->waiting, true);
}

/* To the exchange_acquire in wait_claim. wait_end does it too. */
static inline void wait_unclaim(ompg_group *group)
{
    store_release(&group->waiting, false);
}

/* Links the group to the task around it, whose deadline counts for it as well; starts the clock. */
void wait_begin(ompg_group *group, const struct worker *worker);
void wait_end(ompg_group *group);

/*
 * The same for a wait that several threads may open at once, each for a loop of its own: the first
 * begins it, the last ends it. False where a thread is in ompg_wait.
 */
bool wait_share(ompg_group *group, const struct worker *worker);
void wait_unshare(ompg_group *group);

/*
 * Before a call adds what it then waits for: 0, EDEADLK in one of the group's tasks, EBUSY where another
 * one waits. NULL becomes a group that was made for the call, in *made too, or ENOMEM.
 */
int wait_prepare(ompg_group **group, ompg_group **made);

/* As ompg_wait, with memory that was reserved for it. */
int wait_reserved(ompg_group *group, struct reserved *reserved);

/* What a wait returns that has come to its end. */
int wait_result(ompg_group *group);

#endif
