/* SPDX-License-Identifier: Apache-2.0 */
#include "parallel/folding.h"

#include "base/memory.h"
#include "group/nesting.h"
#include "group/stop.h"
#include "parallel/loop_units.h"
#include "parallel/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL = CACHE_LINE * MOST_BLOCKS /* bytes of accumulators that are made all at once */ };

static void cut_into_blocks(struct folding *folding)
{
    size_t n = folding->end - folding->begin;
    if (folding->grain == 0)
        folding->grain = divide_up(n, MOST_BLOCKS);
    size_t grains = divide_up(n, folding->grain);
    size_t per_block = divide_up(grains, MOST_BLOCKS);
    folding->block = per_block > n / folding->grain ? n : per_block * folding->grain;
    folding->blocks = divide_up(n, folding->block);
}

/*
 * Memory for small accumulators at once: allocating one for each block costs 300 ns beside a fold
 * that streams through the caches. False when memory is short.
 */
static bool reserve_accumulators(struct folding *folding, size_t count)
{
    folding->stride = (folding->size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    if (folding->stride < folding->size)
        return false;
    if (folding->stride > SMALL / folding->blocks) /* of each kind */
        return true;
    folding->memory = loop_allocate(folding->stride * count);
    return folding->memory != NULL;
}

bool folding_prepare(struct folding *folding, size_t each)
{
    cut_into_blocks(folding);
    return reserve_accumulators(folding, each * folding->blocks);
}

void folding_end(struct folding *folding)
{
    free(folding->memory);
}

void *accumulator_new(const struct folding *folding, size_t number)
{
    void *accumulator = folding->memory
                            ? (char *)loop_first_line(folding->memory) + number * folding->stride
                            : memory_new_lines(folding->stride);
    if (accumulator)
        memcpy(accumulator, folding->identity, folding->size);
    return accumulator;
}

void accumulator_free(const struct folding *folding, void *accumulator)
{
    if (!folding->memory)
        free(accumulator);
}

/*
 * One sub-range. What has failed is combined no further, so that in a deterministic group the same
 * combinations are made whatever the threads have folded meanwhile.
 */
static int fold_part(const struct folding *folding, ompg_group *group, struct frame *frame,
                     size_t begin, size_t past, void *accumulator)
{
    part_begin(frame, begin);
    int code = folding->fold(group, begin, past, accumulator, folding->arg);
    return part_end(frame, group, code);
}

int fold_block(const struct folding *folding, ompg_group *group, size_t begin, size_t end,
               void *accumulator)
{
    struct frame *frame = frame_of(self, group);
    bool failed = false;
    int result = 0;
    while (begin < end && !group_stopped(group, begin)) {
        size_t past = end - begin > folding->grain ? begin + folding->grain : end;
        int code = fold_part(folding, group, frame, begin, past, accumulator);
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

int combine_part(const struct folding *folding, ompg_group *group, size_t index, void *left,
                 void *right)
{
    struct frame *frame = frame_of(self, group);
    bool failed = frame->failed;
    part_begin(frame, index);
    int code = ECANCELED;
    if (!group_stopped(group, index)) {
        code = folding->combine(group, left, right, folding->arg);
        code = part_end(frame, group, code);
    }
    frame->failed |= failed;
    accumulator_free(folding, right);
    return code;
}
