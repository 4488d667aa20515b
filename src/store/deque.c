/* SPDX-License-Identifier: Apache-2.0 */
#include "store/deque.h"

#include "base/membarrier.h"
#include "base/memory.h"

#include <stdlib.h>

enum {
    SERIES_LEAST = 8,      /* tasks that are worth a series */
    SERIES_RECLAIMED = 64, /* tasks of it that its owner takes back at once */
    PRIED_LEAVES = 8 /* of so many private tasks one stays: each pry interrupts all processors */
};

bool deque_init(struct deque *deque)
{
    deque->ring = memory_new(DEQUE_CAPACITY * sizeof *deque->ring);
    deque->mask = DEQUE_CAPACITY - 1;
    deque->room = load_relaxed(&deque->tail) + DEQUE_CAPACITY;
    return deque->ring != NULL;
}

bool deque_grow(struct deque *deque)
{
    size_t capacity = 2 * (deque->mask + 1);
    struct task *ring = memory_new(capacity * sizeof *ring);
    if (!ring)
        return false;
    spin_lock(&deque->lock);
    size_t top = load_relaxed(&deque->top);
    for (size_t i = load_relaxed(&deque->tail); i != top; i++)
        ring[i & (capacity - 1)] = deque->ring[i & deque->mask];
    free(deque->ring);
    deque->ring = ring;
    deque->mask = capacity - 1;
    spin_unlock(&deque->lock);
    return deque_make_room(deque);
}

/* Without pry a private task is out of the thieves' reach, so only the one taken leaves the shared. */
static size_t lowered_split(size_t tail, size_t top)
{
    return membarrier_works() ? tail + (top - tail + 1) / 2 : top;
}

/* ---- the series; the caller holds the lock ---- */

static void set_series(struct deque *deque, struct series series)
{
    deque->series = series;
    store_relaxed(&deque->has_series, series.count > 0);
}

struct series deque_steal_series(struct deque *deque, size_t most)
{
    struct series taken = series_take(&deque->series, most);
    store_relaxed(&deque->has_series, deque->series.count > 0);
    return taken;
}

static bool take_match_from_series(struct deque *deque, struct task *task, deque_match_fn *match,
                                   const ompg_group *group)
{
    if (deque->series.count == 0 || !match(&deque->series.first, group))
        return false;
    *task = deque_steal_series(deque, 1).first;
    return true;
}

/* Makes a series of the oldest tasks where nothing is shared, of `most` at most; false: too short. */
static bool share_series(struct deque *deque, size_t most)
{
    size_t tail = load_relaxed(&deque->tail);
    struct series series = {.first = deque->ring[tail & deque->mask], .count = 1};
    if (series.first.tagged & TASK_BRANCH)
        return false;
    while (series.count < most &&
           series_extend(&series, &deque->ring[(tail + series.count) & deque->mask]))
        ;
    if (series.count < SERIES_LEAST)
        return false;
    set_series(deque, series);
    store_relaxed(&deque->split, tail + series.count);
    store_release(&deque->tail, tail + series.count);
    return true;
}

/* Gives part of the series back to the owner, whose ring is empty. */
static void reclaim_series(struct deque *deque)
{
    size_t half = (deque->series.count + 1) / 2;
    struct series part =
        deque_steal_series(deque, half < SERIES_RECLAIMED ? half : SERIES_RECLAIMED);
    deque_push_series(deque, &part);
}

/* ---- owner ---- */

void deque_push_series(struct deque *deque, const struct series *series)
{
    deque_make_room(deque);
    size_t top = load_relaxed(&deque->top);
    for (size_t i = series->count; i > 0; i--)
        deque->ring[top++ & deque->mask] = series_at(series, i - 1);
    store_release(&deque->top, top);
}

bool deque_pop_slow(struct deque *deque, struct task *task)
{
    if (deque_is_empty(deque))
        return false;
    spin_lock(&deque->lock);
    if (load_relaxed(&deque->top) == load_relaxed(&deque->tail) && deque->series.count > 0)
        reclaim_series(deque);
    size_t tail = load_relaxed(&deque->tail);
    size_t top = load_relaxed(&deque->top);
    bool found = top != tail;
    if (found) {
        top--;
        *task = deque->ring[top & deque->mask];
        store_relaxed(&deque->top, top);
        if (is_below(top, load_relaxed(&deque->split)))
            store_relaxed(&deque->split, lowered_split(tail, top));
    }
    spin_unlock(&deque->lock);
    return found;
}

size_t deque_skip(struct deque *deque, uintptr_t tagged)
{
    spin_lock(&deque->lock);
    size_t tail = load_relaxed(&deque->tail);
    size_t top = load_relaxed(&deque->top);
    size_t from = top;
    while (from != tail && deque->ring[(from - 1) & deque->mask].tagged == tagged)
        from--;
    store_relaxed(&deque->top, from);
    if (is_below(from, load_relaxed(&deque->split)))
        store_relaxed(&deque->split, lowered_split(tail, from));
    size_t skipped = top - from;
    if (from == tail && deque->series.count > 0 && deque->series.first.tagged == tagged) {
        skipped += deque->series.count;
        set_series(deque, (struct series){.count = 0});
    }
    spin_unlock(&deque->lock);
    return skipped;
}

