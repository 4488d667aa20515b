/*
 * The random numbers of the example pi: the known answers that Random123, by the authors of the
 * paper, comes with, and the ends of the interval.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "../examples/philox.h"
#include "check.h"

static void known_answers(void)
{
    static const struct {
        struct philox_block counter;
        struct philox_key key;
        struct philox_block answer;
    } known[] = {
        {{{0, 0, 0, 0}}, {{0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {{{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}},
         {{UINT32_MAX, UINT32_MAX}},
         {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
        {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {{0xa4093822, 0x299f31d0}},
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct philox_block block = philox(known[i].counter, known[i].key);
        for (int word = 0; word < 4; word++)
            CHECK_INT(block.word[word], known[i].answer.word[word]);
    }
}

static void uniform_numbers(void)
{
    CHECK(philox_uniform(0, 0) == 0);
    CHECK(philox_uniform(0, 1 << 11) == 0x1p-53);
    CHECK(philox_uniform(UINT32_C(1) << 31, 0) == 0.5);
    CHECK(philox_uniform(UINT32_MAX, UINT32_MAX) == 1 - 0x1p-53);
}

CHECK_MAIN("philox", {"known answers", known_answers}, {"uniform numbers", uniform_numbers})
