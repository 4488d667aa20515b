/*
 * Philox 4x32-10: random numbers without a state. Number i of a sequence is computed from i and the
 * key alone, so any thread can make any part of the sequence.
 *
 * John K. Salmon, Mark A. Moraes, Ron O. Dror, David E. Shaw: Parallel Random Numbers: As Easy as 1,
 * 2, 3. SC11, 2011.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PHILOX_H
#define PHILOX_H

#include <stdint.h>

struct philox_key {
    uint32_t word[2];
};

struct philox_block {
    uint32_t word[4];
};

/* The 128 random bits that belong to a counter, in the sequence that the key chooses. */
static inline struct philox_block philox(struct philox_block counter, struct philox_key key)
{
    enum { ROUNDS = 10 };
    uint32_t *word = counter.word;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t even = UINT64_C(0xD2511F53) * word[0];
        uint64_t odd = UINT64_C(0xCD9E8D57) * word[2];
        word[0] = (uint32_t)(odd >> 32) ^ word[1] ^ key.word[0];
        word[1] = (uint32_t)odd;
        word[2] = (uint32_t)(even >> 32) ^ word[3] ^ key.word[1];
        word[3] = (uint32_t)even;
        key.word[0] += 0x9E3779B9;
        key.word[1] += 0xBB67AE85;
    }
    return counter;
}

/* 53 of the 64 bits of two words as a number in [0, 1). */
static inline double philox_uniform(uint32_t high, uint32_t low)
{
    uint64_t bits = (uint64_t)high << 32 | low;
    return (double)(bits >> 11) * 0x1p-53;
}

#endif
