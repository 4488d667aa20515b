/*
 * Numbers that a source cannot write with -ffast-math: by their bits, in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdint.h>

union number {
    double value;
    uint64_t bits;
};

/* Initialisers. */
#define NUMBER_INFINITE {.bits = UINT64_C(0x7ff) << 52}
#define NUMBER_MINUS_INFINITE {.bits = UINT64_C(0xfff) << 52}
#define NUMBER_NAN {.bits = UINT64_C(0x7ff8) << 48}
#define NUMBER_MINUS_NAN {.bits = UINT64_C(0xfff8) << 48}

#endif
