/*
 * Merges without branches. A branch on what compare says would be mispredicted at every other element, so both
 * sides advance, one of them by nothing. Then what a step costs is its latency, from an element's address through
 * compare to the next address. So two merges are made in one loop, from the front and from the back, which do not
 * wait for one another; as many steps as the shorter neighbour has elements need no look at its end (parity merge:
 * Igor van den Hoven, quadsort, 2021). Fours are sorted by five comparisons and selections (Lukas Bergdoll and
 * Orson Peters, driftsort, 2024).
 *
 * A compare that contradicts itself can make the two ends take one element twice and leave out another. Then they do
 * not meet, and what was left before is merged again in the usual way, which takes each once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "parallel/sort_merge.h"

#include "base/atomics.h"

#include <stdint.h>
#include <string.h>

enum {
    FOUR = 4,
    LEAF = 32 /* elements that are sorted as one; fewer, at the end of a part, by insertion */
};

/* ---- elements; `size` and `piece` are constants where these are inlined, or only `piece` ---- */

#define FOR_SIZE static inline __attribute__((always_inline))

/* An element of up to two pieces, which may overlap. 0: of any size, by memcpy, whose call takes half of the time. */
FOR_SIZE void move_element(char *to, const char *from, size_t size, size_t piece)
{
    if (piece == 0) {
        memcpy(to, from, size);
    } else {
        memcpy(to, from, piece);
        memcpy(to + size - piece, from + size - piece, piece);
    }
}

/* All bits, or none. */
FOR_SIZE size_t mask_before(const struct sort *sort, const char *a, const char *b)
{
    return -(size_t)is_before(sort, a, b);
}

/* b where the mask has all bits, without a branch: GCC makes one of `mask ? b : a`. */
FOR_SIZE const char *pick(const char *a, const char *b, size_t mask)
{
    return a + (ptrdiff_t)(((uintptr_t)b - (uintptr_t)a) & mask);
}

/* The ends of two neighbours, and of the room that they go to. */
struct ends {
    const char *a, *b, *a_end, *b_end;
    char *to, *to_end;
};

static inline struct ends ends_of(const struct neighbours *both, size_t size)
{
    size_t a_size = both->a_count * size, b_size = both->b_count * size;
    return (struct ends){
        .a = both->a,
        .b = both->b,
        .a_end = both->a + a_size,
        .b_end = both->b + b_size,
        .to = both->to,
        .to_end = both->to + a_size + b_size,
    };
}

/* Neither neighbour has fewer elements than there are steps. False, and nothing done: the ends do not meet. */
FOR_SIZE bool merge_from_ends(const struct sort *sort, struct ends *ends, size_t steps, size_t size,
                              size_t piece)
{
    struct ends at = *ends;
    for (size_t i = 0; i < steps; i++) {
        size_t b_first = mask_before(sort, at.b, at.a);
        move_element(at.to, pick(at.a, at.b, b_first), size, piece);
        at.to += size;
        at.a += size - (size & b_first);
        at.b += size & b_first;
        size_t a_last = mask_before(sort, at.b_end - size, at.a_end - size);
        at.to_end -= size;
        move_element(at.to_end, pick(at.b_end, at.a_end, a_last) - size, size, piece);
        at.a_end -= size & a_last;
        at.b_end -= size - (size & a_last);
    }
    if (UNLIKELY(at.a > at.a_end || at.b > at.b_end))
        return false;
    *ends = at;
    return true;
}

static __attribute__((noinline)) void merge_from_front(const struct sort *sort, struct ends at)
{
    size_t size = sort->size;
    while (at.a < at.a_end && at.b < at.b_end) {
        const char **next = is_before(sort, at.b, at.a) ? &at.b : &at.a;
        memcpy(at.to, *next, size);
        *next += size;
        at.to += size;
    }
    size_t a_size = (size_t)(at.a_end - at.a);
    memcpy(at.to, at.a, a_size);
    memcpy(at.to + a_size, at.b, (size_t)(at.b_end - at.b));
}

FOR_SIZE void merge_sized(const struct sort *sort, const struct neighbours *both, size_t size,
                          size_t piece)
{
    struct ends ends = ends_of(both, size);
    while (ends.a < ends.a_end && ends.b < ends.b_end) {
        size_t a_size = (size_t)(ends.a_end - ends.a), b_size = (size_t)(ends.b_end - ends.b);
        size_t steps = (a_size < b_size ? a_size : b_size) / size;
        if (UNLIKELY(!merge_from_ends(sort, &ends, steps, size, piece)))
            break;
    }
    if (ends.a < ends.a_end || ends.b < ends.b_end)
        merge_from_front(sort, ends);
}

/* What the first and the last are, two comparisons say, and a third which of the other two is the left one. */
FOR_SIZE void sort_four(const struct sort *sort, const char *from, char *to, size_t size,
                        size_t piece)
{
    size_t ab = size & mask_before(sort, from + size, from);
    size_t cd = size & mask_before(sort, from + 3 * size, from + 2 * size);
    const char *a = from + ab, *b = from + size - ab;
    const char *c = from + 2 * size + cd, *d = from + 3 * size - cd;
    size_t c_first = mask_before(sort, c, a), b_last = mask_before(sort, d, b);
    const char *left = pick(pick(b, c, b_last), a, c_first);
    const char *right = pick(pick(c, b, c_first), d, b_last);
    size_t turned = mask_before(sort, right, left);
    move_element(to, pick(a, c, c_first), size, piece);
    move_element(to + size, pick(left, right, turned), size, piece);
    move_element(to + 2 * size, pick(right, left, turned), size, piece);
    move_element(to + 3 * size, pick(d, b, b_last), size, piece);
}

