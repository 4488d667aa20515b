/*
 * Scan. See ompgroup/scan.h.
 *
 * Blocks (folding.h) form a chain: what comes before block k + 1 is what comes before block k, combined with
 * block k. Threads fold the blocks in order, and after each one emit what is ready: a block is emitted
 * soon after it was folded, from the caches, and not in a second pass through memory. What is left at the
 * end, because its chain was late, is emitted by a second loop, which whoever comes to the end of the chain adds to
 * the group: one wait for both. In a deterministic group all is folded before anything is emitted, and each
 * iteration of the loops is the one that it says, because its index decides what is left out.
 *
 * Discipline. links[k].met is where the fold of block k and what comes before it meet: whoever comes second
 * (exchange, acquire and release) makes what comes before the next block, and takes that on. So one thread
 * at a time walks the chain, and it alone moves `known`. links[k].before belongs to the chain until `known` has
 * passed block k (release, acquire), then to whoever emits the block. Blocks are emitted in order, each by
 * whoever moves `emitted` past it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/scan.h"

#include "api/group_wait.h"
#include "base/memory.h"
#include "base/tsan.h"
#include "group/nesting.h"
#include "group/stop.h"
#include "ompgroup/loop.h"
#include "parallel/folding.h"
#include "parallel/loop_uncounted.h"
#include "parallel/loop_units.h"
#include "parallel/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    EMITS_AT_ONCE = 2, /* after a fold: so that a chain that was late catches up */
    /* without a grain: */
    FEW_BLOCKS = 256, /* enough for the threads, */
    LONG =
        32768 /* where there would be longer ones, more: second-level caches hold so many numbers */
};

struct chain_link {
    _Atomic(void *)
        met;      /* the block's fold; &prefix_came: what comes before it is there; NULL: neither */
    void *before; /* what comes before the block */
};

struct scan {
    struct folding folding;
    ompg_emit_fn *emit;
    _Atomic size_t folded;  /* blocks that somebody folds or has folded */
    _Atomic size_t known;   /* blocks that the chain has passed: they can be emitted */
    _Atomic size_t emitted; /* blocks that somebody emits or has emitted */
    struct chain_link links[MOST_BLOCKS + 1]; /* the last one's `before` is the total */
};

static char prefix_came;

static int add_emits(struct scan *scan, ompg_group *group);

/* ---- the chain ---- */

/* The accumulators of the blocks come first, then what comes before each block. */
static void *prefix_new(const struct scan *scan, size_t block)
{
    return accumulator_new(&scan->folding, scan->folding.blocks + block);
}

/* What comes before block k + 1. Takes the fold of block k. */
static int extend_chain(struct scan *scan, ompg_group *group, size_t k, void *fold)
{
    const struct folding *folding = &scan->folding;
    void *next = prefix_new(scan, k + 1);
    if (!next) {
        accumulator_free(folding, fold);
        return ENOMEM;
    }
    int code = 0;
    if (k == 0) {
        memcpy(next, fold, folding->size);
        accumulator_free(folding, fold);
    } else {
        memcpy(next, scan->links[k].before, folding->size);
        code = combine_part(folding, group, folding->begin + k * folding->block, next, fold);
    }
    scan->links[k + 1].before = next; /* also after an error, to be freed */
    return code;
}

/* The fold of block k is there: goes as far along the chain as the next folds are. */
static int walk_chain(struct scan *scan, ompg_group *group, size_t k, void *fold)
{
    tsan_release(&scan->links[k]);
    void *before = exchange_acq_rel(&scan->links[k].met, fold);
    while (before && k < scan->folding.blocks) {
        tsan_acquire(&scan->links[k]);
        store_relaxed(&scan->links[k].met, NULL);
        int code = extend_chain(scan, group, k, fold);
        if (code != 0)
            return code;
        k++;
        tsan_release(&scan->known);
        store_release(&scan->known, k);
        tsan_release(&scan->links[k]);
        fold = before = exchange_acq_rel(&scan->links[k].met, &prefix_came);
    }
    return k == scan->folding.blocks ? add_emits(scan, group) : 0;
}

/* ---- emits ---- */

/*
 * A sub-range. `running` is what comes before it, and then, unless it is the last one of its block, what comes
 * before the next one. The fold comes first, because emit may overwrite what it reads.
 */
static int emit_part(const struct scan *scan, ompg_group *group, struct frame *frame, size_t begin,
                     size_t past, void *running, void *given)
{
    const struct folding *folding = &scan->folding;
    part_begin(frame, begin);
    int code = 0;
    if (given != running) {
        memcpy(given, running, folding->size);
        code = folding->fold(group, begin, past, running, folding->arg);
    }
    if (code == 0 && !frame->failed)
        code = scan->emit(group, begin, past, given, folding->arg);
    return part_end(frame, group, code);
}

static int emit_parts(const struct scan *scan, ompg_group *group, size_t begin, size_t end,
                      void *running, void *given)
{
    struct frame *frame = frame_of(self, group);
    size_t grain = scan->folding.grain;
    bool failed = frame->failed;
    int result = 0;
    while (begin < end && !group_stopped(group, begin)) {
        size_t past = end - begin > grain ? begin + grain : end;
        int code =
            emit_part(scan, group, frame, begin, past, running, past < end ? given : running);
        if (code != 0)
            result = code;
        failed |= frame->failed;
        begin = past;
    }
    frame->failed = failed;
    if (begin == end)
        return result;
    frame->task->index = begin;
    return ECANCELED;
}

