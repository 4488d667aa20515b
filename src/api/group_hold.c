/*
 * Holds: what a group waits for that no task of it is.
 *
 * Discipline. holds: added to by anybody, taken from by compare-exchange, never below 0. A hold that is done
 * releases, to group_unfinished, which reads it between what is over and what was submitted: a task that was
 * added before is seen, and so is a hold that was taken by a task that is over. That count is the last touch
 * of the group: its waiter may free it then. The bell is no part of the record.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/bell.h"
#include "group/elapsed.h"
#include "group/failure.h"
#include "group/stop.h"
#include "group/worker.h"

#include <errno.h>

int ompg_hold(ompg_group *group)
{
    if (!is_group(group))
        return EINVAL;
    add_relaxed(&group->holds,
                1U); /* what ends the wait comes after it, in this thread or by its hand */
    return 0;
}

/* No task failed: the error has no index. */
static void record(ompg_group *group, int code)
{
    if (code == ECANCELED && group_stopped(group, OMPG_NO_INDEX))
        return; /* a consequence; the cause may be a token's, which nobody has noticed before */
    ompg_error error = {.code = code, .index = OMPG_NO_INDEX, .kind = OMPG_ERROR_TASK};
    error.thread = self ? self->thread : 0;
    error.seconds = group_seconds(group);
    group_record(group, &error);
}

int ompg_done(ompg_group *group, int code)
{
    if (!is_group(group))
        return EINVAL;
    size_t holds = load_relaxed(&group->holds);
    if (holds > 0 && code != 0)
        record(group, code); /* before the wait can end */
    struct bell *bell = bell_of(group);
    do {
        if (holds == 0)
            return EINVAL;
    } while (!cas_weak_release(&group->holds, &holds, holds - 1));
    if (holds == 1)
        bell_ring(bell);
    return 0;
}
