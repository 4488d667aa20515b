/*
 * Errors: the list that a group keeps under the collect policy, or the one with the lowest index of
 * a deterministic group.
 *
 * Discipline: every field is guarded by lock while tasks run. It is the group's, not the list's, so that it can be held
 * over a fork, whatever becomes of the list. The list always has room for two more
 * errors than it holds, so that a cancellation and "out of memory" can be told as well. Callers may
 * read what they were given until the group is reset: it is not moved, freed or put in another order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ERRORS_H
#define OMPG_SRC_ERRORS_H

#include "base/atomics.h"
#include "base/spinlock.h"
#include "ompgroup/error.h"

struct error_list {
    struct error_list *older; /* that callers may read, NULL: none */
    ompg_error at[];
};

struct errors {
    struct spinlock *lock; /* read-only after errors_new */
    bool lowest; /* which error is reported: that with the lowest index, or the first in time */
    _Atomic size_t count; /* in list; group_stop reads it without the lock */
    size_t capacity;      /* of list */
    size_t listed;        /* the first of list, in order, that callers may read */
    size_t lost;          /* errors that no memory could be had for */
    struct error_list *list;
    ompg_error first; /* the one reported; meaningful when count > 0 */
};

/* NULL when memory is short. `spare`: what errors_retire has given for the same lock, or NULL. */
struct errors *errors_new(struct errors *spare, struct spinlock *lock, bool lowest);
void errors_free(struct errors *errors);

/* Frees what has grown; NULL, or what is left for another group. Deep nests make and free thousands. */
struct errors *errors_retire(struct errors *errors);
void errors_clear(struct errors *errors);

/*
 * Keeps the error, up to `most`: the first ones, or where the lowest is reported, the lowest ones.
 * Returns how many there are now, those lost included.
 */
size_t errors_add(struct errors *errors, const ompg_error *error, size_t most);

/* The highest index of those kept. There is one. */
size_t errors_highest(struct errors *errors);

/* Keeps the error instead of the one there is, if its index is lower. */
void errors_keep_lowest(struct errors *errors, const ompg_error *error);

/* The one reported; false when there is none. */
bool errors_first(struct errors *errors, ompg_error *error);

/*
 * All, in index order, then `cause` (may be NULL), which is what stopped the group; `group` is the
 * name that they are given.
 * Returns how many. No task may run.
 */
size_t errors_list(struct errors *errors, const ompg_error *cause, const char *group,
                   const ompg_error **list);

#endif
