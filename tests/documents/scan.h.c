/*
 * Around the first lines of scan.h: the values must become their sums.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

static int sum(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    const double *values = arg;
    (void)group;
    for (size_t i = begin; i < end; i++)
        *(double *)accumulator += values[i];
    return 0;
}

static int add(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(double *)accumulator += *(const double *)other;
    return 0;
}

static int put(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    double *values = arg, so_far = *(double *)accumulator;
    (void)group;
    for (size_t i = begin; i < end; i++)
        values[i] = so_far += values[i];
    return 0;
}

int main(void)
{
    enum { n = 1000 };
    static double values[n];
    for (int i = 0; i < n; i++)
        values[i] = i;

    //@ snippet

    for (int i = 0; i < n; i++)
        code += values[i] != 0.5 * i * (i + 1);
    return code != 0 || total != 0.5 * n * (n - 1);
}
