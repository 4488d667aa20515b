/*
 * Elapsed time of a group, for the records of its errors. Async-signal-safe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ELAPSED_H
#define OMPG_SRC_ELAPSED_H

#include "ompgroup/base.h"

/* Seconds since the wait or the region began. */
double group_seconds(const ompg_group *group);

#endif
