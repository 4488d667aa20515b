/*
 * Errors: which one is kept, what its record says, how all of them are collected and printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>

static int fail_named(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_fail(group, ENOENT, "reading %s, line %d", "input.txt", 12);
}

static void record_is_complete(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "load", .threads = 3});
    int threads = ompg_get_threads(group);
    for (int i = 0; i < 5; i++)
        ompg_go(group, do_nothing, NULL);
    ompg_go_with(group, fail_named, NULL, &(ompg_task_options){.name = "reader"});
    double start = seconds_now();
    CHECK_INT(ompg_wait(group), ENOENT);
    double passed = seconds_now() - start;
    ompg_error error = {0};
    CHECK_INT(ompg_get_error(group, &error), 1);
    CHECK_INT(ompg_get_error(group, NULL), 1);
    CHECK_INT(error.code, ENOENT);
    CHECK_INT(error.index, 5);
    CHECK(error.thread >= 0 && error.thread < threads);
    CHECK(error.seconds >= 0.0 && error.seconds <= passed);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
    CHECK_STR(error.task, "reader");
    CHECK_STR(error.message, "reading input.txt, line 12");
    CHECK_STR(error.group, "load");
    ompg_free(group);
}

static void returned_code_has_a_record_too(void)
{
    int code = 77;
    ompg_group *group = ompg_new(NULL);
    ompg_go_with(group, return_code, &code, &(ompg_task_options){.name = "returns"});
    CHECK_INT(ompg_wait(group), 77);
    ompg_error error = error_of(group);
    CHECK_INT(error.code, 77);
    CHECK_INT(error.index, 0);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
    CHECK_STR(error.task, "returns");
    CHECK_STR(error.message, "");
    CHECK_STR(error.group, "");
    ompg_free(group);
}

static void no_error_leaves_the_record(void)
{
    ompg_error error = {.code = 1234};
    const ompg_error *list = &error;
    ompg_group *group = ompg_new(NULL);
    ompg_wait(group);
    CHECK_INT(ompg_get_error(group, &error), 0);
    CHECK_INT(ompg_get_error(NULL, &error), 0);
    CHECK_INT(error.code, 1234);
    CHECK_INT(ompg_get_errors(group, &list), 0);
    CHECK(list == NULL);
    list = &error;
    CHECK_INT(ompg_get_errors(NULL, &list), 0);
    CHECK(list == NULL);
    CHECK_INT(ompg_get_errors(group, NULL), 0);
    ompg_free(group);
}

static int fail_thrice(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK_INT(ompg_fail(group, 1, "one"), 1);
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_fail(group, 2, "two"), 2);
    CHECK_INT(ompg_fail_at(group, 0, 3, "three"), 3);
    CHECK_STR(error_of(group).message, "one");
    return 4;
}

static void first_error_wins(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, fail_thrice, NULL);
    CHECK_INT(ompg_wait(group), 1);
    CHECK_INT(ompg_get_errors(group, &list), 1);
    CHECK_INT(list[0].code, 1);
    CHECK_STR(list[0].message, "one");
    CHECK_STATS(group, 1, 0, 1, 0);
    ompg_free(group);
}

static int fail_and_say_so(ompg_group *group, void *arg)
{
    atomic_int *recorded = arg;
    int code = 1000 + atomic_fetch_add(recorded, 1);
    return ompg_fail(group, code, "code %d by thread %d", code, omp_get_thread_num());
}

/* The record is published whole: its parts belong to one and the same failure. */
static void racing_errors_do_not_mix(void)
{
    for (int round = 0; round < 300; round++) {
        char expected[64];
        atomic_int recorded = 0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = 4});
        for (int i = 0; i < 16; i++)
            ompg_go(group, fail_and_say_so, &recorded);
        int code = ompg_wait(group);
        ompg_error error = error_of(group);
        CHECK_INT(error.code, code);
        snprintf(expected, sizeof expected, "code %d by thread %d", code, error.thread);
        CHECK_STR(error.message, expected);
        CHECK(error.index < 16);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

static int fail_with_long_message(ompg_group *group, void *arg)
{
    return ompg_fail(group, EIO, "%s", (const char *)arg);
}

enum { RACES = SANITIZED ? 200 : 10000 };
static const double races_end = 5.0; /* seconds, on a busy machine */

