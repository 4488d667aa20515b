/*
 * Words and how often they occur. A word is a run of the letters A-Z and a-z; capitals count as
 * small letters.
 *
 * A table without an arena refers to the text that it has counted, which must outlive it; one with
 * an arena keeps copies of the words. One thread at a time uses a table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORD_TABLE_H
#define WORD_TABLE_H

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

struct word {
    const char *text; /* small letters, not terminated */
    size_t length;
    uint64_t count;
    uint32_t hash;
};

struct word_slot;

/* All zero, except the arena: an empty table. */
struct word_table {
    struct word *words; /* in the order in which they turned up */
    size_t count;
    size_t room;
    struct word_slot *slots; /* finds a word; twice as many as there is room */
    struct arena *arena;     /* for copies of the words, or NULL */
};

/*
 * Counts the words of the text, in which capitals become small letters. Returns 0 or ENOMEM, which
 * leaves the table with part of them.
 */
int word_table_count(struct word_table *table, char *text, size_t size);

/* Adds the words of another table. Returns 0 or ENOMEM, which leaves the table with part of them. */
int word_table_merge(struct word_table *table, const struct word_table *other);

/* Empties the table; its memory stays for the next words. */
void word_table_clear(struct word_table *table);

/* Frees the table's memory; not the arena. */
void word_table_free(struct word_table *table);

/* Bytewise order of words, for qsort() of pointers to words. */
int word_order(const void *left, const void *right);

#endif
