/*
 * The collect policy: every task runs, all errors are kept in the order of their indices, and
 * .max_errors bounds them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

static ompg_group *collecting(int max_errors)
{
    return ompg_new(&(ompg_options){.on_error = OMPG_COLLECT, .max_errors = max_errors});
}

static int fail_every_third(ompg_group *group, void *arg)
{
    int number = *(const int *)arg;
    if (number % 3 != 0)
        return 0;
    if (number % 2 == 0)
        return 1000 + number;
    return ompg_fail(group, 1000 + number, "number %d", number);
}

static void keeps_all_errors_in_order(void)
{
    enum { COUNT = 3000 };
    const ompg_error *list = NULL;
    ompg_group *group = collecting(0);
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(ompg_go_copy(group, fail_every_third, &i, sizeof i), 0);
    int code = ompg_wait(group);
    CHECK(code >= 1000 && code < 1000 + COUNT && (code - 1000) % 3 == 0);
    CHECK_INT(code, error_of(group).code);
    CHECK_STATS(group, COUNT, COUNT - COUNT / 3, COUNT / 3, 0);
    size_t count = ompg_get_errors(group, &list);
    if (!CHECK_INT(count, COUNT / 3))
        return;
    for (size_t i = 0; i < count; i++) {
        char message[64] = "";
        if (i % 2 == 1)
            snprintf(message, sizeof message, "number %d", (int)i * 3);
        CHECK_INT(list[i].index, i * 3);
        CHECK_INT(list[i].code, 1000 + i * 3);
        CHECK_STR(list[i].message, message);
    }
    ompg_free(group);
}

static void list_is_copied_not_consumed(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = collecting(0);
    ompg_fail_at(group, 5, 50, "five");
    ompg_fail_at(group, 3, 30, "three");
    CHECK_INT(ompg_get_errors(group, NULL), 2);
    CHECK_INT(ompg_get_errors(group, &list), 2);
    CHECK_INT(list[0].code, 30);
    CHECK_INT(list[1].code, 50);
    CHECK_INT(error_of(group).code, 50);
    ompg_fail_at(group, 4, 40, "four");
    CHECK_INT(ompg_get_errors(group, &list), 3);
    CHECK_INT(list[1].code, 40);
    CHECK_INT(ompg_wait(group), 50);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_get_errors(group, &list), 0);
    CHECK(list == NULL);
    ompg_free(group);
}

/* What a caller has been given, and what it must stay. */
struct listing {
    const ompg_error *list;
    size_t count;
    int codes[64];
};

static void take_listing(ompg_group *group, struct listing *listing)
{
    listing->count = ompg_get_errors(group, &listing->list);
    for (size_t i = 0; i < listing->count; i++)
        listing->codes[i] = listing->list[i].code;
}

static void check_listing(const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        CHECK_INT(listing->list[i].code, listing->codes[i]);
        CHECK(i == 0 || listing->list[i - 1].index <= listing->list[i].index);
    }
}

/* Errors that come after those in the list, before them and among them. */
static void lists_stay_until_reset(void)
{
    enum { LISTINGS = 60 };
    static struct listing listings[LISTINGS];
    for (size_t step = 0; step < 3; step++) {
        ompg_group *group = collecting(0);
        for (size_t i = 0; i < LISTINGS; i++) {
            size_t index = step == 0 ? i : step == 1 ? 1000 - i : i * 37 % 101;
            ompg_fail_at(group, index, 1 + (int)i, "error %zu", i);
            take_listing(group, &listings[i]);
            CHECK_INT(listings[i].count, i + 1);
            for (size_t k = 0; k <= i; k++)
                check_listing(&listings[k]);
        }
        CHECK_INT(ompg_wait(group), 1);
        check_listing(&listings[LISTINGS - 1]);
        ompg_free(group);
    }
}

/* The tasks of a later wait may fail under lower indices. */
static void lists_stay_while_more_is_run(void)
{
    struct listing first, second;
    int code = 5;
    ompg_group *group = collecting(0);
    for (int i = 0; i < 10; i++)
        ompg_go(group, return_code, &code);
    CHECK_INT(ompg_wait(group), 5);
    take_listing(group, &first);
    CHECK_INT(first.count, 10);
    ompg_fail_at(group, 3, 6, "among them");
    for (int i = 0; i < 20; i++)
        ompg_go(group, return_code, &code);
    CHECK_INT(ompg_wait(group), 5);
    take_listing(group, &second);
    CHECK_INT(second.count, 31);
    CHECK_INT(ompg_cancel(group, EPIPE), 0);
    CHECK_INT(ompg_get_errors(group, NULL), 32);
    check_listing(&first);
    check_listing(&second);
    ompg_free(group);
}

