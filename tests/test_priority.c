/*
 * Threads of different real-time priority on one processor: a lock of the library that a lower thread
 * holds must not keep a higher one spinning, because then the lower one never comes to give it back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* affinity */

#include "check.h"

#include <ompgroup.h>

#include <sched.h>

static const double contest_seconds = 2.0;
static const double longest_call = 0.3; /* a thread that spins is throttled after 0.95 s */

static atomic_bool enough;
static atomic_int limits;

static void use_locks(ompg_group *shared, int limit)
{
    ompg_group *group = ompg_new(NULL); /* the lock of the pools */
    ompg_free(group);
    ompg_set_limit(shared, limit); /* the lock of the gate */
}

static void *low(void *shared)
{
    while (!atomic_load(&enough))
        use_locks(shared, 1 + atomic_fetch_add(&limits, 1) % 3);
    return NULL;
}

/* Interrupts the lower thread some 10,000 times in a second. */
static void *high(void *shared)
{
    double stop = seconds_now() + contest_seconds, worst = 0.0;
    while (seconds_now() < stop) {
        double start = seconds_now();
        use_locks(shared, 2);
        double taken = seconds_now() - start;
        worst = taken > worst ? taken : worst;
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
    atomic_store(&enough, true);
    if (!CHECK(worst < longest_call))
        fprintf(stderr, "the higher thread needed %.3f s once\n", worst);
    return NULL;
}

/* Both on the first processor that this process may use. */
static bool start(pthread_t *thread, int policy, void *(*body)(void *), void *arg)
{
    cpu_set_t all, one;
    sched_getaffinity(0, sizeof all, &all);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++) {
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    }
    struct sched_param priority = {.sched_priority = policy == SCHED_FIFO ? 10 : 0};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, policy);
    pthread_attr_setschedparam(&attributes, &priority);
    int code = pthread_create(thread, &attributes, body, arg);
    pthread_attr_destroy(&attributes);
    return code == 0;
}

static void a_lower_thread_holds_the_lock(void)
{
    ompg_group *shared = ompg_new(&(ompg_options){.limit = 2});
    pthread_t lower, higher;
    if (start(&higher, SCHED_FIFO, high, shared)) {
        CHECK(start(&lower, SCHED_OTHER, low, shared));
        pthread_join(higher, NULL);
        pthread_join(lower, NULL);
    } else {
        puts("SCHED_FIFO is not permitted: nothing to see");
        CHECK(true);
    }
    ompg_free(shared);
}

CHECK_MAIN("priority", {"a lower thread holds the lock", a_lower_thread_holds_the_lock})
