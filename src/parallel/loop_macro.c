/*
 * OMPG_FOR: the threads of the parallel region that the macro opens take sub-ranges of the loop. See
 * ompgroup/loop.h, and loop_units.h for how they are handed out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "parallel/loop_units.h"

#include "api/wait.h"
#include "base/float_control.h"
#include "base/openmp.h"
#include "group/stop.h"

#include <errno.h>
#include <stdlib.h>

/*
 * As the region would have that the macro opens: never more than the caller inside another region,
 * even where OpenMP would open one (a team of one thread, nested parallelism).
 */
static int parallel_threads(ompg_group *group, struct loop_plan plan)
{
    int threads = openmp_level() > 0 ? 1 : session_threads_outermost(group);
    int limit = group ? load_relaxed(&group->gate.limit) : 0;
    if (limit > 0 && limit < threads)
        threads = limit;
    return plan.units < (uint32_t)threads ? (int)plan.units : threads;
}

/* Whether the macro's loop can be opened; otherwise the group knows why not. */
static bool may_loop(ompg_group *group, size_t begin, size_t end)
{
    if (begin > end && group)
        ompg_fail(group, EINVAL, "OMPG_FOR from %zu to %zu", begin, end);
    return begin < end && !(group && group_stopped(group, 0));
}

ompg_loop ompg_loop_begin(ompg_group *group, size_t begin, size_t end, size_t grain, bool parallel)
{
    ompg_loop handle;
    handle.open = false;
    if (!may_loop(group, begin, end))
        return handle;
    struct loop_plan plan = loop_plan_range(begin, end, grain, group && group->deterministic);
    handle.threads = parallel ? parallel_threads(group, plan) : 1;
    struct loop *loop = loop_in(&handle);
    loop_init(loop, group, plan, loop_make_shares(loop, handle.threads));
    loop->waits = group && wait_share(group, self);
    handle.float_control = float_control_get();
    handle.open = true;
    return handle;
}

/* Before this thread's first sub-range. */
static void enter_range(const ompg_loop *handle, ompg_loop_range *range)
{
    range->entered = true;
    range->outer = loop_here.group;
    range->outer_index = loop_here.index;
    range->float_control = float_control_get();
    float_control_set(handle->float_control);
}

/*
 * What the body says of a deterministic group, or asks it, belongs to the sub-range: these are the
 * same whatever the schedule.
 */
static void set_loop_here(const ompg_group *group, const ompg_loop_range *range)
{
    if (group && group->deterministic)
        loop_here = (struct loop_here){.group = group, .index = range->begin};
}

static void leave_range(const ompg_loop_range *range)
{
    loop_here = (struct loop_here){.group = range->outer, .index = range->outer_index};
    float_control_set(range->float_control);
}

bool ompg_loop_next(const ompg_loop *handle, ompg_loop_range *range)
{
    struct loop *loop = loop_in(handle);
    struct units units;
    struct share *own = loop_share(loop, openmp_thread());
    if (!range->entered)
        enter_range(handle, range);
    while (loop_take(loop, own, range, &units)) {
        loop_set_range(range, &loop->plan, units);
        if (!loop->group || !group_stopped(loop->group, range->begin)) {
            set_loop_here(loop->group, range);
            return true;
        }
        if (group_stopped_hard(loop->group))
            break;
        loop_abandon_from(own, units.first);
    }
    leave_range(range);
    return false;
}

void ompg_loop_end(ompg_loop *handle)
{
    struct loop *loop = loop_in(handle);
    if (loop->waits)
        wait_unshare(loop->group);
    free(loop->memory);
    handle->open = false;
}
