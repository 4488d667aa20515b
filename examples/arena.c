/*
 * Blocks in a list; objects are cut off the newest one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

enum { BLOCK = 1 << 16, ALIGNMENT = alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    alignas(ALIGNMENT) char bytes[];
};

static int add_block(struct arena *arena, size_t size)
{
    struct arena_block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return -1;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->free = block->bytes;
    arena->left = size;
    return 0;
}

void *arena_take(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > arena->left && add_block(arena, size > BLOCK ? size : BLOCK) != 0)
        return NULL;
    void *object = arena->free;
    arena->free += size;
    arena->left -= size;
    return object;
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    *arena = (struct arena){0};
}
