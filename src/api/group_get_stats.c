/*
 * Alone, as a member of its own of the static library: only programs that ask for statistics get it, and
 * by that group_wait.c knows whether to look at the time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "api/group_stats.h"

void ompg_get_stats(const ompg_group *group, ompg_stats *stats)
{
    ompg_read_stats(group, stats);
}
