/*
 * Memory: the C library's allocation for functions that leave errno alone. All return NULL when
 * memory is short; free() frees.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_MEMORY_H
#define OMPG_SRC_MEMORY_H

#include <stddef.h>

void *memory_new(size_t size);

/* All bytes are zero. */
void *memory_new_zeroed(size_t count, size_t size);

/* On cache lines of its own; a multiple of their size. */
void *memory_new_lines(size_t size);

/* To be filled as a whole. Above 32 MiB it asks the system for large pages, of which fewer are to be made. */
void *memory_new_filled(size_t size);

#endif
