/*
 * OMPG_FOR and its like: they stand where OpenMP's loops stood, and the group can stop them.
 *
 *     OMPG_FOR(group, i, 0, n, reduction(+ : sum)) {
 *         if (read_item(&items[i]) != 0)
 *             ompg_fail_at(group, (size_t)i, EIO, "item %d", i);
 *         sum += items[i].weight;
 *     }
 *     int code = ompg_wait(group);
 *
 * What stands for what (the clauses may be left out)
 * - OMPG_FOR(group, i, begin, end, clauses): `omp parallel for`
 * - OMPG_FOR_OPT(group, i, begin, end, options, clauses): the same with schedule and num_threads
 * - OMPG_FOR_STEP(group, i, begin, end, step, clauses): the same with i += step
 * - OMPG_FOR2(group, i, begin, end, j, begin, end, clauses): the same with collapse(2)
 * - OMPG_FOR_TEAM(group, i, begin, end, clauses): `omp for`
 * - OMPG_FOR_TEAM_OPT(group, i, begin, end, options, clauses): the same with schedule
 * - OMPG_FOR_TEAM_STEP(group, i, begin, end, step, clauses): the same with i += step
 * - OMPG_FOR2_TEAM(group, i, begin, end, j, begin, end, clauses): the same with collapse(2)
 * The page docs/from-omp-parallel-for.md shows each of OpenMP's clauses beside what stands for it.
 *
 * The index
 * - i is declared by the macro, each thread has its own. It has the type of begin - begin + end: int for
 *   (0, n) with `int n`, size_t, a pointer, in C++ a random-access iterator.
 * - begin, end, group, options and step are evaluated once, by each thread that comes to the loop.
 * - i goes from begin on while i < end, with a step while i < end, or while i > end where
 *   the step is negative. end <= begin is an empty loop, no error, and so is a range of more than
 *   PTRDIFF_MAX values of an unsigned type: `rows - 1` of no rows. What comes after the last index by a
 *   step must be in the type as well, as in a `for`.
 * - GCC does not vectorise OMPG_FOR_STEP over `unsigned`, whose index may wrap round; as little as an
 *   `omp parallel for` by 2. Over int, long and size_t it does.
 * - The bounds of j must not depend on i.
 *
 * The clauses: what follows the last bound or the options, one after the other, commas between them or not
 * - These pass: private, firstprivate, shared, default (none too), reduction, allocate; without TEAM also
 *   if, copyin, proc_bind; with TEAM also nowait.
 * - lastprivate passes where the schedule is OMPG_STATIC. Of i itself it does not: i is the macro's.
 * - These do not: schedule, num_threads (see ompg_loop_options), collapse (see OMPG_FOR2), ordered, linear.
 * - The compiler checks them as in the pragma that they are put into.
 * - default(none): what stands in the bounds need not be named, but the variables of a step must be.
 * - After an error or a stop a reduction holds what was done until then, a lastprivate variable nothing
 *   of use.
 *
 * The body
 * - It stands in the caller's function: sees its variables (shared, if the clauses say nothing else),
 *   inlines and vectorises as in any loop. What it declares is its own.
 * - `continue` goes on to the next iteration. Not possible: break (it would only end a range), return,
 *   goto and longjmp out of it, exceptions out of it.
 * - It may hold another of these loops. OMPG_FOR there is run by the one thread that comes to it.
 * - The floating-point control (rounding, flushing, traps) is the caller's on each thread; with TEAM it
 *   is the thread's own.
 *
 * Errors and stops
 * - ompg_fail() and ompg_fail_at(group, i, ...) record an error and stop the hand-out of ranges
 *   (fail-fast). Iterations of ranges that are out already go on: in long ones `continue` where
 *   ompg_stopped(group), or do it now and then.
 * - The index of an error of ompg_fail() is OMPG_NO_INDEX; in a .deterministic group it
 *   is that of the first iteration of the range. An iteration's index is i if i goes upwards from 0 or
 *   more. It is the number of the iteration, from 0, where that is not so: a pointer or an iterator, a
 *   negative begin, a negative step, two indices. ompg_fail_at() should use the same.
 * - In a .deterministic group everything below the reported index is done, and ompg_stopped() is true only
 *   in ranges above it. The ranges depend on the bounds and the grain only; with OMPG_STATIC on the number of
 *   threads too, and with them the index of ompg_fail(), but not which iteration is reported.
 * - The deadline counts from the start of the loop, with TEAM from when the first thread comes. .limit
 *   bounds the threads; it must not change while a team comes to its loop.
 * - Nothing of this returns a code: call ompg_wait(group) afterwards, which gives the first error.
 *   EINVAL is recorded for a step of 0, options that make no sense, and more than PTRDIFF_MAX iterations.
 * - What ompg_go() adds from the body runs in the ompg_wait() that follows; inside one of the group's own
 *   tasks it may start at once.
 *
 * The group
 * - NULL runs nothing. OMPG_DEFAULT is an ordinary loop, which nothing stops.
 * - Several threads may open loops on the same group at once.
 *
 * Where
 * - OMPG_FOR, OMPG_FOR_OPT, OMPG_FOR_STEP and OMPG_FOR2 open a parallel region, with the threads of the
 *   group or of the options. Inside a parallel region, a task of a group included, the calling thread
 *   runs all iterations (also where OpenMP would open another region: in a team of one thread, or with
 *   nested parallelism on).
 *   Where OpenMP gives fewer threads they do it all.
 * - Those with TEAM must be come to by all threads of a team or by none, as `omp for`, in the same function as
 *   the region or in one that it calls, with the same bounds, options, step and limit. At its end the threads wait
 *   for one another, unless there is a nowait. Outside of a region it is a serial loop. It must not stand in
 *   a task or in another of these loops.
 * - Without -fopenmp they all are serial loops.
 * - What the threads share with ThreadSanitizer is in docs/environment.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_LOOP_MACRO_H
#define OMPGROUP_LOOP_MACRO_H

#include "base.h"

#include <stddef.h>

typedef enum ompg_schedule {
    OMPG_SCHEDULE_DEFAULT, /* OMPG_STATIC for a team's loop, OMPG_DYNAMIC for the others */
    OMPG_DYNAMIC,          /* ranges go to whichever thread has nothing to do */
    OMPG_STATIC            /* thread t runs the block that schedule(static) gives it */
} ompg_schedule;

