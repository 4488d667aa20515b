/*
 * Checks of a program that is run with another library than the one that it was linked with. It knows
 * nothing of the project but the headers that it is compiled with.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ABI_CHECK_H
#define ABI_CHECK_H

#include <stdio.h>

static int check_failures;

static inline void check_int(long long actual, long long expected, const char *text, int line)
{
    if (actual == expected)
        return;
    printf("line %d: %s is %lld, not %lld\n", line, text, actual, expected);
    check_failures++;
}

#define CHECK_INT(actual, expected) check_int((long long)(actual), expected, #actual, __LINE__)
#define CHECK(condition) check_int((condition) != 0, 1, #condition, __LINE__)

#endif
