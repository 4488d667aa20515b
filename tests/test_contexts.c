/*
 * Where a group may be used: in a serial program, in every kind of OpenMP region, with any number of
 * threads, from several threads at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <omp.h>
#include <time.h>

/* What a task must find where it runs. */
typedef struct context {
    const ompg_group *group;
    int threads;   /* ompg_get_threads() before the wait */
    int max_level; /* of omp_get_level() */
    atomic_int runs;
} context;

static int run_in_context(ompg_group *group, void *arg)
{
    context *self = arg;
    CHECK(group == self->group);
    CHECK(omp_get_thread_num() < self->threads);
    CHECK(omp_get_level() <= self->max_level);
    CHECK_INT(ompg_get_threads(group), self->threads);
    atomic_fetch_add(&self->runs, 1);
    return 0;
}

static int run_and_add(ompg_group *group, void *arg)
{
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go(group, run_in_context, arg), 0);
    return run_in_context(group, arg);
}

static int run_and_nest(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(NULL);
    context nested = {.group = inner, .threads = ompg_get_threads(inner)};
    nested.max_level = ((const context *)arg)->max_level; /* any thread of the region may steal */
    CHECK(nested.threads >= 1);
    for (int i = 0; i < 4; i++)
        CHECK_INT(ompg_go(inner, run_in_context, &nested), 0);
    CHECK_INT(ompg_wait(inner), 0);
    CHECK_INT(atomic_load(&nested.runs), 4);
    ompg_free(inner);
    return run_in_context(group, arg);
}

/* A group as this context would use it; options may be NULL. */
static void use_group(const ompg_options *options)
{
    ompg_group *group = ompg_new(options);
    if (!CHECK(group != NULL))
        return;
    context here = {.group = group, .threads = ompg_get_threads(group)};
    here.max_level = omp_in_parallel() ? omp_get_level() : omp_get_level() + 1;
    CHECK(here.threads >= 1);
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go(group, i % 2 == 0 ? run_and_add : run_and_nest, &here), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&here.runs), 250);
    CHECK_STATS(group, 250, 250, 0, 0);
    ompg_free(group);
}

static int fail_in_context(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_fail(group, ERANGE, "here");
}

static void use_failing_group(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, fail_in_context, NULL);
    for (int i = 0; i < 100; i++)
        ompg_go(group, count_run, &runs);
    CHECK_INT(ompg_wait(group), ERANGE);
    CHECK_STR(error_of(group).message, "here");
    CHECK_INT(stats_of(group).done, atomic_load(&runs));
    CHECK_ADDS_UP(group);
    ompg_free(group);
}

static void use_groups(void)
{
    for (int i = 0; i < 10; i++) {
        use_group(NULL);
        use_group(&(ompg_options){.limit = 1});
        use_failing_group();
    }
}

static void serial_program(void)
{
    use_groups();
    CHECK(!omp_in_parallel());
}

static void omp_single(void)
{
#pragma omp parallel
#pragma omp single
    use_groups();
}

static void omp_master_before_a_barrier(void)
{
#pragma omp parallel
    {
#pragma omp master
        use_groups();
#pragma omp barrier
    }
}

static void omp_parallel(void)
{
    for (int i = 0; i < 10; i++) {
#pragma omp parallel
        use_groups();
    }
}

static void omp_parallel_for(void)
{
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < 20; i++)
        use_groups();
}

/* A failing group must not cancel the task that uses it, nor that task's siblings. */
static void use_groups_and_count(atomic_int *finished)
{
    use_groups();
    atomic_fetch_add(finished, 1);
}

static ORDERED_BY_OPENMP void omp_task(void)
{
    atomic_int finished = 0;
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 10; i++) {
#pragma omp task shared(finished)
        use_groups_and_count(&finished);
    }
    CHECK_INT(atomic_load(&finished), 10);
}

static ORDERED_BY_OPENMP void omp_task_final(void)
{
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 10; i++) {
#pragma omp task final(1)
        use_groups();
    }
}

static void omp_task_without_a_region(void)
{
#pragma omp task
    use_groups();
#pragma omp taskwait
}

static ORDERED_BY_OPENMP void omp_taskgroup(void)
{
    atomic_int finished = 0;
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup
    {
        for (int i = 0; i < 10; i++) {
#pragma omp task shared(finished)
            use_groups_and_count(&finished);
        }
        use_groups_and_count(&finished);
    }
    CHECK_INT(atomic_load(&finished), 11);
}

static int make_omp_tasks(ompg_group *group, void *arg)
{
    atomic_int *finished = arg;
    (void)group;
    for (int i = 0; i < 10; i++) {
#pragma omp task
        {
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
            atomic_fetch_add(finished, 1);
        }
    }
    return 0;
}

static int make_omp_tasks_in_a_loop(ompg_group *group, size_t begin, size_t end, void *arg)
{
    for (size_t i = begin; i < end; i++)
        make_omp_tasks(group, arg);
    return 0;
}

/* Where the wait opens the region: inside another one they are that one's, as any task there. */
static ORDERED_BY_OPENMP void omp_tasks_of_a_task_end_with_the_wait(void)
{
    static atomic_int finished; /* static: ThreadSanitizer does not see that the tasks end before */
    atomic_store(&finished, 0);
    CHECK_INT(ompg_run(NULL, make_omp_tasks, &finished, NULL), 0);
    CHECK_INT(atomic_load(&finished), 10);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 3, 1, make_omp_tasks_in_a_loop, &finished), 0);
    CHECK_INT(atomic_load(&finished), 40);
}

