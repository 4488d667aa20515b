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
