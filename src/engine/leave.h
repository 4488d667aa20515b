/*
 * Leaving: how a worker that finds nothing goes, so that nobody sleeps on work: a task that comes later
 * finds that a worker is missing, and has one launched (region_attend).
 *
 * Discipline. Each worker has `attention` (deque.h):
 *
 *     NONE     the owner looks neither at the others nor at who is missing
 *     ASKED    a thief has asked; the owner sees it soon
 *     ARMING   whoever leaves has asked, before its barrier
 *     ARMED    the owner sees it at its next push or pop, whatever is in flight
 *
 * The owner answers what is not NONE once it has a private task: it stores NONE, shares, fences, and
 * reads `active`. It arms itself when it enters. Thieves move NONE to ASKED. A worker that leaves does this:
 *
 * 1. Lowers `active`, fences. Then it finds all others armed, or is the one that arms (region.arming): it
 *    stores ARMING, has all threads run a barrier, and moves ARMING to ARMED by compare-exchange. Where
 *    that fails an owner has answered meanwhile, perhaps with the old `active`: it stays for now.
 * 2. Looks at all deques. What was pushed before the barrier is seen here; what is pushed later is
 *    pushed by an owner that sees the attention and answers it after the barrier, so with the new
 *    `active`.
 *
 * Whoever finds all armed needs no barrier: whatever was pushed before the barrier that armed was seen by
 * whoever armed; a later push is answered. If the answer read the old `active`, the two fences (Dekker)
 * make the leaver see NONE. That is why ARMED is read with acquire and stored with release: what the
 * owner did before that barrier is seen too. Workers that enter are seen, or see the new `active`.
 * ARMING and ARMED are stored under the deque's lock, because a worker may have gone to another region.
 *
 * Without membarrier attention is ARMED from the start and never cleared, owners share at each push and before each
 * look of a wait, and nothing is pried: the fences are Dekker's protocol for `split` and `active`. A barrier that fails
 * when it is used (a filter of system calls) leads there: all are armed, and whoever wanted to leave stays for
 * another while, in which every store of a running processor arrives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LEAVE_H
#define OMPG_SRC_LEAVE_H

#include "group/worker.h"

enum leave_verdict {
    LEAVE_GO,
    LEAVE_STAY,  /* look again, and then ask again */
    LEAVE_FOUND, /* *task */
};

/* The worker has found nothing for a while. It is active unless the verdict is LEAVE_GO. */
enum leave_verdict leave(struct worker *worker, struct task *task);

#endif
