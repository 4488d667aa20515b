/*
 * Process-wide memory barrier. See membarrier.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* syscall() */

#include "membarrier.h"

#include "delays.h"
#include "tsan.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

bool membarrier_works;

#if defined(__linux__) && defined(__NR_membarrier)

void membarrier_all(void)
{
    syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/*
 * At start-up, while the process most likely has one thread: registering costs nothing then, and
 * milliseconds later. ThreadSanitizer does not understand this fence, so its builds go without.
 */
__attribute__((constructor)) static void membarrier_register(void)
{
    int saved = errno;
    membarrier_works = !BUILT_WITH_TSAN && !delays_deny_membarrier() &&
                       syscall(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) ==
                           0;
    errno = saved;
}

#else

void membarrier_all(void)
{
}

#endif
