/*
 * Loop: how a range is cut into units, the same for every way to run it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_H
#define OMPG_SRC_LOOP_H

#include "ompgroup/loop.h"

#include <stdint.h>

/* Units [first, past). */
struct units {
    uint32_t first, past;
};

struct loop_plan {
    size_t begin, end; /* iterations */
    size_t grain;      /* iterations in a unit; the last one may be shorter */
    uint32_t units;
    bool whole; /* units that are taken at once are one sub-range */
};

#endif
