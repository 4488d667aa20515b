/*
 * Reduction whose answer depends on the range and the grain only: bitwise the same for any number
 * of threads, any schedule, any run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_REDUCE_H
#define OMPGROUP_REDUCE_H

#include "base.h"

#include <stddef.h>

/* Folds the iterations [begin, end), which are never none, into *accumulator. */
typedef int ompg_fold_fn(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg);

/*
 * *accumulator = *accumulator (+) *other, where other's iterations come right after. Returns 0, or a
 * code, as a fold does. What has failed, a fold or a combination, is dropped and combined no further.
 */
typedef int ompg_combine_fn(ompg_group *group, void *accumulator, const void *other, void *arg);

OMPG_BEGIN_DECLS

/*
 * Reduces [begin, end): accumulators of `size` bytes start as copies of *result, which holds the
 * identity on entry, are folded over sub-ranges and combined in a binary tree whose shape is fixed.
 * combine must be associative, as far as the caller cares; it need not be commutative, because it is
 * always given neighbours in index order. Both run with the floating-point control of the calling thread.
 * grain: iterations in each call of fold (the last of all may be shorter); 0: a default that
 * depends on the range only. Folds of up to 1024 sub-ranges run at once.
 * On success *result holds the answer (the identity for an empty range); on an error it is
 * untouched. OMPG_DEFAULT: a default group, made and freed here. Errors, stops and index as ompg_for(); inside combine, and for
 * its errors, the index is the first iteration of `other`. In a stopped group nothing is combined.
 * Returns what the wait returns; EINVAL for a NULL group, result, fold or combine, size 0 or
 * begin > end; ENOMEM. Memory: accumulators on cache lines of their own; small ones up to 64 KiB altogether, of
 * larger ones at most eleven for each thread.
 */
OMPG_API int ompg_reduce(ompg_group *group, size_t begin, size_t end, size_t grain, void *result,
                         size_t size, ompg_fold_fn *fold, ompg_combine_fn *combine, void *arg);

OMPG_END_DECLS

#endif
