/* SPDX-License-Identifier: Apache-2.0 */
#include "ompgroup/version.h"

#include "base/caller.h"
#include "base/membarrier.h"
#include "base/openmp.h"
#include "store/deque.h"

#include <errno.h>

const char *ompg_version(void)
{
    return OMPG_VERSION;
}

static const char *on_off(int on)
{
    return on ? "on" : "off";
}

int ompg_describe(FILE *out)
{
    if (!out)
        return 0;
    int saved = errno;
    int state = caller_hold();
    struct openmp_about about = openmp_about();
    int written = fprintf(out,
                          "version: %s\n"
                          "OpenMP runtime: %s, specification %d\n"
                          "threads: %d\n"
                          "processors: %d\n"
                          "OMP_CANCELLATION: %s\n"
                          "thread limit: %d\n"
                          "tasks in a thread's deque: %d\n"
                          "membarrier: %s\n",
                          OMPG_VERSION, about.runtime, about.specification, about.threads,
                          openmp_processors(), on_off(openmp_cancellation()), about.thread_limit,
                          DEQUE_CAPACITY, on_off(membarrier_works()));
    caller_release(state);
    errno = saved;
    return written;
}
