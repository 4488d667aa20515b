/* SPDX-License-Identifier: Apache-2.0 */
#include "group/branch.h"

#include "base/memory.h"

enum { STEPS = 32 }; /* that a look takes at most: a nest may be thousands deep */

bool branch_is_within(const struct task *task, const struct branch *branch)
{
    if (!(task->tagged & TASK_BRANCH))
        return false;
    const struct branch *at = ((const struct branch *)task->arg)->within;
    for (int i = 0; i < STEPS && at && at != branch; i++)
        at = at->within;
    return at == branch;
}

bool branch_hold(struct branch *branch, const ompg_error *error)
{
    if (branch->held)
        return true;
    branch->held = memory_new(sizeof *error);
    if (branch->held)
        *branch->held = *error;
    return branch->held != NULL;
}
