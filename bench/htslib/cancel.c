/*
 * Jobs look at a flag; hts_tpool_process_reset takes those off the queue that have not started.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cancel.h"

#include "htslib.h"

static int failed; /* atomic */

static bool has_failed(void)
{
    return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
    if (!has_failed() && cancel_work(arg))
        __atomic_store_n(&failed, 1, __ATOMIC_RELAXED);
    return NULL;
}

static bool run(struct bench *bench)
{
    bool looks = bench_mode_is(bench, "looking");
    hts_tpool_process *process = hts_tpool_process_init(pool, QUEUE, 1);
    if (!process)
        return false;
    failed = 0;
    bool right = true;
    for (size_t i = 0; i < bench->size && right && !(looks && has_failed()); i++)
        right = hts_tpool_dispatch(pool, process, work, bench) == 0;
    right = hts_tpool_process_reset(process, 0) == 0 && right;
    hts_tpool_process_destroy(process);
    bench_stop(bench);
    return cancel_check(bench) && right;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "cancel", "htslib", 1000000);
    cancel_prepare(&bench);
    return bench_measure_with_pool(&bench, run);
}
