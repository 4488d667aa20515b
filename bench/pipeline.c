/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pipeline.h"

#include <ompgroup.h>

static int make(ompg_group *group, void *arg, void **item)
{
    (void)group;
    *item = pipeline_source(arg);
    return 0;
}

static int mark(ompg_group *group, void *arg, void **item)
{
    (void)group;
    (void)arg;
    *(char *)*item = 1;
    return 0;
}

static int collect(ompg_group *group, void *arg, void **item)
{
    (void)group;
    (void)arg;
    pipeline_sink(*item);
    return 0;
}

static bool run(struct bench *bench)
{
    const ompg_stage stages[] = {
        {.mode = OMPG_IN_ORDER, .fn = make, .arg = bench},
        {.mode = OMPG_PARALLEL, .fn = mark},
        {.mode = OMPG_IN_ORDER, .fn = collect},
    };
    pipeline_begin(bench);
    int code = ompg_pipeline(OMPG_DEFAULT, stages, sizeof stages / sizeof stages[0], LIVE);
    return pipeline_end(bench) && code == 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pipeline", BENCH_OPENMP("ompgroup"), 200000);
    pipeline_prepare(&bench);
    return bench_measure(&bench, run);
}
