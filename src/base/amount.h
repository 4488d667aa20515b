/*
 * Amounts that users give (seconds, costs): 0 or more, INFINITY too, never NaN.
 *
 * They are looked at by their bits, and in memory, because with -ffast-math a compiler may take it that no
 * double, least of all a parameter, is NaN or infinite.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_AMOUNT_H
#define OMPG_SRC_AMOUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define AMOUNT_INFINITE (UINT64_C(0x7ff) << 52)
#define AMOUNT_MINUS_ZERO (UINT64_C(1) << 63)

static inline uint64_t amount_bits(const double *value)
{
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    return bits;
}

/* The bits of positive numbers are in the numbers' order; those of NaN and of negative ones are larger. */
static inline bool is_amount(const double *value)
{
    uint64_t bits = amount_bits(value);
    return bits <= AMOUNT_INFINITE || bits == AMOUNT_MINUS_ZERO;
}

/* Of a bound: an infinite one is none. */
static inline double amount_or_none(const double *value)
{
    return amount_bits(value) == AMOUNT_INFINITE ? 0.0 : *value;
}

#endif