static int emit_block(struct scan *scan, ompg_group *group, size_t block)
{
    const struct folding *folding = &scan->folding;
    size_t begin = folding->begin + block * folding->block;
    size_t end = folding->end - begin > folding->block ? begin + folding->block : folding->end;
    tsan_acquire(&scan->known);
    void *running = scan->links[block].before;
    void *given = running;
    if (end - begin > folding->grain) {
        given = accumulator_new(folding, block); /* the fold's, which is used up */
        if (!given)
            return ENOMEM;
    }
    int code = emit_parts(scan, group, begin, end, running, given);
    if (given != running)
        accumulator_free(folding, given);
    return code;
}

/* Emits the next block, if the chain has passed it. False: it has not, or there is none. */
static bool emit_next(struct scan *scan, ompg_group *group, int *code)
{
    size_t next = load_relaxed(&scan->emitted);
    do {
        if (next == scan->folding.blocks || next >= load_acquire(&scan->known))
            return false;
    } while (!cas_weak_relaxed(&scan->emitted, &next, next + 1));
    *code = emit_block(scan, group, next);
    return true;
}

/* ---- the two loops ---- */

static size_t block_at(const struct scan *scan, size_t begin)
{
    return (begin - scan->folding.begin) / scan->folding.block;
}

static int fold_in_chain(struct scan *scan, ompg_group *group, size_t block)
{
    const struct folding *folding = &scan->folding;
    size_t begin = folding->begin + block * folding->block;
    size_t end = folding->end - begin > folding->block ? begin + folding->block : folding->end;
    void *fold = accumulator_new(folding, block);
    if (!fold)
        return ENOMEM;
    int code = fold_block(folding, group, begin, end, fold);
    if (code == 0)
        return walk_chain(scan, group, block, fold);
    accumulator_free(folding, fold);
    return code;
}

/* Whichever block comes next: where its index decides about nothing. */
static int fold_and_emit(ompg_group *group, size_t begin, size_t end, void *arg)
{
    struct scan *scan = arg;
    (void)end;
    if (group->deterministic)
        return fold_in_chain(scan, group, block_at(scan, begin));
    int code = fold_in_chain(scan, group, add_relaxed(&scan->folded, 1U));
    for (int i = 0; i < EMITS_AT_ONCE && code == 0 && emit_next(scan, group, &code); i++)
        ;
    return code;
}

static int emit_rest(ompg_group *group, size_t begin, size_t end, void *arg)
{
    struct scan *scan = arg;
    int code = 0;
    (void)end;
    if (group->deterministic)
        return emit_block(scan, group, block_at(scan, begin));
    emit_next(scan, group, &code);
    return code;
}

/* Once, after the last fold. What is emitted meanwhile, the second loop does not find. */
static int add_emits(struct scan *scan, ompg_group *group)
{
    const struct folding *folding = &scan->folding;
    size_t first = load_relaxed(&scan->emitted);
    if (first == folding->blocks)
        return 0;
    return loop_go_uncounted(group, folding->begin + first * folding->block, folding->end,
                             folding->block, emit_rest, scan);
}

static int scan_run(struct scan *scan, ompg_group *group)
{
    const struct folding *folding = &scan->folding;
    scan->links[0].before = prefix_new(scan, 0);
    if (!scan->links[0].before)
        return ENOMEM;
    store_relaxed(&scan->links[0].met, &prefix_came);
    return ompg_for(group, folding->begin, folding->end, folding->block, fold_and_emit, scan);
}

/* ---- the call ---- */

/*
 * Each block is one sub-range. Longer ones than those of a reduction: where its neighbour is another thread's, each
 * block takes 1 to 2 microseconds more, inside fold and emit; most likely by what processors fetch ahead beyond
 * its end.
 */
static size_t default_grain(size_t n)
{
    size_t grain = divide_up(n, FEW_BLOCKS);
    size_t least = divide_up(n, MOST_BLOCKS);
    return grain < LONG ? grain : least > LONG ? least : LONG;
}

/* With what an error has left. */
static void scan_free(struct scan *scan)
{
    for (size_t i = 0; i <= scan->folding.blocks; i++) {
        void *met = load_relaxed(&scan->links[i].met);
        if (met != &prefix_came)
            accumulator_free(&scan->folding, met);
        accumulator_free(&scan->folding, scan->links[i].before);
    }
    folding_end(&scan->folding);
    free(scan);
}

int ompg_scan(ompg_group *group, size_t begin, size_t end, size_t grain, void *result, size_t size,
              ompg_fold_fn *fold, ompg_combine_fn *combine, ompg_emit_fn *emit, void *arg)
{
    if (!group || !result || !fold || !combine || !emit || size == 0 || begin > end)
        return EINVAL;
    if (begin == end)
        return is_group(group) ? ompg_wait(group) : 0;
    struct scan *scan = memory_new_zeroed(1, sizeof *scan);
    if (!scan)
        return ENOMEM;
    scan->folding = (struct folding){.begin = begin,
                                     .end = end,
                                     .grain = grain > 0 ? grain : default_grain(end - begin),
                                     .size = size,
                                     .identity = result,
                                     .fold = fold,
                                     .combine = combine,
                                     .arg = arg};
    scan->emit = emit;
    int code = ENOMEM;
    if (folding_prepare(&scan->folding, 3))
        code = scan_run(scan, group);
    if (code == 0)
        memcpy(result, scan->links[scan->folding.blocks].before, size);
    scan_free(scan);
    return code;
}
