/*
 * Monotonic time in nanoseconds. Async-signal-safe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_CLOCK_H
#define OMPG_SRC_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

int64_t clock_now(void);

/* To compare short times: ticks of a steady counter that costs little to read, 1 to 4 in a ns. */
static inline int64_t clock_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return (int64_t)__builtin_ia32_rdtsc();
#else
    return clock_now();
#endif
}

/* What so many ticks are in seconds, and never more than the clock would have said. */
double clock_seconds_of_ticks(int64_t ticks);

static inline double clock_seconds(int64_t nanoseconds)
{
    return (double)nanoseconds * 1e-9;
}

/* The time `seconds` after `start`; CLOCK_NEVER where it lies beyond what 64 bits can hold. */
static inline int64_t clock_after(int64_t start, double seconds)
{
    const double limit = 9.0e9; /* 285 years in seconds */
    return seconds < limit ? start + (int64_t)(seconds * 1e9) : CLOCK_NEVER;
}

#endif
