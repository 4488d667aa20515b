/*
 * Loop report: how many iterations are over, for the statistics of a group whose loop still runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_REPORT_H
#define OMPG_SRC_LOOP_REPORT_H

#include "group/record.h"
#include "group/stop.h"
#include "parallel/loop_units.h"

/* After how many iterations a thread reports, at least one. threads: 0 for an empty loop. */
static inline uint32_t loop_report_at(size_t iterations, int threads)
{
    size_t at = iterations / (64 * (size_t)threads + 1);
    return at == 0 ? 1 : at < UINT32_MAX ? (uint32_t)at : UINT32_MAX;
}

/* Adds them to the group's count, which all threads write: not for each sub-range. */
static inline void loop_report_rest(ompg_group *group, size_t *unreported)
{
    if (*unreported > 0)
        parts_add(group, *unreported);
    *unreported = 0;
}

/*
 * When the thread has taken its next sub-range. before, now: ticks when it took the last one and this one; 0 where
 * sub-ranges are not measured. What took too little is reported with what comes later.
 */
static inline void loop_report(struct loop *loop, size_t *unreported, int64_t before, int64_t now)
{
    if (*unreported < loop->report_at || (now != 0 && now - before < SHORT_TICKS))
        return;
    add_relaxed(&loop->settled, *unreported);
    loop_report_rest(loop->group, unreported);
}

/*
 * When all threads have left a loop that is handed out by units: what is over and was not reported. Where nothing has
 * stopped the group all units were taken, and no share need be looked at, which another thread has written.
 */
static inline size_t loop_unreported(struct loop *loop)
{
    size_t untaken = LIKELY(group_is_express(loop->group)) ? 0 : loop_untaken(loop);
    return loop->plan.end - loop->plan.begin - load_relaxed(&loop->settled) - untaken;
}

#endif
