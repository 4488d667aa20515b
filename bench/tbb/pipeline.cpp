// parallel_pipeline.
//
// SPDX-License-Identifier: Apache-2.0
#include "pipeline.h"
#include "tbb.h"

static bool run(struct bench *bench)
{
    auto make = [bench](tbb::flow_control &control) {
        char *item = pipeline_source(bench);
        if (!item)
            control.stop();
        return item;
    };
    auto mark = [](char *item) {
        *item = 1;
        return item;
    };
    pipeline_begin(bench);
    tbb::parallel_pipeline(
        LIVE, tbb::make_filter<void, char *>(tbb::filter_mode::serial_in_order, make) &
                  tbb::make_filter<char *, char *>(tbb::filter_mode::parallel, mark) &
                  tbb::make_filter<char *, void>(tbb::filter_mode::serial_in_order,
                                                 [](char *item) { pipeline_sink(item); }));
    return pipeline_end(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "pipeline", "tbb", 200000);
    pipeline_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
