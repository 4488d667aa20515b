/*
 * All constructs of OpenMP that the library uses.
 *
 * ThreadSanitizer does not see the runtime's own synchronisation and would report the variables
 * that the compiler passes into the constructs: these functions are not instrumented. What they
 * order is told to it in tsan.h's terms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "openmp.h"

#include <errno.h>
#include <omp.h>

#define NOT_INSTRUMENTED __attribute__((no_sanitize("thread")))

/* The first call of OpenMP, in a child of fork too, sets up the runtime; libomp changes errno there. */

int openmp_level(void)
{
    int saved = errno;
    int level = omp_get_level();
    errno = saved;
    return level;
}

int openmp_most_threads(int wanted)
{
    int saved = errno;
    int threads = wanted > 0 ? wanted : omp_get_max_threads();
    int limit = omp_get_thread_limit();
    errno = saved;
    return threads < limit ? threads : limit;
}

NOT_INSTRUMENTED void openmp_taskgroup(openmp_body_fn *body, void *arg)
{
#pragma omp taskgroup
    {
        body(arg);
    }
}

NOT_INSTRUMENTED void openmp_parallel(int threads, openmp_body_fn *first, openmp_body_fn *member,
                                      void *arg)
{
#pragma omp parallel num_threads(threads) default(none) firstprivate(first, member, arg)
    {
        if (omp_get_thread_num() == 0)
            first(arg);
        else
            member(arg);
    }
}

/* In a task that is over at once, so that the caller's task is not its parent. */
NOT_INSTRUMENTED void openmp_task(openmp_body_fn *body, bool (*cancels)(void *arg), void *arg)
{
#pragma omp task if (0) default(none) firstprivate(body, cancels, arg)
    {
#pragma omp task default(none) firstprivate(body, cancels, arg)
        {
            body(arg);
            if (cancels(arg)) {
#pragma omp cancel taskgroup
            }
        }
    }
}

/* `cancel` must stand in a task construct. */
NOT_INSTRUMENTED void openmp_cancel(void)
{
    if (!omp_get_cancellation())
        return;
#pragma omp task if (0)
    {
#pragma omp cancel taskgroup
    }
}
