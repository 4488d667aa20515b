/*
 * Around the end of a task that has a group of its own: the inner failure must be the outer one's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>

static int fails(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return ENOENT;
}

static int outer_task(ompg_group *group, void *arg)
{
    (void)group;
    ompg_group *inner = ompg_new(NULL);
    ompg_go(inner, fails, arg);

    //@ snippet
}

int main(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, outer_task, NULL);
    int code = ompg_wait(group);
    ompg_free(group);
    return code == ENOENT ? 0 : 1;
}
