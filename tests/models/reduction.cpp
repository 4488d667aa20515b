/*
 * The tree of a reduction: three threads take the accumulators of five blocks up. Whoever comes second combines,
 * left with right, and sees what the other has folded; the root has all in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
#include "ompgroup/reduce.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ into taken.h
//@ take src/parallel/reduce.c MOST_BLOCKS reduction ascend
//@ change s/MOST_BLOCKS = 1024/MOST_BLOCKS = 8/
//@ mutant second-goes-too s/if (!other)/if (true)/
//@ mutant first-combines s/exchange_acq_rel(slot, accumulator)/load_relaxed(slot); if (!other) store_release(slot, accumulator)/
//@ mutant slots-of-two-levels s/level += nodes \/ 2/level += 0/
//@ mutant odd-one-waits s/nodes % 2 == 1/false/
//@ mutant right-into-left s/void \*left = node % 2 == 0/void *left = node % 2 == 1/
#include "basis.h"

#define tsan_release(p)
#define tsan_acquire(p)
static void accumulator_free(const struct reduction *reduction, void *accumulator)
{
}

#include "taken.h"

enum { THREADS = 3, BLOCKS = 5 };

/* Digits of the blocks in it, in order. */
struct accumulator {
    shared<int> digits;
};

static int combine(void *left, const void *right, void *arg)
{
    int digits = ((const struct accumulator *)right)->digits, scale = 1;
    while (scale <= digits)
        scale *= 10;
    struct accumulator *to = (struct accumulator *)left;
    to->digits = (int)to->digits * scale + digits;
    return 0;
}

struct model : rl::test_suite<model, THREADS> {
    struct reduction reduction;
    struct accumulator accumulators[BLOCKS];

    void before()
    {
        reduction.blocks = BLOCKS;
        reduction.combine = (ompg_combine_fn *)combine;
        store_relaxed(&reduction.root, (void *)NULL);
        for (rl::atomic<void *> &slot : reduction.slots)
            store_relaxed(&slot, (void *)NULL);
    }

    void thread(unsigned index)
    {
        for (size_t block = index; block < BLOCKS; block += THREADS) {
            accumulators[block].digits = (int)block + 1;
            ascend(&reduction, block, &accumulators[block]);
        }
    }

    void after()
    {
        struct accumulator *root = (struct accumulator *)load_acquire(&reduction.root);
        RL_ASSERT(root && (int)root->digits == 12345);
    }
};

MODEL(model, {"five blocks", 100000})
