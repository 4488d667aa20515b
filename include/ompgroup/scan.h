/*
 * Scan: prefix sums, and everything else where each iteration needs what comes before it.
 *
 *     double total = 0.0;
 *     int code = ompg_scan(OMPG_DEFAULT, 0, n, 0, &total, sizeof total, sum, add, put, values);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_SCAN_H
#define OMPGROUP_SCAN_H

#include "base.h"
#include "reduce.h"

#include <stddef.h>

/*
 * Gets the iterations [begin, end), which are never none, and in *accumulator what all iterations before begin
 * come to; the identity at the first one. The accumulator is a copy of its own, which it may use up.
 */
typedef int ompg_emit_fn(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg);

OMPG_BEGIN_DECLS

/*
 * Scans [begin, end): each sub-range is folded, and later emitted once, with what comes before it. fold, combine,
 * grain, size and *result, which holds the identity on entry, are as in ompg_reduce(). Up to 1024 blocks of
 * sub-ranges are folded; what comes before a block is what comes before its neighbour in front, combined with
 * that one. All this depends on range and grain only, so that the bits are the same for any number of threads. A
 * sub-range is never folded after it was emitted, so that emit may overwrite what fold reads there. With more
 * than 1024 sub-ranges each is folded a second time before it is emitted, except the last one of a block. Grain 0:
 * up to 256 sub-ranges, in ranges of more than 8,388,608 iterations up to 1024.
 * Accumulators are copied as bytes. It is one wait: a .timeout holds for folds and emits together.
 * On success *result holds the total (the identity for an empty range); on an error it is untouched, and some
 * sub-ranges have been emitted. Errors, stops and indices as ompg_reduce(); in a deterministic group nothing is
 * emitted before all is folded, and nothing at all where a fold or a combination fails.
 * Returns what the wait returns; EINVAL for a NULL group, result, fold, combine or emit, size 0 or
 * begin > end; ENOMEM. Memory: two accumulators for each of up to 1024 blocks.
 */
OMPG_MUST_USE OMPG_API int ompg_scan(ompg_group *group, size_t begin, size_t end, size_t grain,
                                     void *result, size_t size, ompg_fold_fn *fold,
                                     ompg_combine_fn *combine, ompg_emit_fn *emit, void *arg);

OMPG_END_DECLS

#endif
