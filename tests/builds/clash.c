/*
 * A program with functions of its own that are called as functions inside the library are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

int deque_grow(int x);
int steal(int x);

int deque_grow(int x)
{
    return x + 1;
}

int steal(int x)
{
    return x - 1;
}

static int run(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return steal(deque_grow(0));
}

int main(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 10000; i++)
        ompg_go(group, run, NULL);
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}
