/*
 * Around the first lines of sort.h: the values must be in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

static int by_value(const void *a, const void *b, void *arg)
{
    int x = *(const int *)a, y = *(const int *)b;
    (void)arg;
    return (x > y) - (x < y);
}

int main(void)
{
    enum { count = 1000 };
    static int values[count];
    for (int i = 0; i < count; i++)
        values[i] = (i * 7919) % count;

    //@ snippet

    for (int i = 1; i < count; i++)
        code += values[i - 1] > values[i];
    return code;
}
