/*
 * Process-wide memory barrier. See membarrier.h.
 *
 * Discipline. The lock is held during a barrier, so that `begun`, which it guards, counts barriers that
 * are over for whoever holds it. One that begins after a caller has read `begun` covers what the caller
 * had stored.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* syscall() */

#include "base/membarrier.h"

#include "base/delays.h"
#include "base/spinlock.h"
#include "base/tsan.h"

#include <errno.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#endif

atomic_bool membarrier_usable;

static struct spinlock barrier_lock;
static atomic_uint begun;

void membarrier_lock(void)
{
    spin_lock(&barrier_lock);
}

void membarrier_unlock(void)
{
    spin_unlock(&barrier_lock);
}

#if defined(__linux__) && defined(__NR_membarrier)

static bool membarrier(int command)
{
    int saved = errno;
    bool done = syscall(__NR_membarrier, command, 0, 0) == 0;
    errno = saved;
    return done;
}

/* One that nobody else has begun since `seen`. The caller holds the lock. */
static void barrier_unless_begun(unsigned seen)
{
    if (load_relaxed(&begun) != seen || !membarrier_works())
        return;
    bump_relaxed(&begun, 1U);
    if (!membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED))
        store_relaxed(&membarrier_usable, false);
}

bool membarrier_all(void)
{
    fence_seq_cst(); /* what the caller has stored, before it looks */
    unsigned seen = load_relaxed(&begun);
    spin_lock(&barrier_lock);
    barrier_unless_begun(seen);
    bool done = membarrier_works();
    spin_unlock(&barrier_lock);
    return done;
}

/*
 * At start-up, while the process most likely has one thread: registering costs nothing then, and
 * milliseconds later. ThreadSanitizer does not understand this fence, so its builds go without.
 */
__attribute__((constructor)) static void membarrier_register(void)
{
    if (BUILT_WITH_TSAN || delays_deny_membarrier())
        return;
    store_relaxed(&membarrier_usable, membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED));
}

#else

bool membarrier_all(void)
{
    return false;
}

#endif
