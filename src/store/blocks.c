/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blocks.h"

#include "base/memory.h"
#include "base/spinlock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct batch {
    struct batch *next; /* in the store's list */
    unsigned count;
    void *at[BLOCKS_AT_ONCE];
};

struct slab {
    alignas(CACHE_LINE) unsigned char blocks[BLOCKS_AT_ONCE][BLOCK_SIZE];
    struct batch batch;
    struct slab *next;
};

/* Guard of all: lock; `most` and `made` are looked at without it, to know whether it is worth it. */
static struct {
    struct spinlock lock;
    struct batch *full;  /* each with 64 blocks */
    struct batch *begun; /* with fewer, from threads without a worker; NULL: none */
    struct batch *empty;
    struct slab *slabs;
    _Atomic size_t held; /* blocks in batches */
    _Atomic size_t made; /* blocks in all slabs */
    _Atomic size_t most;
} store;

void blocks_lock(void)
{
    spin_lock(&store.lock);
}

void blocks_unlock(void)
{
    spin_unlock(&store.lock);
}

void blocks_allow_worker(void)
{
    add_relaxed(&store.most, (size_t)BLOCKS_PER_WORKER);
}

/* ---- the store; the caller holds the lock ---- */

static void hold(size_t n, bool more)
{
    size_t held = load_relaxed(&store.held);
    store_relaxed(&store.held, more ? held + n : held - n);
}

static struct batch *take_from(struct batch **list)
{
    struct batch *batch = *list;
    if (batch)
        *list = batch->next;
    return batch;
}

static void put_into(struct batch **list, struct batch *batch)
{
    batch->next = *list;
    *list = batch;
}

/* A worker's older half. */
static void put_away(const struct blocks *own)
{
    struct batch *batch = take_from(&store.empty);
    assert(batch && "there are batches for all blocks");
    memcpy(batch->at, own->at, sizeof batch->at);
    batch->count = BLOCKS_AT_ONCE;
    put_into(&store.full, batch);
    hold(BLOCKS_AT_ONCE, true);
}

static void put_one(void *block)
{
    struct batch *batch = store.begun;
    if (!batch) {
        batch = store.begun = take_from(&store.empty);
        assert(batch && "there are batches for all blocks");
        batch->count = 0;
    }
    batch->at[batch->count++] = block;
    if (batch->count == BLOCKS_AT_ONCE) {
        put_into(&store.full, batch);
        store.begun = NULL;
    }
    hold(1, true);
}

/*
 * Blocks that come from the store have mostly been read by other processors. They are about to be written, and to
 * fetch them all at once costs much less than one after the other.
 */
static void fetch_lines(const struct blocks *own)
{
    for (unsigned i = own->count; i > 0; i--)
        prefetch_to_write(own->at[i - 1]);
}

/* False when there is none. */
static bool get(struct blocks *own)
{
    struct batch *batch = take_from(&store.full);
    if (!batch) {
        batch = store.begun;
        store.begun = NULL;
    }
    if (!batch)
        return false;
    memcpy(own->at, batch->at, batch->count * sizeof *own->at);
    own->count = batch->count;
    put_into(&store.empty, batch);
    hold(own->count, false);
    return true;
}

static bool is_full(void)
{
    return load_relaxed(&store.made) + BLOCKS_AT_ONCE > load_relaxed(&store.most);
}

static bool add_slab(struct slab *slab)
{
    if (is_full())
        return false;
    slab->next = store.slabs;
    store.slabs = slab;
    put_into(&store.empty, &slab->batch);
    store_relaxed(&store.made, load_relaxed(&store.made) + BLOCKS_AT_ONCE);
    return true;
}

/* ---- for workers ---- */

/* All blocks of a new slab, the first one on top. */
static bool make_blocks(struct blocks *own)
{
    if (is_full())
        return false;
    struct slab *slab = memory_new_lines(sizeof *slab);
    if (!slab)
        return false;
    spin_lock(&store.lock);
    bool added = add_slab(slab);
    spin_unlock(&store.lock);
    if (!added) {
        free(slab);
        return false;
    }
    asan_forbid(slab->blocks, sizeof slab->blocks);
    for (unsigned i = 0; i < BLOCKS_AT_ONCE; i++)
        own->at[i] = slab->blocks[BLOCKS_AT_ONCE - 1 - i];
    own->count = BLOCKS_AT_ONCE;
    return true;
}

bool blocks_fetch(struct blocks *own)
{
    bool found = false;
    if (load_relaxed(&store.held) > 0) {
        spin_lock(&store.lock);
        found = get(own);
        spin_unlock(&store.lock);
        fetch_lines(own);
    }
    return found || make_blocks(own);
}

void blocks_give_back(struct blocks *own)
{
    spin_lock(&store.lock);
    put_away(own);
    spin_unlock(&store.lock);
    own->count -= BLOCKS_AT_ONCE;
    memmove(own->at, own->at + BLOCKS_AT_ONCE, own->count * sizeof *own->at);
}

void block_put_in_store(void *block)
{
    asan_forbid(block, BLOCK_SIZE);
    spin_lock(&store.lock);
    put_one(block);
    spin_unlock(&store.lock);
}

void blocks_end(size_t at_hand)
{
    spin_lock(&store.lock);
    assert(load_relaxed(&store.held) + at_hand == load_relaxed(&store.made) && "a block was lost");
    (void)at_hand;
    while (store.slabs) {
        struct slab *slab = store.slabs;
        store.slabs = slab->next;
        asan_allow(slab->blocks, sizeof slab->blocks);
        free(slab);
    }
    store.full = store.begun = store.empty = NULL;
    store_relaxed(&store.held, 0U);
    store_relaxed(&store.made, 0U);
    store_relaxed(&store.most, 0U);
    spin_unlock(&store.lock);
}
