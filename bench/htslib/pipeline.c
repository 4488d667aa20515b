/*
 * Jobs are the parallel stage; the thread that adds them takes their results, in order, whenever it
 * may not add more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pipeline.h"

#include "htslib.h"

static void *mark(void *arg)
{
    *(char *)arg = 1;
    return arg;
}

static void take(hts_tpool_process *process)
{
    hts_tpool_result *result = hts_tpool_next_result_wait(process);
    pipeline_sink(hts_tpool_result_data(result));
    hts_tpool_delete_result(result, 0);
}

static bool run(struct bench *bench)
{
    hts_tpool_process *process = hts_tpool_process_init(pool, LIVE, 0);
    if (!process)
        return false;
    pipeline_begin(bench);
    size_t live = 0;
    for (char *item; (item = pipeline_source(bench)) != NULL; live++) {
        if (live == LIVE) {
            take(process);
            live--;
        }
        hts_tpool_dispatch(pool, process, mark, item);
    }
    for (; live > 0; live--)
        take(process);
    bool right = pipeline_end(bench);
    hts_tpool_process_destroy(process);
    return right;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pipeline", "htslib", 200000);
    pipeline_prepare(&bench);
    return bench_measure_with_pool(&bench, run);
}
