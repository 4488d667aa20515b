/*
 * Wrong programs for ThreadSanitizer, the control of tsan_clean.c: each must be reported as a data
 * race, by happens-before and not by luck.
 *
 *     tsan_racy tasks      two tasks of a group write the same variable
 *     tsan_racy nested     a task and one of the group that it nests write it, before the wait
 *     tsan_racy drop       the drop of one task and another task write it
 *     tsan_racy loop       two sub-ranges of a loop write it
 *     tsan_racy fold       two folds of a reduction write it
 *     tsan_racy stage      two items in a parallel stage of a pipeline write it
 *
 * The two sides wait for each other with relaxed atomics, which order nothing: they surely run on two
 * threads, and write one after the other, because of two writes at the very same time the tool may miss
 * one. Ends with 77 where no second thread comes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CANNOT_RUN = 77 };

static const double patience = 20.0; /* seconds */

static long plain;
static atomic_int arrivals;
static atomic_int writes;

static bool await_count(const atomic_int *count, int least)
{
    double start = omp_get_wtime();
    while (atomic_load_explicit(count, memory_order_relaxed) < least) {
        if (omp_get_wtime() - start > patience)
            return false;
    }
    return true;
}

/* Both sides are here before one writes; then the other does. */
static int write_run(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    int nth = atomic_fetch_add_explicit(&arrivals, 1, memory_order_relaxed);
    if (!await_count(&arrivals, 2) || !await_count(&writes, nth))
        return CANNOT_RUN;
    plain++;
    atomic_fetch_add_explicit(&writes, 1, memory_order_relaxed);
    return 0;
}

static int write_tasks(ompg_group *group)
{
    ompg_go(group, write_run, NULL);
    ompg_go(group, write_run, NULL);
    return ompg_wait(group);
}

/* Inside a region a nested task may start before the wait. */
static int nest_run(ompg_group *group, void *arg)
{
    ompg_group *nested = ompg_new(NULL);
    int code = ompg_go(nested, write_run, arg);
    if (code == 0)
        code = write_run(group, arg);
    int waited = ompg_wait(nested);
    ompg_free(nested);
    return code != 0 ? code : waited;
}

static int write_nested(ompg_group *group)
{
    ompg_go(group, nest_run, NULL);
    return ompg_wait(group);
}

static int do_nothing(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 0;
}

static void write_drop(void *arg)
{
    write_run(NULL, arg);
}

static int write_drops(ompg_group *group)
{
    ompg_go_with(group, do_nothing, NULL, &(ompg_task_options){.drop = write_drop});
    ompg_go(group, write_run, NULL);
    return ompg_wait(group);
}

static int write_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return write_run(group, arg);
}

static int write_loop(ompg_group *group)
{
    return ompg_for(group, 0, 2, 1, write_range, NULL);
}

static int write_fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return write_range(group, begin, end, arg);
}

static int combine_nothing(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)accumulator;
    (void)other;
    (void)group;
    (void)arg;
    return 0;
}

static int write_reduction(ompg_group *group)
{
    int nothing = 0;
    return ompg_reduce(group, 0, 2, 1, &nothing, sizeof nothing, write_fold, combine_nothing, NULL);
}

static int make_two(ompg_group *group, void *arg, void **piece)
{
    int *made = arg;
    (void)group;
    *piece = (*made)++ < 2 ? made : NULL;
    return 0;
}

static int write_piece(ompg_group *group, void *arg, void **piece)
{
    (void)piece;
    return write_run(group, arg);
}

static int write_stage(ompg_group *group)
{
    int made = 0;
    const ompg_stage stages[] = {
        {.mode = OMPG_IN_ORDER, .fn = make_two, .arg = &made},
        {.mode = OMPG_PARALLEL, .fn = write_piece},
    };
    return ompg_pipeline(group, stages, 2, 2);
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    ompg_group *group = ompg_new(&(ompg_options){.threads = 2});
    int code = EXIT_FAILURE;
    if (strcmp(kind, "tasks") == 0)
        code = write_tasks(group);
    else if (strcmp(kind, "nested") == 0)
        code = write_nested(group);
    else if (strcmp(kind, "drop") == 0)
        code = write_drops(group);
    else if (strcmp(kind, "loop") == 0)
        code = write_loop(group);
    else if (strcmp(kind, "fold") == 0)
        code = write_reduction(group);
    else if (strcmp(kind, "stage") == 0)
        code = write_stage(group);
    else
        fprintf(stderr, "usage: tsan_racy tasks|nested|drop|loop|fold|stage\n");
    ompg_free(group);
    return code;
}
