/*
 * Blocks of memory (src/store/blocks.c): workers that take, keep and exchange them, against a model that
 * knows who has each.
 *
 * Fails for: a block that two have; one that is lost on its way through the store, also one that comes
 * singly; blocks that are not whole cache lines; more blocks than are allowed; blocks that are made while
 * the store has some; a batch that is missing when blocks come back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "store/blocks.h"

enum {
    WORKERS = PTHREADS,
    STEPS = 20000,
    PASSES = 2000000 / SHARE,
    MOST = WORKERS * BLOCKS_PER_WORKER
};

_Static_assert(BLOCKS_PER_WORKER % BLOCKS_AT_ONCE == 0, "all that are allowed can be made");

/* Whoever has a block writes it down there, and takes it away before it gives the block back. */
struct holder {
    uint64_t mark;
    void *blocks[MOST];
    size_t count;
};

static void take_one(struct holder *holder, struct blocks *hand)
{
    uint64_t *block = block_take(hand, sizeof *block);
    if (!block)
        return;
    CHECK_INT((uintptr_t)block % BLOCK_SIZE, 0);
    holder->blocks[holder->count++] = block;
    *block = holder->mark;
}

/* Any of those that the holder has; NULL: none. */
static void *give_one(struct holder *holder)
{
    if (holder->count == 0)
        return NULL;
    size_t at = draw(holder->count);
    uint64_t *block = holder->blocks[at];
    holder->blocks[at] = holder->blocks[--holder->count];
    CHECK_INT(*block, holder->mark);
    *block = 0;
    return block;
}

/* All blocks that there are, up to as many as are allowed. */
static void take_all(struct holder *holder, struct blocks *hand)
{
    size_t before = holder->count + 1;
    while (before != holder->count) {
        before = holder->count;
        take_one(holder, hand);
    }
}

static void give_all(struct holder *holder, struct blocks *hand)
{
    void *block;
    while ((block = give_one(holder)) != NULL)
        block_put(hand, block);
}

/* With all blocks at the other hands taken away first, what is taken must be all that are allowed. */
static void check_none_is_lost(struct holder *holder, struct blocks *hands)
{
    for (int i = 1; i < WORKERS; i++)
        while (hands[i].count > 0)
            take_one(holder, &hands[i]);
    take_all(holder, &hands[0]);
    CHECK_INT(holder->count, MOST);
    give_all(holder, &hands[0]);
    CHECK_INT(holder->count, 0);
}

/* Random workers take and give, some more than others, so that blocks wander. */
static void exchange(void)
{
    static struct holder holder;
    struct blocks hands[WORKERS] = {{0}};
    holder = (struct holder){.mark = draw_bits() | 1U};
    for (int i = 0; i < WORKERS; i++)
        blocks_allow_worker();
    size_t most = 1 + draw(MOST);
    for (int step = 0; step < STEPS; step++) {
        struct blocks *hand = &hands[draw(WORKERS)];
        bool takes = hand == &hands[0] ? chance(80) : chance(40);
        void *block = takes && holder.count < most ? NULL : give_one(&holder);
        if (!block)
            take_one(&holder, hand);
        else if (chance(5))
            block_put_in_store(block);
        else
            block_put(hand, block);
        CHECK(hand->count <= BLOCKS_AT_HAND);
    }
    check_none_is_lost(&holder, hands);
    blocks_end(hands[0].count);
}

static void by_one_thread(void)
{
    in_rounds(exchange);
}

/* A store that holds some makes no others. */
static void used_again(void)
{
    struct blocks first = {0}, second = {0};
    blocks_allow_worker();
    void *taken[2 * BLOCKS_AT_ONCE], *again[2 * BLOCKS_AT_ONCE];
    for (size_t i = 0; i < (size_t)2 * BLOCKS_AT_ONCE; i++)
        taken[i] = block_take(&first, 8);
    for (size_t i = 0; i < (size_t)2 * BLOCKS_AT_ONCE; i++)
        block_put_in_store(taken[i]);
    for (size_t i = 0; i < (size_t)2 * BLOCKS_AT_ONCE; i++) {
        again[i] = block_take(&second, 8);
        bool known = false;
        for (size_t j = 0; j < (size_t)2 * BLOCKS_AT_ONCE; j++)
            known |= again[i] == taken[j];
        CHECK(known);
    }
    for (size_t i = 0; i < (size_t)2 * BLOCKS_AT_ONCE; i++)
        block_put(&second, again[i]);
    blocks_end(second.count);
}

static void none_where_none_is_allowed(void)
{
    struct blocks hand = {0};
    CHECK(block_take(&hand, 1) == NULL);
    blocks_end(0);
}

/* Several threads: two take, and all give what another one has taken. */
static _Atomic(uint64_t *) passed[64];

static void *pass_blocks(void *arg)
{
    unsigned number = *(unsigned *)arg;
    static _Thread_local struct blocks hand;
    draw_state = base_seed + number;
    for (int i = 0; i < PASSES; i++) {
        uint64_t *block = number % 2 == 0 ? block_take(&hand, sizeof *block) : NULL;
        if (block)
            *block = (uint64_t)(uintptr_t)block ^ 1U;
        block = atomic_exchange(&passed[draw(sizeof passed / sizeof passed[0])], block);
        if (!block)
            continue;
        CHECK_INT(*block, (uint64_t)(uintptr_t)block ^ 1U);
        *block = 0;
        block_put(&hand, block);
    }
    while (hand.count > 0)
        block_put_in_store(block_take(&hand, BLOCK_SIZE));
    return NULL;
}

static void by_several_threads(void)
{
    settle_seed();
    for (int i = 0; i < WORKERS; i++)
        blocks_allow_worker();
    in_pthreads(pass_blocks);
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        uint64_t *block = atomic_exchange(&passed[i], NULL);
        if (block)
            block_put_in_store(block);
    }
    static struct holder holder;
    struct blocks hand = {0};
    holder = (struct holder){.mark = 1};
    take_all(&holder, &hand);
    CHECK_INT(holder.count, MOST);
    give_all(&holder, &hand);
    blocks_end(hand.count);
}

CHECK_MAIN("blocks", {"by one thread", by_one_thread}, {"used again", used_again},
           {"none where none is allowed", none_where_none_is_allowed},
           {"by several threads", by_several_threads})
