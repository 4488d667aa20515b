/*
 * Merge sort of --size random integers, halves at once, merged in halves at once. Mode "cutoff":
 * pieces below a length that pays for a task are sorted and merged by one; otherwise tasks go down
 * to the length where insertion sort takes over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MERGESORT_H
#define BENCH_MERGESORT_H

#include "bench.h"

enum { INSERTION = 32, MERGESORT_CUTOFF = 32768 };

/* Sorts values, which end up in `out` or stay where they are; the other array is scratch. */
struct sort {
    int *values, *other;
    size_t n;
    bool to_other;
};

/* Merges the runs a and b into out. */
struct merge {
    const int *a, *b;
    size_t na, nb;
    int *out;
};

static size_t mergesort_cutoff;
static int *mergesort_given, *mergesort_values, *mergesort_scratch;

static inline void sort_insertion(const struct sort *sort)
{
    int *values = sort->values;
    for (size_t i = 1; i < sort->n; i++) {
        int value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--)
            values[k] = values[k - 1];
        values[k] = value;
    }
    if (sort->to_other)
        memcpy(sort->other, values, sort->n * sizeof *values);
}

static inline struct sort sort_half(const struct sort *sort, bool second)
{
    size_t half = sort->n / 2, skip = second ? half : 0;
    struct sort part = {
        sort->values + skip,
        sort->other + skip,
        second ? sort->n - half : half,
        !sort->to_other,
    };
    return part;
}

/* Of the two sorted halves, which lie where `sort` does not want them. */
static inline struct merge sort_merge(const struct sort *sort)
{
    const int *from = sort->to_other ? sort->values : sort->other;
    size_t half = sort->n / 2;
    struct merge merge = {
        from, from + half, half, sort->n - half, sort->to_other ? sort->other : sort->values,
    };
    return merge;
}

static inline void merge_serial(const struct merge *merge)
{
    const int *a = merge->a, *a_end = a + merge->na, *b = merge->b, *b_end = b + merge->nb;
    int *out = merge->out;
    while (a < a_end && b < b_end) {
        int x = *a, y = *b;
        size_t second = y < x; /* a number: a branch would be mispredicted half of the time */
        *out++ = x < y ? x : y;
        b += second;
        a += 1 - second;
    }
    memcpy(out, a, (size_t)(a_end - a) * sizeof *out);
    memcpy(out + (a_end - a), b, (size_t)(b_end - b) * sizeof *out);
}

/* Cuts the longer run in the middle and the other where that value belongs. */
static inline struct merge merge_split(struct merge *merge)
{
    if (merge->na < merge->nb) {
        struct merge swapped = {merge->b, merge->a, merge->nb, merge->na, merge->out};
        *merge = swapped;
    }
    size_t na = merge->na / 2, low = 0, high = merge->nb;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (merge->b[middle] < merge->a[na])
            low = middle + 1;
        else
            high = middle;
    }
    struct merge upper = {
        merge->a + na, merge->b + low, merge->na - na, merge->nb - low, merge->out + na + low,
    };
    merge->na = na;
    merge->nb = low;
    return upper;
}

static inline void sort_serial(const struct sort *sort)
{
    if (sort->n <= INSERTION) {
        sort_insertion(sort);
        return;
    }
    struct sort first = sort_half(sort, false), second = sort_half(sort, true);
    sort_serial(&first);
    sort_serial(&second);
    struct merge merge = sort_merge(sort);
    merge_serial(&merge);
}

static inline int *mergesort_array(size_t n)
{
    int *array = (int *)calloc(n, sizeof *array);
    if (!array)
        exit(1);
    return array;
}

static inline void mergesort_prepare(struct bench *bench)
{
    size_t n = bench->size;
    mergesort_cutoff = bench_mode_is(bench, "cutoff") ? MERGESORT_CUTOFF : INSERTION;
    mergesort_given = mergesort_array(n);
    mergesort_values = mergesort_array(n);
    mergesort_scratch = mergesort_array(n);
    uint64_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        mergesort_given[i] = (int)(x >> 33);
    }
    bench->items = 1000000;
    bench->unit = "ms";
}

static inline struct sort mergesort_begin(struct bench *bench)
{
    memcpy(mergesort_values, mergesort_given, bench->size * sizeof(int));
    struct sort sort = {mergesort_values, mergesort_scratch, bench->size, false};
    bench_start(bench);
    return sort;
}

/* In order, and the same values: their sum and the sum of their squares have not changed. */
static inline bool mergesort_end(struct bench *bench)
{
    bench_stop(bench);
    const int *given = mergesort_given, *values = mergesort_values;
    uint64_t sum = 0, squares = 0;
    bool sorted = true;
    for (size_t i = 0; i < bench->size; i++) {
        uint64_t is = (uint64_t)values[i], was = (uint64_t)given[i];
        sum += is - was;
        squares += is * is - was * was;
        sorted = sorted && (i == 0 || values[i - 1] <= values[i]);
    }
    return sorted && sum == 0 && squares == 0;
}

#endif
