/*
 * A hold and its end, on one thread while nobody waits. Mode "wake": one that another thread is done with,
 * while the waiter sleeps; so from one thread to the other and back, threads started included.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* POSIX threads with C11 */

#include "bench.h"

#include <ompgroup.h>

#include <pthread.h>

static bool hold_and_let_go(ompg_group *group, size_t times)
{
    bool good = true;
    for (size_t i = 0; i < times; i++)
        good &= ompg_hold(group) == 0 && ompg_done(group, 0) == 0;
    return good;
}

static void *let_go(void *arg)
{
    ompg_done(arg, 0);
    return NULL;
}

static bool wake(ompg_group *group, size_t times)
{
    bool good = true;
    for (size_t i = 0; i < times && good; i++) {
        pthread_t thread;
        good = ompg_hold(group) == 0 && pthread_create(&thread, NULL, let_go, group) == 0 &&
               ompg_wait(group) == 0;
        if (good)
            pthread_join(thread, NULL);
    }
    return good;
}

static bool run(struct bench *bench)
{
    ompg_group *group = ompg_new(NULL);
    bench_start(bench);
    bool good = bench_mode_is(bench, "wake") ? wake(group, bench->size)
                                             : hold_and_let_go(group, bench->size);
    bench_stop(bench);
    ompg_free(group);
    return good;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "hold", BENCH_OPENMP("ompgroup"), 1000000);
    return bench_measure(&bench, run);
}
