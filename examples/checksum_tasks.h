/*
 * The two tasks of the checksum program. Each takes a struct entry, holds at most one descriptor
 * open and returns 0, ECANCELED after a stop, or the code of the entry's failure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CHECKSUM_TASKS_H
#define CHECKSUM_TASKS_H

#include "checksum_tree.h"

/* A file above this size is read in parts of this size, by tasks of their own. */
#define CHECKSUM_PART (UINT64_C(1) << 22)

/* What the task for a file, or the first part of one, costs in a group with a budget. */
static inline double checksum_cost(uint64_t size)
{
    return (double)(size < CHECKSUM_PART ? size : CHECKSUM_PART);
}

/* Computes the CRC of a regular file. */
ompg_task_fn checksum_file;

/* Reads a directory and adds the tasks of all that it contains. */
ompg_task_fn checksum_directory;

#endif
