/*
 * Unbalanced tree search: counts the nodes of --size random trees that nobody knows before walking
 * them. A node has 4 children with a probability a little below 1 / 4, otherwise none, so
 * that trees have any size. Mode "cutoff": subtrees below a depth are counted by one task;
 * otherwise each node is a task. Mode "deep", with --size 3000: trees of 1,548,912 nodes in all and of
 * up to 1,195 levels, 8 children each, which a task plants: what waits fills the deque at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_UTS_H
#define BENCH_UTS_H

#include "bench.h"

enum { UTS_CUTOFF = 20, UTS_SEED = 2000006, UTS_DEEP_SEED = 40000120, UTS_MOST_CHILDREN = 8 };

struct uts {
    uint64_t seed;
    uint32_t depth, children;
};

static double uts_probability = 0.2475;
static uint32_t uts_children = 4;
static uint32_t uts_cutoff;
static struct uts *uts_roots;
static uint64_t uts_expected;

/* The finaliser of SplitMix64. */
static inline uint64_t uts_hash(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

static inline struct uts uts_node(uint64_t seed, uint32_t depth)
{
    bool fertile = (double)(seed >> 11) < uts_probability * 0x1p53;
    struct uts node = {seed, depth, fertile ? uts_children : 0};
    return node;
}

static inline struct uts uts_child(const struct uts *node, uint32_t number)
{
    return uts_node(uts_hash(node->seed + (number + 1) * 0x9e3779b97f4a7c15U), node->depth + 1);
}

/* The stack holds a few words for each level. */
static inline uint64_t uts_count(struct uts node)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < node.children; i++)
        count += uts_count(uts_child(&node, i));
    return count;
}

static inline void uts_prepare(struct bench *bench)
{
    bool deep = bench_mode_is(bench, "deep");
    uts_cutoff = bench_mode_is(bench, "cutoff") ? UTS_CUTOFF : UINT32_MAX;
    if (deep) {
        uts_probability = 0.124875;
        uts_children = UTS_MOST_CHILDREN;
    }
    uts_roots = (struct uts *)malloc(bench->size * sizeof *uts_roots);
    if (!uts_roots)
        exit(1);
    for (uint32_t i = 0; i < bench->size; i++) {
        uts_roots[i] = uts_node(uts_hash((deep ? UTS_DEEP_SEED : UTS_SEED) + i), 0);
        uts_expected += uts_count(uts_roots[i]);
    }
    bench->items = 1000000;
    bench->unit = "ms";
}

static inline bool uts_check(void)
{
    return bench_tally_take() == uts_expected;
}

#endif