/* Whoever is not the first: the group has stopped for it as well when its call returns. */
static int fail_and_look(ompg_group *group, void *arg)
{
    event *ready = arg;
    event_post(ready);
    CHECK_AWAIT(ready, 2);
    CHECK_INT(ompg_fail(group, EIO, "racer"), EIO);
    CHECK(ompg_stopped(group));
    return EIO;
}

static int race_often(ompg_group *outer, void *arg)
{
    (void)outer;
    (void)arg;
    double end = seconds_now() + races_end;
    for (int i = 0; i < RACES && seconds_now() < end; i++) {
        event ready = {0};
        ompg_group *group = ompg_new(NULL);
        for (int k = 0; k < 2; k++)
            CHECK_INT(ompg_go(group, fail_and_look, &ready), 0);
        CHECK_INT(ompg_wait(group), EIO);
        ompg_free(group);
    }
    return 0;
}

static void all_racers_see_the_stop(void)
{
    CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, race_often, NULL, NULL), 0);
}

static void long_texts_are_cut(void)
{
    char text[2000];
    memset(text, 'm', sizeof text);
    text[sizeof text - 1] = '\0';
    ompg_group *group = ompg_new(NULL);
    ompg_go_with(group, fail_with_long_message, text, &(ompg_task_options){.name = text});
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    CHECK(strlen(error.message) >= 200);
    CHECK_INT(strspn(error.message, "m"), strlen(error.message));
    CHECK_INT(strlen(error.task), sizeof error.task - 1);
    ompg_free(group);
}

static void code_zero_and_no_format(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_fail(group, 0, NULL), EINVAL);
    ompg_error error = error_of(group);
    CHECK_INT(error.code, EINVAL);
    CHECK_STR(error.message, "");
    CHECK_INT(error.index, OMPG_NO_INDEX);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
    CHECK_INT(ompg_wait(group), EINVAL);
    ompg_reset(group);
    CHECK_INT(ompg_fail_at(group, 9, 0, "%s", ""), EINVAL);
    CHECK_INT(error_of(group).index, 9);
    ompg_free(group);
}

/* The kinds are told apart by value, also by programs built against an older header. */
static void kinds_keep_their_values(void)
{
    static const ompg_error_kind kinds[] = {OMPG_ERROR_TASK, OMPG_ERROR_CANCEL, OMPG_ERROR_DEADLINE,
                                            OMPG_ERROR_LIBRARY};
    for (int i = 0; i < 4; i++)
        CHECK_INT(kinds[i], i);
}

static int ignores_the_error(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_fail(group, EIO, "kept");
    return 0;
}

static int fails_and_returns_another(ompg_group *group, void *arg)
{
    (void)arg;
    ompg_fail(group, EIO, "kept");
    return ENOSPC;
}

/* ompg_fail is the error, also when the task then says 0 or something else. */
static void returned_code_is_no_second_error(void)
{
    static ompg_task_fn *const tasks[] = {ignores_the_error, fails_and_returns_another, fail_named};
    for (size_t i = 0; i < 3; i++) {
        ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
        ompg_go(group, tasks[i], NULL);
        int code = ompg_wait(group);
        CHECK_INT(code, i == 2 ? ENOENT : EIO);
        CHECK_INT(ompg_get_errors(group, NULL), 1);
        CHECK_ADDS_UP(group);
        CHECK_INT(stats_of(group).submitted, 1);
        ompg_free(group);
    }
}

static int fail_nested_then_return(ompg_group *group, void *arg)
{
    int code = ompg_run(NULL, fail_named, NULL, NULL);
    (void)arg;
    CHECK_INT(code, ENOENT);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    return code;
}

/* The record of an inner group's failure does not stand for the task's own return. */
static void nested_failure_is_recorded_by_return(void)
{
    ompg_error error = {0};
    CHECK_INT(ompg_run(NULL, fail_nested_then_return, NULL, &error), ENOENT);
    CHECK_STR(error.message, "");
    CHECK_INT(error.index, 0);
}

static int fail_for_another_group(ompg_group *group, void *arg)
{
    ompg_group *other = arg;
    (void)group;
    return ompg_fail(other, EDOM, "not mine");
}