/* The group keeps errors 7 and 9, or one of them, when it is told of error 2. */
static void check_replacing(ompg_group *group, size_t kept)
{
    struct listing first, second;
    ompg_fail_at(group, 7, 70, "seven");
    if (kept == 2)
        ompg_fail_at(group, 9, 90, "nine");
    take_listing(group, &first);
    CHECK_INT(first.count, kept);
    ompg_fail_at(group, 2, 20, "two");
    take_listing(group, &second);
    check_listing(&first);
    CHECK_INT(second.count, kept);
    CHECK_INT(second.list[0].code, 20);
    if (kept == 2)
        CHECK_INT(second.list[1].code, 70);
    ompg_free(group);
}

/* Deterministic groups put a lower error where a higher one was. */
static void lists_stay_when_errors_are_replaced(void)
{
    ompg_options most = {.on_error = OMPG_COLLECT, .deterministic = true, .max_errors = 2};
    check_replacing(ompg_new(&most), 2);
    check_replacing(ompg_new(&(ompg_options){.deterministic = true}), 1);
}

static void equal_and_missing_indices(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = collecting(0);
    ompg_fail(group, 1, "without an index");
    ompg_fail_at(group, 7, 2, "first of seven");
    ompg_fail_at(group, 7, 3, "second of seven");
    ompg_fail(group, 4, "without an index");
    ompg_fail_at(group, 0, 5, "zero");
    static const int expected[] = {5, 2, 3, 1, 4};
    if (CHECK_INT(ompg_get_errors(group, &list), 5)) {
        for (size_t i = 0; i < 5; i++)
            CHECK_INT(list[i].code, expected[i]);
        CHECK_INT(list[4].index, OMPG_NO_INDEX);
    }
    ompg_free(group);
}

static int fail_four_times(ompg_group *group, void *arg)
{
    (void)arg;
    for (int i = 1; i <= 4; i++)
        CHECK_INT(ompg_fail(group, i, "call %d", i), i);
    CHECK(!ompg_stopped(group));
    return 4;
}

static void every_call_is_kept(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = collecting(0);
    ompg_go_with(group, fail_four_times, NULL, &(ompg_task_options){.name = "four"});
    CHECK_INT(ompg_wait(group), 1);
    if (CHECK_INT(ompg_get_errors(group, &list), 4)) {
        for (int i = 0; i < 4; i++) {
            CHECK_INT(list[i].code, i + 1);
            CHECK_INT(list[i].index, 0);
            CHECK_STR(list[i].task, "four");
        }
    }
    CHECK_STATS(group, 1, 0, 1, 0);
    ompg_free(group);
}

/* The group stops at the bound: what has not started is skipped, what runs may not add more. */
static void max_errors_stops(void)
{
    enum { COUNT = 5000, MOST = 7 };
    item *items = calloc(COUNT, sizeof *items);
    ompg_group *group = collecting(MOST);
    for (size_t i = 0; i < COUNT; i++) {
        items[i].code = 1 + (int)i;
        CHECK_INT(item_go(group, &items[i]), 0);
    }
    int code = ompg_wait(group);
    CHECK(code >= 1 && code <= COUNT);
    CHECK_INT(ompg_get_errors(group, NULL), MOST);
    size_t ran = items_check_dropped(items, COUNT);
    CHECK(ran >= MOST && ran <= MOST + (size_t)ompg_get_threads(group));
    CHECK(stats_of(group).skipped >= COUNT - ran);
    CHECK_ADDS_UP(group);
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    CHECK_INT(ompg_wait(group), code);
    ompg_free(group);
    free(items);
}

static void max_errors_of_one(void)
{
    ompg_group *group = collecting(1);
    ompg_fail(group, EIO, "one");
    CHECK(ompg_stopped(group));
    ompg_fail(group, EPERM, "two");
    CHECK_INT(ompg_get_errors(group, NULL), 1);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_free(group);
}

static void max_errors_not_reached(void)
{
    int code = 9;
    atomic_int runs = 0;
    ompg_group *group = collecting(3);
    for (int i = 0; i < 2; i++)
        ompg_go(group, return_code, &code);
    for (int i = 0; i < 100; i++)
        ompg_go(group, count_run, &runs);
    CHECK_INT(ompg_wait(group), 9);
    CHECK(!ompg_stopped(group));
    CHECK_INT(atomic_load(&runs), 100);
    CHECK_STATS(group, 102, 100, 2, 0);
    ompg_free(group);
}

