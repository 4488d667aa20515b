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
#include "group/nesting.h"
#include "group/stop.h"
#include "ompgroup/loop.h"
#include "parallel/loop_units.h"
#include "parallel/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BLOCKS = 1024,
    SMALL = CACHE_LINE * MOST_BLOCKS /* bytes of accumulators that are made all at once */
};

struct reduction {
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
    _Atomic(void *) root;               /* the answer; NULL until it is known */
    _Atomic(void *) slots[MOST_BLOCKS]; /* of all levels: fewer than there are blocks */
};

static void cut(struct reduction *reduction)
{
    size_t n = reduction->end - reduction->begin;
    if (reduction->grain == 0)
        reduction->grain = n / MOST_BLOCKS + (n % MOST_BLOCKS != 0);
    size_t grains = n / reduction->grain + (n % reduction->grain != 0);
    size_t per_block = grains / MOST_BLOCKS + (grains % MOST_BLOCKS != 0);
    reduction->block = per_block > n / reduction->grain ? n : per_block * reduction->grain;
    reduction->blocks = n / reduction->block + (n % reduction->block != 0);
}

/*
 * Memory for small accumulators at once: allocating one for each block costs 300 ns beside a fold
 * that streams through the caches. False when memory is short.
 */
static bool reserve_accumulators(struct reduction *reduction)
{
    reduction->stride = (reduction->size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    if (reduction->stride < reduction->size)
        return false;
    if (reduction->stride > SMALL / reduction->blocks)
        return true;
    reduction->memory = loop_allocate(reduction->stride * reduction->blocks);
    return reduction->memory != NULL;
}

static void *accumulator_new(const struct reduction *reduction, size_t block)
{
    void *accumulator = reduction->memory
                            ? (char *)loop_first_line(reduction->memory) + block * reduction->stride
                            : memory_new_lines(reduction->stride);
    if (accumulator)
        memcpy(accumulator, reduction->identity, reduction->size);
    return accumulator;
}

static void accumulator_free(const struct reduction *reduction, void *accumulator)
{
    if (!reduction->memory)
        free(accumulator);
}

/*
 * One sub-range. What has failed is combined no further, so that in a deterministic group the same
 * combinations are made whatever the threads have folded meanwhile.
 */
static int fold_part(struct reduction *reduction, ompg_group *group, struct frame *frame,
                     size_t begin, size_t past, void *accumulator)
{
    part_begin(frame, begin);
    int code = reduction->fold(group, begin, past, accumulator, reduction->arg);
    return part_end(frame, group, code);
}

/* Folds a block, sub-range by sub-range; an error ends it only where it stops the group. */
static int fold_block(struct reduction *reduction, ompg_group *group, size_t begin, size_t end,
                      void *accumulator)
{
    struct frame *frame = frame_of(self, group);
    bool failed = false;
    int result = 0;
    while (begin < end && !group_stopped(group, begin)) {
        size_t past = end - begin > reduction->grain ? begin + reduction->grain : end;
        int code = fold_part(reduction, group, frame, begin, past, accumulator);
        if (code != 0)
            result = code;
        failed |= frame->failed;
        begin = past;
    }
    frame->failed = failed;
    if (begin == end)
        return result;
    frame->task->index = begin; /* where it has stopped, which the block's begin may not have */
    return ECANCELED;
}

/* Combines two neighbours into the left one, at the right one's first iteration; frees the right one. */
static int combine_part(struct reduction *reduction, ompg_group *group, size_t index, void *left,
                        void *right)
{
    struct frame *frame = frame_of(self, group);
    bool failed = frame->failed;
    part_begin(frame, index);
    int code = ECANCELED;
    if (!group_stopped(group, index)) {
        code = reduction->combine(group, left, right, reduction->arg);
        code = part_end(frame, group, code);
    }
    frame->failed |= failed;
    accumulator_free(reduction, right);
    return code;
}

/*
 * Takes an accumulator up the tree, as far as its neighbours are there. It is the caller's no longer.
 * A combination that fails ends here what it was to become a part of, as a fold that fails does.
 */
static int ascend(struct reduction *reduction, ompg_group *group, size_t node, void *accumulator)
{
    size_t level = 0;                 /* where this level's slots begin */
    size_t length = reduction->block; /* iterations below a node of it */
    for (size_t nodes = reduction->blocks; nodes > 1; nodes = (nodes + 1) / 2, node /= 2) {
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
            size_t index = reduction->begin + (node | 1) * length;
            int code = combine_part(reduction, group, index, left, right);
            accumulator = left;
            if (code != 0) {
                accumulator_free(reduction, accumulator);
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
    size_t block = (begin - reduction->begin) / reduction->block;
    void *accumulator = accumulator_new(reduction, block);
    if (!accumulator)
        return ENOMEM;
    int code = fold_block(reduction, group, begin, end, accumulator);
    if (code == 0)
        return ascend(reduction, group, block, accumulator);
    accumulator_free(reduction, accumulator);
    return code;
}

/* With what an error has left. */
static void reduction_free(struct reduction *reduction)
{
    accumulator_free(reduction, load_relaxed(&reduction->root));
    for (size_t i = 0; i < reduction->blocks; i++)
        accumulator_free(reduction, load_relaxed(&reduction->slots[i]));
    free(reduction->memory);
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
    reduction->begin = begin;
    reduction->end = end;
    reduction->grain = grain;
    reduction->size = size;
    reduction->identity = result;
    reduction->fold = fold;
    reduction->combine = combine;
    reduction->arg = arg;
    cut(reduction);
    int code = ENOMEM;
    if (reserve_accumulators(reduction))
        code = ompg_for(group, begin, end, reduction->block, reduce_block, reduction);
    if (code == 0)
        memcpy(result, load_acquire(&reduction->root), size);
    reduction_free(reduction);
    return code;
}
