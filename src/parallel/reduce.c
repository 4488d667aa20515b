/*
 * Reduction in a tree of fixed shape. See ompgroup/reduce.h.
 *
 * The range is cut into blocks of whole sub-ranges, by range and grain alone. A block is folded from
 * front to back into an accumulator of its own. Blocks are the leaves of a binary tree; node k of a
 * level joins nodes 2k and 2k + 1 of the level below, an odd last one moves up as it is. So the
 * combinations and their order are fixed, whoever does them.
 *
 * Discipline. slots[k] is a meeting point of two neighbours: the one that comes first leaves its
 * accumulator there (exchange, release) and goes; the one that comes second takes it (acquire),
 * combines the right one into the left one and goes up with it. A level's slots follow those of the
 * level below. An accumulator belongs to the thread that holds it, or to its slot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/reduce.h"

#include "api/group_wait.h"
#include "base/memory.h"
#include "base/tsan.h"
#include "group/record.h"
#include "ompgroup/loop.h"
#include "parallel/folding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reduction {
    struct folding folding;
    _Atomic(void *) root;               /* the answer; NULL until it is known */
    _Atomic(void *) slots[MOST_BLOCKS]; /* of all levels: fewer than there are blocks */
};

/*
 * Takes an accumulator up the tree, as far as its neighbours are there. It is the caller's no longer.
 * A combination that fails ends here what it was to become a part of, as a fold that fails does.
 */
static int ascend(struct reduction *reduction, ompg_group *group, size_t node, void *accumulator)
{
    size_t level = 0;                         /* where this level's slots begin */
    size_t length = reduction->folding.block; /* iterations below a node of it */
    for (size_t nodes = reduction->folding.blocks; nodes > 1; nodes = (nodes + 1) / 2, node /= 2) {
        bool alone = node == nodes - 1 && nodes % 2 == 1;
        if (!alone) {
            _Atomic(void *) *slot = &reduction->slots[level + node / 2];
            tsan_release(slot);
            void *other = exchange_acq_rel(slot, accumulator);
            if (!other)
                return 0;
            tsan_acquire(slot);
            void *left = node % 2 == 0 ? accumulator : other;
            void *right = node % 2 == 0 ? other : accumulator;
            store_relaxed(slot, NULL);
            size_t index = reduction->folding.begin + (node | 1) * length;
            int code = combine_part(&reduction->folding, group, index, left, right);
            accumulator = left;
            if (code != 0) {
                accumulator_free(&reduction->folding, accumulator);
                return code;
            }
        }
        level += nodes / 2;
        length *= 2;
    }
    store_release(&reduction->root, accumulator);
    return 0;
}

/* A sub-range of the loop is a block. */
static int reduce_block(ompg_group *group, size_t begin, size_t end, void *arg)
{
    struct reduction *reduction = arg;
    size_t block = (begin - reduction->folding.begin) / reduction->folding.block;
    void *accumulator = accumulator_new(&reduction->folding, block);
    if (!accumulator)
        return ENOMEM;
    int code = fold_block(&reduction->folding, group, begin, end, accumulator);
    if (code == 0)
        return ascend(reduction, group, block, accumulator);
    accumulator_free(&reduction->folding, accumulator);
    return code;
}

/* With what an error has left. */
static void reduction_free(struct reduction *reduction)
{
    accumulator_free(&reduction->folding, load_relaxed(&reduction->root));
    for (size_t i = 0; i < reduction->folding.blocks; i++)
        accumulator_free(&reduction->folding, load_relaxed(&reduction->slots[i]));
    folding_end(&reduction->folding);
    free(reduction);
}

int ompg_reduce(ompg_group *group, size_t begin, size_t end, size_t grain, void *result,
                size_t size, ompg_fold_fn *fold, ompg_combine_fn *combine, void *arg)
{
    if (!group || !result || !fold || !combine || size == 0 || begin > end)
        return EINVAL;
    if (begin == end)
        return is_group(group) ? ompg_wait(group) : 0;
    struct reduction *reduction = memory_new_zeroed(1, sizeof *reduction);
    if (!reduction)
        return ENOMEM;
    reduction->folding = (struct folding){.begin = begin,
                                          .end = end,
                                          .grain = grain,
                                          .size = size,
                                          .identity = result,
                                          .fold = fold,
                                          .combine = combine,
                                          .arg = arg};
    int code = ENOMEM;
    if (folding_prepare(&reduction->folding, 1))
        code = ompg_for(group, begin, end, reduction->folding.block, reduce_block, reduction);
    if (code == 0)
        memcpy(result, load_acquire(&reduction->root), size);
    reduction_free(reduction);
    return code;
}
