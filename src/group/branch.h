/*
 * Branch: the second call of an ompg_join, on the stack of whoever joins it.
 *
 * It lies in the joiner's deque as a task with TASK_BRANCH while the first call runs. Either the joiner takes
 * it back and makes the call itself, or a thread that has stolen it does, and the joiner waits until it
 * is `over`. It is a part of the joiner's task: it is not counted, has that task's index, and what it reports
 * is settled by the joiner (join.c).
 *
 * Discipline.
 * - arg and within are written before the task is pushed; whoever finds the task sees them. The result is
 *   the thief's until it stores `over` (release), which is its last touch of the branch: then the joiner
 *   goes on, and its stack frame with the branch may go.
 * - Before that the thief hands over its tally: the joiner's task, and with it the group, may be over next.
 * - A branch lives while its task lies in a deque, or runs: within the lock of the deque where a shared
 *   task lies, its branch and those that it lies in may be read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_BRANCH_H
#define OMPG_SRC_BRANCH_H

#include "ompgroup/error.h"
#include "store/task.h"

struct branch {
    void *arg;             /* of the call */
    struct branch *within; /* that the join lies in, NULL: in the task's own function */
    int code;              /* these are the result: what it has returned, */
    bool failed;           /* as the frame's that it ran in */
    bool refused;
    ompg_error *held; /* of a deterministic group: its first error; see branch_hold */
    atomic_bool over;
};

/* Whether the task is of a branch that lies in the other one. Not far below it, it says no. */
bool branch_is_within(const struct task *task, const struct branch *branch);

/*
 * Keeps the error for the joiner, because what the first call reports comes before it, as in a serial execution.
 * False when memory is short. One that the branch has had before comes first.
 */
bool branch_hold(struct branch *branch, const ompg_error *error);

#endif
