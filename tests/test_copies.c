/*
 * What a task has beside its slot: arguments by value and options, which lie in blocks of the workers or,
 * where these are too small or too few, in memory of their own. Whoever adds and whoever ends the task,
 * each task has its own, as long as it runs, and no longer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#if ADDRESS_SANITIZED
#include <sanitizer/asan_interface.h>
#endif

enum { LARGEST = 200, TASKS = SANITIZED ? 3000 : 30000, WAITING = SANITIZED ? 3000 : 20000 };

/* Begins with its size; the rest follows from that and the number. */
typedef struct pattern {
    unsigned char bytes[LARGEST];
} pattern;

enum { HEAD = 4 };

static void fill(pattern *copy, size_t size, size_t number)
{
    copy->bytes[0] = (unsigned char)size;
    memcpy(copy->bytes + 1, &(unsigned short){(unsigned short)number}, 2);
    for (size_t i = HEAD - 1; i < size; i++)
        copy->bytes[i] = (unsigned char)(number * 31 + i * 7);
}

static bool is_whole(const unsigned char *bytes)
{
    unsigned short number;
    memcpy(&number, bytes + 1, 2);
    bool whole = true;
    for (size_t i = HEAD - 1; i < bytes[0]; i++)
        whole &= bytes[i] == (unsigned char)((size_t)number * 31 + i * 7);
    return whole;
}

static atomic_size_t ran;

/* The copy is the task's own: it may write there. */
static int use_copy(ompg_group *group, void *arg)
{
    unsigned char *bytes = arg;
    (void)group;
    CHECK_INT((uintptr_t)arg % alignof(max_align_t), 0);
    CHECK(is_whole(bytes));
    memset(bytes, 0xee, bytes[0]);
    atomic_fetch_add_explicit(&ran, 1, memory_order_relaxed);
    return 0;
}

/* Looks twice, with a nested group between, whose tasks take and end other copies. */
static int use_copy_and_nest(ompg_group *group, void *arg)
{
    ompg_group *nested = ompg_new(NULL);
    pattern mine;
    for (size_t i = 0; i < 3; i++) {
        fill(&mine, HEAD + i, i);
        CHECK_INT(ompg_go_copy(nested, use_copy, &mine, HEAD + i), 0);
    }
    CHECK_INT(ompg_wait(nested), 0);
    ompg_free(nested);
    atomic_fetch_sub(&ran, 3);
    return use_copy(group, arg);
}

/* Some of the tasks nest, but not the first one: where a group has stopped, so has what its tasks nest. */
static int add_copies(ompg_group *group, size_t count)
{
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        pattern copy;
        size_t size = HEAD + i * 13 % (LARGEST - HEAD);
        fill(&copy, size, i);
        code = ompg_go_copy(group, i % 16 == 1 ? use_copy_and_nest : use_copy, &copy, size);
    }
    return code;
}

static int producer(ompg_group *group, void *arg)
{
    (void)arg;
    return add_copies(group, TASKS);
}

/* One task adds, all threads run; then all add. */
static void by_one_and_by_several(void)
{
    for (size_t producers = 1; producers <= 5; producers += 4) {
        atomic_store(&ran, 0);
        ompg_group *group = ompg_new(NULL);
        for (size_t i = 0; i < producers; i++)
            CHECK_INT(ompg_go(group, producer, NULL), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&ran), producers * TASKS);
        ompg_free(group);
    }
}

/* More tasks wait behind a limit, each with a copy or a drop, than there are blocks. */
static int add_behind_a_limit(ompg_group *group, void *arg)
{
    item *items = arg;
    for (size_t i = 0; i < WAITING; i++) {
        CHECK_INT(item_go(group, &items[i]), 0);
        if (i % 64 == 0)
            CHECK_INT(add_copies(group, 16), 0);
    }
    return 0;
}

static void more_than_there_are_blocks(void)
{
    item *items = calloc(WAITING, sizeof *items);
    ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < WAITING; i++)
            items[i] = (item){0};
        CHECK_INT(ompg_go(group, add_behind_a_limit, items), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(items_check_dropped(items, WAITING), WAITING);
    }
    ompg_free(group);
    free(items);
}

/* Adds to a group that the task's region does not run: they lie in its queue. */
static int add_elsewhere(ompg_group *group, void *arg)
{
    ompg_group *other = arg;
    (void)group;
    return add_copies(other, 300);
}

/* By a thread that has no worker: the blocks go into the store. */
static void freed_outside(void)
{
    for (int round = 0; round < 20; round++) {
        ompg_group *group = ompg_new(NULL), *other = ompg_new(NULL);
        CHECK_INT(add_copies(other, 1), 0);
        CHECK_INT(ompg_go(group, add_elsewhere, other), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
        if (round % 2 == 0) {
            atomic_store(&ran, 0);
            CHECK_INT(ompg_wait(other), 0);
            CHECK_INT(atomic_load(&ran), 301);
        }
        ompg_free(other);
    }
}

/* Fails in the midst of it: what is accepted is skipped and cleaned up, what is refused is not kept. */
static int add_to_a_group_that_fails(ompg_group *group, void *arg)
{
    item *items = arg;
    for (size_t i = 0; i < 1000; i++) {
        if (i == 500)
            ompg_fail(group, EIO, NULL);
        CHECK_INT(add_copies(group, 1), i < 500 ? 0 : ECANCELED);
        CHECK_INT(item_go(group, &items[i]), i < 500 ? 0 : ECANCELED);
    }
    return 0;
}

static void skipped_and_refused(void)
{
    item *items = calloc(1000, sizeof *items);
    ompg_error error;
    CHECK_INT(ompg_run(NULL, add_to_a_group_that_fails, items, &error), EIO);
    items_check_dropped(items, 500);
    for (size_t i = 500; i < 1000; i++)
        CHECK_INT(atomic_load(&items[i].drops), 0);
    free(items);
}

#if ADDRESS_SANITIZED
static const unsigned char *seen;

static int look_at_copy(ompg_group *group, void *arg)
{
    (void)group;
    seen = arg;
    CHECK(!__asan_address_is_poisoned(seen + 9));
    CHECK(__asan_address_is_poisoned(seen + 10));
    return 0;
}

static int use_a_copy_too_long(ompg_group *group, void *arg)
{
    ompg_group *nested = ompg_new(NULL);
    (void)group;
    (void)arg;
    CHECK_INT(ompg_go_copy(nested, look_at_copy, "ten bytes", 10), 0);
    CHECK_INT(ompg_wait(nested), 0);
    ompg_free(nested);
    CHECK(__asan_address_is_poisoned(seen));
    return 0;
}

/* On one thread nobody else can have the block meanwhile. */
static void seen_by_address_sanitizer(void)
{
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, use_a_copy_too_long, NULL, NULL), 0);
}

#define ADDRESS_SANITIZER_TESTS                                                                    \
    ,                                                                                              \
    {                                                                                              \
        "seen by AddressSanitizer", seen_by_address_sanitizer                                      \
    }
#else
#define ADDRESS_SANITIZER_TESTS
#endif

CHECK_MAIN("copies", {"by one and by several", by_one_and_by_several},
           {"more than there are blocks", more_than_there_are_blocks},
           {"freed outside", freed_outside},
           {"skipped and refused", skipped_and_refused} ADDRESS_SANITIZER_TESTS)
