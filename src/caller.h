/*
 * What belongs to the thread that calls, and is not the library's to change: POSIX cancellation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_CALLER_H
#define OMPG_SRC_CALLER_H

#include <stdint.h>

/* Between the two this thread cannot be cancelled. Returns what caller_release wants. */
int caller_hold(void);
void caller_release(int state);

/* Sleeps, for a signal perhaps less. No cancellation point; errno is left alone. */
void caller_nap(int64_t nanoseconds);

#endif
