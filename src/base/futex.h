/*
 * Sleeping until a word changes (Linux futex(2)). Neither call is a cancellation point of POSIX
 * threads, and both leave errno alone. Where the system has no futex, a sleep is a short one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_FUTEX_H
#define OMPG_SRC_FUTEX_H

#include <stdint.h>

/* Sleeps for `ns`, CLOCK_NEVER for ever, while *word is `value`. It may return early. */
void futex_wait(_Atomic int *word, int value, int64_t ns);

/*
 * One of the times that a thread waits for a lock's holder, who wakes nobody: gives the processor away,
 * and later sleeps for a while, longer each time. Yielding alone is no use to a thread of a higher
 * real-time priority than the holder's.
 */
void futex_wait_slice(_Atomic int *word, int value, unsigned times);

/* Wakes `count` threads that sleep on the word. */
void futex_wake(_Atomic int *word, int count);

#endif