/* From the array to the copy, back, and so on: at the end they are in the array. */
FOR_SIZE void sort_leaf_sized(const struct sort *sort, char *base, char *copy, size_t size,
                              size_t piece)
{
    for (size_t i = 0; i < LEAF; i += FOUR)
        sort_four(sort, base + i * size, copy + i * size, size, piece);
    char *from = copy, *to = base;
    for (size_t half = FOUR; half < LEAF; half *= 2) {
        for (size_t i = 0; i < LEAF; i += 2 * half) {
            const char *a = from + i * size;
            struct ends ends =
                ends_of(&(struct neighbours){a, a + half * size, half, half, to + i * size}, size);
            if (UNLIKELY(!merge_from_ends(sort, &ends, half, size, piece)))
                merge_from_front(sort, ends);
        }
        char *other = from;
        from = to;
        to = other;
    }
}

/* ---- one kernel for each kind of size ---- */

struct sort_kernel {
    void (*merge)(const struct sort *sort, const struct neighbours *both);
    void (*sort_leaf)(const struct sort *sort, char *base, char *copy);
};

#define SORT_KERNEL(name, size, piece)                                                             \
    static void merge_##name(const struct sort *sort, const struct neighbours *both)               \
    {                                                                                              \
        merge_sized(sort, both, size, piece);                                                      \
    }                                                                                              \
    static void sort_leaf_##name(const struct sort *sort, char *base, char *copy)                  \
    {                                                                                              \
        sort_leaf_sized(sort, base, copy, size, piece);                                            \
    }                                                                                              \
    static const struct sort_kernel kernel_##name = {merge_##name, sort_leaf_##name}

SORT_KERNEL(4, 4, 0);
SORT_KERNEL(8, 8, 0);
SORT_KERNEL(to_16, sort->size, 8);
SORT_KERNEL(to_32, sort->size, 16);
SORT_KERNEL(to_64, sort->size, 32);
SORT_KERNEL(any, sort->size, 0);

const struct sort_kernel *sort_merge_kernel(size_t size)
{
    if (size == 4)
        return &kernel_4;
    if (size == 8)
        return &kernel_8;
    if (size < 8 || size > 64)
        return &kernel_any;
    return size <= 16 ? &kernel_to_16 : size <= 32 ? &kernel_to_32 : &kernel_to_64;
}

/* ---- merges ---- */

void sort_merge_not(const struct sort *sort, const struct neighbours *both)
{
    size_t a_size = both->a_count * sort->size;
    memcpy(both->to, both->a, a_size);
    memcpy(both->to + a_size, both->b, both->b_count * sort->size);
}

/* Neighbours that are in order, or all the other way round, as in an array that was sorted, move at once. */
void sort_merge(const struct sort *sort, const struct neighbours *both)
{
    size_t size = sort->size, a_count = both->a_count, b_count = both->b_count;
    const struct neighbours turned = {both->b, both->a, b_count, a_count, both->to};
    if (a_count == 0 || b_count == 0 || !is_before(sort, both->b, both->a + (a_count - 1) * size))
        sort_merge_not(sort, both);
    else if (is_before(sort, both->b + (b_count - 1) * size, both->a))
        sort_merge_not(sort, &turned);
    else
        sort->kernel->merge(sort, both);
}

/* ---- parts ---- */

/* The first element of the copy is free. */
static void insert(const struct sort *sort, char *part, size_t count, char *spare)
{
    size_t size = sort->size;
    for (size_t i = 1; i < count; i++) {
        char *at = part + i * size;
        if (!is_before(sort, at, at - size))
            continue;
        memcpy(spare, at, size);
        do {
            memcpy(at, at - size, size);
            at -= size;
        } while (at > part && is_before(sort, spare, at - size));
        memcpy(at, spare, size);
    }
}

/* Each comes before the one in front of it; or, where not `down`, none does. */
static bool is_monotonic(const struct sort *sort, const char *part, size_t count, bool down)
{
    for (size_t i = 1; i < count; i++) {
        const char *at = part + i * sort->size;
        if (is_before(sort, at, at - sort->size) != down)
            return false;
    }
    return true;
}

static void turn_round(const struct sort *sort, char *part, size_t count, char *copy)
{
    size_t size = sort->size;
    memcpy(copy, part, count * size);
    for (size_t i = 0; i < count; i++)
        memcpy(part + i * size, copy + (count - 1 - i) * size, size);
}

static void sort_leaf(const struct sort *sort, char *part, size_t count, char *copy)
{
    bool down = is_before(sort, part + sort->size, part);
    if (is_monotonic(sort, part + sort->size, count - 1, down)) {
        if (down)
            turn_round(sort, part, count, copy);
    } else if (count < LEAF) {
        insert(sort, part, count, copy);
    } else {
        sort->kernel->sort_leaf(sort, part, copy);
    }
}

/* All leaves but the last one are whole. */
void sort_merge_part(const struct sort *sort, size_t first, size_t count, bool into_copy)
{
    size_t size = sort->size, half = (count / 2 + LEAF - 1) / LEAF * LEAF;
    char *base = sort->base + first * size, *copy = sort->copy + first * size;
    if (count > LEAF) {
        sort_merge_part(sort, first, half, !into_copy);
        sort_merge_part(sort, first + half, count - half, !into_copy);
        const char *a = into_copy ? base : copy;
        char *to = into_copy ? copy : base;
        sort_merge(sort, &(struct neighbours){a, a + half * size, half, count - half, to});
        return;
    }
    if (count > 1)
        sort_leaf(sort, base, count, copy);
    if (into_copy)
        memcpy(copy, base, count * size);
}