static void failing_another_group(void)
{
    ompg_group *other = ompg_new(NULL);
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, do_nothing, NULL);
    ompg_go_with(group, fail_for_another_group, other, &(ompg_task_options){.name = "stranger"});
    CHECK_INT(ompg_wait(group), EDOM);
    CHECK_INT(error_of(group).index, 1);
    CHECK_STR(error_of(group).task, "stranger");
    CHECK_INT(ompg_wait(other), EDOM);
    CHECK_INT(error_of(other).index, OMPG_NO_INDEX);
    CHECK_STR(error_of(other).task, "");
    ompg_free(group);
    ompg_free(other);
}

/* The last iteration is handed out behind the failing one, and begins when that is over. */
static ORDERED_BY_OPENMP void raw_loop_shares_the_group(void)
{
    enum { FAILING = 100, LAST = 999 };
    atomic_int seen = 0;
    event failed = {0};
    ompg_group *group = ompg_new(&(ompg_options){.name = "loop"});
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i <= LAST; i++) {
        if (i == LAST)
            CHECK_AWAIT(&failed, 1);
        bool over = atomic_load(&failed.count) > 0;
        bool stopped = ompg_stopped(group);
        CHECK(stopped || !over);
        if (stopped)
            continue;
        atomic_fetch_add(&seen, 1);
        if (i == FAILING) {
            ompg_fail_at(group, (size_t)i, ERANGE, "iteration %d", i);
            event_post(&failed);
        }
    }
    CHECK_INT(ompg_wait(group), ERANGE);
    ompg_error error = error_of(group);
    CHECK_INT(error.index, FAILING);
    CHECK_STR(error.message, "iteration 100");
    CHECK_STR(error.task, "");
    CHECK(atomic_load(&seen) >= 1 && atomic_load(&seen) <= LAST);
    ompg_free(group);
}

static void *fail_from_thread(void *arg)
{
    CHECK_INT(ompg_fail(arg, EIO, "from outside"), EIO);
    return NULL;
}

static int wait_for_a_foreign_failure(ompg_group *group, void *arg)
{
    pthread_t thread;
    (void)arg;
    if (CHECK_INT(pthread_create(&thread, NULL, fail_from_thread, group), 0))
        pthread_join(thread, NULL);
    CHECK(ompg_stopped(group));
    return ECANCELED;
}

static void other_thread_fails_the_group(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, wait_for_a_foreign_failure, NULL);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    CHECK_INT(error.index, OMPG_NO_INDEX);
    CHECK_STR(error.message, "from outside");
    CHECK_STATS(group, 1, 0, 0, 1);
    ompg_free(group);
}

/* arg: where the outer group stands. */
static int blame_outer(ompg_group *group, void *arg)
{
    ompg_group **outer = arg;
    (void)group;
    return ompg_fail(*outer, EDOM, "blamed") == EDOM ? 0 : EPROTO;
}

static int blame_directly(ompg_group *outer, void *arg)
{
    (void)arg;
    return blame_outer(outer, &outer);
}

static int blame_from_below(ompg_group *outer, void *arg)
{
    (void)arg;
    return ompg_run(NULL, blame_outer, &outer, NULL) == 0 ? 0 : ECANCELED;
}

/* ompg_fail on the group around, from a task of it or from one of a group within. */
static void failing_from_below_is_recorded_alike(void)
{
    ompg_task_fn *tasks[] = {blame_directly, blame_from_below};
    for (int i = 0; i < 2; i++) {
        ompg_group *group = ompg_new(NULL);
        CHECK_INT(ompg_go(group, do_nothing, NULL), 0);
        CHECK_INT(ompg_go(group, tasks[i], NULL), 0);
        CHECK_INT(ompg_wait(group), EDOM);
        ompg_error error = error_of(group);
        CHECK_INT(error.index, 1);
        CHECK_INT(error.kind, OMPG_ERROR_TASK);
        CHECK_STR(error.message, "blamed");
        ompg_free(group);
    }
}

