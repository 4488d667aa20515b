/*
 * What belongs to the thread that calls, and is as it was when the call returns: errno, the
 * floating-point control, POSIX cancellation. Tasks run on its thread and change what they like; no call
 * of the library is a cancellation point, because half a wait would leave tasks behind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_CALLER_H
#define OMPG_SRC_CALLER_H

#include <stdint.h>

struct caller {
    int saved_errno;
    int cancel_state;
    uint32_t float_control;
};

/* Around what runs tasks on a thread that has not run any. In between it cannot be cancelled. */
void caller_enter(struct caller *caller);
void caller_leave(const struct caller *caller);

/* The same around a call that only could be a cancellation point. Returns what caller_release wants. */
int caller_hold(void);
void caller_release(int state);

#endif
