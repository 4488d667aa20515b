/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cancel.h"

#include <ompgroup.h>

#include <errno.h>

static int work(ompg_group *group, void *arg)
{
    (void)group;
    return cancel_work(arg) ? EIO : 0;
}

static int produce(ompg_group *group, void *arg)
{
    const struct bench *bench = arg;
    bool looks = bench_mode_is(bench, "looking");
    for (size_t i = 0; i < bench->size; i++)
        if (ompg_go(group, work, arg) != 0 && looks)
            return ECANCELED;
    return 0;
}

static bool run(struct bench *bench)
{
    int code = ompg_run(NULL, produce, bench, NULL);
    bench_stop(bench);
    return cancel_check(bench) && code == EIO;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "cancel", BENCH_OPENMP("ompgroup"), 1000000);
    cancel_prepare(&bench);
    return bench_measure(&bench, run);
}
