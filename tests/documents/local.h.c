/*
 * Around the first lines of local.h: files that are compressed, each with a buffer of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>

static ompg_local *buffers;

static int compress_with(char *buffer, int *file)
{
    buffer[99] = 'z';
    ++*file;
    return 0;
}

//@ snippet

int main(void)
{
    enum { n = 10 };
    int files[n] = {0};
    buffers = ompg_local_new(&(ompg_local_options){.size = 100});
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < n; i++)
        ompg_go(group, compress, &files[i]);
    int code = ompg_wait(group);
    ompg_free(group);
    ompg_local_free(buffers);
    for (int i = 0; i < n; i++)
        code += files[i] == 1 ? 0 : 1;
    return code;
}
