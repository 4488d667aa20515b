/*
 * Memory. See memory.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "memory.h"

#include "atomics.h"

#include <errno.h>
#include <stdlib.h>

void *memory_new(size_t size)
{
    int saved = errno;
    void *memory = malloc(size);
    errno = saved;
    return memory;
}

void *memory_new_zeroed(size_t count, size_t size)
{
    int saved = errno;
    void *memory = calloc(count, size);
    errno = saved;
    return memory;
}

void *memory_new_lines(size_t size)
{
    int saved = errno;
    void *memory = aligned_alloc(CACHE_LINE, size);
    errno = saved;
    return memory;
}
