/*
 * Failures: what a group keeps of them, by its policy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_FAILURE_H
#define OMPG_SRC_FAILURE_H

#include "group/record.h"

/* Records the error of a task that is over, or of a call that the group was made for. */
void group_record(ompg_group *group, const ompg_error *error);

/*
 * Records an error of the caller, with its task, thread and time; the index OMPG_NO_INDEX stands for that
 * of the running task. Returns the error's code.
 */
int group_report(ompg_group *group, ompg_error *error);

/* The error that the group reports; false when it has none. */
bool group_first_error(ompg_group *group, ompg_error *error);

#endif
