/*
 * Folding: what reductions and scans have in common. The range is cut into blocks of whole sub-ranges, by range
 * and grain alone; a block is folded from front to back into an accumulator of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_FOLDING_H
#define OMPG_SRC_FOLDING_H

#include "ompgroup/reduce.h"

#include <stdbool.h>

enum { MOST_BLOCKS = 1024 };

/* Read-only once it is prepared. */
struct folding {
    size_t begin, end, grain;
    size_t block; /* iterations in a block: whole sub-ranges */
    size_t blocks;
    size_t size;   /* of an accumulator */
    size_t stride; /* the same in whole cache lines */
    void *memory;  /* for all accumulators, NULL: each has its own */
    const void *identity;
    ompg_fold_fn *fold;
    ompg_combine_fn *combine;
    void *arg;
};

/* Cuts the range, which is not empty, and makes room for that many accumulators a block. False: no memory. */
bool folding_prepare(struct folding *folding, size_t each);
void folding_end(struct folding *folding);

/* A copy of the identity. number: below that of the accumulators, and no other one's that is in use. */
void *accumulator_new(const struct folding *folding, size_t number);
void accumulator_free(const struct folding *folding, void *accumulator);

/* Folds a block, sub-range by sub-range; an error ends it only where it stops the group. */
int fold_block(const struct folding *folding, ompg_group *group, size_t begin, size_t end,
               void *accumulator);

/* Combines two neighbours into the left one, at the right one's first iteration; frees the right one. */
int combine_part(const struct folding *folding, ompg_group *group, size_t index, void *left,
                 void *right);

#endif
