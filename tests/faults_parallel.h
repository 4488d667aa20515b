/*
 * Loops, reductions and pipelines for the test of allocation failures: each is complete where the
 * call says 0, and otherwise has done nothing twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FAULTS_PARALLEL_H
#define FAULTS_PARALLEL_H

#include "faults_jobs.h"

enum { CELLS = 100, ITEMS = 12, LIVE = 4, FAILING_ITEM = 6 };

/* Each loop adds 1 to each cell. */
static atomic_uint cells[CELLS];
static atomic_uint loops_whole; /* surely over all cells, once the wait says 0 */
static atomic_uint loops_begun; /* perhaps over some */

static void cells_clear(void)
{
    for (int i = 0; i < CELLS; i++)
        atomic_store(&cells[i], 0);
    atomic_store(&loops_whole, 0);
    atomic_store(&loops_begun, 0);
}

static void cells_check(const char *when, bool all_well)
{
    unsigned least = all_well ? atomic_load(&loops_whole) : 0;
    unsigned most = atomic_load(&loops_begun);
    for (int i = 0; i < CELLS; i++) {
        unsigned count = atomic_load(&cells[i]);
        if (count < least || count > most)
            complain("%s: iteration %d ran %u times in %u to %u loops", when, i, count, least,
                     most);
    }
}

static int fill_cells(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&cells[i], 1);
    return 0;
}

static int call_accept(const char *name, int code)
{
    if (code != 0 && code != ENOMEM && code != ECANCELED && code != FAILURE)
        complain("%s gives %d", name, code);
    return code;
}

static void add_loop(ompg_group *group, size_t grain)
{
    int code = call_accept("ompg_go_for", ompg_go_for(group, 0, CELLS, grain, fill_cells, NULL));
    atomic_fetch_add(&loops_whole, code == 0);
    atomic_fetch_add(&loops_begun, code == 0);
}

/* What has begun may have failed half-way. */
static int run_loop(ompg_group *group)
{
    atomic_fetch_add(&loops_begun, 1);
    int code = call_accept("ompg_for", ompg_for(group, 0, CELLS, 3, fill_cells, NULL));
    atomic_fetch_add(&loops_whole, code == 0);
    return code;
}

/* The parallel region is the caller's own: what OpenMP makes of errno there is not the library's. */
ORDERED_BY_OPENMP static void run_loop_statement(ompg_group *group)
{
    int saved = errno;
    atomic_fetch_add(&loops_begun, 1);
    OMPG_FOR(group, i, 0, CELLS) {
        atomic_fetch_add(&cells[i], 1);
    }
    errno = saved;
    int code = call_accept("OMPG_FOR", ompg_wait(group));
    atomic_fetch_add(&loops_whole, code == 0);
}

/* There is nobody to tell of an error: it must not have one. */
ORDERED_BY_OPENMP static void run_loop_without_group(ompg_group *group)
{
    (void)group;
    int saved = errno;
    int threads = omp_get_max_threads();
    omp_set_num_threads(9);
    atomic_fetch_add(&loops_begun, 1);
    OMPG_FOR(OMPG_DEFAULT, i, 0, CELLS) {
        atomic_fetch_add(&cells[i], 1);
    }
    atomic_fetch_add(&loops_whole, 1);
    omp_set_num_threads(threads);
    errno = saved;
}

/* ---- reductions ---- */

static int fold_sum(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        *(size_t *)accumulator += i;
    return 0;
}

static int combine_sums(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(size_t *)accumulator += *(const size_t *)other;
    return 0;
}

static int emit_sum(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)end;
    (void)arg;
    if (*(size_t *)accumulator != begin * (begin - 1) / 2 && begin > 0)
        complain("a scan has %zu before %zu", *(size_t *)accumulator, begin);
    return 0;
}

/* Accumulators of 2 KiB are allocated one by one. */
static int run_scan(ompg_group *group)
{
    size_t sum[256] = {0};
    int code = call_accept("ompg_scan", ompg_scan(group, 0, CELLS, 20, sum, sizeof sum, fold_sum,
                                                  combine_sums, emit_sum, NULL));
    if (sum[0] != (code == 0 ? (size_t)CELLS * (CELLS - 1) / 2 : 0))
        complain("a scan returns %d with the sum %zu", code, sum[0]);
    return code;
}

static int compare_sizes(const void *a, const void *b, void *arg)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    (void)arg;
    return (x > y) - (x < y);
}

