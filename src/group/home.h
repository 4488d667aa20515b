/*
 * Home: the region whose workers run the tasks of a group, and which worker counts in `local`.
 *
 *     outside    region NULL: tasks lie in the mailbox only, and whoever holds its lock counts in `local`
 *     at home    tasks that workers of the region add go into their deques; `owner` counts in `local`
 *
 * A group is at home where it was made, or was waited for last: the wait moves it there. Everybody
 * else adds by the mailbox, and counts in `submitted_elsewhere`.
 *
 * Discipline.
 * - region and owner: written by ompg_new, and by whoever has claimed the wait, under the mailbox's lock.
 *   Workers read them without: that they are at home can only change while no task of the group is in
 *   flight there.
 * - A region may be over, and its record and the owner's in use again: then others find themselves at home
 *   there, which is as good.
 * - A wait elsewhere moves the group away while a worker that was at home may be adding: it has
 *   looked before, and goes on. Its task runs where it is, and it counts it at once; but nobody else may
 *   count in `local` from then on, because it may be the owner (`moved`). The barrier makes each later look see
 *   the move.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_HOME_H
#define OMPG_SRC_HOME_H

#include "group/worker.h"

/* Whether the caller runs tasks of the region that the group is at home in. */
static inline bool is_home(const struct worker *worker, const ompg_group *group)
{
    return worker && load_relaxed(&((ompg_group *)group)->region) == worker->region;
}

/* See home_claim. */
bool home_claim_slow(ompg_group *group, struct worker *worker);

/*
 * For the thread that has claimed the wait: moves the group to the region of the worker (NULL: of the
 * session that begins). False where tasks are in flight in another region.
 */
static inline bool home_claim(ompg_group *group, struct worker *worker)
{
    return is_home(worker, group) || home_claim_slow(group, worker);
}

/*
 * Moves a group that is outside into a region that opens, and its tasks behind its gate, if it has one;
 * NULL, NULL: out of the region, which is over.
 */
void home_move(ompg_group *group, struct worker *owner, struct region *region);

#endif