void deque_share(struct deque *deque, bool all)
{
    spin_lock(&deque->lock);
    size_t mine = deque_private(deque);
    all |= !membarrier_works(); /* nobody can pry the other half */
    size_t shared = all ? mine : (mine + 1) / 2;
    if (all || deque_has_shared(deque) || !share_series(deque, shared))
        store_release(&deque->split, load_relaxed(&deque->split) + shared);
    spin_unlock(&deque->lock);
}

/* Closes the gap at `position` by moving the older tasks up. The caller holds the lock. */
static void remove_at(struct deque *deque, size_t position)
{
    size_t tail = load_relaxed(&deque->tail);
    for (size_t i = position; i != tail; i--)
        deque->ring[i & deque->mask] = deque->ring[(i - 1) & deque->mask];
    size_t split = load_relaxed(&deque->split);
    if (!is_below(position, split))
        store_relaxed(&deque->split, split + 1);
    store_release(&deque->tail, tail + 1);
}

bool deque_take(struct deque *deque, struct task *task, size_t newest, deque_match_fn *match,
                const ompg_group *group)
{
    if (deque_is_empty(deque))
        return false;
    bool found = false;
    spin_lock(&deque->lock);
    size_t top = load_relaxed(&deque->top);
    size_t lie = top - load_relaxed(&deque->tail);
    for (size_t i = 1; i <= lie && i <= newest && !found; i++) {
        *task = deque->ring[(top - i) & deque->mask];
        if (match(task, group)) {
            remove_at(deque, top - i);
            found = true;
        }
    }
    found = found || (newest > lie && take_match_from_series(deque, task, match, group));
    spin_unlock(&deque->lock);
    return found;
}

bool deque_take_back(struct deque *deque, const void *arg)
{
    struct task task;
    if (deque_pop_slow(deque, &task)) {
        if (task.arg == arg)
            return true;
        deque_push(deque, &task); /* there is room: it has just come from there */
    }
    spin_lock(&deque->lock);
    size_t tail = load_relaxed(&deque->tail);
    size_t i = load_relaxed(&deque->top);
    while (i != tail && deque->ring[(i - 1) & deque->mask].arg != arg)
        i--;
    if (i != tail)
        remove_at(deque, i - 1);
    spin_unlock(&deque->lock);
    return i != tail;
}

bool deque_steal_within(struct deque *deque, struct task *task, deque_within_fn *is_within,
                        const struct branch *branch)
{
    size_t tail = load_relaxed(&deque->tail);
    size_t shared = load_relaxed(&deque->split) - tail;
    for (size_t i = 0; i < shared && i < SIGHT_LOOKS; i++) {
        *task = deque->ring[(tail + i) & deque->mask];
        if (is_within(task, branch)) {
            remove_at(deque, tail + i);
            return true;
        }
    }
    return false;
}

size_t deque_steal(struct deque *deque, struct task *tasks, size_t most, bool all)
{
    size_t tail = load_relaxed(&deque->tail);
    size_t shared = load_relaxed(&deque->split) - tail;
    size_t n = all ? shared : (shared + 1) / 2;
    if (n > most)
        n = most;
    for (size_t i = 0; i < n; i++) {
        tasks[i] = deque->ring[(tail + i) & deque->mask];
        if (tasks[i].tagged & TASK_BRANCH)
            n = i > 0 ? i : 1;
    }
    store_release(&deque->tail, tail + n); /* to the load_acquire in deque_make_room */
    return n;
}

size_t deque_sight(const struct deque *deque, struct sighting *seen, unsigned start,
                   deque_match_fn *may_match, const ompg_group *group)
{
    size_t found = 0;
    if (deque->series.count > 0 && may_match(&deque->series.first, group))
        seen[found++] = (struct sighting){.in_series = true, .tagged = deque->series.first.tagged};
    size_t tail = load_relaxed(&deque->tail);
    size_t shared = load_relaxed(&deque->split) - tail;
    size_t looks = shared < SIGHT_LOOKS ? shared : SIGHT_LOOKS;
    size_t first = shared > SIGHTINGS ? start % shared : 0;
    for (size_t i = 0; i < looks && found < SIGHTINGS; i++) {
        size_t at = tail + (first + i) % shared;
        const struct task *task = &deque->ring[at & deque->mask];
        if (may_match(task, group))
            seen[found++] = (struct sighting){.position = at, .tagged = task->tagged};
    }
    return found;
}

bool deque_steal_sighted(struct deque *deque, const struct sighting *seen, struct task *task)
{
    size_t tail = load_relaxed(&deque->tail);
    if (seen->in_series ? deque->series.count == 0
                        : seen->position - tail >= load_relaxed(&deque->split) - tail)
        return false;
    const struct task *found = seen->in_series ? &deque->series.first
                                               : &deque->ring[seen->position & deque->mask];
    if (found->tagged != seen->tagged)
        return false;
    *task = *found;
    if (seen->in_series)
        deque_steal_series(deque, 1);
    else
        remove_at(deque, seen->position);
    return true;
}

bool deque_pry(struct deque *deque)
{
    size_t split = load_relaxed(&deque->split);
    size_t top = load_relaxed(&deque->top);
    if (!membarrier_works() || !is_below(split, top))
        return false;
    size_t raised = top - (top - split) / PRIED_LEAVES; /* an owner that computes needs few */
    store_relaxed(&deque->split, raised);
    bool seen = membarrier_all(); /* pairs with compiler_fence in deque_pop_private */
    top = load_acquire(&deque->top);
    if (!seen || is_below(top, raised)) {
        raised = seen && is_below(split, top) ? top : split;
        store_relaxed(&deque->split, raised);
    }
    return raised != split;
}
