/*
 * What a function prints to a stream, as a string.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PRINTED_H
#define PRINTED_H

#include "check.h"

#include <ompgroup.h>

typedef int print_fn(const ompg_group *group, FILE *out);

/* What it prints, in `text`; its result is checked to be what it has printed. */
static inline const char *printed(print_fn *print, const ompg_group *group, char *text, size_t size)
{
    FILE *file = tmpfile();
    if (!CHECK(file != NULL))
        return "";
    int length = print(group, file);
    CHECK_INT(fseek(file, 0, SEEK_SET), 0);
    text[fread(text, 1, size - 1, file)] = '\0';
    CHECK_INT(length, strlen(text));
    fclose(file);
    return text;
}

#endif
