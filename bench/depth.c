/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "depth.h"

#include <ompgroup.h>

struct chain {
    struct bench *bench;
    const ompg_options *options; /* of each group but the outermost */
    size_t below;                /* levels still to go */
    int crowd;                   /* more tasks at each level */
};

static int empty(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    bench_tally(1);
    return 0;
}

static int time_groups(const struct chain *chain)
{
    int code = 0;
    bench_start(chain->bench);
    for (int i = 0; i < DEPTH_GROUPS && code == 0; i++) {
        ompg_group *group = ompg_new(chain->options);
        ompg_go(group, empty, NULL);
        code = ompg_wait(group);
        ompg_free(group);
    }
    bench_stop(chain->bench);
    return code;
}

static int time_checks(const struct chain *chain, const ompg_group *innermost)
{
    bool stopped = false;
    bench_start(chain->bench);
    for (int i = 0; i < DEPTH_CHECKS; i++)
        stopped |= ompg_stopped(innermost);
    bench_stop(chain->bench);
    bench_tally(DEPTH_CHECKS);
    return stopped;
}

static int down(ompg_group *outer, void *arg)
{
    struct chain *chain = arg;
    if (chain->below-- == 0)
        return chain->bench->items == DEPTH_CHECKS ? time_checks(chain, outer) : time_groups(chain);
    ompg_group *group = ompg_new(chain->options);
    for (int i = 0; i < chain->crowd; i++)
        ompg_go(group, empty, NULL);
    ompg_go(group, down, chain);
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}

static bool run(struct bench *bench)
{
    const ompg_options named = {.name = "depth"}, limited = {.limit = 1}, timed = {.timeout = 1e6};
    struct chain chain = {.bench = bench, .below = bench->size};
    bool in_time = bench_mode_is(bench, "timed") || bench_mode_is(bench, "check_timed");
    if (bench_mode_is(bench, "named"))
        chain.options = &named;
    else if (bench_mode_is(bench, "limited"))
        chain.options = &limited;
    else if (bench_mode_is(bench, "crowded"))
        chain.crowd = DEPTH_CROWD;
    int code = ompg_run(in_time ? &timed : NULL, down, &chain, NULL);
    size_t expected = bench->items + bench->size * (size_t)chain.crowd;
    return code == 0 && bench_tally_take() == expected;
}

int main(int argc, char **argv)
{
    depth_prepare(argv);
    struct bench bench = bench_parse(argc, argv, "depth", BENCH_OPENMP("ompgroup"), 1000);
    bench.items = strncmp(bench.mode, "check", 5) == 0 ? DEPTH_CHECKS : DEPTH_GROUPS;
    if (bench_mode_is(&bench, "crowded")) { /* later runs find a larger deque, which is not full */
        bench.cold = true;
        bench.repeat = 1;
    }
    return bench_measure(&bench, run);
}
