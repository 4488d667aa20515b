/*
 * Words and how often they occur. See word_table.h.
 *
 * The words stand in an array without gaps, which is all that merging reads. Beside it stands a hash
 * table with linear probing (hash: FNV-1a by Fowler, Noll and Vo) of 8 bytes a slot, at most half of
 * them in use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "word_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1 << 12 };

struct word_slot {
    uint32_t hash;
    uint32_t number; /* of the word, from 1; 0: free */
};

static struct word_slot *find_slot(const struct word_table *table, uint32_t hash, const char *text,
                                   size_t length)
{
    size_t mask = 2 * table->room - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct word_slot *slot = &table->slots[i];
        if (slot->number == 0)
            return slot;
        const struct word *word = &table->words[slot->number - 1];
        if (slot->hash == hash && word->length == length && memcmp(word->text, text, length) == 0)
            return slot;
    }
}

static void place_words(struct word_table *table)
{
    size_t mask = 2 * table->room - 1;
    for (size_t i = 0; i < table->count; i++) {
        size_t at = table->words[i].hash & mask;
        while (table->slots[at].number != 0)
            at = (at + 1) & mask;
        table->slots[at] = (struct word_slot){table->words[i].hash, (uint32_t)(i + 1)};
    }
}

static bool grow(struct word_table *table)
{
    size_t room = table->room > 0 ? 2 * table->room : FIRST_ROOM;
    if (room > UINT32_MAX / 2)
        return false;
    struct word *words = realloc(table->words, room * sizeof *words);
    if (!words)
        return false;
    table->words = words;
    struct word_slot *slots = calloc(2 * room, sizeof *slots);
    if (!slots)
        return false;
    free(table->slots);
    table->slots = slots;
    table->room = room;
    place_words(table);
    return true;
}

static bool append(struct word_table *table, struct word word)
{
    if (table->arena) {
        char *copy = arena_take(table->arena, word.length);
        if (!copy)
            return false;
        word.text = memcpy(copy, word.text, word.length);
    }
    table->words[table->count++] = word;
    return true;
}

static bool add(struct word_table *table, struct word word)
{
    if (table->count == table->room && !grow(table))
        return false;
    struct word_slot *slot = find_slot(table, word.hash, word.text, word.length);
    if (slot->number != 0) {
        table->words[slot->number - 1].count += word.count;
        return true;
    }
    if (!append(table, word))
        return false;
    *slot = (struct word_slot){word.hash, (uint32_t)table->count};
    return true;
}

int word_table_count(struct word_table *table, char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        struct word word = {.text = text, .count = 1, .hash = 2166136261};
        for (; text < end; text++) {
            unsigned char small = (unsigned char)*text | 0x20;
            if (small < 'a' || small > 'z')
                break;
            *text = (char)small;
            word.hash = (word.hash ^ small) * 16777619;
        }
        word.length = (size_t)(text - word.text);
        if (word.length > 0 && !add(table, word))
            return ENOMEM;
        if (text < end)
            text++;
    }
    return 0;
}

int word_table_merge(struct word_table *table, const struct word_table *other)
{
    for (size_t i = 0; i < other->count; i++)
        if (!add(table, other->words[i]))
            return ENOMEM;
    return 0;
}

void word_table_clear(struct word_table *table)
{
    if (table->room > 0)
        memset(table->slots, 0, 2 * table->room * sizeof *table->slots);
    table->count = 0;
}

void word_table_free(struct word_table *table)
{
    free(table->words);
    free(table->slots);
    *table = (struct word_table){.arena = table->arena};
}

int word_order(const void *left, const void *right)
{
    const struct word *a = *(const struct word *const *)left;
    const struct word *b = *(const struct word *const *)right;
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, common);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}
