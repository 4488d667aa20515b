/*
 * Errors as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* strerror_r() that returns the text */

#include "ompgroup/error.h"

#include "base/caller.h"
#include "base/text.h"
#include "group/failure.h"
#include "group/stop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A buffer that is written as snprintf does: `length` counts what did not fit as well. */
struct text {
    char *buffer;
    size_t size;
    size_t length;
};

static OMPG_PRINTF(2, 3) void append(struct text *text, const char *format, ...)
{
    size_t used = text->length < text->size ? text->length : text->size;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text->size > used ? text->buffer + used : NULL, text->size - used, format,
                      arguments);
    va_end(arguments);
    if (n > 0)
        text->length += (size_t)n;
}

/* Text from outside: a line stays one, whatever it holds. */
static void append_one_line(struct text *text, const char *words)
{
    size_t begin = text->length;
    append(text, "%s", words);
    for (size_t i = begin; i < text->length && i < text->size; i++)
        if (text->buffer[i] == '\n' || text->buffer[i] == '\r')
            text->buffer[i] = ' ';
}

/* Unless it is empty. */
static void append_part(struct text *text, const char *before, const char *words)
{
    if (!words[0])
        return;
    append(text, "%s", before);
    append_one_line(text, words);
}

/* "%.6f" would have the decimal point of the locale. */
static void append_seconds(struct text *text, double seconds)
{
    const double most = 1e12;
    double shown = seconds > 0.0 ? seconds < most ? seconds : most : 0.0;
    unsigned long long us = (unsigned long long)(shown * 1e6 + 0.5);
    append(text, "%llu.%06llu", us / 1000000, us % 1000000);
}

/* The code's text; codes that are not errno values have none. */
static void append_code(struct text *text, int code)
{
    char description[128] = "";
    const char *known = strerror_r(code, description, sizeof description);
    append(text, "error %d (%s)", code, known);
}

int ompg_format_error(const ompg_error *error, char *buffer, size_t size)
{
    struct text text = {.buffer = buffer, .size = buffer ? size : 0};
    if (text.size > 0)
        buffer[0] = '\0';
    if (!error)
        return 0;
    append_one_line(&text, error->group[0] ? error->group : "ompgroup");
    append(&text, ": ");
    if (error->task[0]) {
        append(&text, "task ");
        append_one_line(&text, error->task);
        append(&text, " ");
    }
    if (error->index != OMPG_NO_INDEX)
        append(&text, "index %zu ", error->index);
    append(&text, "thread %d after ", error->thread);
    append_seconds(&text, error->seconds);
    append(&text, " s: ");
    append_code(&text, error->code);
    append_part(&text, ": ", error->message);
    append_part(&text, ", from ", error->from);
    if (text.size > 0 && text.length >= text.size)
        text_end_whole(buffer);
    return (int)text.length;
}

/* Returns as fprintf. */
static int print_line(const char *line, FILE *out)
{
    int saved = errno;
    int state = caller_hold();
    int written = fprintf(out, "%s\n", line);
    caller_release(state);
    errno = saved;
    return written;
}

int ompg_print_error(const ompg_group *group, FILE *out)
{
    ompg_error error;
    if (!out || !ompg_get_error(group, &error))
        return 0;
    char line[1024];
    ompg_format_error(&error, line, sizeof line);
    return print_line(line, out);
}

/* ---- for the program's user ---- */

static bool ends_the_program(const ompg_error *error)
{
    return error->signal != 0 || error->kind == OMPG_ERROR_DEADLINE;
}

/* The error that a program ends for: a stop from outside, where there was one, otherwise the first. */
static bool decisive_error(const ompg_group *group, ompg_error *error)
{
    ompg_error cause;
    if (!ompg_get_error(group, error))
        return false;
    if (!ends_the_program(error) && group_cause((ompg_group *)group, &cause) &&
        ends_the_program(&cause)) {
        *error = cause;
        memcpy(error->group, group->name, sizeof error->group);
    }
    return true;
}

/* What a code means, without its number where it has a text. */
static void append_meaning(struct text *text, int code)
{
    char description[128] = "";
    const char *known = strerror_r(code, description, sizeof description);
    if (strncmp(known, "Unknown error", 13) == 0)
        append(text, "error %d", code);
    else
        append_one_line(text, known);
}

/* Whether the message says all that there is to say: of a stop whose code adds nothing. */
static bool is_self_explaining(const ompg_error *error)
{
    bool cancelled = error->kind == OMPG_ERROR_CANCEL && error->code == ECANCELED;
    return error->message[0] && (cancelled || ends_the_program(error));
}

static void append_short(struct text *text, const ompg_error *error)
{
    const char *what = error->message[0] ? error->message : error->task;
    append_part(text, "", what);
    if (is_self_explaining(error))
        return;
    if (what[0])
        append(text, ": ");
    append_meaning(text, error->code);
}

int ompg_print_short(const ompg_group *group, FILE *out)
{
    ompg_error error;
    if (!out || !decisive_error(group, &error))
        return 0;
    char line[1024];
    struct text text = {.buffer = line, .size = sizeof line};
    append_part(&text, "", error.group);
    if (error.group[0])
        append(&text, ": ");
    append_short(&text, &error);
    if (text.length >= text.size)
        text_end_whole(line);
    return print_line(line, out);
}

enum { STATUS_FAILED = 1, STATUS_TIMED_OUT = 124, STATUS_SIGNAL = 128 };

int ompg_exit_status(const ompg_group *group)
{
    ompg_error error;
    if (!is_group(group))
        return STATUS_FAILED;
    if (!decisive_error(group, &error))
        return 0;
    if (error.signal != 0)
        return STATUS_SIGNAL + error.signal;
    return error.kind == OMPG_ERROR_DEADLINE ? STATUS_TIMED_OUT : STATUS_FAILED;
}
