/*
 * A file as one gzip member, compressed by several threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PGZIP_STREAM_H
#define PGZIP_STREAM_H

#include <ompgroup.h>

/* An open file, and what messages call it. */
struct end {
    int file;
    const char *name;
};

/*
 * Reads `from` to its end and writes it to `to` as gzip does, at level 1 (fast) to 9 (small). The bytes
 * are the same for any number of threads. Uses the group, which has no tasks, and its limits: a stop is
 * noticed within a tenth of a second, also while a terminal or a pipe keeps it waiting.
 * Returns 0 or what is then the group's error: what failed is named in its message. ENOMEM and the like,
 * that a wait returns without an error of the group, too.
 */
int pgzip_stream(ompg_group *group, const struct end *from, const struct end *to, int level);

#endif
