/*
 * Unbalanced tree search: counts the nodes of a random tree that nobody knows before walking it. The
 * root has --size children, every other node FERTILE ones with a probability a little below
 * 1 / FERTILE, so that subtrees have any size. Mode "cutoff": subtrees below a depth are counted
 * by one task; otherwise each node is a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_UTS_H
#define BENCH_UTS_H

#include "bench.h"

enum { FERTILE = 4, UTS_CUTOFF = 10 };

#define UTS_PROBABILITY 0.2495

struct uts {
    uint64_t seed;
    uint32_t depth, children;
};

static uint32_t uts_cutoff;
static uint64_t uts_expected;

/* The finaliser of SplitMix64. */
static inline uint64_t uts_hash(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

static inline struct uts uts_child(const struct uts *node, uint32_t number)
{
    struct uts child;
    child.seed = uts_hash(node->seed + (number + 1) * 0x9e3779b97f4a7c15U);
    child.depth = node->depth + 1;
    child.children = (double)(child.seed >> 11) < UTS_PROBABILITY * 0x1p53 ? FERTILE : 0;
    return child;
}

/* The depth of a tree may be large, the stack holds a node's two words for each level. */
static inline uint64_t uts_count(struct uts node)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < node.children; i++)
        count += uts_count(uts_child(&node, i));
    return count;
}

static inline struct uts uts_root(const struct bench *bench)
{
    struct uts root = {8, 0, (uint32_t)bench->size};
    return root;
}

static inline void uts_prepare(struct bench *bench)
{
    uts_cutoff = bench_mode_is(bench, "cutoff") ? UTS_CUTOFF : UINT32_MAX;
    uts_expected = uts_count(uts_root(bench));
    bench->items = 1000000;
    bench->unit = "ms";
}

static inline bool uts_check(void)
{
    return bench_tally_take() == uts_expected;
}

#endif