static void formats_one_line(void)
{
    ompg_error error = {.code = ENOENT,
                        .index = 17,
                        .thread = 3,
                        .seconds = 0.25,
                        .task = "reader",
                        .message = "cannot open",
                        .group = "load"};
    char line[1024];
    int length = ompg_format_error(&error, line, sizeof line);
    CHECK_INT(length, strlen(line));
    CHECK_CONTAINS(line, "load");
    CHECK_CONTAINS(line, "reader");
    CHECK_CONTAINS(line, "17");
    CHECK_CONTAINS(line, "3");
    CHECK_CONTAINS(line, "0.25");
    CHECK_CONTAINS(line, strerror(ENOENT));
    CHECK_CONTAINS(line, "cannot open");
    CHECK(strchr(line, '\n') == NULL);
    strcpy(error.message, "two\nlines");
    strcpy(error.task, "re\r\nader");
    ompg_format_error(&error, line, sizeof line);
    CHECK(strpbrk(line, "\n\r") == NULL);
    error.index = OMPG_NO_INDEX;
    ompg_format_error(&error, line, sizeof line);
    CHECK(strstr(line, "17") == NULL);
    CHECK(strstr(line, "18446744073709551615") == NULL);
}

static void format_counts_like_snprintf(void)
{
    ompg_error error = {.code = 4711};
    char whole[1024];
    char part[1024];
    memset(error.message, 'z', sizeof error.message - 1);
    int length = ompg_format_error(&error, whole, sizeof whole);
    CHECK_CONTAINS(whole, "4711");
    CHECK_INT(ompg_format_error(&error, NULL, 0), length);
    for (size_t size = 1; size <= (size_t)length + 1; size++) {
        memset(part, '#', sizeof part);
        CHECK_INT(ompg_format_error(&error, part, size), length);
        CHECK_INT(strlen(part), size - 1);
        CHECK_INT(strncmp(part, whole, size - 1), 0);
        CHECK_INT(part[size], '#');
    }
    CHECK_INT(ompg_format_error(NULL, part, sizeof part), 0);
    CHECK_STR(part, "");
}

static void prints_the_first_error(void)
{
    char line[1024];
    char printed[1024] = "";
    FILE *file = tmpfile();
    if (!CHECK(file != NULL))
        return;
    ompg_group *group = ompg_new(&(ompg_options){.name = "printed"});
    CHECK_INT(ompg_print_error(group, file), 0);
    ompg_fail(group, EIO, "the message");
    int length = ompg_print_error(group, file);
    CHECK_INT(ompg_print_error(group, NULL), 0);
    CHECK_INT(ompg_print_error(NULL, file), 0);
    CHECK_INT(fseek(file, 0, SEEK_SET), 0);
    CHECK(fgets(printed, sizeof printed, file) != NULL);
    CHECK_INT(strlen(printed), length);
    ompg_error error = error_of(group);
    CHECK_INT(ompg_format_error(&error, line, sizeof line), length - 1);
    CHECK_INT(printed[length - 1], '\n');
    printed[length - 1] = '\0';
    CHECK_STR(printed, line);
    CHECK(fgetc(file) == EOF);
    fclose(file);
    ompg_free(group);
}

static void says_when_printing_fails(void)
{
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) {
        CHECK_INT(errno, ENOENT);
        return;
    }
    setvbuf(full, NULL, _IONBF, 0);
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, EIO, "nowhere to go");
    CHECK(ompg_print_error(group, full) < 0);
    fclose(full);
    ompg_free(group);
}

CHECK_MAIN("error", {"record is complete", record_is_complete},
           {"returned code has a record too", returned_code_has_a_record_too},
           {"no error leaves the record", no_error_leaves_the_record},
           {"first error wins", first_error_wins},
           {"racing errors do not mix", racing_errors_do_not_mix},
           {"all racers see the stop", all_racers_see_the_stop},
           {"long texts are cut", long_texts_are_cut},
           {"code zero and no format", code_zero_and_no_format},
           {"kinds keep their values", kinds_keep_their_values},
           {"returned code is no second error", returned_code_is_no_second_error},
           {"nested failure is recorded by return", nested_failure_is_recorded_by_return},
           {"failing another group", failing_another_group},
           {"failing from below is recorded alike", failing_from_below_is_recorded_alike},
           {"raw loop shares the group", raw_loop_shares_the_group},
           {"other thread fails the group", other_thread_fails_the_group},
           {"formats one line", formats_one_line},
           {"format counts like snprintf", format_counts_like_snprintf},
           {"prints the first error", prints_the_first_error},
           {"says when printing fails", says_when_printing_fails})