/* The consequence of a stop is no error of its own; before the stop the same code is a cause. */
static int cancel_and_leave(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK_INT(ompg_cancel(group, EPIPE), 0);
    return ECANCELED;
}

static void consequences_are_not_recorded(void)
{
    const ompg_error *list = NULL;
    int code = ECANCELED;
    ompg_group *group = collecting(0);
    ompg_go(group, return_code, &code);
    CHECK_INT(ompg_wait(group), ECANCELED);
    CHECK_INT(ompg_get_errors(group, &list), 1);
    CHECK_INT(list[0].kind, OMPG_ERROR_TASK);
    CHECK_STATS(group, 1, 0, 1, 0);
    ompg_reset(group);

    ompg_go(group, cancel_and_leave, NULL);
    for (int i = 0; i < 10; i++)
        ompg_go(group, do_nothing, NULL);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(ompg_get_errors(group, &list), 1);
    CHECK_INT(list[0].kind, OMPG_ERROR_CANCEL);
    CHECK_INT(list[0].code, EPIPE);
    CHECK_INT(stats_of(group).failed, 0);
    CHECK_ADDS_UP(group);
    ompg_free(group);
}

static int fail_on_return(ompg_group *group, void *arg)
{
    (void)group;
    return (int)(size_t)arg;
}

/* First in time is what a one-thread run of one task at a time meets first. */
static void first_in_time_is_kept_apart(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = collecting(0);
    for (size_t i = 10; i > 0; i--) {
        ompg_go(group, fail_on_return, (void *)(i * 100));
        CHECK_INT(ompg_wait(group), 1000);
    }
    CHECK_INT(error_of(group).code, 1000);
    CHECK_INT(ompg_get_errors(group, &list), 10);
    CHECK_INT(list[0].code, 1000);
    CHECK_INT(list[9].code, 100);
    ompg_free(group);
}

static void *read_while_it_runs(void *arg)
{
    CHECK_INT(error_of(arg).code, EIO);
    CHECK(!ompg_stopped(arg));
    return NULL;
}

static int fail_and_show(ompg_group *group, void *arg)
{
    pthread_t thread;
    (void)arg;
    ompg_fail(group, EIO, "early");
    if (CHECK_INT(pthread_create(&thread, NULL, read_while_it_runs, group), 0))
        pthread_join(thread, NULL);
    return 0;
}

static void first_error_is_readable_meanwhile(void)
{
    ompg_group *group = collecting(0);
    ompg_go(group, fail_and_show, NULL);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_free(group);
}

typedef struct failing {
    ompg_group *group;
    atomic_bool ends;
    atomic_size_t fails;
} failing;

static void *fail_all_the_time(void *arg)
{
    failing *self = arg;
    while (!atomic_load(&self->ends)) {
        ompg_fail(self->group, EIO, "from outside");
        atomic_fetch_add(&self->fails, 1);
    }
    return NULL;
}

/* Any thread may fail the group at any time: before the reset, or after it. */
static void fails_while_it_is_reset(void)
{
    failing racing = {.group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT})};
    const ompg_error *list = NULL;
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, fail_all_the_time, &racing), 0);
    for (size_t before = 0; before < 2000; before = atomic_load(&racing.fails)) {
        CHECK_INT(ompg_reset(racing.group), 0);
        while (atomic_load(&racing.fails) == before)
            sched_yield();
    }
    atomic_store(&racing.ends, true);
    pthread_join(thread, NULL);
    size_t count = ompg_get_errors(racing.group, &list);
    CHECK(count <= atomic_load(&racing.fails));
    for (size_t i = 0; i < count; i++)
        CHECK_STR(list[i].message, "from outside");
    ompg_free(racing.group);
}

CHECK_MAIN("collect", {"keeps all errors in order", keeps_all_errors_in_order},
           {"list is copied, not consumed", list_is_copied_not_consumed},
           {"lists stay until reset", lists_stay_until_reset},
           {"lists stay while more is run", lists_stay_while_more_is_run},
           {"lists stay when errors are replaced", lists_stay_when_errors_are_replaced},
           {"equal and missing indices", equal_and_missing_indices},
           {"every call is kept", every_call_is_kept}, {"max_errors stops", max_errors_stops},
           {"max_errors of one", max_errors_of_one},
           {"max_errors not reached", max_errors_not_reached},
           {"consequences are not recorded", consequences_are_not_recorded},
           {"first in time is kept apart", first_in_time_is_kept_apart},
           {"first error is readable meanwhile", first_error_is_readable_meanwhile},
           {"fails while it is reset", fails_while_it_is_reset})
