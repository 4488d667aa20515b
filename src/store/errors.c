/* SPDX-License-Identifier: Apache-2.0 */
#include "store/errors.h"

#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE = 2, INITIAL_CAPACITY = 4 };

static struct error_list *list_new(size_t capacity, struct error_list *older)
{
    struct error_list *list = memory_new(sizeof *list + capacity * sizeof list->at[0]);
    if (list)
        list->older = older;
    return list;
}

static void free_lists(struct error_list *list)
{
    while (list) {
        struct error_list *older = list->older;
        free(list);
        list = older;
    }
}

struct errors *errors_new(struct errors *spare, struct spinlock *lock, bool lowest)
{
    struct errors *errors = spare ? spare : memory_new_zeroed(1, sizeof *errors);
    if (!errors)
        return NULL;
    errors->lock = lock;
    errors->lowest = lowest;
    if (spare)
        return spare;
    errors->capacity = INITIAL_CAPACITY;
    errors->list = list_new(INITIAL_CAPACITY, NULL);
    if (!errors->list) {
        free(errors);
        return NULL;
    }
    return errors;
}

void errors_free(struct errors *errors)
{
    if (!errors)
        return;
    free_lists(errors->list);
    free(errors);
}

struct errors *errors_retire(struct errors *errors)
{
    if (errors && errors->capacity > INITIAL_CAPACITY) {
        errors_free(errors);
        return NULL;
    }
    if (errors)
        errors_clear(errors);
    return errors;
}

void errors_clear(struct errors *errors)
{
    spin_lock(errors->lock); /* ompg_fail may come at any time, in ompg_reset too */
    free_lists(errors->list->older);
    errors->list->older = NULL;
    store_relaxed(&errors->count, 0U);
    errors->lost = 0;
    errors->listed = 0;
    spin_unlock(errors->lock);
}

/* Goes on in another list; the one that a caller may still read is kept. */
static bool renew(struct errors *errors, size_t capacity)
{
    struct error_list *old = errors->list;
    struct error_list *list = list_new(capacity, errors->listed > 0 ? old : old->older);
    if (!list)
        return false;
    memcpy(list->at, old->at, load_relaxed(&errors->count) * sizeof list->at[0]);
    if (errors->listed == 0)
        free(old);
    errors->list = list;
    errors->capacity = capacity;
    errors->listed = 0;
    return true;
}

static int compare(const void *left, const void *right)
{
    const ompg_error *a = left, *b = right;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return (a->seconds > b->seconds) - (a->seconds < b->seconds);
}

/* Whether the error comes after all that a caller may still read, as most do. */
static bool is_after_listed(const struct errors *errors, const ompg_error *error)
{
    size_t count = load_relaxed(&errors->count), listed = errors->listed;
    return listed == 0 || (listed <= count && compare(&errors->list->at[listed - 1], error) <= 0);
}

/* Room for one more. */
static bool reserve(struct errors *errors, const ompg_error *error)
{
    if (load_relaxed(&errors->count) + SPARE >= errors->capacity)
        return renew(errors, 2 * errors->capacity);
    return is_after_listed(errors, error) || renew(errors, errors->capacity);
}

/* Puts the error where one is that comes after it. */
static void replace(struct errors *errors, size_t i, const ompg_error *error)
{
    if (!is_after_listed(errors, error) && !renew(errors, errors->capacity))
        errors->lost++;
    else
        errors->list->at[i] = *error;
}

/* The one with the highest index; the latest of equal ones. */
static size_t highest(const struct errors *errors)
{
    const ompg_error *list = errors->list->at;
    size_t found = 0;
    for (size_t i = 1; i < load_relaxed(&errors->count); i++)
        if (compare(&list[i], &list[found]) >= 0)
            found = i;
    return found;
}

size_t errors_highest(struct errors *errors)
{
    spin_lock(errors->lock);
    size_t index = errors->list->at[highest(errors)].index;
    spin_unlock(errors->lock);
    return index;
}

size_t errors_add(struct errors *errors, const ompg_error *error, size_t most)
{
    spin_lock(errors->lock);
    size_t count = load_relaxed(&errors->count);
    if (count == 0 || (errors->lowest && error->index < errors->first.index))
        errors->first = *error;
    if (count < most && reserve(errors, error)) {
        errors->list->at[count++] = *error;
        store_relaxed(&errors->count, count);
    } else if (count < most) {
        errors->lost++;
    } else if (errors->lowest && error->index < errors->list->at[highest(errors)].index) {
        replace(errors, highest(errors), error);
    }
    size_t total = count + errors->lost;
    spin_unlock(errors->lock);
    return total;
}

void errors_keep_lowest(struct errors *errors, const ompg_error *error)
{
    spin_lock(errors->lock);
    if (load_relaxed(&errors->count) == 0 || error->index < errors->first.index) {
        errors->first = *error;
        replace(errors, 0, error);
        store_relaxed(&errors->count, 1U);
    }
    spin_unlock(errors->lock);
}

bool errors_first(struct errors *errors, ompg_error *error)
{
    spin_lock(errors->lock);
    bool found = load_relaxed(&errors->count) > 0;
    if (found)
        *error = errors->first;
    spin_unlock(errors->lock);
    return found;
}

static ompg_error lost_error(size_t lost)
{
    ompg_error error = {.code = ENOMEM, .index = OMPG_NO_INDEX, .kind = OMPG_ERROR_LIBRARY};
    snprintf(error.message, sizeof error.message, "%zu more errors could not be kept", lost);
    return error;
}

size_t errors_list(struct errors *errors, const ompg_error *cause, const char *group,
                   const ompg_error **list)
{
    spin_lock(errors->lock);
    ompg_error *at = errors->list->at;
    size_t count = load_relaxed(&errors->count);
    if (errors->listed < count)
        qsort(&at[errors->listed], count - errors->listed, sizeof at[0], compare);
    if (cause)
        at[count++] = *cause;
    if (errors->lost)
        at[count++] = lost_error(errors->lost);
    for (size_t i = 0; i < count; i++)
        text_copy(at[i].group, sizeof at[i].group, group);
    errors->listed = count;
    *list = count ? at : NULL;
    spin_unlock(errors->lock);
    return count;
}
