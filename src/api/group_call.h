/*
 * Calls that may be given OMPG_DEFAULT: a group is made and freed for them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_GROUP_CALL_H
#define OMPG_SRC_GROUP_CALL_H

#include "api/group_wait.h"

/* As wait_for, with a group of its own for OMPG_DEFAULT; EINVAL for NULL. */
int call_with_group(ompg_group *group, wait_add_fn *add, void *arg);

#endif
