/*
 * ompgroup: an error group for OpenMP in C.
 *
 * Structured task groups that carry errors, cancellation, deadlines and limits. Include this header
 * and link ompgroup::ompgroup; one header for each concept lies in ompgroup/.
 *
 * Conventions, for every function: codes are int, 0 is success and the library's own codes are
 * errno values; a task may return any nonzero value. errno itself changes only where a function
 * returns NULL; what tasks and drops do to it on the calling thread is undone. No function is a
 * cancellation point of POSIX threads. Times are seconds as double, the unit of omp_get_wtime().
 * Functions that end tasks early never do so by force: a running task finishes, or polls ompg_stopped()
 * and returns. A NULL group is EINVAL wherever a code is returned, so that what ompg_new() has refused
 * runs nothing.
 *
 * Structs are initialised by the names of their fields: zero is the default of each, nonsense is EINVAL,
 * and so is a field that the library does not know yet. A program works with each library of the same
 * interface (0.MINOR, from 1.0 on MAJOR), a newer or an older one, if it uses nothing that came later.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_H
#define OMPGROUP_H

#include "ompgroup/base.h"
#include "ompgroup/error.h"
#include "ompgroup/group.h"
#include "ompgroup/join.h"
#include "ompgroup/local.h"
#include "ompgroup/loop.h"
#include "ompgroup/pipeline.h"
#include "ompgroup/reduce.h"
#include "ompgroup/scan.h"
#include "ompgroup/sort.h"
#include "ompgroup/token.h"
#include "ompgroup/version.h"

#endif
