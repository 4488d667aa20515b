/*
 * Around a task with something to clean up; a leak checker sees whether it is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <stdlib.h>

static int work(ompg_group *group, void *arg)
{
    (void)group;
    *(int *)arg += 1;
    return *(int *)arg == 1 ? 0 : 1;
}

int main(void)
{
    ompg_group *group = ompg_new(NULL);
    int *item = calloc(1, sizeof *item);
    if (!item)
        return 1;

    //@ snippet

    int code = ompg_wait(group);
    ompg_stats stats;
    ompg_get_stats(group, &stats);
    ompg_free(group);
    return code == 0 && stats.done == 1 ? 0 : 1;
}
