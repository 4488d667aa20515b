/*
 * Version of the headers and of the library, and a description of the environment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_VERSION_H
#define OMPGROUP_VERSION_H

#include "base.h"

#include <stdio.h>

/* Semantic version of these headers: as numbers, as one comparable number, as a string. */
#define OMPG_VERSION_MAJOR 0
#define OMPG_VERSION_MINOR 1
#define OMPG_VERSION_PATCH 0
#define OMPG_VERSION_NUMBER                                                                        \
    (OMPG_VERSION_MAJOR * 10000 + OMPG_VERSION_MINOR * 100 + OMPG_VERSION_PATCH)
#define OMPG_VERSION "0.1.0"

OMPG_BEGIN_DECLS

/*
 * The version of the library that the program runs with, "major.minor.patch"; compare with
 * OMPG_VERSION, that of the headers it was compiled with. Static memory. Any thread, any time.
 */
OMPG_API const char *ompg_version(void);

/*
 * Prints what decides how groups run here, one "name: value" line each: version, OpenMP runtime,
 * threads, processors, OMP_CANCELLATION, thread limit and the library's own limits.
 * Returns the number of characters written; 0 when out is NULL, negative when writing fails.
 * Any thread; opens no parallel region.
 */
OMPG_API int ompg_describe(FILE *out);

OMPG_END_DECLS

#endif
