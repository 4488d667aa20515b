/*
 * Empty tasks that each use a state of an ompg_local. Mode "none": they do not, for the difference; "twice": they
 * ask for it twice; "thread": an array by omp_get_thread_num() instead, which is wrong where tasks nest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include <ompgroup.h>

#include <omp.h>

static ompg_local *sums;
static struct bench_count by_thread[BENCH_MAX_THREADS];

static int use_none(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_tally(1);
    return 0;
}

static int use_state(ompg_group *group, void *arg)
{
    uint64_t *sum = ompg_local_get(sums);
    (void)group;
    (void)arg;
    ++*sum;
    return 0;
}

static int use_twice(ompg_group *group, void *arg)
{
    uint64_t *sum = ompg_local_get(sums);
    ++*sum;
    sum = ompg_local_get(sums);
    (void)group;
    (void)arg;
    __asm__ volatile("" : : "r"(sum));
    return 0;
}

static int use_thread(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    by_thread[omp_get_thread_num()].count++;
    return 0;
}

static ompg_task_fn *task_of(const struct bench *bench)
{
    return bench_mode_is(bench, "none")     ? use_none
           : bench_mode_is(bench, "twice")  ? use_twice
           : bench_mode_is(bench, "thread") ? use_thread
                                            : use_state;
}

static int produce(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    ompg_task_fn *fn = task_of(bench);
    for (size_t i = 0; i < bench->size; i++)
        ompg_go(group, fn, NULL);
    return 0;
}

static int add_up(void *state, void *arg)
{
    *(uint64_t *)arg += *(uint64_t *)state;
    return 0;
}

/* What all have counted. */
static uint64_t total(void)
{
    uint64_t sum = bench_tally_take();
    ompg_local_each(sums, add_up, &sum);
    for (int i = 0; i < BENCH_MAX_THREADS; i++) {
        sum += by_thread[i].count;
        by_thread[i].count = 0;
    }
    return sum;
}

static bool run(struct bench *bench)
{
    sums = ompg_local_new(&(ompg_local_options){.size = sizeof(uint64_t)});
    bench_start(bench);
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, produce, bench);
    int code = ompg_wait(group);
    ompg_free(group);
    bench_stop(bench);
    bool right = code == 0 && total() == bench->size;
    ompg_local_free(sums);
    return right;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "local", BENCH_OPENMP("ompgroup"), 1000000);
    return bench_measure(&bench, run);
}
