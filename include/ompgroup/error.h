/*
 * Errors of a group: recording, reading, printing.
 *
 * The first error wins. A cause is never masked by its consequence: ECANCELED that a task returns
 * after its group stopped is not recorded as an error of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_ERROR_H
#define OMPGROUP_ERROR_H

#include "base.h"

#include <stddef.h>
#include <stdio.h>

/* The index of an error that belongs to no task: a cancellation, a deadline. */
#define OMPG_NO_INDEX ((size_t)-1)

typedef enum ompg_error_kind {
    OMPG_ERROR_TASK,     /* a task returned it, or ompg_fail() recorded it */
    OMPG_ERROR_CANCEL,   /* ompg_cancel(), a token, or an enclosing group that stopped */
    OMPG_ERROR_DEADLINE, /* .timeout ran out: ETIMEDOUT */
    OMPG_ERROR_LIBRARY   /* the library itself: out of memory while keeping errors */
} ompg_error_kind;

/*
 * Names and messages that are longer than these arrays are cut at the end, between two characters of
 * UTF-8; always terminated.
 */
typedef struct ompg_error {
    int code;             /* never 0 */
    size_t index;         /* submission order of the task, iteration of a loop, or OMPG_NO_INDEX */
    int thread;           /* omp_get_thread_num() where it was recorded; of a stop (ompg_cancel, a
                             token, a deadline): in the group's region, 0 outside */
    double seconds;       /* since the wait began, when it was recorded */
    ompg_error_kind kind; /* who caused it */
    char task[64];        /* .name of the task's options, or "" */
    char message[256];    /* of ompg_fail(); of a stop, what caused it; or "" */
    char group[64];       /* .name of the group's options, or "" */
    int signal;           /* that cancelled the token which stopped the group, or 0 */
    size_t from_index; /* of an error that ompg_fail_from() passed on: .index in the inner group */
    OMPG_RESERVED_BESIDE_POINTER(reserved_beside_from_index)
    char from[64];    /* the same as text: "inner index 3", through several groups
                             "inner index 3 from innermost index 7"; otherwise "" */
    OMPG_RESERVED(7); /* zero */
} ompg_error;

OMPG_BEGIN_DECLS

/*
 * Records an error of `group` with a message (printf's format; NULL: none) and returns `code`, so that a
 * task can end with `return ompg_fail(group, EIO, "reading %s", path);`. What the task then returns counts
 * as the same error, not as a second one.
 *   Kept      Fail-fast: the first error, which stops the group. Collect: each, up to .max_errors; in a
 *             .deterministic group those with the lowest indices.
 *   Index     In one of the group's own tasks: that task's index, and its name; in a loop, a reduction or a
 *             pipeline of the group: see there. Elsewhere (in a loop of OpenMP, in another thread):
 *             OMPG_NO_INDEX. ompg_fail_at() says itself which.
 * Returns code; EINVAL when group is NULL, and when code is 0, which is recorded as EINVAL, because a
 * failure must not look like success. Any thread, from ompg_new() to ompg_free().
 */
OMPG_API int ompg_fail(ompg_group *group, int code, const char *format, ...) OMPG_PRINTF(3, 4);
OMPG_API int ompg_fail_at(ompg_group *group, size_t index, int code, const char *format, ...)
    OMPG_PRINTF(4, 5);

/*
 * ompg_fail_at() without a format, for other languages: `text` is the message, NULL: none.
 * OMPG_NO_INDEX: the index is that of the running task, as for ompg_fail(). Returns as ompg_fail().
 */
OMPG_API int ompg_fail_text(ompg_group *group, size_t index, int code, const char *text);

/*
 * Records the first error of `inner`, which a task of `group` has waited for, as an error of `group`:
 * its code, message, kind and signal; index and task are those of the running task, as for
 * ompg_fail(), and .from says where it came from. The task then returns what the wait has returned. Nothing
 * is recorded where `inner` has no error, or was only stopped because `group` had stopped.
 * Returns the code of inner's error, 0 when it has none; EINVAL when an argument is NULL or both are the
 * same. Call it when no wait for `inner` is going on, from where ompg_fail() may be called.
 */
OMPG_API int ompg_fail_from(ompg_group *group, const ompg_group *inner);

/*
 * Copies the first error into *error (which may be NULL) and returns 1; returns 0, *error
 * untouched, when there is none or group is NULL. "First" is the first in time, or the lowest
 * index for a .deterministic group. Any thread, also while tasks run.
 */
OMPG_API int ompg_get_error(const ompg_group *group, ompg_error *error);

/*
 * All recorded errors in the order of their indices (equal ones by their seconds; those without an
 * index last). Fail-fast groups record one. Sets *list, which may be NULL, to memory of the group
 * and returns how many there are. That list stays as it is until ompg_reset() or ompg_free(), also
 * where the group records more errors: the next call gives those as well. Call it when no wait is
 * going on. Returns 0, *list set to NULL, when there is none or group is NULL.
 */
OMPG_MUST_USE OMPG_API size_t ompg_get_errors(const ompg_group *group, const ompg_error **list);

/*
 * Writes one line without a newline into buffer: group, task, index, thread, seconds, code with its text,
 * message, where it came from. Parts that are empty are left out, newlines in them are spaces. Returns
 * the number of bytes that the whole line has, as snprintf does: the line was cut, between two
 * characters, when that is >= size. The same in every locale, except the code's text.
 * size 0 only counts. NULL error: an empty line and 0.
 */
OMPG_API int ompg_format_error(const ompg_error *error, char *buffer, size_t size);

/*
 * Prints the first error as one line with a newline. Returns the characters written; 0, nothing
 * printed, when the group has no error or an argument is NULL; negative when writing fails.
 */
OMPG_API int ompg_print_error(const ompg_group *group, FILE *out);

/*
 * Prints the first error as one line for whoever uses the program:
 * - of a failure the group's name, the message or else the task's name, and the code's text: "resize: reading
 *   a.png: No such file or directory"
 * - of a stop the group's name and what stopped it: "resize: interrupted by SIGINT", "resize: timed out after
 *   2 s". It is shown before errors that were kept earlier, because the program ends for it.
 * Parts that are empty are left out, newlines in them are spaces. Returns as ompg_print_error().
 */
OMPG_API int ompg_print_short(const ompg_group *group, FILE *out);

/*
 * What a program returns whose work the group was: 0 when the group has no error; 128 + n when signal n
 * stopped it, and 124 when a deadline did, as shells and timeout(1) have it; otherwise 1, for a NULL group
 * too. A signal that came when all tasks were over counts once somebody has looked: ompg_stopped(group).
 * Any thread.
 */
OMPG_MUST_USE OMPG_API int ompg_exit_status(const ompg_group *group);

OMPG_END_DECLS

#endif
