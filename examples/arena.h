/*
 * Arena: memory for many small objects that live equally long. One thread at a time takes from an
 * arena; what it took may be used, and the arena freed, by others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

struct arena_block;

/* All zero: an empty arena. */
struct arena {
    struct arena_block *blocks;
    char *free;
    size_t left;
};

/* `size` bytes, aligned for any object, that live until arena_free(); NULL: out of memory. */
void *arena_take(struct arena *arena, size_t size);

/* Frees all that was taken. */
void arena_free(struct arena *arena);

#endif
