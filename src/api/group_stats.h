/*
 * What ompg_get_stats does. It is called by nobody else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_GROUP_STATS_H
#define OMPG_SRC_GROUP_STATS_H

#include "ompgroup/group.h"

/* In the static library other members see it; the shared library's map hides it. */
OMPG_API void ompg_read_stats(const ompg_group *group, ompg_stats *stats);

#endif
