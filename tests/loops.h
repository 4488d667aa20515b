/*
 * What the tests of OMPG_FOR and its like share: the teams that they run on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef LOOPS_H
#define LOOPS_H

#include "check.h"
#include "tasks.h"

#if defined(_OPENMP)
enum { PARALLEL = 1 };
#else
enum { PARALLEL = 0 };
#endif

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

static inline ompg_group *group_of(int threads)
{
    return ompg_new(&(ompg_options){.threads = threads});
}

static inline ompg_loop_options grained(size_t grain)
{
    return (ompg_loop_options){.grain = grain};
}

#endif
