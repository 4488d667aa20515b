/*
 * The kept errors of a group (src/store/errors.c) against an array. test_error has what callers see.
 *
 * Fails for: more than `most` that are kept; the highest that is kept instead of the lowest; a first
 * error that is not the first, or not the lowest; an error that is kept instead of an earlier one of the
 * same index; a list that misses the cause or is not in order, also where an error has replaced
 * another; a list that is freed or changed while callers may read it; errors that are lost when the list
 * grows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "store/errors.h"

enum { MOST = 200, STEPS = 100, LISTS = 8 };

static struct spinlock errors_lock;
static struct errors *errors;
static struct errors *spare; /* of the round before */

/* The model: what is kept, in any order, and of how many. */
static ompg_error *kept;
static size_t kept_count, most, added;
static bool lowest, stopped; /* once the group has stopped, lists end with the cause */
static ompg_error first;

/* Lists that were given out, with what they held. */
static const ompg_error *lists[LISTS];
static ompg_error *copies[LISTS];
static size_t lengths[LISTS], lists_count;

static bool same(const ompg_error *a, const ompg_error *b)
{
    return a->code == b->code && a->index == b->index && a->seconds == b->seconds;
}

static int by_index_and_time(const void *left, const void *right)
{
    const ompg_error *a = left, *b = right;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return a->seconds < b->seconds ? -1 : 1;
}

static size_t model_highest(void)
{
    size_t at = 0;
    for (size_t i = 1; i < kept_count; i++)
        if (by_index_and_time(&kept[i], &kept[at]) > 0)
            at = i;
    return at;
}

static void model_add(const ompg_error *error)
{
    if (kept_count == 0 || (lowest && error->index < first.index))
        first = *error;
    if (kept_count < most)
        kept[kept_count++] = *error;
    else if (lowest && error->index < kept[model_highest()].index)
        kept[model_highest()] = *error;
}

static ompg_error drawn_error(void)
{
    ompg_error error = {.code = 1 + (int)draw(1000), .kind = OMPG_ERROR_TASK};
    error.index = chance(50) ? added : draw(chance(50) ? 1000 : 50);
    error.seconds = (double)added++;
    return error;
}

/* ---- operations ---- */

static void add(void)
{
    if (kept_count == MOST)
        return;
    ompg_error error = drawn_error();
    model_add(&error);
    CHECK_INT(errors_add(errors, &error, most), kept_count);
}

static void check_list(const ompg_error *list, size_t count, const ompg_error *cause)
{
    qsort(kept, kept_count, sizeof *kept, by_index_and_time);
    for (size_t i = 0; i < kept_count; i++)
        CHECK(same(&list[i], &kept[i]));
    if (cause)
        CHECK(same(&list[kept_count], cause));
    for (size_t i = 0; i < count; i++)
        CHECK_STR(list[i].group, "white");
}

static ompg_error *copy_of(const ompg_error *list, size_t count)
{
    ompg_error *copy = malloc(count * sizeof *copy);
    if (!copy)
        abort();
    for (size_t i = 0; i < count; i++)
        copy[i] = list[i];
    return copy;
}

static void get_list(void)
{
    ompg_error cause = {.code = 5000, .index = OMPG_NO_INDEX, .seconds = 1e9};
    stopped |= chance(10);
    const ompg_error *list = NULL;
    size_t count = errors_list(errors, stopped ? &cause : NULL, "white", &list);
    CHECK_INT(count, kept_count + stopped);
    if (!CHECK_INT(list != NULL, count > 0) || list == NULL)
        return;
    check_list(list, count, stopped ? &cause : NULL);
    if (lists_count == LISTS)
        return;
    copies[lists_count] = copy_of(list, count);
    lengths[lists_count] = count;
    lists[lists_count++] = list;
}

/* What callers were given is as it was, whatever came later. */
static void check_lists(void)
{
    bool equal = true;
    for (size_t i = 0; i < lists_count; i++)
        for (size_t j = 0; j < lengths[i]; j++)
            equal &= same(&lists[i][j], &copies[i][j]);
    CHECK(equal);
}

static void forget_lists(void)
{
    while (lists_count > 0)
        free(copies[--lists_count]);
}

static void look(void)
{
    ompg_error error = {.code = 0};
    CHECK_INT(errors_first(errors, &error), kept_count > 0);
    if (kept_count == 0)
        return;
    CHECK(same(&error, &first));
    CHECK_INT(errors_highest(errors), kept[model_highest()].index);
}

static void clear(void)
{
    errors_clear(errors);
    stopped = false;
    kept_count = 0;
    forget_lists();
}

/* ---- rounds ---- */

static void begin(void)
{
    lowest = chance(50);
    most = chance(30) ? SIZE_MAX : 1 + draw(20);
    stopped = false;
    added = kept_count = 0;
    kept = malloc(MOST * sizeof *kept);
    errors = errors_new(spare, &errors_lock, lowest);
    if (!CHECK(kept != NULL && errors != NULL))
        abort();
}

static void end(void)
{
    forget_lists();
    spare = errors_retire(errors);
    free(kept);
}

static void round_of_steps(void)
{
    unsigned failed = atomic_load(&check_failed);
    begin();
    for (int i = 0; i < STEPS && atomic_load(&check_failed) == failed; i++) {
        size_t kind = draw(100);
        if (kind < 85)
            add();
        else if (kind < 98)
            get_list();
        else
            clear();
        look();
        check_lists();
    }
    end();
}

static void random_steps(void)
{
    in_rounds(round_of_steps);
    errors_free(spare);
    spare = NULL;
}

/* A deterministic group without collect keeps one. */
static void round_of_lowest(void)
{
    begin();
    for (int i = 0; i < STEPS; i++) {
        ompg_error error = drawn_error();
        if (kept_count == 0 || error.index < first.index)
            first = kept[0] = error;
        kept_count = 1;
        errors_keep_lowest(errors, &error);
        look();
        if (chance(10))
            get_list();
        check_lists();
    }
    end();
}

static void the_lowest(void)
{
    in_rounds(round_of_lowest);
    errors_free(spare);
    spare = NULL;
}

/* ---- with threads ---- */

enum { EACH = 1000 };

static void *add_often(void *arg)
{
    const unsigned *thread = arg;
    for (size_t i = 0; i < EACH; i++) {
        ompg_error error = {.code = 1, .index = i * PTHREADS + *thread};
        errors_add(errors, &error, 100);
    }
    return NULL;
}

static void errors_of_threads(void)
{
    const ompg_error *list = NULL;
    errors = errors_new(NULL, &errors_lock, true);
    in_pthreads(add_often);
    CHECK_INT(errors_list(errors, NULL, "", &list), 100);
    for (size_t i = 0; i < 100; i++)
        CHECK_INT(list[i].index, i);
    errors_free(errors);
}

CHECK_MAIN("errors", {"random steps", random_steps}, {"the lowest", the_lowest},
           {"errors of threads", errors_of_threads})
