/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include "base/atomics.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Clang takes the C library's allocation for functions that do not touch errno: without the fence it
 * leaves the store out.
 */
static void restore_errno(int saved)
{
    compiler_fence();
    errno = saved;
}

void *memory_new(size_t size)
{
    int saved = errno;
    void *memory = malloc(size);
    restore_errno(saved);
    return memory;
}

void *memory_new_zeroed(size_t count, size_t size)
{
    int saved = errno;
    void *memory = calloc(count, size);
    restore_errno(saved);
    return memory;
}

void *memory_new_lines(size_t size)
{
    int saved = errno;
    void *memory = aligned_alloc(CACHE_LINE, size);
    restore_errno(saved);
    return memory;
}
