/*
 * N-queens: all ways to place --size queens. A node is a board with queens in its first rows. Mode
 * "cutoff": nodes below a depth are counted by one task; otherwise each node is a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_QUEENS_H
#define BENCH_QUEENS_H

#include "bench.h"

enum { QUEENS_CUTOFF = 4, QUEENS_MOST = 12 };

struct queens {
    uint32_t columns, left, right; /* attacked in the next row: straight, by either diagonal */
    int row;
};

static uint32_t queens_board; /* a bit for each column */
static int queens_cutoff;

static inline bool queens_done(const struct queens *node)
{
    return node->columns == queens_board;
}

static inline uint32_t queens_free(const struct queens *node)
{
    return queens_board & ~(node->columns | node->left | node->right);
}

static inline struct queens queens_place(const struct queens *node, uint32_t queen)
{
    struct queens child = {
        node->columns | queen,
        (node->left | queen) << 1,
        (node->right | queen) >> 1,
        node->row + 1,
    };
    return child;
}

static inline uint64_t queens_count(struct queens node)
{
    if (queens_done(&node))
        return 1;
    uint64_t count = 0;
    for (uint32_t left = queens_free(&node); left != 0; left &= left - 1)
        count += queens_count(queens_place(&node, left & -left));
    return count;
}

static inline void queens_prepare(struct bench *bench)
{
    queens_board = (1U << bench->size) - 1;
    queens_cutoff = bench_mode_is(bench, "cutoff") ? QUEENS_CUTOFF : (int)bench->size;
    bench->items = 1000000;
    bench->unit = "ms";
}

static inline bool queens_check(const struct bench *bench)
{
    static const uint64_t solutions[QUEENS_MOST + 1] = {1,  1,  0,   0,   2,    10,   4,
                                                        40, 92, 352, 724, 2680, 14200};
    return bench->size <= QUEENS_MOST && bench_tally_take() == solutions[bench->size];
}

#endif
