/*
 * Sort: a stable merge sort whose halves, and the halves of whose merges, are joined (ompg_join).
 *
 * A part is sorted from the array into itself, or into the copy beside it: each level merges from one of
 * the two into the other one. So each element moves once for each level.
 *
 * Discipline. A part belongs to the call that sorts it, in both arrays. When that has returned, or was left out
 * because the group has stopped, all elements of the part are in the array where they were to be, sorted or
 * not: whatever happens, the upper levels only move elements, and at the end the array has each once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/sort.h"

#include "api/group_add.h"
#include "api/group_call.h"
#include "base/memory.h"
#include "ompgroup/join.h"
#include "parallel/sort_merge.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { PART_ELEMENTS = 4096 }; /* parts and merges of more are cut into two */

/* ---- merges that are cut ---- */

struct merge {
    const struct sort *sort;
    struct neighbours whole;
    bool called;
};

/* How many of the sorted elements come before the key, or, where `equal`, are not after it. */
static size_t count_before(const struct sort *sort, const char *sorted, size_t count,
                           const char *key, bool equal)
{
    size_t low = 0;
    while (count > 0) {
        const char *middle = sorted + (low + count / 2) * sort->size;
        bool before = equal ? !is_before(sort, key, middle) : is_before(sort, middle, key);
        if (before) {
            low += count / 2 + 1;
            count -= count / 2 + 1;
        } else {
            count /= 2;
        }
    }
    return low;
}

/* At the middle of the longer one. Of equal elements those of b stay behind those of a. */
static void cut_merge(const struct sort *sort, const struct neighbours *whole,
                      struct neighbours *left, struct neighbours *right)
{
    size_t a = whole->a_count / 2, b = whole->b_count / 2;
    if (whole->a_count >= whole->b_count)
        b = count_before(sort, whole->b, whole->b_count, whole->a + a * sort->size, false);
    else
        a = count_before(sort, whole->a, whole->a_count, whole->b + b * sort->size, true);
    *left = (struct neighbours){whole->a, whole->b, a, b, whole->to};
    *right = (struct neighbours){
        .a = whole->a + a * sort->size,
        .b = whole->b + b * sort->size,
        .a_count = whole->a_count - a,
        .b_count = whole->b_count - b,
        .to = whole->to + (a + b) * sort->size,
    };
}

static int merge_in_task(ompg_group *group, void *arg)
{
    struct merge *merge = arg;
    const struct sort *sort = merge->sort;
    merge->called = true;
    if (merge->whole.a_count + merge->whole.b_count <= PART_ELEMENTS) {
        sort_merge(sort, &merge->whole);
        return 0;
    }
    struct merge left = {.sort = sort}, right = {.sort = sort};
    cut_merge(sort, &merge->whole, &left.whole, &right.whole);
    int code = ompg_join(group, merge_in_task, &left, merge_in_task, &right);
    if (!left.called)
        sort_merge_not(sort, &left.whole);
    if (!right.called)
        sort_merge_not(sort, &right.whole);
    return code;
}

/* ---- parts that are cut ---- */

struct part {
    const struct sort *sort;
    size_t first, count;
    bool into_copy;
    bool called;
};

/* One that was left out: its elements are in the array. */
static void move_unsorted(const struct part *part)
{
    const struct sort *sort = part->sort;
    size_t at = part->first * sort->size;
    if (part->into_copy)
        memcpy(sort->copy + at, sort->base + at, part->count * sort->size);
}

static int sort_in_task(ompg_group *group, void *arg)
{
    struct part *part = arg;
    const struct sort *sort = part->sort;
    size_t size = sort->size, half = part->count / 2;
    part->called = true;
    if (part->count <= PART_ELEMENTS) {
        sort_merge_part(sort, part->first, part->count, part->into_copy);
        return 0;
    }
    struct part left = {sort, part->first, half, !part->into_copy, false};
    struct part right = {sort, part->first + half, part->count - half, !part->into_copy, false};
    int code = ompg_join(group, sort_in_task, &left, sort_in_task, &right);
    if (!left.called)
        move_unsorted(&left);
    if (!right.called)
        move_unsorted(&right);
    const char *from = (part->into_copy ? sort->base : sort->copy) + part->first * size;
    char *to = (part->into_copy ? sort->copy : sort->base) + part->first * size;
    struct merge merge = {sort, {from, from + half * size, half, part->count - half, to}, false};
    if (code == 0)
        return merge_in_task(group, &merge);
    sort_merge_not(sort, &merge.whole);
    return code;
}

/* ---- the call ---- */

static int add_sort(ompg_group *group, void *part, const struct reserved *reserved)
{
    (void)reserved;
    struct task task = {.fn = sort_in_task, .arg = part, .tagged = (uintptr_t)group};
    return task_add(&task, ADD);
}

int ompg_sort(ompg_group *group, void *base, size_t count, size_t size, ompg_compare_fn *compare,
              void *arg)
{
    if (!group || !compare || size == 0 || (!base && count > 0))
        return EINVAL;
    if (count > SIZE_MAX / size)
        return ENOMEM;
    struct sort sort = {.base = base, .size = size, .compare = compare, .arg = arg};
    struct part whole = {.sort = &sort, .count = count};
    sort.kernel = sort_merge_kernel(size);
    sort.copy = memory_new_filled(count > 0 ? count * size : 1);
    if (!sort.copy)
        return ENOMEM;
    int saved = errno; /* compare may change it */
    int code = self && runs_task_of(self, group) ? sort_in_task(group, &whole)
                                                 : call_with_group(group, add_sort, &whole);
    free(sort.copy);
    errno = saved;
    return code;
}
