/*
 * Loop blocks: what belongs to a thread from the start, as OpenMP's schedule(static) gives it, and the pieces
 * in which such a loop is handed out. Nothing here is shared between threads: everything follows from the
 * numbers, which are the same on all of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_LOOP_BLOCKS_H
#define OMPG_SRC_LOOP_BLOCKS_H

#include <stddef.h>

/* Iterations [begin, end). */
struct block {
    size_t begin, end;
};

/* One of `shares` blocks that differ by one iteration at most, the longer ones first. */
struct block block_of(size_t count, size_t shares, size_t share);

/*
 * Pieces for whichever thread has nothing to do, taken in their order. grain 0: each round of `threads`
 * pieces takes half of what is left, so that the last ones are short.
 */
size_t block_pieces(size_t count, size_t grain, size_t threads);
struct block block_piece(size_t count, size_t grain, size_t threads, size_t piece);

#endif
