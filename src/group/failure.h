/*
 * Failures: what a group keeps of them, by its policy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_FAILURE_H
#define OMPG_SRC_FAILURE_H

#include "group/record.h"

/* Records what a task, or ompg_fail, reports. */
void group_record(ompg_group *group, const ompg_error *error);

/* The error that the group reports; false when it has none. */
bool group_first_error(ompg_group *group, ompg_error *error);

#endif
