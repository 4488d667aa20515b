/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

/* How many bytes follow the first one of a character; 0 also for what is no first one. */
static size_t bytes_after(unsigned char first)
{
    if (first >= 0xf0)
        return 3;
    if (first >= 0xe0)
        return 2;
    return first >= 0xc0;
}

void text_end_whole(char *text)
{
    size_t length = strlen(text);
    for (size_t after = 0; after < 3 && after < length; after++) {
        unsigned char byte = (unsigned char)text[length - 1 - after];
        if (bytes_after(byte) > after)
            text[length - 1 - after] = '\0';
        if (byte < 0x80 || byte >= 0xc0)
            return;
    }
}

void text_copy(char *to, size_t size, const char *from)
{
    const char *end = memchr(from, '\0', size);
    size_t kept = end ? (size_t)(end - from) : size - 1;
    memcpy(to, from, kept);
    to[kept] = '\0';
    if (!end)
        text_end_whole(to);
}

void text_append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    text_copy(text + used, size - used, more);
}

void text_append_number(char *text, size_t size, unsigned long long number)
{
    char digits[24]; /* of 2^64 at most, from the end on */
    char *first = &digits[sizeof digits - 1];
    *first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    text_append(text, size, first);
}

void text_append_seconds(char *text, size_t size, double seconds)
{
    const double most = 1e12;
    unsigned long long ms = (unsigned long long)((seconds < most ? seconds : most) * 1e3 + 0.5);
    if (ms == 0)
        ms = seconds > 0.0;
    text_append_number(text, size, ms / 1000);
    for (unsigned rest = (unsigned)(ms % 1000), first = 1; rest > 0; rest = rest * 10 % 1000) {
        if (first)
            text_append(text, size, ".");
        text_append_number(text, size, rest / 100);
        first = 0;
    }
    text_append(text, size, " s");
}
