/*
 * Around the loop of a long task: to its end in a group that goes on, cut short in one that stops.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>

enum { n = 100000 };

static const double value[n] = {[0] = 1, [n - 1] = 1};
static double sum;

static int add_up(ompg_group *group, void *arg)
{
    if (arg)
        ompg_cancel(group, 0);

    //@ snippet

    return 0;
}

static int wait_for(void *arg, double expected)
{
    ompg_group *group = ompg_new(NULL);
    sum = 0;
    ompg_go(group, add_up, arg);
    int code = ompg_wait(group);
    ompg_free(group);
    return sum < expected || sum > expected ? -1 : code;
}

int main(void)
{
    int stopped = 1;
    return wait_for(NULL, 2) == 0 && wait_for(&stopped, 0) == ECANCELED ? 0 : 1;
}
