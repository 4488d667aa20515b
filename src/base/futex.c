/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE 1 /* syscall() */

#include "base/futex.h"

#include "base/atomics.h"
#include "base/caller.h"
#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

enum {
    YIELDS = 8,
    SLICE_LEAST_NS = 20000,
    SLICE_DOUBLINGS = 6 /* to 1.3 ms */
};

void futex_wait_slice(atomic_int *word, int value, unsigned times)
{
    if (times <= YIELDS) {
        sched_yield();
        return;
    }
    unsigned doublings = times - YIELDS < SLICE_DOUBLINGS ? times - YIELDS : SLICE_DOUBLINGS;
    futex_wait(word, value, (int64_t)SLICE_LEAST_NS << doublings);
}

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

#if defined(__linux__) && defined(__NR_futex)

/* The kernel reads a struct timespec as the C library has it, which may be wider than a long. */
static long futex(atomic_int *word, int operation, int value, const struct timespec *timeout)
{
#if defined(__NR_futex_time64)
    if (sizeof(time_t) > sizeof(long))
        return syscall(__NR_futex_time64, word, operation, value, timeout, NULL, 0);
#endif
    return syscall(__NR_futex, word, operation, value, timeout, NULL, 0);
}

void futex_wait(atomic_int *word, int value, int64_t ns)
{
    int saved = errno;
    struct timespec timeout = {.tv_sec = (time_t)(ns / 1000000000),
                               .tv_nsec = (long)(ns % 1000000000)};
    futex(word, FUTEX_WAIT_PRIVATE, value, ns == CLOCK_NEVER ? NULL : &timeout);
    errno = saved;
}

void futex_wake(atomic_int *word, int count)
{
    int saved = errno;
    futex(word, FUTEX_WAKE_PRIVATE, count, NULL);
    errno = saved;
}

#else

enum { SLICE_NS = 100000 };

void futex_wait(atomic_int *word, int value, int64_t ns)
{
    int saved = errno, state = caller_hold();
    if (load_relaxed(word) == value)
        nanosleep(&(struct timespec){.tv_nsec = (long)(ns < SLICE_NS ? ns : SLICE_NS)}, NULL);
    caller_release(state);
    errno = saved;
}

void futex_wake(atomic_int *word, int count)
{
    (void)word;
    (void)count;
}

#endif
