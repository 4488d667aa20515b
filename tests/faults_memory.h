/*
 * Memory that runs out at will: the gate that every allocation of the library passes, and the table
 * of what is allocated (under table_lock). For programs that are linked with --wrap.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FAULTS_MEMORY_H
#define FAULTS_MEMORY_H

#include "check.h"

#include <errno.h>
#include <stdint.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);

enum { SLOTS = 1 << 16 };

static atomic_bool armed;
static atomic_bool lasting; /* every allocation from the chosen one on fails */
static atomic_uint chosen;  /* the number of the allocation that fails, from 1 */
static atomic_uint counted;
static atomic_uint refused;

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static void *table[SLOTS];
static size_t live;

static bool refuse(void)
{
    if (!atomic_load(&armed))
        return false;
    unsigned number = atomic_fetch_add(&counted, 1) + 1;
    unsigned failing = atomic_load(&chosen);
    if (number != failing && !(number > failing && atomic_load(&lasting)))
        return false;
    atomic_fetch_add(&refused, 1);
    errno = ENOMEM;
    return true;
}

/* Puts `new` where `old` stands; NULL stands wherever nothing else does. */
static bool table_replace(const void *old, void *new, const void *hashed)
{
    bool found = false;
    pthread_mutex_lock(&table_lock);
    size_t first = ((uintptr_t)hashed >> 4) * 2654435761U % SLOTS;
    for (size_t i = 0; i < SLOTS && !found; i++) {
        void **slot = &table[(first + i) % SLOTS];
        found = *slot == old;
        if (found)
            *slot = new;
    }
    live += found && new != NULL;
    live -= found && new == NULL;
    pthread_mutex_unlock(&table_lock);
    return found;
}

static void *table_add(void *memory)
{
    if (memory != NULL && !table_replace(NULL, memory, memory))
        abort();
    return memory;
}

/* Memory that another library allocated is not in the table. */
static void table_remove(void *memory)
{
    if (memory != NULL)
        table_replace(memory, NULL, memory);
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : table_add(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : table_add(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (refuse())
        return NULL;
    table_remove(memory);
    return table_add(__real_realloc(memory, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return refuse() ? NULL : table_add(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (refuse())
        return ENOMEM;
    int code = __real_posix_memalign(memory, alignment, size);
    if (code == 0)
        table_add(*memory);
    return code;
}

void __wrap_free(void *memory)
{
    table_remove(memory);
    __real_free(memory);
}

#endif