static int wait_for_omp_tasks(ompg_group *group, void *arg)
{
    held_task *self = arg;
    CHECK_INT(ompg_go(group, held_task_run, self), 0);
    if (ompg_get_threads(group) > 1)
        CHECK_AWAIT(&self->begun, 1);
#pragma omp task
    do_nothing(group, NULL);
#pragma omp taskwait
    event_post(&self->let_go);
    return 0;
}

/* For its own OpenMP tasks, not for those of the group, which may need what it holds. */
static void omp_taskwait_in_a_task(void)
{
    held_task held = {0};
    CHECK_INT(ompg_run(NULL, wait_for_omp_tasks, &held, NULL), 0);
}

static void omp_parallel_of_one(void)
{
#pragma omp parallel num_threads(1)
    use_groups();
}

static void omp_parallel_nested(void)
{
    int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(3);
#pragma omp parallel num_threads(2)
#pragma omp parallel num_threads(2)
    use_groups();
    omp_set_max_active_levels(levels);
}

static int open_region_in_task(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
#pragma omp parallel num_threads(2)
    use_group(NULL);
    return 0;
}

static void omp_parallel_in_a_task(void)
{
    int levels = omp_get_max_active_levels();
    for (int active = 1; active <= 3; active += 2) {
        omp_set_max_active_levels(active);
        ompg_group *group = ompg_new(NULL);
        for (int i = 0; i < 10; i++)
            ompg_go(group, open_region_in_task, NULL);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
    omp_set_max_active_levels(levels);
}

static void any_number_of_threads(void)
{
    static const int teams[] = {1, 2, 3, 7, 64, 1, 64};
    for (size_t i = 0; i < sizeof teams / sizeof teams[0]; i++) {
        for (int round = 0; round < 5; round++) {
            use_group(&(ompg_options){.threads = teams[i]});
            use_group(&(ompg_options){.threads = teams[i], .limit = 2});
        }
    }
}

static ORDERED_BY_OPENMP void threads_are_known_before_the_wait(void)
{
    int before = omp_get_max_threads();
    ompg_group *five = ompg_new(&(ompg_options){.threads = 5});
    ompg_group *any = ompg_new(NULL);
    CHECK_INT(ompg_get_threads(five), 5);
    CHECK_INT(ompg_get_threads(any), before);
    omp_set_num_threads(3);
    CHECK_INT(ompg_get_threads(any), 3);
    use_group(NULL);
    omp_set_num_threads(before);
#pragma omp parallel num_threads(4)
    {
        CHECK_INT(ompg_get_threads(any), omp_get_num_threads());
        CHECK_INT(ompg_get_threads(five), omp_get_num_threads());
    }
    ompg_free(five);
    ompg_free(any);
}

/* Tasks added in one context, waited for in another. */
static ORDERED_BY_OPENMP void made_outside_waited_inside(void)
{
    enum { GROUPS = 8 };
    ompg_group *groups[GROUPS];
    atomic_int runs = 0;
    for (int i = 0; i < GROUPS; i++) {
        groups[i] = ompg_new(NULL);
        for (int j = 0; j < 100; j++)
            ompg_go(groups[i], count_run, &runs);
    }
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < GROUPS; i++)
        CHECK_INT(ompg_wait(groups[i]), 0);
    CHECK_INT(atomic_load(&runs), 100 * GROUPS);
    for (int i = 0; i < GROUPS; i++)
        ompg_free(groups[i]);
}

static ORDERED_BY_OPENMP void made_inside_waited_outside(void)
{
    ompg_group *group = NULL;
    atomic_int runs = 0;
#pragma omp parallel
#pragma omp single
    {
        group = ompg_new(NULL);
        CHECK_INT(ompg_go(group, count_run, &runs), 0);
        CHECK_INT(ompg_wait(group), 0);
    }
    CHECK_INT(ompg_go(group, count_run, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 2);
    ompg_free(group);
}

static void *use_groups_in_thread(void *arg)
{
    (void)arg;
    use_groups();
    return NULL;
}

static void threads_of_the_program_at_once(void)
{
    enum { COUNT = 4 };
    pthread_t threads[COUNT];
    for (int i = 0; i < COUNT; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, use_groups_in_thread, NULL), 0);
    use_groups();
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
}

CHECK_MAIN("contexts", {"serial program", serial_program}, {"omp single", omp_single},
           {"omp master before a barrier", omp_master_before_a_barrier},
           {"omp parallel", omp_parallel}, {"omp parallel for", omp_parallel_for},
           {"omp task", omp_task}, {"omp task final", omp_task_final},
           {"omp task without a region", omp_task_without_a_region},
           {"omp taskgroup", omp_taskgroup},
           {"omp tasks of a task end with the wait", omp_tasks_of_a_task_end_with_the_wait},
           {"omp taskwait in a task", omp_taskwait_in_a_task},
           {"omp parallel of one thread", omp_parallel_of_one},
           {"omp parallel nested", omp_parallel_nested},
           {"omp parallel in a task", omp_parallel_in_a_task},
           {"any number of threads", any_number_of_threads},
           {"threads are known before the wait", threads_are_known_before_the_wait},
           {"made outside, waited for inside", made_outside_waited_inside},
           {"made inside, waited for outside", made_inside_waited_outside},
           {"threads of the program at once", threads_of_the_program_at_once})