/* Without memory the array is as it was. */
static int run_sort(ompg_group *group)
{
    enum { N = 10000 };
    size_t values[N];
    for (size_t i = 0; i < N; i++)
        values[i] = N - i;
    int code = call_accept("ompg_sort",
                           ompg_sort(group, values, N, sizeof values[0], compare_sizes, NULL));
    for (size_t i = 0; i < N; i++) {
        if (values[i] != (code == 0 ? i + 1 : N - i))
            complain("a sort returns %d with %zu at %zu", code, values[i], i);
    }
    return code;
}

/* Behind sums that are kept for their neighbours. */
static int fold_and_fail(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    fold_sum(group, begin, end, accumulator, arg);
    return end < CELLS ? 0 : ompg_fail(group, FAILURE, "the last part");
}

static int run_reduction_with(ompg_group *group, ompg_fold_fn *fold)
{
    size_t sum = 0;
    int code = call_accept("ompg_reduce", ompg_reduce(group, 0, CELLS, 20, &sum, sizeof sum, fold,
                                                      combine_sums, NULL));
    if (sum != (code == 0 ? (size_t)CELLS * (CELLS - 1) / 2 : 0))
        complain("a reduction returns %d with the sum %zu", code, sum);
    return code;
}

static int run_reduction(ompg_group *group)
{
    return run_reduction_with(group, fold_sum);
}

static int run_failing_reduction(ompg_group *group)
{
    return run_reduction_with(group, fold_and_fail);
}

/* ---- pipelines: an item is a job, which is dropped or comes to the end ---- */

static int make_job(ompg_group *group, void *arg, void **piece)
{
    unsigned *made = arg;
    (void)group;
    if (*made == ITEMS)
        return 0;
    ++*made;
    job *self = job_new(0);
    self->accepted = self->drops = true;
    *piece = self;
    return 0;
}

static int pass_job(ompg_group *group, void *arg, void **piece)
{
    const job *self = *piece;
    (void)group;
    (void)arg;
    return self->accepted ? 0 : EINVAL;
}

static int job_run_otherwise(ompg_group *group, void *arg)
{
    return job_run(group, arg);
}

/* The first time so many unlike tasks that, behind a limit, each further one needs memory. */
static int pass_and_crowd(ompg_group *group, void *arg, void **piece)
{
    enum { CROWD = 100 };
    bool *crowded = arg;
    for (int i = 0; i < CROWD && !*crowded; i++) {
        job *self = job_new(0);
        job_accept(self, ompg_go(group, i % 2 == 0 ? job_run : job_run_otherwise, self));
    }
    *crowded = true;
    return pass_job(group, NULL, piece);
}

static int end_job(ompg_group *group, void *arg, void **piece)
{
    (void)arg;
    int code = job_run(group, *piece);
    if (code == 0)
        job_drop(*piece);
    return code;
}

/* arg: how many items are still to come through before one fails. */
static int fail_at_last(ompg_group *group, void *arg, void **piece)
{
    unsigned *left = arg;
    (void)piece;
    return (*left)-- == 0 ? ompg_fail(group, FAILURE, "an item") : 0;
}

static int run_pipeline_with(ompg_group *group, ompg_stage_fn *third, void *arg)
{
    unsigned made = 0;
    const ompg_stage stages[] = {
        {.mode = OMPG_IN_ORDER, .fn = make_job, .arg = &made},
        {.mode = OMPG_PARALLEL, .fn = pass_job, .drop = job_drop},
        {.mode = OMPG_IN_ORDER, .fn = third, .arg = arg, .drop = job_drop},
        {.mode = OMPG_IN_ORDER, .fn = end_job, .drop = job_drop},
    };
    int code = call_accept("ompg_pipeline", ompg_pipeline(group, stages, 4, LIVE));
    if (code == 0 && made != ITEMS)
        complain("a pipeline returns 0 after %u items", made);
    return code;
}

static int run_pipeline(ompg_group *group)
{
    return run_pipeline_with(group, pass_job, NULL);
}

static int run_crowded_pipeline(ompg_group *group)
{
    bool crowded = false;
    return run_pipeline_with(group, pass_and_crowd, &crowded);
}

static int run_failing_pipeline(ompg_group *group)
{
    unsigned left = FAILING_ITEM;
    return run_pipeline_with(group, fail_at_last, &left);
}

#endif
