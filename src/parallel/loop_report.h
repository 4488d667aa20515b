/*
 * Loop report: how many iterations are over, for the statistics of a group whose loop still runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_REPORT_H
#define OMPG_SRC_LOOP_REPORT_H

#include "group/record.h"

/* After how many iterations a thread reports. threads: 0 for an empty loop. */
static inline size_t loop_report_at(size_t iterations, int threads)
{
    return iterations / (64 * (size_t)threads + 1);
}

/* Adds them to the group's count, which all threads write: not for each sub-range. */
static inline void loop_report_rest(ompg_group *group, size_t *unreported)
{
    if (*unreported > 0)
        parts_add(group, *unreported);
    *unreported = 0;
}

/* So many more are over. */
static inline void loop_report(ompg_group *group, size_t *unreported, size_t report_at,
                               size_t iterations)
{
    *unreported += iterations;
    if (UNLIKELY(*unreported >= report_at))
        loop_report_rest(group, unreported);
}

#endif
