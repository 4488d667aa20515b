/*
 * Version and environment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/version.h"

#include "base/caller.h"
#include "base/membarrier.h"
#include "store/deque.h"

#include <errno.h>
#include <omp.h>

const char *ompg_version(void)
{
    return OMPG_VERSION;
}

static const char *on_off(int on)
{
    return on ? "on" : "off";
}

/* KMP_VERSION_MAJOR is what libomp's omp.h is known by. */
static const char *runtime_name(void)
{
#if defined(KMP_VERSION_MAJOR)
    return "libomp";
#elif defined(__GNUC__) && !defined(__clang__)
    return "libgomp";
#else
    return "unknown";
#endif
}

int ompg_describe(FILE *out)
{
    if (!out)
        return 0;
    int saved = errno;
    int state = caller_hold();
    int written = fprintf(out,
                          "version: %s\n"
                          "OpenMP runtime: %s, specification %d\n"
                          "threads: %d\n"
                          "processors: %d\n"
                          "OMP_CANCELLATION: %s\n"
                          "thread limit: %d\n"
                          "tasks in a thread's deque: %d\n"
                          "membarrier: %s\n",
                          OMPG_VERSION, runtime_name(), _OPENMP, omp_get_max_threads(),
                          omp_get_num_procs(), on_off(omp_get_cancellation()),
                          omp_get_thread_limit(), DEQUE_CAPACITY, on_off(membarrier_works()));
    caller_release(state);
    errno = saved;
    return written;
}
