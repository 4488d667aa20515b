/*
 * Around the first lines of loop_macro.h: a sum, of items of which one cannot be read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>

struct item {
    long weight;
};

static int read_item(struct item *item)
{
    return item->weight == 40 ? EIO : 0;
}

int main(void)
{
    enum { n = 100 };
    static struct item items[n];
    long sum = 0;
    for (long i = 0; i < n; i++)
        items[i].weight = i;
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});

    //@ snippet

    ompg_error error = {.index = 0};
    ompg_get_error(group, &error);
    ompg_free(group);
    return code == EIO && sum == n * (n - 1) / 2 && error.index == 40 ? 0 : 1;
}
