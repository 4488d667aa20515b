/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE 1 /* madvise with C11 */

#include "base/memory.h"

#include "base/atomics.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

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

/* Memory of this size is a mapping of its own in glibc: what is advised does not outlive it. */
static void advise_large_pages(char *memory, size_t size)
{
#if defined(MADV_HUGEPAGE)
    const size_t large = (size_t)32 << 20, page = (size_t)2 << 20;
    size_t before = (page - (uintptr_t)memory % page) % page;
    if (size > large)
        (void)madvise(memory + before, (size - before) / page * page, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}

void *memory_new_filled(size_t size)
{
    int saved = errno;
    void *memory = malloc(size);
    if (memory)
        advise_large_pages(memory, size);
    restore_errno(saved);
    return memory;
}
