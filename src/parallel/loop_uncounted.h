/*
 * Loops over iterations that another loop has counted already, for the statistics of the group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_UNCOUNTED_H
#define OMPG_SRC_LOOP_UNCOUNTED_H

#include "ompgroup/loop.h"

/* As ompg_for, which see. */
int loop_uncounted(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                   void *arg);

#endif
