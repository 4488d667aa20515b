/*
 * Names and messages that are cut: between characters of UTF-8, whatever the locale.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <locale.h>

/* Characters of one byte to four. */
static const char *const characters[] = {"m", "\xc3\xa9", "\xe6\x96\x87", "\xf0\x9f\x8d\x80"};

enum { WIDEST = 4 };

/* `ahead` characters of one byte, then as many as fit that have `width` bytes. */
static void fill(char *text, size_t size, size_t ahead, size_t width)
{
    memset(text, 0, size);
    memset(text, 'x', ahead);
    for (char *end = text + ahead; end + width < text + size; end += width)
        memcpy(end, characters[width - 1], width);
}

/* As much of the whole text as fits into `room` bytes beside the end, in whole characters. */
static bool check_cut(const char *text, const char *whole, size_t room, size_t ahead, size_t width)
{
    size_t expected = room < strlen(whole) ? room - (room - ahead) % width : strlen(whole);
    return CHECK_INT(strlen(text), expected) && CHECK_INT(strncmp(text, whole, expected), 0);
}

static int fail_with(ompg_group *group, void *arg)
{
    return ompg_fail(group, EIO, "%s", (const char *)arg);
}

static void check_group(char *text, size_t ahead, size_t width)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = text, .on_error = OMPG_COLLECT});
    const ompg_error *list = NULL;
    ompg_go_with(group, fail_with, text, &(ompg_task_options){.name = text});
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    CHECK_INT(ompg_get_errors(group, &list), 1);
    check_cut(error.group, text, sizeof error.group - 1, ahead, width);
    check_cut(list[0].group, text, sizeof error.group - 1, ahead, width);
    check_cut(error.task, text, sizeof error.task - 1, ahead, width);
    check_cut(error.message, text, sizeof error.message - 1, ahead, width);
    ompg_free(group);
}

/* A message that is no format, and where an error came from: a name, and as much of the rest as fits. */
static void check_passed_on(char *text, size_t ahead, size_t width)
{
    ompg_group *inner = ompg_new(&(ompg_options){.name = text}), *group = ompg_new(NULL);
    CHECK_INT(ompg_fail_text(inner, 0, EIO, text), EIO);
    CHECK_INT(ompg_fail_from(group, inner), EIO);
    ompg_error error = error_of(group);
    size_t name = strlen(error_of(inner).group);
    check_cut(error.message, text, sizeof error.message - 1, ahead, width);
    CHECK_INT(strncmp(error.from, text, name), 0);
    CHECK_INT(strncmp(error.from + name, " index 0", strlen(error.from + name)), 0);
    ompg_free(inner);
    ompg_free(group);
}

static void records_hold_whole_characters(void)
{
    char text[400];
    for (size_t width = 1; width <= WIDEST; width++) {
        for (size_t ahead = 0; ahead < WIDEST; ahead++) {
            fill(text, sizeof text, ahead, width);
            check_group(text, ahead, width);
            check_passed_on(text, ahead, width);
        }
    }
}

/* A task's name that a returned code is recorded with. */
static void returned_code_too(void)
{
    char text[400];
    int code = EIO;
    ompg_group *group = ompg_new(NULL);
    fill(text, sizeof text, 0, 2);
    ompg_go_with(group, return_code, &code, &(ompg_task_options){.name = text});
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    check_cut(error.task, text, sizeof error.task - 1, 0, 2);
    ompg_free(group);
}

static void lines_hold_whole_characters(void)
{
    ompg_error error = {.code = EIO};
    char whole[600], part[600];
    for (size_t width = 1; width <= WIDEST; width++) {
        fill(error.message, sizeof error.message, 0, width);
        int length = ompg_format_error(&error, whole, sizeof whole);
        size_t ahead = (size_t)length - strlen(error.message);
        for (size_t size = ahead + 1; size <= (size_t)length + 1; size++) {
            CHECK_INT(ompg_format_error(&error, part, size), length);
            check_cut(part, whole, size - 1, ahead, width);
        }
    }
}

/* What is no UTF-8 is cut somewhere at its end. */
static void other_bytes_are_cut_as_well(void)
{
    char text[400];
    memset(text, 0xa9, sizeof text);
    text[sizeof text - 1] = '\0';
    ompg_group *group = ompg_new(&(ompg_options){.name = text});
    ompg_fail(group, EIO, "%s", text);
    ompg_error error = error_of(group);
    CHECK(strlen(error.message) >= sizeof error.message - WIDEST);
    CHECK(strlen(error.group) >= sizeof error.group - WIDEST);
    ompg_free(group);
}

/* Few machines have a locale with a decimal comma: the build makes one (programs.cmake). */
static void lines_do_not_depend_on_the_locale(void)
{
    const ompg_error error = {.code = 4711, .thread = 3, .seconds = 1234.0625};
    char line[400], number[20];
    ompg_format_error(&error, line, sizeof line);
    CHECK_CONTAINS(line, "thread 3 after 1234.062500 s: ");
    if (!setlocale(LC_NUMERIC, "comma")) {
        fputs("skipped: no locale with a decimal comma (package locales)\n", stderr);
        return;
    }
    snprintf(number, sizeof number, "%.2f", 0.25);
    CHECK_STR(number, "0,25");
    ompg_format_error(&error, line, sizeof line);
    CHECK_CONTAINS(line, "thread 3 after 1234.062500 s: ");
    setlocale(LC_NUMERIC, "C");
}

/* A record that somebody filled in otherwise than the library does. */
static void odd_seconds_are_written(void)
{
    char line[400];
    ompg_error error = {.code = 4711, .seconds = -1.0};
    ompg_format_error(&error, line, sizeof line);
    CHECK_CONTAINS(line, "after 0.000000 s");
    error.seconds = 1e300;
    ompg_format_error(&error, line, sizeof line);
    CHECK_CONTAINS(line, "after 1000000000000.000000 s");
    error.seconds = 0.9999996;
    ompg_format_error(&error, line, sizeof line);
    CHECK_CONTAINS(line, "after 1.000000 s");
}

CHECK_MAIN("text", {"records hold whole characters", records_hold_whole_characters},
           {"returned code too", returned_code_too},
           {"lines hold whole characters", lines_hold_whole_characters},
           {"other bytes are cut as well", other_bytes_are_cut_as_well},
           {"lines do not depend on the locale", lines_do_not_depend_on_the_locale},
           {"odd seconds are written", odd_seconds_are_written})
