/*
 * The life of a group: made, given tasks, waited for, reused, reset, freed; what each call returns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

static void makes_and_frees(void)
{
    ompg_group *first = ompg_new(NULL);
    ompg_group *second = ompg_new(NULL);
    CHECK(first != NULL);
    CHECK(second != NULL && second != first);
    CHECK_INT(ompg_go(first, do_nothing, NULL), 0);
    CHECK_INT(ompg_wait(first), 0);
    ompg_free(first);
    ompg_free(second);
    ompg_free(NULL);
}

static void copies_its_name(void)
{
    char name[200];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    ompg_group *group = ompg_new(&(ompg_options){.name = name});
    memset(name, 'x', sizeof name - 1);
    ompg_cancel(group, EIO);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    CHECK_INT(strlen(error.group), 63);
    CHECK_INT(strspn(error.group, "n"), 63);
    ompg_free(group);
}

static void waits_for_nothing(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 0, 0, 0, 0);
    ompg_free(group);
}

static int write_square(ompg_group *group, void *arg)
{
    size_t *cell = arg;
    (void)group;
    *cell *= *cell;
    return 0;
}

/* The cells are ordinary memory: the wait alone makes what the tasks wrote visible. */
static void runs_every_task_once(void)
{
    enum { COUNT = 20000 };
    size_t *cells = malloc(COUNT * sizeof *cells);
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < COUNT; i++) {
        cells[i] = i + 2;
        CHECK_INT(ompg_go(group, write_square, &cells[i]), 0);
    }
    CHECK_INT(ompg_wait(group), 0);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(cells[i], (i + 2) * (i + 2));
    CHECK_STATS(group, COUNT, COUNT, 0, 0);
    ompg_free(group);
    free(cells);
}

static void go_with_takes_options(void)
{
    item items[3] = {{0}};
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go_with(group, item_run, &items[0], NULL), 0);
    CHECK_INT(ompg_go_with(group, item_run, &items[1], &(ompg_task_options){0}), 0);
    CHECK_INT(item_go(group, &items[2]), 0);
    CHECK_INT(ompg_wait(group), 0);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(atomic_load(&items[i].runs), 1);
    CHECK_INT(atomic_load(&items[0].drops), 0);
    CHECK_INT(atomic_load(&items[1].drops), 0);
    CHECK_INT(atomic_load(&items[2].drops), 1);
    ompg_free(group);
}

enum { LARGEST_COPY = 300000 };

/* A task of a nested group cannot disturb the copy either. */
static int check_copy(ompg_group *group, void *arg)
{
    const unsigned char *bytes = arg;
    size_t size;
    (void)group;
    CHECK_INT((uintptr_t)arg % alignof(max_align_t), 0);
    CHECK_INT(ompg_run(NULL, do_nothing, NULL, NULL), 0);
    memcpy(&size, bytes, sizeof size);
    bool same = size >= sizeof size && size <= LARGEST_COPY;
    for (size_t i = sizeof size; same && i < size; i++)
        same = bytes[i] == (unsigned char)(size + i);
    CHECK(same);
    return 0;
}

static void fill_pattern(unsigned char *bytes, size_t size)
{
    memcpy(bytes, &size, sizeof size);
    for (size_t i = sizeof size; i < size; i++)
        bytes[i] = (unsigned char)(size + i);
}

static void go_copy_keeps_a_copy(void)
{
    static const size_t sizes[] = {8, 9, 15, 16, 17, 31, 40, 63, 64, 65, 100, 4097, LARGEST_COPY};
    unsigned char *bytes = malloc(LARGEST_COPY);
    ompg_group *group = ompg_new(NULL);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            fill_pattern(bytes, sizes[i]);
            CHECK_INT(ompg_go_copy(group, check_copy, bytes, sizes[i]), 0);
            memset(bytes, 0xee, sizes[i]);
        }
    }
    free(bytes);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(stats_of(group).done, 50 * sizeof sizes / sizeof sizes[0]);
    ompg_free(group);
}

static void go_copy_of_nothing(void)
{
    char byte = 'b';
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go_copy(group, do_nothing, NULL, 0), 0);
    CHECK_INT(ompg_go_copy(group, do_nothing, &byte, 0), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 2, 2, 0, 0);
    ompg_free(group);
}

static int add_copies(ompg_group *group, void *arg)
{
    unsigned char bytes[1000];
    (void)arg;
    for (size_t i = 0; i < 5000; i++) {
        size_t size = sizeof(size_t) + i % (sizeof bytes - sizeof(size_t));
        fill_pattern(bytes, size);
        CHECK_INT(ompg_go_copy(group, check_copy, bytes, size), 0);
        memset(bytes, 0xee, size);
    }
    return 0;
}

