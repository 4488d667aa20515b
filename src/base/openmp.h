/*
 * OpenMP: the only source file of the library with `#pragma omp` and <omp.h> is behind this header.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_OPENMP_H
#define OMPG_SRC_OPENMP_H

#include <stdbool.h>

typedef void openmp_body_fn(void *arg);

/* thread: omp_get_thread_num() */
typedef void openmp_thread_fn(void *arg, int thread);

/* ---- asking, where OpenMP has started ---- */

/* omp_get_num_threads() */
int openmp_threads(void);

/* omp_get_num_procs() when it was first asked */
int openmp_processors(void);

/* omp_get_cancellation() */
bool openmp_cancellation(void);

struct openmp_about {
    const char *runtime;
    int specification; /* year and month, as in _OPENMP */
    int threads;       /* omp_get_max_threads() */
    int thread_limit;
};

struct openmp_about openmp_about(void);

/* ---- asking; may be what starts OpenMP, leaves errno alone, is no cancellation point ---- */

/* omp_get_level() */
int openmp_level(void);

/* omp_in_final(): a task that is made here runs at once, on this thread. */
bool openmp_in_final(void);

/* omp_get_thread_num() */
int openmp_thread(void);

/*
 * A counter that the team shares, which hands out [0, count) one after the other, for a loop that is dynamic
 * at run time: a `schedule` clause says it when the program is compiled, and libomp does not heed
 * omp_set_schedule() inside a region. So this is what GCC's code calls for schedule(dynamic, 1). Each thread
 * of the team begins, takes until there is nothing left, and ends. May stand in a `for` with
 * schedule(static), which no runtime knows of.
 */
bool openmp_has_dealer(void);
bool openmp_deal_begin(long count, long *taken);
bool openmp_deal_next(long *taken);
void openmp_deal_end(void);

/* Of the next team, by OpenMP's own limits; wanted 0: what OpenMP chooses. */
int openmp_most_threads(int wanted);

/* ---- doing ---- */

/* Runs body(arg) in a taskgroup; when it returns all tasks of that taskgroup are over. */
void openmp_taskgroup(openmp_body_fn *body, void *arg);

/*
 * Runs body(arg, thread) on each thread of a new team of `threads`, or of as many as OpenMP gives, the caller's
 * being 0; then all tasks of the team.
 */
void openmp_parallel(int threads, openmp_thread_fn *body, void *arg);

/*
 * Of a short region in a new team: whether the others are what it takes time to wait for (libomp), because they begin
 * last. With libgomp (whose code GCC writes) they begin first, while the caller is in the system call that wakes
 * them; and whoever comes last to the team's end makes another one, 250 ns, which had better not be the caller.
 */
#if defined(__clang__)
enum { OPENMP_OTHERS_ARE_LATE = true };
#else
enum { OPENMP_OTHERS_ARE_LATE = false };
#endif

/*
 * Adds an OpenMP task that runs body(arg), and then cancels its taskgroup if cancels(arg) says so.
 * The runtime may discard the task after a cancellation. A `taskwait` of the caller's, which may be a
 * user's task, does not wait for it.
 */
void openmp_task(openmp_body_fn *body, bool (*cancels)(void *arg), void *arg);

/* Cancels the taskgroup around the caller, if OMP_CANCELLATION is on. */
void openmp_cancel(void);

#endif
