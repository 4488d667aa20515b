/*
 * Kept errors of a group. See errors.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "errors.h"

#include <errno.h>
#include <stdlib.h>

enum { SPARE = 2, INITIAL_CAPACITY = 4 };

struct errors *errors_new(bool lowest)
{
    struct errors *errors = calloc(1, sizeof *errors);
    if (!errors)
        return NULL;
    errors->lowest = lowest;
    errors->capacity = INITIAL_CAPACITY;
    errors->list = malloc(INITIAL_CAPACITY * sizeof *errors->list);
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
    free(errors->list);
    free(errors);
}

void errors_clear(struct errors *errors)
{
    store_relaxed(&errors->count, 0U);
    errors->lost = 0;
    errors->sorted = false;
}

static bool reserve(struct errors *errors)
{
    if (load_relaxed(&errors->count) + SPARE < errors->capacity)
        return true;
    size_t capacity = 2 * errors->capacity;
    ompg_error *list = realloc(errors->list, capacity * sizeof *list);
    if (!list)
        return false;
    errors->list = list;
    errors->capacity = capacity;
    return true;
}

/* The one with the highest index; the latest of equal ones. */
static ompg_error *highest(struct errors *errors)
{
    ompg_error *found = errors->list;
    for (size_t i = 1; i < load_relaxed(&errors->count); i++)
        if (errors->list[i].index >= found->index)
            found = &errors->list[i];
    return found;
}

size_t errors_highest(struct errors *errors)
{
    spin_lock(&errors->lock);
    size_t index = highest(errors)->index;
    spin_unlock(&errors->lock);
    return index;
}

size_t errors_add(struct errors *errors, const ompg_error *error, size_t most)
{
    spin_lock(&errors->lock);
    size_t count = load_relaxed(&errors->count);
    if (count == 0 || (errors->lowest && error->index < errors->first.index))
        errors->first = *error;
    ompg_error *place = NULL;
    if (count < most && reserve(errors)) {
        place = &errors->list[count++];
        store_relaxed(&errors->count, count);
    } else if (count < most) {
        errors->lost++;
    } else if (errors->lowest && error->index < highest(errors)->index) {
        place = highest(errors);
    }
    if (place) {
        *place = *error;
        errors->sorted = false;
    }
    size_t total = count + errors->lost;
    spin_unlock(&errors->lock);
    return total;
}

void errors_keep_lowest(struct errors *errors, const ompg_error *error)
{
    spin_lock(&errors->lock);
    if (load_relaxed(&errors->count) == 0 || error->index < errors->first.index) {
        errors->first = errors->list[0] = *error;
        store_relaxed(&errors->count, 1U);
    }
    spin_unlock(&errors->lock);
}

bool errors_first(struct errors *errors, ompg_error *error)
{
    spin_lock(&errors->lock);
    bool found = load_relaxed(&errors->count) > 0;
    if (found)
        *error = errors->first;
    spin_unlock(&errors->lock);
    return found;
}

static int compare(const void *left, const void *right)
{
    const ompg_error *a = left, *b = right;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return (a->seconds > b->seconds) - (a->seconds < b->seconds);
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
    spin_lock(&errors->lock);
    size_t count = load_relaxed(&errors->count);
    if (!errors->sorted)
        qsort(errors->list, count, sizeof *errors->list, compare);
    errors->sorted = true;
    if (cause)
        errors->list[count++] = *cause;
    if (errors->lost)
        errors->list[count++] = lost_error(errors->lost);
    for (size_t i = 0; i < count; i++)
        snprintf(errors->list[i].group, sizeof errors->list[i].group, "%s", group);
    *list = count ? errors->list : NULL;
    spin_unlock(&errors->lock);
    return count;
}
