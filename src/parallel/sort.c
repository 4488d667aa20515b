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

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    INSERTED = 8,        /* elements that are sorted by insertion */
    PART_ELEMENTS = 4096 /* parts and merges of more are cut into two */
};

struct sort {
    char *base, *copy; /* the array, and as much memory again */
    size_t count, size;
    ompg_compare_fn *compare;
    void *arg;
};

static bool is_before(const struct sort *sort, const void *a, const void *b)
{
    return sort->compare(a, b, sort->arg) < 0;
}

/* ---- one after the other; `size` is a constant where these are inlined ---- */

#define FOR_SIZE static inline __attribute__((always_inline))

/* A branch would be mispredicted at every other element: both sides advance by 0 or 1. */
FOR_SIZE void merge_sized(const struct sort *sort, const char *a, size_t a_count, const char *b,
                          size_t b_count, char *to, size_t size)
{
    while (a_count > 0 && b_count > 0) {
        size_t later = is_before(sort, b, a);
        memcpy(to, later ? b : a, size);
        to += size;
        b += later * size;
        b_count -= later;
        a += (1 - later) * size;
        a_count -= 1 - later;
    }
    memcpy(to, a, a_count * size);
    memcpy(to + a_count * size, b, b_count * size);
}

FOR_SIZE void insert_sized(const struct sort *sort, char *part, size_t count, char *spare,
                           size_t size)
{
    for (size_t i = 1; i < count; i++) {
        char *at = part + i * size;
        if (!is_before(sort, at, at - size))
            continue;
        memcpy(spare, at, size);
        do {
            memcpy(at, at - size, size);
            at -= size;
        } while (at > part && is_before(sort, spare, at - size));
        memcpy(at, spare, size);
    }
}

/* Two sorted neighbours. Where they are in order already, as in an array that was sorted, they move at once. */
static void merge_neighbours(const struct sort *sort, const char *a, size_t a_count, const char *b,
                             size_t b_count, char *to)
{
    size_t size = sort->size;
    if (a_count == 0 || b_count == 0 || !is_before(sort, b, a + (a_count - 1) * size)) {
        memcpy(to, a, a_count * size);
        memcpy(to + a_count * size, b, b_count * size);
        return;
    }
    switch (size) {
    case 4:
        merge_sized(sort, a, a_count, b, b_count, to, 4);
        break;
    case 8:
        merge_sized(sort, a, a_count, b, b_count, to, 8);
        break;
    case 16:
        merge_sized(sort, a, a_count, b, b_count, to, 16);
        break;
    case 48:
        merge_sized(sort, a, a_count, b, b_count, to, 48);
        break;
    default:
        merge_sized(sort, a, a_count, b, b_count, to, size);
        break;
    }
}

/* The first element of the copy is free while the array's part is sorted. */
static void insert(const struct sort *sort, size_t first, size_t count)
{
    size_t size = sort->size;
    char *part = sort->base + first * size, *spare = sort->copy + first * size;
    switch (size) {
    case 4:
        insert_sized(sort, part, count, spare, 4);
        break;
    case 8:
        insert_sized(sort, part, count, spare, 8);
        break;
    default:
        insert_sized(sort, part, count, spare, size);
        break;
    }
}

static void sort_part(const struct sort *sort, size_t first, size_t count, bool into_copy)
{
    size_t size = sort->size, half = count / 2;
    char *to = into_copy ? sort->copy : sort->base;
    const char *from = into_copy ? sort->base : sort->copy;
    if (count > INSERTED) {
        sort_part(sort, first, half, !into_copy);
        sort_part(sort, first + half, count - half, !into_copy);
        from += first * size;
        merge_neighbours(sort, from, half, from + half * size, count - half, to + first * size);
        return;
    }
    insert(sort, first, count);
    if (into_copy)
        memcpy(to + first * size, from + first * size, count * size);
}

/* ---- merges that are cut ---- */

struct merge {
    const struct sort *sort;
    const char *a, *b;
    size_t a_count, b_count;
    char *to;
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
static void cut_merge(const struct merge *whole, struct merge *left, struct merge *right)
{
    const struct sort *sort = whole->sort;
    size_t a = whole->a_count / 2, b = whole->b_count / 2;
    if (whole->a_count >= whole->b_count)
        b = count_before(sort, whole->b, whole->b_count, whole->a + a * sort->size, false);
    else
        a = count_before(sort, whole->a, whole->a_count, whole->b + b * sort->size, true);
    *left = (struct merge){sort, whole->a, whole->b, a, b, whole->to, false};
    *right = (struct merge){.sort = sort,
                            .a = whole->a + a * sort->size,
                            .b = whole->b + b * sort->size,
                            .a_count = whole->a_count - a,
                            .b_count = whole->b_count - b,
                            .to = whole->to + (a + b) * sort->size};
}

static void move_unmerged(const struct merge *merge)
{
    size_t a_size = merge->a_count * merge->sort->size;
    memcpy(merge->to, merge->a, a_size);
    memcpy(merge->to + a_size, merge->b, merge->b_count * merge->sort->size);
}

static int merge_in_task(ompg_group *group, void *arg)
{
    struct merge *merge = arg, left, right;
    merge->called = true;
    if (merge->a_count + merge->b_count <= PART_ELEMENTS) {
        merge_neighbours(merge->sort, merge->a, merge->a_count, merge->b, merge->b_count,
                         merge->to);
        return 0;
    }
    cut_merge(merge, &left, &right);
    int code = ompg_join(group, merge_in_task, &left, merge_in_task, &right);
    if (!left.called)
        move_unmerged(&left);
    if (!right.called)
        move_unmerged(&right);
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
        sort_part(sort, part->first, part->count, part->into_copy);
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
    struct merge merge = {sort, from, from + half * size, half, part->count - half, to, false};
    if (code == 0)
        return merge_in_task(group, &merge);
    move_unmerged(&merge);
    return code;
}

/* ---- the call ---- */

static int add_sort(ompg_group *group, void *part)
{
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
    struct sort sort = {.base = base, .count = count, .size = size, .compare = compare, .arg = arg};
    struct part whole = {.sort = &sort, .count = count};
    sort.copy = memory_new(count > 0 ? count * size : 1);
    if (!sort.copy)
        return ENOMEM;
    int code = self && runs_task_of(self, group) ? sort_in_task(group, &whole)
                                                 : call_with_group(group, add_sort, &whole);
    free(sort.copy);
    return code;
}
