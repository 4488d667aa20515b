/*
 * Deque: a split work-stealing deque of tasks by value (after Lace: van Dijk & van de Pol, "Lace:
 * non-blocking split deque for work-stealing", 2014; here with a lock among thieves).
 *
 *     tail <= split <= top <= tail + capacity
 *     [tail, split)  shared: thieves take the oldest, under the lock
 *     [split, top)   private: the owner pushes and pops the newest, without lock or fence
 *     series         shared and older than these, where the owner has shared a series of tasks as such:
 *                    thieves then fetch one cache line, not one for every two tasks
 *
 * Discipline.
 * - top: written by the owner only. store_release publishes the slot under it.
 * - tail, split, ring, mask: written under the lock only, by whoever holds it. The owner reads
 *   split without the lock before it takes a slot.
 * - series: read and written under the lock, except a look whether there is one.
 * - Owners move split up (share) when thieves ask by `attention`, down (reclaim) when the private
 *   part is empty.
 * - A thief may pry: raise split over private slots of an owner that does not answer because it
 *   computes. It and deque_pop_private run Dekker's protocol with an asymmetric fence: the owner stores
 *   top, then loads split (compiler fence); the thief stores split, then membarrier_all(), then
 *   loads top. Either the owner sees the raised split and takes the lock, or the thief sees the
 *   lowered top and retreats. A barrier that fails is a reason to
 *   retreat. Without membarrier nothing is ever pried; owners share at each push, and before each look of a wait
 *   for other threads, because the end of a task may have pushed what its place let in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_DEQUE_H
#define OMPG_SRC_DEQUE_H

#include "base/atomics.h"
#include "base/spinlock.h"
#include "store/series.h"

enum { DEQUE_CAPACITY = 2048 };

enum attention { ATTENTION_NONE, ATTENTION_ASKED, ATTENTION_ARMING, ATTENTION_ARMED };

struct deque {
    /* owner's line */
    alignas(CACHE_LINE) _Atomic size_t top;
    size_t room;       /* owner only: top may grow to here without looking at tail */
    struct task *ring; /* owner reads freely, writes under the lock */
    size_t mask;       /* capacity - 1; as ring */
    /* shared line */
    alignas(CACHE_LINE) struct spinlock lock;
    atomic_int attention; /* any thread sets it, the owner clears it: see leave.h */
    _Atomic size_t tail;
    _Atomic size_t split;
    atomic_bool has_series; /* series.count > 0 */
    alignas(CACHE_LINE) struct series series;
};

/* Whether a thread that waits for `group` may run the task. */
typedef bool deque_match_fn(const struct task *task, const ompg_group *group);

/* Allocates the ring; false when memory is short. */
bool deque_init(struct deque *deque);

/* ---- owner ---- */

/* Adds all tasks of the series, the first one on top; there is room for them. */
void deque_push_series(struct deque *deque, const struct series *series);

/* Doubles the ring; false when memory is short. */
bool deque_grow(struct deque *deque);

/* Takes the newest task, shared or not; false when the deque is empty. */
bool deque_pop_slow(struct deque *deque, struct task *task);

/* Makes half of the private tasks shared, rounded up; all if asked to, or where none can be pried. */
void deque_share(struct deque *deque, bool all);

/* Takes the newest task that matches, of the `newest` ones on top (SIZE_MAX: wherever it lies). */
bool deque_take(struct deque *deque, struct task *task, size_t newest, deque_match_fn *match,
                const ompg_group *group);

/* Takes the task with that argument, wherever it lies; false: it has been stolen. */
bool deque_take_back(struct deque *deque, const void *arg);

/* Takes away the newest tasks that are `tagged` so, up to the first other one. Returns how many. */
size_t deque_skip(struct deque *deque, uintptr_t tagged);

/* Positions may wrap, soon where size_t has 32 bits: a is below b where b is fewer steps ahead. */
static inline bool is_below(size_t a, size_t b)
{
    return (ptrdiff_t)(a - b) < 0;
}

static inline size_t deque_private(const struct deque *deque)
{
    return load_relaxed(&deque->top) - load_relaxed(&deque->split);
}

static inline bool deque_is_empty(const struct deque *deque)
{
    return load_relaxed(&deque->top) == load_relaxed(&deque->tail) &&
           !load_relaxed(&deque->has_series);
}

