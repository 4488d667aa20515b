/*
 * What one thread does of a sort: it sorts a part, and merges two sorted neighbours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_SORT_MERGE_H
#define OMPG_SRC_SORT_MERGE_H

#include "ompgroup/sort.h"

#include <stdbool.h>

struct sort {
    char *base, *copy; /* the array, and as much memory again */
    size_t size;
    ompg_compare_fn *compare;
    void *arg;
    const struct sort_kernel *kernel; /* for the size */
};

/* Two sorted neighbours, and where they go; that does not overlap with them. */
struct neighbours {
    const char *a, *b;
    size_t a_count, b_count;
    char *to;
};

static inline bool is_before(const struct sort *sort, const void *a, const void *b)
{
    return sort->compare(a, b, sort->arg) < 0;
}

const struct sort_kernel *sort_merge_kernel(size_t size);

/* Of equal elements those of a come first. Whatever compare says, each is there once. */
void sort_merge(const struct sort *sort, const struct neighbours *both);

/* One after the other. */
void sort_merge_not(const struct sort *sort, const struct neighbours *both);

/* The elements are in the array, and the same part of the copy is free. */
void sort_merge_part(const struct sort *sort, size_t first, size_t count, bool into_copy);

#endif
