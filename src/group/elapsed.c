/* SPDX-License-Identifier: Apache-2.0 */
#include "group/elapsed.h"
#include "base/clock.h"
#include "group/worker.h"

double group_seconds(const ompg_group *group)
{
    int64_t deadline = load_relaxed(&((ompg_group *)group)->deadline);
    if (deadline != CLOCK_NEVER) /* by the clock too: what has timed out took that long at least */
        return group->timeout + clock_seconds(clock_now() - deadline);
    int64_t begun = load_relaxed(&((ompg_group *)group)->begun_ticks);
    if (begun == 0 && self)
        begun = self->region->begun_ticks;
    return begun == 0 ? 0.0 : clock_seconds_of_ticks(clock_ticks() - begun);
}
