/*
 * The epoch of stops: bumped after any group stops, fails in a way that others must see, or any
 * token is cancelled. Groups cache it (see stop.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_EPOCH_H
#define OMPG_SRC_EPOCH_H

#include "base/atomics.h"

/* Never 0. Hidden, so that the compiler knows that it is reached without a look at a table. */
extern _Atomic size_t stop_epoch __attribute__((visibility("hidden")));

/* After the flag that made it necessary; pairs with the load_acquire in group_stopped_slow. */
static inline void stop_epoch_bump(void)
{
    add_release(&stop_epoch, 1U);
}

#endif
