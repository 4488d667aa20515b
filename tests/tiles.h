/*
 * Tiles: the sub-ranges that a loop hands out, kept as they come, and whether together they are the
 * range, each iteration once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TILES_H
#define TILES_H

#include "check.h"

#include <ompgroup.h>

typedef struct tile {
    size_t begin, end;
} tile;

typedef struct tiles {
    size_t begin, end; /* of the loop */
    size_t room;
    atomic_size_t count;
    tile *list;
} tiles;

/* Room for all sub-ranges that a loop over [begin, end) can have, at most `most`. */
static inline tiles tiles_new(size_t begin, size_t end, size_t most)
{
    tiles self = {.begin = begin, .end = end};
    self.room = end - begin < most ? end - begin : most;
    self.list = malloc((self.room + 1) * sizeof self.list[0]);
    if (self.list == NULL)
        abort();
    return self;
}

static inline void tiles_free(tiles *self)
{
    free(self->list);
    self->list = NULL;
}

/* Relaxed: that the wait makes the list visible is part of what is tested. */
static inline void tiles_add(tiles *self, size_t begin, size_t end)
{
    size_t at = atomic_fetch_add_explicit(&self->count, 1, memory_order_relaxed);
    if (at < self->room)
        self->list[at] = (tile){begin, end};
}

/* As a loop's function; arg: the tiles. */
static inline int tiles_run(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    tiles_add(arg, begin, end);
    return 0;
}

static inline int tile_compare(const void *left, const void *right)
{
    const tile *a = left;
    const tile *b = right;
    return (a->begin > b->begin) - (a->begin < b->begin);
}

/* None is empty, none overlaps another; from self->begin on there is no gap before `end`. */
static inline bool tiles_check_until(tiles *self, size_t end)
{
    size_t count = atomic_load(&self->count);
    size_t next = self->begin;
    size_t wrong = 0;
    if (!CHECK(count <= self->room))
        return false;
    qsort(self->list, count, sizeof self->list[0], tile_compare);
    for (size_t i = 0; i < count; i++) {
        const tile *at = &self->list[i];
        wrong += at->begin >= at->end || at->end > self->end;
        wrong += at->begin < next || (at->begin > next && next < end);
        next = at->end;
    }
    return CHECK_INT(wrong, 0) && CHECK(next >= end);
}

/* Each begins a multiple of the grain after the loop's begin and has its length, except the last. */
static inline bool tiles_check_grain(const tiles *self, size_t grain)
{
    size_t count = atomic_load(&self->count);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const tile *at = &self->list[i];
        wrong += (at->begin - self->begin) % grain != 0;
        wrong += at->end - at->begin != grain &&
                 (at->end != self->end || at->end - at->begin > grain);
    }
    return CHECK_INT(wrong, 0);
}

/* Exactly the range; grain 0: in any parts. */
static inline bool tiles_check(tiles *self, size_t grain)
{
    return tiles_check_until(self, self->end) && (grain == 0 || tiles_check_grain(self, grain));
}

/* A group that has stopped is as new after a reset. */
static inline void tiles_check_reset(ompg_group *group)
{
    tiles all = tiles_new(0, 200, 200);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK_INT(ompg_for(group, 0, 200, 3, tiles_run, &all), 0);
    CHECK(tiles_check(&all, 3));
    tiles_free(&all);
}

#endif
