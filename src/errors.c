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
    errors->count = errors->lost = 0;
    errors->sorted = false;
}

static bool reserve(struct errors *errors)
{
    if (errors->count + SPARE < errors->capacity)
        return true;
    size_t capacity = 2 * errors->capacity;
    ompg_error *list = realloc(errors->list, capacity * sizeof *list);
    if (!list)
        return false;
    errors->list = list;
    errors->capacity = capacity;
    return true;
}

size_t errors_add(struct errors *errors, const ompg_error *error, size_t most)
{
    spin_lock(&errors->lock);
    if (errors->count == 0 || (errors->lowest && error->index < errors->first.index))
        errors->first = *error;
    if (errors->count < most && reserve(errors)) {
        errors->list[errors->count++] = *error;
        errors->sorted = false;
    } else if (errors->count < most) {
        errors->lost++;
    }
    size_t total = errors->count + errors->lost;
    spin_unlock(&errors->lock);
    return total;
}

void errors_keep_lowest(struct errors *errors, const ompg_error *error)
{
    spin_lock(&errors->lock);
    if (errors->count == 0 || error->index < errors->first.index) {
        errors->first = errors->list[0] = *error;
        errors->count = 1;
    }
    spin_unlock(&errors->lock);
}

bool errors_first(struct errors *errors, ompg_error *error)
{
    spin_lock(&errors->lock);
    bool found = errors->count > 0;
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
    if (!errors->sorted)
        qsort(errors->list, errors->count, sizeof *errors->list, compare);
    errors->sorted = true;
    size_t count = errors->count;
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
