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

/* Takes the first bytes of a character off the end of a text that was cut there. */
void text_end_whole(char *text);

#endif
