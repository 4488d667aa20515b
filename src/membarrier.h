/*
 * The rare side of an asymmetric fence: after membarrier_all() every other thread of the process
 * has executed a full memory barrier, so that the frequent side needs none (Linux membarrier(2)).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_MEMBARRIER_H
#define OMPG_SRC_MEMBARRIER_H

#include <stdbool.h>

/* True where the system has it; fixed at start-up. Where it is false owners share every task. */
extern bool membarrier_works;

/* A full barrier on every running thread. Needs membarrier_works. A few microseconds. */
void membarrier_all(void);

#endif