/* Looks how far thieves have come. False when it is full. */
static inline bool deque_make_room(struct deque *deque)
{
    /* acquire: pairs with the thieves' store_release of tail; they have copied these slots out */
    deque->room = load_acquire(&deque->tail) + deque->mask + 1;
    return load_relaxed(&deque->top) != deque->room;
}

/* False when the deque is full. */
static inline bool deque_push(struct deque *deque, const struct task *task)
{
    size_t top = load_relaxed(&deque->top);
    if (UNLIKELY(top == deque->room) && !deque_make_room(deque))
        return false;
    task_copy(&deque->ring[top & deque->mask], task);
    store_release(&deque->top, top + 1); /* to the load_acquire of top in deque_pry */
    return true;
}

/* The newest private task; false where there is none, or where a thief pries it. */
static inline bool deque_pop_private(struct deque *deque, struct task *task)
{
    size_t top = load_relaxed(&deque->top);
    if (!is_below(load_relaxed(&deque->split), top))
        return false;
    top--;
    store_relaxed(&deque->top, top);
    compiler_fence(); /* pairs with membarrier_all in deque_pry */
    if (UNLIKELY(is_below(top, load_relaxed(&deque->split)))) {
        store_relaxed(&deque->top, top + 1);
        return false;
    }
    task_copy(task, &deque->ring[top & deque->mask]);
    return true;
}

/* Takes the newest private task if it has that argument; false where not, or where a thief pries it. */
static inline bool deque_pop_back(struct deque *deque, const void *arg)
{
    size_t top = load_relaxed(&deque->top);
    if (!is_below(load_relaxed(&deque->split), top) ||
        deque->ring[(top - 1) & deque->mask].arg != arg)
        return false;
    store_relaxed(&deque->top, top - 1);
    compiler_fence(); /* as in deque_pop_private */
    if (LIKELY(!is_below(top - 1, load_relaxed(&deque->split))))
        return true;
    store_relaxed(&deque->top, top);
    return false;
}

/* False when the deque is empty. */
static inline bool deque_pop(struct deque *deque, struct task *task)
{
    return LIKELY(deque_pop_private(deque, task)) || deque_pop_slow(deque, task);
}

/* ---- thieves, who hold the lock ---- */

static inline bool deque_has_shared(const struct deque *deque)
{
    return load_relaxed(&deque->tail) != load_relaxed(&deque->split) ||
           load_relaxed(&deque->has_series);
}

/* The oldest shared task that lies in the ring; NULL: none. */
static inline const struct task *deque_oldest(const struct deque *deque)
{
    size_t tail = load_relaxed(&deque->tail);
    return tail == load_relaxed(&deque->split) ? NULL : &deque->ring[tail & deque->mask];
}

/* Whether the task is of a branch that lies in another one. */
struct branch;
typedef bool deque_within_fn(const struct task *task, const struct branch *branch);

/* Takes the oldest shared task that lies in the branch, of the SIGHT_LOOKS oldest ones. */
bool deque_steal_within(struct deque *deque, struct task *task, deque_within_fn *is_within,
                        const struct branch *branch);

/*
 * Takes the oldest shared tasks, half of them rounded up or all, at most `most`. A branch is taken alone:
 * it is the largest piece of work that is left of its task, and whoever joins it waits for its thief.
 */
size_t deque_steal(struct deque *deque, struct task *tasks, size_t most, bool all);

/* Takes the oldest tasks of the series, at most `most`. */
struct series deque_steal_series(struct deque *deque, size_t most);

/* A shared task that a thief has seen. */
struct sighting {
    bool in_series;
    size_t position; /* in the ring, where it is not in the series */
    uintptr_t tagged;
};

enum { SIGHTINGS = 16, SIGHT_LOOKS = 256 };

/*
 * Looks for shared tasks that `may_match`, which is cheap: at SIGHT_LOOKS at most, from the one that
 * `start` chooses on, because no stranger may always lie in front. Returns how many it has put into
 * seen[SIGHTINGS].
 */
size_t deque_sight(const struct deque *deque, struct sighting *seen, unsigned start,
                   deque_match_fn *may_match, const ompg_group *group);

/* Takes the task that lies there, if it is of the same group; false where there is none. */
bool deque_steal_sighted(struct deque *deque, const struct sighting *seen, struct task *task);

/* Makes most of the private tasks shared without the owner's help; true if it got any. */
bool deque_pry(struct deque *deque);

#endif
