/*
 * The chain of a scan: three threads fold four blocks, take what comes before each along, and emit what the chain
 * has passed. Each block is emitted once, after its fold, with all that comes before it. One of them comes to the
 * end of the chain, and emits what is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
#include "ompgroup/scan.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ into taken.h
//@ take src/parallel/folding.h MOST_BLOCKS folding
//@ take src/parallel/scan.c chain_link scan prefix_new extend_chain walk_chain emit_next
//@ change s/MOST_BLOCKS = 1024/MOST_BLOCKS = 4/
//@ change s/^    void \*before; */    shared<void *> before; /
//@ mutant both-go-on s/while (before && k < scan->folding.blocks)/while (k < scan->folding.blocks)/
//@ mutant first-walks s/exchange_acq_rel(&scan->links\[k\].met, fold)/load_relaxed(\&scan->links[k].met); store_release(\&scan->links[k].met, fold)/
//@ mutant known-too-early s/store_release(&scan->known, k);/store_release(\&scan->known, k + 1);/
//@ mutant two-emit s/cas_weak_relaxed(&scan->emitted, &next, next + 1)/(store_relaxed(\&scan->emitted, next + 1), true)/
#include "basis.h"

#define tsan_release(p) ((void)0)
#define tsan_acquire(p) ((void)0)
struct folding;
struct scan;
static char prefix_came;
static void *accumulator_new(const struct folding *folding, size_t number);
static void accumulator_free(const struct folding *folding, void *accumulator) {}
static int combine_part(const struct folding *folding, ompg_group *group, size_t index, void *left, void *right);
static int emit_block(struct scan *scan, ompg_group *group, size_t block);
static int add_emits(struct scan *scan, ompg_group *group);
/* Accumulators: the digits of the blocks in it, in order. */
#define memcpy(to, from, size) (*(shared<int> *)(to) = (int)*(shared<int> *)(void *)(from))

#include "taken.h"

enum { THREADS = 3, BLOCKS = 4 };
static struct model *the;

struct model : rl::test_suite<model, THREADS> {
    struct scan scan;
    shared<int> accumulators[3 * BLOCKS];
    atomic_int emits[BLOCKS];

    void before()
    {
        the = this;
        scan.folding.begin = 0;
        scan.folding.block = 1;
        scan.folding.blocks = BLOCKS;
        store_relaxed(&scan.folded, 0);
        store_relaxed(&scan.known, 0);
        store_relaxed(&scan.emitted, 0);
        for (struct chain_link &link : scan.links) {
            store_relaxed(&link.met, (void *)NULL);
            link.before = NULL;
        }
        for (atomic_int &count : emits)
            store_relaxed(&count, 0);
        accumulators[BLOCKS] = 0;
        scan.links[0].before = &accumulators[BLOCKS];
        store_relaxed(&scan.links[0].met, (void *)&prefix_came);
    }

    void thread(unsigned index)
    {
        int code = 0;
        for (int i = 0; i < 2; i++) {
            size_t block = add_relaxed(&scan.folded, 1);
            if (block >= BLOCKS)
                break;
            accumulators[block] = (int)block + 1;
            RL_ASSERT(walk_chain(&scan, NULL, block, &accumulators[block]) == 0);
            for (int emit = 0; emit < 2 && emit_next(&scan, NULL, &code); emit++)
                ;
        }
    }

    void after()
    {
        for (atomic_int &count : emits)
            RL_ASSERT(load_relaxed(&count) == 1);
        RL_ASSERT((int)*(shared<int> *)(void *)scan.links[BLOCKS].before == 1234);
    }
};

static void *accumulator_new(const struct folding *folding, size_t number)
{
    return &the->accumulators[number];
}

static int combine_part(const struct folding *folding, ompg_group *group, size_t index, void *left, void *right)
{
    shared<int> *to = (shared<int> *)left;
    *to = (int)*to * 10 + (int)*(shared<int> *)right;
    return 0;
}

static int emit_block(struct scan *scan, ompg_group *group, size_t block)
{
    static const int digits[] = {0, 1, 12, 123};
    shared<int> *running = (shared<int> *)(void *)scan->links[block].before;
    RL_ASSERT((int)*running == digits[block]);
    *running = -1; /* emit may use it up */
    RL_ASSERT(add_relaxed(&the->emits[block], 1) == 0);
    return 0;
}

static int add_emits(struct scan *scan, ompg_group *group)
{
    int code = 0;
    while (emit_next(scan, group, &code))
        ;
    return 0;
}

MODEL(model, {"four blocks", 100000})
