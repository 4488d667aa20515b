/*
 * The shape that a user's program has, with every part of it: a task that polls and fails with a
 * message, options, a loop that adds, a wait, an error printed. Fails unless exactly the image that
 * cannot be loaded is the one reported.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct image {
    const char *path;
    int broken;
    int loaded;
};

static int load(struct image *im)
{
    if (im->broken)
        return -1;
    im->loaded = 1;
    return 0;
}

static int resize(ompg_group *group, void *arg)
{
    struct image *im = arg;
    if (ompg_stopped(group))
        return ECANCELED;
    if (load(im) != 0)
        return ompg_fail(group, EIO, "reading %s", im->path);
    return 0;
}

int main(void)
{
    struct image images[] = {{"a.png", 0, 0}, {"b.png", 1, 0}, {"c.png", 0, 0}};
    ompg_group *group = ompg_new(&(ompg_options){.name = "resize", .limit = 8, .timeout = 60.0});
    for (size_t i = 0; i < sizeof images / sizeof images[0]; i++)
        ompg_go(group, resize, &images[i]);
    int code = ompg_wait(group);
    if (code != 0)
        ompg_print_error(group, stderr);
    ompg_error error = {0};
    int known = ompg_get_error(group, &error);
    ompg_free(group);
    int right = code == EIO && known == 1 && error.index == 1 &&
                strcmp(error.message, "reading b.png") == 0 && !images[1].loaded;
    return right ? EXIT_SUCCESS : EXIT_FAILURE;
}
