// Cancellation of a task_group's context.
//
// SPDX-License-Identifier: Apache-2.0
#include "cancel.h"
#include "tbb.h"

static bool run(struct bench *bench)
{
    bool looks = bench_mode_is(bench, "looking");
    tbb::task_group_context context;
    tbb::task_group group(context);
    for (size_t i = 0; i < bench->size && !(looks && context.is_group_execution_cancelled()); i++)
        group.run([bench, &context] {
            if (cancel_work(bench))
                context.cancel_group_execution();
        });
    bool cancelled = group.wait() == tbb::canceled;
    bench_stop(bench);
    return cancel_check(bench) && cancelled;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "cancel", "tbb", 1000000);
    cancel_prepare(&bench);
    return bench_measure_in_arena(&bench, run);
}
