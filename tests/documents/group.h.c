/*
 * Around the first lines of group.h: every image must be resized.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

static int resize(ompg_group *group, void *image)
{
    (void)group;
    *(int *)image += 1;
    return 0;
}

int main(void)
{
    enum { n = 10 };
    int images[n] = {0};

    //@ snippet

    for (size_t i = 0; i < n; i++)
        code += images[i] == 1 ? 0 : 1;
    return code;
}
