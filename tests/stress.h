/*
 * What the stress tests share: the seed, how much work, threads outside of OpenMP.
 *
 * OMPGROUP_TEST_SEED sets the seed of the random tests (it is printed), OMPGROUP_TEST_ROUNDS how
 * often each of them is repeated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRESS_H
#define STRESS_H

#include "check.h"
#include "sanitizers.h"

#include <inttypes.h>
#include <stdint.h>
#include <time.h>

enum {
    SHARE = SANITIZED ? 10 : 1, /* sanitizers get this fraction of the work */
    ROUNDS = 600 / SHARE,
    PTHREADS = 4
};

static uint64_t base_seed;
static unsigned rounds;

static inline void settle_seed(void)
{
    const char *seed = getenv("OMPGROUP_TEST_SEED");
    const char *times = getenv("OMPGROUP_TEST_ROUNDS");
    base_seed = seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 1000;
    rounds = times != NULL ? (unsigned)strtoul(times, NULL, 0) : ROUNDS;
    printf("OMPGROUP_TEST_SEED=%" PRIu64 " ", base_seed);
    fflush(stdout);
}

/* Runs the body in several POSIX threads, each with its own number from 0. */
static inline void in_pthreads(void *(*body)(void *))
{
    pthread_t threads[PTHREADS];
    unsigned numbers[PTHREADS];
    for (unsigned i = 0; i < PTHREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, body, &numbers[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < PTHREADS; i++)
        pthread_join(threads[i], NULL);
}

#endif
