/*
 * Loops over iterations that another loop has counted already, for the statistics of the group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_UNCOUNTED_H
#define OMPG_SRC_LOOP_UNCOUNTED_H

#include "ompgroup/loop.h"

/* As ompg_go_for, for a range that is not empty. */
int loop_go_uncounted(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                      void *arg);

#endif
