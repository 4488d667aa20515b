/*
 * Room: whether a caller leaves alone what is reserved for fields of later versions. See
 * OMPG_RESERVED in ompgroup/base.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ROOM_H
#define OMPG_SRC_ROOM_H

#include <stdbool.h>
#include <stddef.h>

enum { FEW_WORDS = 8 };

/*
 * Few of them word by word: the caller has just stored them, and a load across two of its stores stalls. Many, as
 * the compiler likes: a stall costs less than the loads.
 */
static inline bool room_is_zero(const unsigned long long *words, size_t count)
{
    unsigned long long all = 0;
#pragma GCC unroll 32
    for (size_t i = 0; i < count; i++) {
        all |= words[i];
        if (count <= FEW_WORDS)
            __asm__("" : "+r"(words)); /* the next load is not joined with this one */
    }
    return all == 0;
}

/* Of a public struct: false where a field of a later version is set. */
#define ROOM_IS_ZERO(made_by_caller)                                                               \
    room_is_zero((made_by_caller)->reserved,                                                       \
                 sizeof(made_by_caller)->reserved / sizeof(made_by_caller)->reserved[0])

#endif
