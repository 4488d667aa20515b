// What the sorts of the peers in C++ share: a call for the integers or the records, and the check.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_SORT_CPP_H
#define BENCH_SORT_CPP_H

#include "sort.h"

#include <functional>

static inline bool sort_by_key(const struct record &a, const struct record &b)
{
    return a.key < b.key;
}

// sort(first, past, before): the peer's.
template <class Sort> static inline bool sort_by(struct bench *bench, bool stable, Sort sort)
{
    size_t n = bench->size;
    sort_fill(sort_values, sort_records, n);
    bench_start(bench);
    if (sort_records)
        sort(sort_records, sort_records + n, sort_by_key);
    else
        sort(sort_values, sort_values + n, std::less<int>());
    bench_stop(bench);
    return sort_is_right(sort_values, sort_records, n, stable);
}

#endif
