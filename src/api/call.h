/*
 * Calls that may be given no group: one is made and freed for them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_CALL_H
#define OMPG_SRC_CALL_H

#include "api/wait.h"

/* As wait_for, with a default group where there is none. */
int call_with_group(ompg_group *group, wait_add_fn *add, void *arg);

#endif
