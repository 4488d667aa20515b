/*
 * ompg_for: a callback for each range.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

#include <ompgroup.h>

static int triad(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    loop_triad(begin, end);
    return 0;
}

static int irregular(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    loop_irregular(begin, end);
    return 0;
}

static int empty(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    loop_empty(begin, end);
    return 0;
}

/* Mode "grained" is "empty" with sub-ranges that do not depend on time, for counting instructions. */
static size_t grain;

static bool run(struct bench *bench)
{
    ompg_range_fn *body = bench_mode_is(bench, "triad")       ? triad
                          : bench_mode_is(bench, "irregular") ? irregular
                                                              : empty;
    size_t loops = bench_mode_is(bench, "empty") ? bench->items : 1;
    int code = 0;
    bench_start(bench);
    for (size_t i = 0; i < loops && code == 0; i++)
        code = ompg_for(OMPG_DEFAULT, 0, bench->size, grain, body, NULL);
    bench_stop(bench);
    return code == 0 && loop_check(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "loop", BENCH_OPENMP("ompg_for"), 1000);
    grain = bench_mode_is(&bench, "grained") ? 16 : 0;
    loop_prepare(&bench);
    return bench_measure(&bench, run);
}
