/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE 1 /* clock_gettime() with C11 */

#include "base/clock.h"

#include <time.h>

int64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Both when the library was loaded; read-only since. */
static int64_t ticks_at_start, start;

/* The ticks outside: over the same time they count more, if at all, than the clock. */
__attribute__((constructor)) static void start_clocks(void)
{
    ticks_at_start = clock_ticks();
    start = clock_now();
}

double clock_seconds_of_ticks(int64_t ticks)
{
    int64_t passed = clock_now() - start;
    int64_t ticks_passed = clock_ticks() - ticks_at_start;
    return ticks_passed <= 0 ? 0.0 : clock_seconds(passed) * ((double)ticks / (double)ticks_passed);
}
