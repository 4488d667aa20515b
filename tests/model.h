/*
 * White-box tests: random operations on one part of the library, each checked against a serial model.
 *
 * OMPGROUP_TEST_SEED sets the seed (it is printed; a round that fails prints its own, for
 * OMPGROUP_TEST_ROUNDS=1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_H
#define MODEL_H

#include "stress.h"

static _Thread_local uint64_t draw_state;

/* splitmix64: any seed is a good one. */
static inline uint64_t draw_bits(void)
{
    uint64_t x = draw_state += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static inline size_t draw(size_t below)
{
    return (size_t)(draw_bits() % below);
}

static inline bool chance(size_t percent)
{
    return draw(100) < percent;
}

/* Runs rounds of a test, each with a seed of its own, up to the first one that fails. */
static inline void in_rounds(void (*round)(void))
{
    settle_seed();
    unsigned failed = atomic_load(&check_failed);
    for (unsigned i = 0; i < rounds && atomic_load(&check_failed) == failed; i++) {
        draw_state = base_seed + i;
        round();
        if (atomic_load(&check_failed) != failed)
            printf("\nfailed: OMPGROUP_TEST_SEED=%" PRIu64 "\n", base_seed + i);
    }
}

#endif
