/*
 * Delays before atomic operations. See delays.h.
 *
 * OMPGROUP_DELAY_SEED seeds them; the n-th thread that comes has the n-th sequence. The system still
 * has its part in the order, so a seed makes a failure likely again, not certain.
 * OMPGROUP_NO_MEMBARRIER, if it is set, takes membarrier(2) away.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* nanosleep() with C11, syscall() */

#include "base/delays.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    GAP_BITS = 11,   /* operations between two delays: below 2^(GAP_BITS - 1), mostly far fewer */
    SPIN_BITS = 10,  /* turns */
    SLEEP_BITS = 20, /* ns */
    YIELDS_MOST = 4
};

_Thread_local struct delays delays_here __attribute__((tls_model("initial-exec")));

static uint64_t seed = 1;
static atomic_uint threads;

__attribute__((constructor)) static void read_seed(void)
{
    const char *text = getenv("OMPGROUP_DELAY_SEED");
    if (text)
        seed = strtoull(text, NULL, 0);
}

bool delays_deny_membarrier(void)
{
    return getenv("OMPGROUP_NO_MEMBARRIER") != NULL;
}

/* splitmix64's mixing of a counter: close seeds give sequences that have nothing in common. */
static uint64_t first_state(void)
{
    unsigned number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
    uint64_t x = seed * 0x9e3779b97f4a7c15 + number * 0xd1b54a32d192ed03 + 1;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (x ^ x >> 31) | 1;
}

/* The upper bits of xorshift64*. */
static unsigned draw(unsigned below)
{
    uint64_t x = delays_here.random ? delays_here.random : first_state();
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    delays_here.random = x;
    return (unsigned)((x * 0x2545f4914f6cdd1d) >> 32) % below;
}

/* Of any order of magnitude up to that of 2^bits. */
static unsigned draw_magnitude(unsigned bits)
{
    return draw(1U << draw(bits));
}

static void spin(unsigned turns)
{
    for (volatile unsigned i = 0; i < turns; i = i + 1)
        ;
}

/* The bare system call: nanosleep() is a cancellation point. */
static void nap(unsigned nanoseconds)
{
    int saved = errno;
    struct timespec time = {.tv_nsec = (long)nanoseconds};
    syscall(SYS_nanosleep, &time, NULL);
    errno = saved;
}

void delays_next(void)
{
    delays_here.left = draw_magnitude(GAP_BITS);
    unsigned kind = draw(16);
    if (kind == 0)
        nap(draw_magnitude(SLEEP_BITS));
    else if (kind < 6)
        for (unsigned n = 1 + draw(YIELDS_MOST); n > 0; n--)
            sched_yield();
    else
        spin(draw_magnitude(SPIN_BITS));
}
