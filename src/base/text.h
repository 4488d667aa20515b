/*
 * Text that must fit: UTF-8 is cut between characters, never inside one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_TEXT_H
#define OMPG_SRC_TEXT_H

#include <stddef.h>

/* Copies what fits of the text; `size` is at least 1, the result is terminated. */
void text_copy(char *to, size_t size, const char *from);

/* Puts what fits of the text behind the one that is there. */
void text_append(char *text, size_t size, const char *more);

/* The same for a number. Async-signal-safe, as all of these are. */
void text_append_number(char *text, size_t size, unsigned long long number);

/* The same for a time, to the nearest thousandth: "2 s", "0.25 s". */
void text_append_seconds(char *text, size_t size, double seconds);

/* Takes the first bytes of a character off the end of a text that was cut there. */
void text_end_whole(char *text);

#endif
