/*
 * Loops: a range of iterations, run in parallel by a group, with its errors, deadline, token and
 * limit. Ranges are handed out, not iterations: each thread owns a part of the loop and takes half
 * of another's when it has done its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_LOOP_H
#define OMPGROUP_LOOP_H

#include "base.h"

#include <stdbool.h>
#include <stddef.h>

/* Runs the iterations [begin, end), at least one. What it returns is its error code. */
typedef int ompg_range_fn(ompg_group *group, size_t begin, size_t end, void *arg);

OMPG_BEGIN_DECLS

/*
 * Runs fn over sub-ranges that cover [begin, end) exactly once, and waits, as ompg_wait() does, for
 * all tasks of the group. OMPG_DEFAULT: a default one, made and freed here.
 * grain: iterations in each sub-range (the last one may be shorter); a loop has at most 2^32 - 2
 * sub-ranges, so a larger one gets a coarser grain. 0: chosen by the library, an eighth of a thread's
 * part at first and smaller towards the end, except those that take less than a microsecond.
 * The index of an error is the iteration that ompg_fail_at() names, otherwise the first of the
 * sub-range. A loop takes no index of its own among the group's tasks. An error stops the hand-out at
 * the next sub-range (fail-fast); in a .deterministic group everything below the reported index is
 * done, and the sub-ranges depend on the range and the grain only. .limit bounds how many sub-ranges
 * run at once. All run with the floating-point control of the calling thread.
 * Returns what the wait returns; EINVAL for a NULL group, a NULL fn or begin > end; otherwise as
 * ompg_go() where no task was added. An empty range only waits. From wherever ompg_wait() may be called.
 */
OMPG_API int ompg_for(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                      void *arg);

/*
 * Adds the loop to the group without waiting, as ompg_go() adds a task; it mixes with other tasks
 * and loops. Memory: a cache line for each thread, until the loop is
 * over. Returns as ompg_go(), EINVAL also for begin > end.
 */
OMPG_API int ompg_go_for(ompg_group *group, size_t begin, size_t end, size_t grain,
                         ompg_range_fn *fn, void *arg);

/* ---- what OMPG_FOR is made of; not for direct use ---- */

#if defined(__cplusplus)
#define OMPG_LOOP_NO_RANGE                                                                         \
    {                                                                                              \
    }
#else
#define OMPG_LOOP_NO_RANGE {0}
#endif

typedef struct ompg_loop {
    OMPG_ALIGNED(64) unsigned char room[64 * 9]; /* for the state of up to eight threads */
    int threads;
    unsigned float_control; /* of the thread that opened it */
    bool open;
} ompg_loop;

typedef struct ompg_loop_range {
    size_t begin, end;
    long long began;         /* in ticks of the library; 0: not measured */
    const ompg_group *outer; /* as the thread had it before the loop, and so what follows */
    size_t outer_index;
    unsigned float_control;
    bool entered;
} ompg_loop_range;

OMPG_API ompg_loop ompg_loop_begin(ompg_group *group, size_t begin, size_t end, size_t grain,
                                   bool parallel);
OMPG_API bool ompg_loop_next(const ompg_loop *loop, ompg_loop_range *range);
OMPG_API void ompg_loop_end(ompg_loop *loop);

OMPG_END_DECLS

#define OMPG_LOOP_PASTE(name, line) name##line
#define OMPG_LOOP_NAME(name, line) OMPG_LOOP_PASTE(name, line)
#if defined(_OPENMP)
#define OMPG_LOOP_PRAGMA(text) _Pragma(#text)
#define OMPG_LOOP_PARALLEL(loop) OMPG_LOOP_PRAGMA(omp parallel num_threads(loop.threads))
#define OMPG_LOOP_IS_PARALLEL true
#else
#define OMPG_LOOP_PARALLEL(loop)
#define OMPG_LOOP_IS_PARALLEL false
#endif
#define OMPG_LOOP(loop, range, last, group, i, first, past, grain)                                 \
    for (ompg_loop loop =                                                                          \
             ompg_loop_begin((group), (first), (past), (grain), OMPG_LOOP_IS_PARALLEL);            \
         loop.open; ompg_loop_end(&loop))                                                          \
        OMPG_LOOP_PARALLEL(loop)                                                                   \
    for (ompg_loop_range range = OMPG_LOOP_NO_RANGE; ompg_loop_next(&loop, &range);)               \
        for (size_t i = range.begin, last = range.end; i < last; i++)

/*
 * OMPG_FOR(group, i, begin, end) { body }
 *
 * `#pragma omp parallel for` that the group can stop: runs the body for each size_t i in
 * [begin, end), on the threads of an OpenMP parallel region. The body stands in the caller's
 * function: it sees its variables (shared, as in `omp parallel`; what it declares is its own), it
 * inlines and vectorises as any loop does; every thread has the caller's floating-point control (rounding,
 * flushing, traps) meanwhile. Inside a parallel region, a task of a group included,
 * the calling thread runs all iterations, as with `omp parallel for` there (also where OpenMP would
 * open another region: in a team of one thread, or with nested parallelism on). Without -fopenmp it
 * runs serially. What it shares with `omp parallel` under ThreadSanitizer is in docs/environment.md.
 * `continue` goes on to the next iteration. ompg_fail() and ompg_fail_at(group, i, ...) record an
 * error and stop the hand-out of ranges (fail-fast); the iterations of ranges that are out already
 * go on, so `continue` or test ompg_stopped() in long ones. In a .deterministic group an error of
 * ompg_fail() has the first iteration of its range as index, and ompg_stopped() is true for ranges
 * above the lowest failing index; elsewhere, and for another group than the loop's, ompg_fail() gives
 * OMPG_NO_INDEX. The deadline counts from the start of the loop, .limit bounds the threads. Nothing of
 * this returns a code: call ompg_wait(group) afterwards, which gives the first error. begin > end is
 * recorded as EINVAL. ompg_go() from the body gets EPERM, but inside one of the group's own tasks. NULL
 * group: an ordinary loop that nothing stops. Several threads may each open one on the same group at once.
 * Not possible in the body: break (it would end only the range), return and goto out of it, exceptions.
 *
 * OMPG_FOR_GRAIN hands out ranges of `grain` iterations; 0: chosen by the library.
 */
#define OMPG_FOR(group, i, begin, end) OMPG_FOR_GRAIN(group, i, begin, end, 0)
#define OMPG_FOR_GRAIN(group, i, begin, end, grain)                                                \
    OMPG_LOOP(OMPG_LOOP_NAME(ompg_loop_, __LINE__), OMPG_LOOP_NAME(ompg_range_, __LINE__),         \
              OMPG_LOOP_NAME(ompg_last_, __LINE__), group, i, begin, end, grain)

#endif
