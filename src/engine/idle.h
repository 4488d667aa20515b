/*
 * Idling: what a thread does that has no task, a worker that may go and one that waits for a group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_IDLE_H
#define OMPG_SRC_IDLE_H

#include "group/worker.h"

/* Looks for work; false when this worker should go: the region closes, or there is none. */
bool idle_find_task(struct worker *worker, struct task *task);

/*
 * For a thread that has claimed the wait of a group which is outside of regions: sleeps while there is nothing but
 * holds, and sees deadlines. False when all holds are done, and there was no task.
 */
bool idle_await_task(ompg_group *group);

/*
 * Between two looks of a wait, which has been idle for so long. It cannot give its thread back to OpenMP:
 * libgomp would not wake it from the end of a taskgroup when there is work again. It yields, and when it
 * has waited for long it naps, for long where only holds are left. Its bell wakes it, and it sees deadlines.
 * *heard: what the bell had said before all looks since the last rest; 0 before the first one. (No bell has
 * rung where it still says 0.)
 */
void idle_rest(ompg_group *group, int *heard, int64_t idle_ns);

#endif
