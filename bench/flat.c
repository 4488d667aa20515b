/*
 * Empty tasks of one group, added by a task of the group. Mode "queued": added before the wait; "copy":
 * each with a copy of 8 bytes; "copy64": of 64 bytes; "with": each with options, a drop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include <ompgroup.h>

static int empty(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_tally(1);
    return 0;
}

static int produce(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    for (size_t i = 0; i < bench->size; i++)
        ompg_go(group, empty, NULL);
    return 0;
}

static int produce_copies(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    for (size_t i = 0; i < bench->size; i++)
        ompg_go_copy(group, empty, &i, sizeof i);
    return 0;
}

static int produce_copies_of_64(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    size_t numbers[64 / sizeof(size_t)] = {0};
    for (size_t i = 0; i < bench->size; i++) {
        numbers[0] = i;
        ompg_go_copy(group, empty, numbers, sizeof numbers);
    }
    return 0;
}

static void drop(void *arg)
{
    (void)arg;
}

static int produce_with_drop(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    for (size_t i = 0; i < bench->size; i++)
        ompg_go_with(group, empty, NULL, &(ompg_task_options){.drop = drop});
    return 0;
}

static ompg_task_fn *producer(const struct bench *bench)
{
    return bench_mode_is(bench, "copy")     ? produce_copies
           : bench_mode_is(bench, "copy64") ? produce_copies_of_64
           : bench_mode_is(bench, "with")   ? produce_with_drop
                                            : produce;
}

static bool run(struct bench *bench)
{
    bench_start(bench);
    ompg_group *group = ompg_new(NULL);
    if (bench_mode_is(bench, "queued"))
        produce(group, bench);
    else
        ompg_go(group, producer(bench), bench);
    int code = ompg_wait(group);
    ompg_free(group);
    bench_stop(bench);
    return code == 0 && bench_tally_take() == bench->size;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "flat", BENCH_OPENMP("ompgroup"), 1000000);
    return bench_measure(&bench, run);
}
