/*
 * membarrier(2): how often it is called, for each call interrupts every processor that the process runs
 * on, and what happens when the system refuses it later.
 *
 * The program is linked so that the library's calls of syscall() come here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/syscall.h>

enum { MOST_BARRIERS = 8, ATTEMPTS = 3, ROUNDS = 20, TASKS = 2000, COMMAND_BARRIER = 1 << 3 };

static atomic_int barriers, refusals;
static atomic_bool refuses;

extern long __real_syscall(long number, ...);
extern long __wrap_syscall(long number, ...);

static bool is_refused(long number, long command)
{
    if (number != SYS_membarrier || command != COMMAND_BARRIER)
        return false;
    atomic_fetch_add(&barriers, 1);
    if (!atomic_load(&refuses))
        return false;
    atomic_fetch_add(&refusals, 1);
    errno = EPERM;
    return true;
}

long __wrap_syscall(long number, ...)
{
    long of[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        of[i] = va_arg(rest, long);
    va_end(rest);
    if (is_refused(number, of[0]))
        return -1;
    return __real_syscall(number, of[0], of[1], of[2], of[3], of[4], of[5]);
}

/* Tasks of nothing, and one of 3 ms: what the other threads do meanwhile. */
static int one_is_long(ompg_group *group, void *arg)
{
    bool *is_long = arg;
    double end = seconds_now() + 0.003;
    (void)group;
    while (*is_long && seconds_now() < end)
        ;
    return 0;
}

static int barriers_beside_a_long_task(int threads)
{
    static bool is_long[2] = {false, true};
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    int before = atomic_load(&barriers);
    for (int i = 0; i < threads; i++)
        CHECK_INT(ompg_go(group, one_is_long, &is_long[i == 0]), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    return atomic_load(&barriers) - before;
}

/* The least of some attempts: a busy machine can only make more work of it. */
static void few_beside_a_long_task(void)
{
    static const int teams[] = {2, 32, 128};
    for (size_t i = 0; i < sizeof teams / sizeof teams[0]; i++) {
        int least = INT_MAX;
        for (int j = 0; j < ATTEMPTS; j++) {
            int count = barriers_beside_a_long_task(teams[i]);
            least = count < least ? count : least;
        }
        if (!CHECK(least <= MOST_BARRIERS))
            fprintf(stderr, "%d calls with %d threads\n", least, teams[i]);
    }
}

static int leaf(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

/* Long tasks between short ones, so that private tasks are pried and threads come and go. */
static int source(ompg_group *group, void *arg)
{
    int code = 0;
    for (int i = 0; i < TASKS && code == 0; i++) {
        double end = seconds_now() + (i % 100 == 0 ? 2e-4 : 0.0);
        code = ompg_go(group, leaf, arg);
        while (seconds_now() < end)
            ;
    }
    return code;
}

static void refused_later(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        atomic_uint ran = 0;
        atomic_store(&refuses, round > 0);
        CHECK_INT(ompg_run(&(ompg_options){.threads = 2 + round % 3}, source, &ran, NULL), 0);
        CHECK_INT(atomic_load(&ran), TASKS);
    }
    CHECK(atomic_load(&refusals) <= 1); /* it is not asked again */
}

/* Each of the tasks needs another thread, which may just be leaving. */
static int partner(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

static int need_partners(ompg_group *group, void *arg)
{
    event partners = {0};
    (void)arg;
    for (int i = 0; i < TASKS / 4; i++) {
        double end = seconds_now() + 4e-5 + 1e-6 * (i % 40);
        while (seconds_now() < end)
            ;
        CHECK_INT(ompg_go(group, partner, &partners), 0);
        if (!CHECK_AWAIT(&partners, i + 1))
            return ETIMEDOUT;
    }
    return 0;
}

static void threads_come_without_it(void)
{
    atomic_store(&refuses, true);
    for (int threads = 2; threads <= 3; threads++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, need_partners, NULL, NULL), 0);
}

/* The last two leave the process without it. */
CHECK_MAIN("membarrier", {"few beside a long task", few_beside_a_long_task},
           {"refused later", refused_later}, {"threads come without it", threads_come_without_it})
