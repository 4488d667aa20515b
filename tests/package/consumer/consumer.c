/*
 * A stranger's program, valid as C11 and as C++17: a group that runs, a group that fails, and
 * OpenMP code of its own, which compiles in parallel only if the package passed the flag on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifndef _OPENMP
#error "the package does not pass the OpenMP flag on"
#endif

static int square(ompg_group *group, void *arg)
{
    int *value = (int *)arg;
    if (*value < 0)
        return ompg_fail(group, EDOM, "%d is negative", *value);
    *value *= *value;
    return 0;
}

static int run(int *values, int count)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < count; i++)
        ompg_go(group, square, &values[i]);
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}

int main(void)
{
    int good[] = {1, 2, 3};
    int bad[] = {-1};
    int sum = 0;
    if (run(good, 3) != 0 || run(bad, 1) != EDOM)
        return 1;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 3; i++)
        sum += good[i];
    printf("%s %d\n", ompg_version(), sum);
    return sum == 14 && strcmp(ompg_version(), OMPG_VERSION) == 0 ? 0 : 1;
}