/* Copies that are never used must go too: the leak checker sees to that. */
static void go_copy_in_tasks_and_skipped(void)
{
    int value = 7;
    CHECK_INT(ompg_run(NULL, add_copies, NULL, NULL), 0);
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go_copy(group, return_code, &value, sizeof value), 0);
    CHECK_INT(ompg_wait(group), 7);
    CHECK_ADDS_UP(group);
    ompg_reset(group);
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go_copy(group, return_code, &value, sizeof value), 0);
    ompg_free(group);
}

static void try_go_without_a_limit(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 5000; i++)
        CHECK_INT(ompg_try_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 5000);
    ompg_cancel(group, 0);
    CHECK_INT(ompg_try_go(group, count_run, &runs), ECANCELED);
    ompg_free(group);
}

static int add_counts(ompg_group *group, void *arg)
{
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go(group, count_run, arg), 0);
    return 0;
}

static void run_is_all_in_one(void)
{
    atomic_int runs = 0;
    int code = ENOSPC;
    ompg_error error = {.code = 99};
    CHECK_INT(ompg_run(NULL, add_counts, &runs, &error), 0);
    CHECK_INT(atomic_load(&runs), 100);
    CHECK_INT(error.code, 99);
    CHECK_INT(ompg_run(&(ompg_options){.name = "once"}, return_code, &code, &error), ENOSPC);
    CHECK_INT(error.code, ENOSPC);
    CHECK_INT(error.index, 0);
    CHECK_STR(error.group, "once");
    CHECK_INT(ompg_run(NULL, return_code, &code, NULL), ENOSPC);
    CHECK_INT(ompg_run(NULL, NULL, &code, NULL), EINVAL);
    CHECK_INT(ompg_run(&(ompg_options){.limit = -1}, return_code, &code, NULL), EINVAL);
}

static void is_reused_after_a_wait(void)
{
    item items[200] = {{0}};
    ompg_group *group = ompg_new(NULL);
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < 10; i++)
            CHECK_INT(item_go(group, &items[round * 10 + i]), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(items_check_dropped(items + round * 10, 10), 10);
        CHECK_STATS(group, (round + 1) * 10, (round + 1) * 10, 0, 0);
    }
    ompg_free(group);
}

static void keeps_its_error_until_reset(void)
{
    int code = EIO;
    item refused = {0};
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, return_code, &code);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK(ompg_stopped(group));
    CHECK_INT(item_go(group, &refused), ECANCELED);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_STATS(group, 1, 0, 1, 0);

    CHECK_INT(ompg_reset(group), 0);
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK_STATS(group, 0, 0, 0, 0);
    CHECK_INT(item_go(group, &refused), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(items_check_dropped(&refused, 1), 1);
    ompg_free(group);
}

static void collected_error_sticks_too(void)
{
    int code = EIO;
    item after = {0};
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    ompg_go(group, return_code, &code);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK(!ompg_stopped(group));
    CHECK_INT(item_go(group, &after), 0);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(items_check_dropped(&after, 1), 1);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void counts_and_times(void)
{
    int failing = 5;
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    ompg_go(group, do_nothing, NULL);
    ompg_go(group, return_code, &failing);
    ompg_go(group, do_nothing, NULL);
    CHECK_INT(stats_of(group).submitted, 3);
    CHECK_INT(stats_of(group).done, 0);
    CHECK(stats_of(group).seconds == 0.0);
    double start = seconds_now();
    CHECK_INT(ompg_wait(group), 5);
    double passed = seconds_now() - start;
    CHECK_STATS(group, 3, 2, 1, 0);
    double first = stats_of(group).seconds;
    CHECK(first > 0.0 && first <= passed);
    ompg_go(group, do_nothing, NULL);
    ompg_wait(group);
    CHECK(stats_of(group).seconds > first);
    ompg_free(group);
    ompg_get_stats(NULL, &(ompg_stats){0});
}

static void keeps_every_code(void)
{
    static int codes[] = {1, -1, ECANCELED, INT_MAX, INT_MIN, 4711};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ompg_error error = {0};
        CHECK_INT(ompg_run(NULL, return_code, &codes[i], &error), codes[i]);
        CHECK_INT(error.code, codes[i]);
        CHECK_INT(error.kind, OMPG_ERROR_TASK);
    }
}

CHECK_MAIN("group", {"makes and frees", makes_and_frees}, {"copies its name", copies_its_name},
           {"waits for nothing", waits_for_nothing}, {"runs every task once", runs_every_task_once},
           {"go_with takes options", go_with_takes_options},
           {"go_copy keeps a copy", go_copy_keeps_a_copy},
           {"go_copy of nothing", go_copy_of_nothing},
           {"go_copy in tasks, and skipped", go_copy_in_tasks_and_skipped},
           {"try_go without a limit", try_go_without_a_limit},
           {"run is all in one", run_is_all_in_one},
           {"is reused after a wait", is_reused_after_a_wait},
           {"keeps its error until reset", keeps_its_error_until_reset},
           {"a collected error sticks too", collected_error_sticks_too},
           {"counts and times", counts_and_times}, {"keeps every code", keeps_every_code})
