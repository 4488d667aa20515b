/*
 * Sleeping until a word changes (Linux futex(2)). Neither call is a cancellation point of POSIX
 * threads, and both leave errno alone. Where the system has no futex, a sleep is a short one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_FUTEX_H
#define OMPG_SRC_FUTEX_H

#include "atomics.h"

#include <stdint.h>

/* Sleeps for `ns`, CLOCK_NEVER for ever, while *word is `value`. It may return early. */
void futex_wait(atomic_int *word, int value, int64_t ns);

/* Wakes `count` threads that sleep on the word. */
void futex_wake(atomic_int *word, int count);

#endif
