/*
 * Token: what a fork needs of the table of signals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_TOKEN_H
#define OMPG_SRC_TOKEN_H

/* Before the fork, and after it in the parent: nobody is in the table meanwhile. */
void token_table_lock(void);
void token_table_unlock(void);

/* The same in the child, where no other thread's handler will end. */
void token_table_unlock_in_child(void);

#endif
