/*
 * Unbalanced tree search: counts the nodes of --size random trees that nobody knows before walking
 * them. A node has FERTILE children with a probability a little below 1 / FERTILE, otherwise none, so
 * that trees have any size. Mode "cutoff": subtrees below a depth are counted by one task;
 * otherwise each node is a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_UTS_H
#define BENCH_UTS_H

#include "bench.h"

enum { FERTILE = 4, UTS_CUTOFF = 20, UTS_SEED = 2000006 };

#define UTS_PROBABILITY 0.2475

struct uts {
    uint64_t seed;
    uint32_t depth, children;
};

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
    bool fertile = (double)(seed >> 11) < UTS_PROBABILITY * 0x1p53;
    struct uts node = {seed, depth, fertile ? FERTILE : 0};
    return node;
}

static inline struct uts uts_child(const struct uts *node, uint32_t number)
{
    return uts_node(uts_hash(node->seed + (number + 1) * 0x9e3779b97f4a7c15U), node->depth + 1);
}

/* Trees may be a hundred levels deep and more; the stack holds a few words for each. */
static inline uint64_t uts_count(struct uts node)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < node.children; i++)
        count += uts_count(uts_child(&node, i));
    return count;
}

static inline void uts_prepare(struct bench *bench)
{
    uts_cutoff = bench_mode_is(bench, "cutoff") ? UTS_CUTOFF : UINT32_MAX;
    uts_roots = (struct uts *)malloc(bench->size * sizeof *uts_roots);
    if (!uts_roots)
        exit(1);
    for (uint32_t i = 0; i < bench->size; i++) {
        uts_roots[i] = uts_node(uts_hash(UTS_SEED + i), 0);
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
