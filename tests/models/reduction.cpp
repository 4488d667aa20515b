/*
 * The tree of a reduction: three threads take the accumulators of five blocks up. Whoever comes second combines,
 * left with right, and sees what the other has folded; the root has all in order. Where a combination fails there
 * is no root, and what was to meet it is in its slot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
#include "ompgroup/reduce.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ into taken.h
//@ take src/parallel/folding.h MOST_BLOCKS folding
//@ take src/parallel/reduce.c reduction ascend
//@ change s/MOST_BLOCKS = 1024/MOST_BLOCKS = 8/
//@ mutant second-goes-too s/if (!other)/if (true)/
//@ mutant first-combines s/exchange_acq_rel(slot, accumulator)/load_relaxed(slot); if (!other) store_release(slot, accumulator)/
//@ mutant slots-of-two-levels s/level += nodes \/ 2/level += 0/
//@ mutant odd-one-waits s/nodes % 2 == 1/false/
//@ mutant failed-goes-up s/if (code != 0)/if (false)/
//@ mutant index-of-the-left s/node | 1/node/
//@ mutant right-into-left s/void \*left = node % 2 == 0/void *left = node % 2 == 1/
#include "basis.h"

#define tsan_release(p)
#define tsan_acquire(p)
struct folding;
static void accumulator_free(const struct folding *folding, void *accumulator)
{
}

static int combine_part(const struct folding *folding, ompg_group *group, size_t index, void *left, void *right);

#include "taken.h"

enum { THREADS = 3, BLOCKS = 5, BEGIN = 100, BLOCK = 7 };

/* Digits of the blocks in it, in order. */
struct accumulator {
    shared<int> digits;
};

/* The block that it fails at; 0: none. */
static size_t failing;

static int combine_part(const struct folding *folding, ompg_group *group, size_t index, void *left, void *right)
{
    int digits = ((const struct accumulator *)right)->digits, scale = 1, first = digits;
    while (scale <= digits)
        scale *= 10;
    while (first >= 10)
        first /= 10;
    RL_ASSERT(index == BEGIN + (size_t)(first - 1) * BLOCK);
    struct accumulator *to = (struct accumulator *)left;
    to->digits = (int)to->digits * scale + digits;
    return failing > 0 && index == BEGIN + failing * BLOCK ? EIO : 0;
}

struct model : rl::test_suite<model, THREADS> {
    struct reduction reduction;
    struct accumulator accumulators[BLOCKS];

    void before()
    {
        failing = (size_t)scenario * 2; /* the block */
        reduction.folding.begin = BEGIN;
        reduction.folding.block = BLOCK;
        reduction.folding.blocks = BLOCKS;
        store_relaxed(&reduction.root, (void *)NULL);
        for (rl::atomic<void *> &slot : reduction.slots)
            store_relaxed(&slot, (void *)NULL);
    }

    void thread(unsigned index)
    {
        for (size_t block = index; block < BLOCKS; block += THREADS) {
            accumulators[block].digits = (int)block + 1;
            int code = ascend(&reduction, NULL, block, &accumulators[block]);
            RL_ASSERT(code == 0 || (code == EIO && failing != 0));
        }
    }

    void after()
    {
        struct accumulator *root = (struct accumulator *)load_acquire(&reduction.root);
        struct accumulator *top = (struct accumulator *)load_relaxed(&reduction.slots[3]);
        if (failing == 0)
            RL_ASSERT(root && (int)root->digits == 12345);
        else if (failing == 2)
            RL_ASSERT(!root && top && (int)top->digits == 5);
        else
            RL_ASSERT(!root && !top);
    }
};

MODEL(model, {"five blocks", 100000}, {"the third meets the second", 100000}, {"the last meets all", 100000})
