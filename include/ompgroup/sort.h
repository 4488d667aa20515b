/*
 * Sort: stable, of elements of any size.
 *
 *     int code = ompg_sort(OMPG_DEFAULT, values, count, sizeof values[0], by_value, NULL);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_SORT_H
#define OMPGROUP_SORT_H

#include "base.h"

#include <stddef.h>

/* Below, equal to or above 0: a comes before b, either may come first, a comes after b. As qsort_r's. */
typedef int ompg_compare_fn(const void *a, const void *b, void *arg);

OMPG_BEGIN_DECLS

/*
 * Sorts the `count` elements of `size` bytes at base. Elements that compare equal keep their order, so that the
 * result is the same for any number of threads. compare is called from several threads at once, and
 * must not change the elements. After one that contradicts itself (a < b < c < a) they are in any order, each
 * once. They are moved as bytes; those of 4 and 8 bytes are the fastest, then those of up to 64.
 *
 * Outside of any task, and in tasks of groups that do not enclose it, the call adds one task to the group,
 * which sorts, and waits for the group, as ompg_for() does. OMPG_DEFAULT: a group of its own. Inside a task of
 * the group the sort is a part of that task, as the calls of an ompg_join() are, and limits hold as there.
 *
 * Returns 0: sorted. Otherwise all elements are there, each once, in any order: ECANCELED inside a task whose
 * group has stopped; outside what the wait returns. EINVAL: group or compare is NULL, size is 0, or base
 * is NULL and count is not 0; nothing changed. ENOMEM: nothing changed. Memory: a copy of the elements.
 */
OMPG_MUST_USE OMPG_API int ompg_sort(ompg_group *group, void *base, size_t count, size_t size,
                                     ompg_compare_fn *compare, void *arg);

OMPG_END_DECLS

#endif
