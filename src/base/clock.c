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

/* Two looks at the counter with one at the clock between them: 80 ticks, where nothing comes between. */
enum { TOGETHER_TICKS = 200, TRIES = 16 };

/* What both showed at about the same time: the counter before and after the clock. */
struct both {
    int64_t before, clock, after;
};

/* The closest of some tries: the thread may have been interrupted in the middle of one. */
static struct both look_at_both(void)
{
    struct both best = {.after = INT64_MAX};
    for (int i = 0; i < TRIES && best.after - best.before > TOGETHER_TICKS; i++) {
        struct both both;
        both.before = clock_ticks();
        both.clock = clock_now();
        both.after = clock_ticks();
        if (both.after - both.before < best.after - best.before)
            best = both;
    }
    return best;
}

/* When the library was loaded; read-only since. */
static struct both start;

__attribute__((constructor)) static void start_clocks(void)
{
    start = look_at_both();
}

/* The ticks outside: over the same time they count more, if at all, than the clock. */
double clock_seconds_of_ticks(int64_t ticks)
{
    struct both now = look_at_both();
    int64_t passed = now.clock - start.clock, ticks_passed = now.after - start.before;
    return ticks_passed <= 0 ? 0.0 : clock_seconds(passed) * ((double)ticks / (double)ticks_passed);
}
