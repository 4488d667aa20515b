/*
 * Session: one outermost wait, from the memory that it takes to the OpenMP constructs around it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_SESSION_H
#define OMPG_SRC_SESSION_H

#include "engine/region.h"

/* The memory of a session. */
struct reserved {
    struct region *region; /* NULL: not reserved */
    int level;             /* of OpenMP where the caller is; 0: the session opens a team */
    int threads;           /* that the session will have, or fewer */
};

/*
 * Reserves what running the group here takes, unless that is done; in a worker's thread it takes
 * nothing. For calls that add tasks and wait: these must not be left behind in a group whose wait
 * fails. False when memory is short. It is good for several sessions, one after the other.
 */
bool session_reserve(ompg_group *group, struct reserved *reserved);
void session_unreserve(struct reserved *reserved);

/*
 * Opens a region for the group, once it has a task, runs all its tasks and closes the region; none where all
 * holds are done before there is a task. The caller is not in a worker's thread, and has reserved the memory.
 */
void session_run(ompg_group *group, const struct reserved *reserved);

/*
 * For a loop that is all that the group has, where the session that is reserved opens a team: each member of the
 * team, at most `most`, begins with a copy of the task, with an index. A copy is skipped where memory for a worker is
 * short: the others must be able to do its part. The copies read two cache lines of the task's argument first.
 */
void session_run_each(ompg_group *group, const struct reserved *reserved, const struct task *each,
                      int most);

/* How many threads a region has that the caller would open for the group, or the team it joins. */
int session_threads(const ompg_group *group);

/* The same for a parallel region that is opened in any case; wanted 0: what OpenMP chooses. */
int session_threads_outermost(int wanted);

#endif
