/*
 * Tasks with dependences: on one of LIVE places (the addresses of the first items), and on the count
 * of the stage that keeps the order. The producer waits for its place: libgomp's time for an item
 * grows with the items that exist.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pipeline.h"

static void produce(const struct bench *bench)
{
    char *item;
    for (size_t i = 0; (item = pipeline_source(bench)) != NULL; i++) {
#pragma omp taskwait depend(inout : pipeline_items[i % LIVE])
#pragma omp task depend(out : pipeline_items[i % LIVE])
        *item = 1;
#pragma omp task depend(in : pipeline_items[i % LIVE]) depend(inout : pipeline_out)
        pipeline_sink(item);
    }
}

static bool run(struct bench *bench)
{
    pipeline_begin(bench);
#pragma omp parallel
#pragma omp single
    produce(bench);
    return pipeline_end(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pipeline", BENCH_OPENMP("depend"), 200000);
    pipeline_prepare(&bench);
    return bench_measure(&bench, run);
}
