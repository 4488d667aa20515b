/*
 * Blocks: memory of one cache line each for what tasks have beside their slots, an argument by value or
 * options. Each worker keeps some at hand, takes one for a task that it adds, and keeps the block of each
 * task that it ends, whoever took it: neither locks, and what is used next is in its cache.
 *
 * A worker that runs the tasks of others collects blocks, one whose tasks others run loses them. So
 * they go to a store that all workers share, and come from there, 64 at a time, in one array of
 * pointers: a list through the blocks would be read in the cache of another processor, link by link.
 *
 * Discipline.
 * - struct blocks: its worker's own.
 * - The store, and the batches in it: its lock. Blocks lie in slabs, which are made when the store is
 *   empty, and freed all together (blocks_end). There are at most BLOCKS_PER_WORKER for each worker that
 *   was made: as many as fit a deque. Tasks that wait behind a limit, or before a wait, may be more:
 *   what these have comes from malloc(), and goes back to it.
 * - Each slab brings a batch. That is enough: S batches have room for all blocks of S slabs, and at most one
 *   batch is neither empty nor full.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_BLOCKS_H
#define OMPG_SRC_BLOCKS_H

#include "base/asan.h"
#include "base/atomics.h"
#include "store/deque.h"

enum {
    BLOCK_SIZE = CACHE_LINE,
    BLOCKS_AT_ONCE = 64,  /* that go to the store or come from it */
    BLOCKS_AT_HAND = 128, /* that a worker keeps at most */
    BLOCKS_PER_WORKER = DEQUE_CAPACITY + 2 * BLOCKS_AT_HAND
};

/* All zero: none at hand. */
struct blocks {
    unsigned count;
    void *at[BLOCKS_AT_HAND];
};

/* A worker was made: there may be more blocks. */
void blocks_allow_worker(void);

/* Fetches some where there is none; false: there are none, or memory is short. */
bool blocks_fetch(struct blocks *own);

/* Gives the older half of a full hand to the store. */
void blocks_give_back(struct blocks *own);

/* For a thread without a worker. */
void block_put_in_store(void *block);

/* Frees all, where none is in use: those that workers have at hand, so many, are void. */
void blocks_end(size_t at_hand);

/* Before a fork, and after it in both processes: no other thread is in the store meanwhile. */
void blocks_lock(void);
void blocks_unlock(void);

/* Whether block_take needs to look nowhere else. */
static inline bool has_block_at_hand(const struct blocks *own)
{
    return own->count > 0;
}

/* Of at most BLOCK_SIZE bytes, aligned for any type; NULL: malloc() may have more. */
static inline void *block_take(struct blocks *own, size_t size)
{
    if (UNLIKELY(!has_block_at_hand(own)) && !blocks_fetch(own))
        return NULL;
    void *block = own->at[--own->count];
    asan_allow(block, size);
    return block;
}

static inline void block_put(struct blocks *own, void *block)
{
    asan_forbid(block, BLOCK_SIZE);
    if (UNLIKELY(own->count == BLOCKS_AT_HAND))
        blocks_give_back(own);
    own->at[own->count++] = block;
}

#endif
