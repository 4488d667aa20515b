/*
 * For the control of functions.sh: a header with a function that stands nowhere else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */

/* Does nothing. Returns 0 or EIO. Any thread; async-signal-safe. */
OMPG_MUST_USE OMPG_API int ompg_forgotten(void);
