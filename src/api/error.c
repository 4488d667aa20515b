/*
 * Errors as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* strerror_r() that returns the text */

#include "ompgroup/error.h"

#include "base/caller.h"
#include "base/text.h"

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
    if (error->message[0]) {
        append(&text, ": ");
        append_one_line(&text, error->message);
    }
    if (text.size > 0 && text.length >= text.size)
        text_end_whole(buffer);
    return (int)text.length;
}

int ompg_print_error(const ompg_group *group, FILE *out)
{
    ompg_error error;
    if (!out || !ompg_get_error(group, &error))
        return 0;
    char line[1024];
    ompg_format_error(&error, line, sizeof line);
    int saved = errno;
    int state = caller_hold();
    int written = fprintf(out, "%s\n", line);
    caller_release(state);
    errno = saved;
    return written;
}
