/*
 * ompg_stats.items and .total: tasks, iterations and items that are over, and how many there will be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

#define ITERATIONS ((size_t)6400)

enum { TASKS = 100, ITEMS = 300 };

static void check_items(const ompg_group *group, size_t items, size_t total)
{
    ompg_stats stats = stats_of(group);
    CHECK_INT(stats.items, items);
    CHECK_INT(stats.total, total);
}

static int nothing(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 0;
}

static int no_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)begin;
    (void)end;
    (void)arg;
    return 0;
}

static int fold_nothing(ompg_group *group, size_t begin, size_t end, void *sum, void *arg)
{
    (void)group;
    (void)arg;
    *(size_t *)sum += end - begin;
    return 0;
}

static int add_sums(ompg_group *group, void *sum, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(size_t *)sum += *(const size_t *)other;
    return 0;
}

static void tasks_and_loops_count_together(void)
{
    for (int threads = 1; threads <= 64; threads = 3 * threads + 1) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        size_t sum = 0;
        for (int i = 0; i < TASKS; i++)
            CHECK_INT(ompg_go(group, nothing, NULL), 0);
        CHECK_INT(ompg_go_for(group, 0, ITERATIONS, 1, no_range, NULL), 0);
        check_items(group, 0, TASKS + ITERATIONS);
        CHECK_INT(ompg_for(group, 0, ITERATIONS, 0, no_range, NULL), 0);
        check_items(group, TASKS + 2 * ITERATIONS, TASKS + 2 * ITERATIONS);
        CHECK_INT(
            ompg_reduce(group, 0, ITERATIONS, 7, &sum, sizeof sum, fold_nothing, add_sums, NULL),
            0);
        check_items(group, TASKS + 3 * ITERATIONS, TASKS + 3 * ITERATIONS);
        CHECK_INT(ompg_scan(group, 0, ITERATIONS, 7, &sum, sizeof sum, fold_nothing, add_sums,
                            fold_nothing, NULL),
                  0);
        check_items(group, TASKS + 4 * ITERATIONS, TASKS + 4 * ITERATIONS);
        CHECK_INT(ompg_reset(group), 0);
        check_items(group, 0, 0);
        ompg_free(group);
    }
}

/* All is folded, and then emitted by a second loop: the iterations are the same. */
static void a_scan_in_two_passes_counts_once(void)
{
    size_t sum = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3, .deterministic = true});
    CHECK_INT(ompg_scan(group, 0, ITERATIONS, 1, &sum, sizeof sum, fold_nothing, add_sums,
                        fold_nothing, NULL),
              0);
    check_items(group, ITERATIONS, ITERATIONS);
    ompg_free(group);
}

static void loops_of_the_macros_count(void)
{
    for (int threads = 1; threads <= 7; threads += 3) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        OMPG_FOR(group, i, 0, ITERATIONS)
            (void)i;
        check_items(group, ITERATIONS, ITERATIONS);
        OMPG_FOR_OPT(group, i, 0, ITERATIONS, ((ompg_loop_options){.schedule = OMPG_STATIC}))
            (void)i;
        check_items(group, 2 * ITERATIONS, 2 * ITERATIONS);
#pragma omp parallel num_threads(threads)
        {
            OMPG_FOR_TEAM(group, i, 0, ITERATIONS)
                (void)i;
        }
        check_items(group, 3 * ITERATIONS, 3 * ITERATIONS);
        ompg_free(group);
        group = ompg_new(NULL); /* most likely the same record */
        check_items(group, 0, 0);
        ompg_free(group);
    }
}

static int make(ompg_group *group, void *arg, void **piece)
{
    size_t *left = arg;
    if (*left == 0)
        return 0;
    CHECK_INT(stats_of(group).total, 0); /* nobody knows how many there will be */
    *piece = left;
    --*left;
    return 0;
}

static int filter_half(ompg_group *group, void *arg, void **piece)
{
    atomic_int *calls = arg;
    (void)group;
    if (atomic_fetch_add(calls, 1) % 2 == 0)
        *piece = NULL;
    return 0;
}

static void items_of_a_pipeline_count(void)
{
    for (int threads = 1; threads <= 7; threads += 3) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        size_t left = ITEMS;
        atomic_int calls = 0;
        const ompg_stage stages[] = {
            {.fn = make, .arg = &left},
            {.mode = OMPG_PARALLEL, .fn = filter_half, .arg = &calls},
        };
        CHECK_INT(ompg_go(group, nothing, NULL), 0);
        CHECK_INT(ompg_pipeline(group, stages, 2, 8), 0);
        check_items(group, 1 + ITEMS, 1 + ITEMS);
        ompg_free(group);
    }
}

static int fail_in_the_middle(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    return begin <= ITERATIONS / 2 && end > ITERATIONS / 2 ? EIO : 0;
}

/* Other threads may have run all that comes after it before it fails. */
static void what_is_left_out_does_not_count(void)
{
    for (int threads = 1; threads <= 3; threads++) {
        ompg_options options = {.threads = threads, .deterministic = true};
        ompg_group *group = ompg_new(&options);
        CHECK_INT(ompg_for(group, 0, ITERATIONS, 1, fail_in_the_middle, NULL), EIO);
        ompg_stats stats = stats_of(group);
        CHECK(stats.items > ITERATIONS / 2);
        CHECK(stats.items <= ITERATIONS / 2 + 1 || threads > 1);
        CHECK_INT(stats.total, ITERATIONS);
        ompg_free(group);
    }
}

/* Both of one thread: the range that looks, and those that were run before. */
static int look(ompg_group *group, size_t begin, size_t end, void *arg)
{
    size_t *ran = arg;
    size_t items = stats_of(group).items;
    CHECK(items <= *ran && items + ITERATIONS / 64 + 1 >= *ran);
    *ran += end - begin;
    return 0;
}

static void items_are_known_while_a_loop_runs(void)
{
    size_t ran = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    CHECK_INT(ompg_for(group, 0, ITERATIONS, 1, look, &ran), 0);
    CHECK_INT(ran, ITERATIONS);
    check_items(group, ITERATIONS, ITERATIONS);
    ompg_free(group);
}

CHECK_MAIN("items", {"tasks and loops count together", tasks_and_loops_count_together},
           {"a scan in two passes counts once", a_scan_in_two_passes_counts_once},
           {"loops of the macros count", loops_of_the_macros_count},
           {"items of a pipeline count", items_of_a_pipeline_count},
           {"what is left out does not count", what_is_left_out_does_not_count},
           {"items are known while a loop runs", items_are_known_while_a_loop_runs})