/*
 * Zero is the default of every field. In the call of a macro an initialiser with several fields needs
 * parentheses: OMPG_FOR_OPT(group, i, 0, n, ((ompg_loop_options){.grain = 8, .threads = 4})).
 */
typedef struct ompg_loop_options {
    size_t grain; /* iterations in a range, the last may be shorter; 0: chosen by the library.
                     It is made coarser where there are more than 2^32 - 2 ranges, or more than
                     2^16 in a team's dynamic loop */
    int threads;  /* that the region has; 0: the group's. A team's loop: must be 0 */
    ompg_schedule schedule; /* which thread runs what */
    OMPG_RESERVED(6);       /* zero: see base.h */
} ompg_loop_options;

#include "loop_macro_parts.h"

#define OMPG_FOR(group, i, begin, ...)                                                             \
    OMPG_LOOP_FOR(OMPG_LOOP_PARALLEL, OMPG_LOOP_NO_OPTIONS, 0U, group, i, begin,                   \
                  OMPG_LOOP_FIRST(__VA_ARGS__), , OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR_OPT(group, i, begin, end, ...)                                                    \
    OMPG_LOOP_FOR(OMPG_LOOP_PARALLEL, OMPG_LOOP_OPTIONS, 0U, group, i, begin, end,                 \
                  OMPG_LOOP_FIRST(__VA_ARGS__), OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR_TEAM(group, i, begin, ...)                                                        \
    OMPG_LOOP_FOR(OMPG_LOOP_TEAM, OMPG_LOOP_NO_OPTIONS, OMPG_LOOP_IS_TEAM, group, i, begin,        \
                  OMPG_LOOP_FIRST(__VA_ARGS__), , OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR_TEAM_OPT(group, i, begin, end, ...)                                               \
    OMPG_LOOP_FOR(OMPG_LOOP_TEAM, OMPG_LOOP_OPTIONS, OMPG_LOOP_IS_TEAM, group, i, begin, end,      \
                  OMPG_LOOP_FIRST(__VA_ARGS__), OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR_STEP(group, i, begin, end, ...)                                                   \
    OMPG_LOOP_FOR_STEP(OMPG_LOOP_PARALLEL, 0U, group, i, begin, end, OMPG_LOOP_FIRST(__VA_ARGS__), \
                       OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR_TEAM_STEP(group, i, begin, end, ...)                                              \
    OMPG_LOOP_FOR_STEP(OMPG_LOOP_TEAM, OMPG_LOOP_IS_TEAM, group, i, begin, end,                    \
                       OMPG_LOOP_FIRST(__VA_ARGS__), OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR2(group, i, begin, end, j, begin_j, ...)                                           \
    OMPG_LOOP_FOR2(OMPG_LOOP_PARALLEL, 0U, group, i, begin, end, j, begin_j,                       \
                   OMPG_LOOP_FIRST(__VA_ARGS__), OMPG_LOOP_REST(__VA_ARGS__))

#define OMPG_FOR2_TEAM(group, i, begin, end, j, begin_j, ...)                                      \
    OMPG_LOOP_FOR2(OMPG_LOOP_TEAM, OMPG_LOOP_IS_TEAM, group, i, begin, end, j, begin_j,            \
                   OMPG_LOOP_FIRST(__VA_ARGS__), OMPG_LOOP_REST(__VA_ARGS__))

#endif
