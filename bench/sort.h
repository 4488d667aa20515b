/*
 * What is sorted: integers, or records of 48 bytes by an integer key; and the check.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SORT_H
#define BENCH_SORT_H

#include "bench.h"

struct record {
    uint32_t key, place;
    uint64_t more[5];
};

static inline uint32_t sort_draw(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 33);
}

/* One of the two: mode "records" or none. */
static int *sort_values;
static struct record *sort_records;

static inline void sort_prepare(const struct bench *bench)
{
    if (bench_mode_is(bench, "records"))
        sort_records = (struct record *)malloc(bench->size * sizeof *sort_records);
    else
        sort_values = (int *)malloc(bench->size * sizeof *sort_values);
    if (!sort_records && !sort_values)
        exit(1);
}

static inline void sort_fill(int *values, struct record *records, size_t n)
{
    uint64_t state = 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t drawn = sort_draw(&state);
        if (values)
            values[i] = (int)drawn;
        else {
            memset(&records[i], 0, sizeof records[i]);
            records[i].key = drawn % (uint32_t)n;
            records[i].place = (uint32_t)i;
        }
    }
}

static inline bool sort_is_right(const int *values, const struct record *records, size_t n,
                                 bool stable)
{
    for (size_t i = 1; i < n; i++) {
        if (values) {
            if (values[i - 1] > values[i])
                return false;
            continue;
        }
        const struct record *a = &records[i - 1], *b = &records[i];
        if (a->key > b->key || (stable && a->key == b->key && a->place > b->place))
            return false;
    }
    return true;
}

#endif
