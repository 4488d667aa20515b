/*
 * Loops: a range of iterations, run in parallel by a group, with its errors, deadline, token and
 * limit. Ranges are handed out, not iterations: each thread owns a part of the loop and takes half
 * of another's when it has done its own. Here a function is called for each range; the macros, in which
 * the body stands where the loop stood, are in loop_macro.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_LOOP_H
#define OMPGROUP_LOOP_H

#include "base.h"

#include <stddef.h>

/* Runs the iterations [begin, end), at least one. What it returns is its error code. */
typedef int ompg_range_fn(ompg_group *group, size_t begin, size_t end, void *arg);

OMPG_BEGIN_DECLS

/*
 * Runs fn over sub-ranges that cover [begin, end) exactly once, and waits, as ompg_wait() does, for
 * all tasks of the group. OMPG_DEFAULT: a default one, made and freed here.
 * grain: iterations in each sub-range (the last one may be shorter); a loop has at most 2^32 - 2
 * sub-ranges, so a larger one gets a coarser grain. 0: the library finds it by itself. The first sub-range
 * of a thread is one iteration; where iterations take less than a microsecond sub-ranges grow to more, up
 * to an eighth of the thread's part; where they take 100 microseconds or more each is a sub-range of its
 * own, so that none waits behind a long one while another thread has nothing to do. (In a .deterministic
 * group there are 1024 equal sub-ranges.) A grain of 1 says the same of iterations of which a few take
 * very long and most do not. A function that costs much in each call, whatever the sub-range, needs a grain.
 * The index of an error is the iteration that ompg_fail_at() names, otherwise the first of the
 * sub-range. A loop takes no index of its own among the group's tasks. An error stops the hand-out at
 * the next sub-range (fail-fast); in a .deterministic group everything below the reported index is
 * done, and the sub-ranges depend on the range and the grain only. .limit bounds how many sub-ranges
 * run at once. All run with the floating-point control of the calling thread.
 * Returns what the wait returns; EINVAL for a NULL group, a NULL fn or begin > end; otherwise as
 * ompg_go() where no task was added. An empty range only waits. From wherever ompg_wait() may be called.
 */
OMPG_API int ompg_for(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                      void *arg);

/*
 * Adds the loop to the group without waiting, as ompg_go() adds a task; it mixes with other tasks
 * and loops. Memory: a cache line for each thread, until the loop is over.
 * Returns as ompg_go(), EINVAL also for begin > end.
 */
OMPG_API int ompg_go_for(ompg_group *group, size_t begin, size_t end, size_t grain,
                         ompg_range_fn *fn, void *arg);

OMPG_END_DECLS

#include "loop_macro.h"

#endif
