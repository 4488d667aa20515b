/*
 * Groups nested --size deep, one task in each. At the bottom groups of one empty task are timed, or, in
 * the modes "check" and "check_timed", looks whether the innermost group has stopped. Neither may
 * cost more for what is around it. Modes:
 *
 *     plain        groups with nothing special
 *     named        each has a name, limited: each has a limit
 *     timed        plain groups inside one with a timeout
 *     crowded      plain groups that leave 7 more tasks at each level, so that the deque is full
 *     check        of a plain group, check_timed: with a timeout around all
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_DEPTH_H
#define BENCH_DEPTH_H

#include "bench.h"

#include <sys/resource.h>
#include <unistd.h>

enum { DEPTH_GROUPS = 1000, DEPTH_CHECKS = 100000, DEPTH_CROWD = 7 };

/* A level takes up to 1 KiB of stack: the program starts again with enough of it on each thread. */
static inline void depth_prepare(char **argv)
{
    struct rlimit stack;
    if (getenv("OMP_STACKSIZE") || getrlimit(RLIMIT_STACK, &stack) != 0)
        return;
    setenv("OMP_STACKSIZE", "64M", 1);
    stack.rlim_cur = stack.rlim_max < (64U << 20) ? stack.rlim_max : (64U << 20);
    if (setrlimit(RLIMIT_STACK, &stack) == 0)
        execv("/proc/self/exe", argv);
}

#endif
