/*
 * Empty tasks that one thread from outside adds while another one waits for the group, which is held meanwhile.
 * Time for each task, until all have run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* POSIX threads with C11 */

#include "bench.h"

#include <ompgroup.h>

#include <pthread.h>

static int empty(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_tally(1);
    return 0;
}

struct adder {
    ompg_group *group;
    size_t tasks;
};

static void *add(void *arg)
{
    const struct adder *self = arg;
    for (size_t i = 0; i < self->tasks; i++)
        ompg_go(self->group, empty, NULL);
    ompg_done(self->group, 0);
    return NULL;
}

static bool run(struct bench *bench)
{
    pthread_t thread;
    struct adder adder = {.group = ompg_new(NULL), .tasks = bench->size};
    bench_start(bench);
    ompg_hold(adder.group);
    if (pthread_create(&thread, NULL, add, &adder) != 0)
        return false;
    int code = ompg_wait(adder.group);
    bench_stop(bench);
    pthread_join(thread, NULL);
    ompg_free(adder.group);
    return code == 0 && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "mailbox", BENCH_OPENMP("ompgroup"), 1000000);
    return bench_measure(&bench, run);
}
