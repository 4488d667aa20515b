/*
 * Token: what groups ask of one, and what a fork needs of the table of signals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_TOKEN_H
#define OMPG_SRC_TOKEN_H

#include "ompgroup/token.h"

#include <stdint.h>

/* ---- for groups; async-signal-safe ---- */

/* Of its own and of those of the tokens above it: the earliest; CLOCK_NEVER. */
int64_t token_deadline(const ompg_token *token);

/* Whether it is cancelled. now: the clock, which deadlines are compared with; 0: they are not. */
bool token_is_cancelled(const ompg_token *token, int64_t now);

/* Whether a deadline has cancelled it, and after how many seconds. */
bool token_timed_out(const ompg_token *token, double *seconds);

/* ---- for a fork ---- */

/* Before the fork, and after it in the parent: nobody is in the table meanwhile. */
void token_table_lock(void);
void token_table_unlock(void);

/* The same in the child, where no other thread's handler will end. */
void token_table_unlock_in_child(void);

#endif
