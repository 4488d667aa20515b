/*
 * How many OpenMP tasks the library makes: none in a region of its own, none where OpenMP would run
 * them at once on the thread that makes them.
 *
 * The program is linked so that whoever makes an OpenMP task comes here, by GCC's and by Clang's way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

enum { TASKS = 20000, FEW = TASKS / 20 };

/* libgomp runs new tasks at once from there on, libomp when a thread has 256 queued. */
static int most_queued(int threads)
{
#ifdef KMP_VERSION_MAJOR
    return threads < 200 ? 200 : 0;
#else
    return 64 * threads;
#endif
}

static atomic_int made;

/* libgomp's. */
typedef void task_fn(void *data);
typedef void copy_fn(void *to, void *from);
extern void __real_GOMP_task(task_fn *fn, void *data, copy_fn *copy, long size, long align,
                             bool deferred, unsigned flags, void **depend, int priority,
                             void *detach) __attribute__((weak));
extern void __wrap_GOMP_task(task_fn *fn, void *data, copy_fn *copy, long size, long align,
                             bool deferred, unsigned flags, void **depend, int priority,
                             void *detach);

void __wrap_GOMP_task(task_fn *fn, void *data, copy_fn *copy, long size, long align, bool deferred,
                      unsigned flags, void **depend, int priority, void *detach)
{
    atomic_fetch_add(&made, 1);
    __real_GOMP_task(fn, data, copy, size, align, deferred, flags, depend, priority, detach);
}

/* libomp's. */
extern void *__real___kmpc_omp_task_alloc(void *location, int thread, int flags, size_t size,
                                          size_t shared, void *routine) __attribute__((weak));
extern void *__wrap___kmpc_omp_task_alloc(void *location, int thread, int flags, size_t size,
                                          size_t shared, void *routine);

void *__wrap___kmpc_omp_task_alloc(void *location, int thread, int flags, size_t size,
                                   size_t shared, void *routine)
{
    atomic_fetch_add(&made, 1);
    return __real___kmpc_omp_task_alloc(location, thread, flags, size, shared, routine);
}

static int leaf(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static int source(ompg_group *group, void *arg)
{
    int code = 0;
    for (int i = 0; i < TASKS && code == 0; i++)
        code = ompg_go(group, leaf, arg);
    return code;
}

/* Adds tasks before the wait, and in a task. Returns how many OpenMP tasks it took. */
static int made_by_groups(void)
{
    atomic_int ran = 0;
    int before = atomic_load(&made);
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(source(group, &ran), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    CHECK_INT(ompg_run(NULL, source, &ran, NULL), 0);
    CHECK_INT(atomic_load(&ran), 2 * TASKS);
    return atomic_load(&made) - before;
}

static void none_in_its_own_region(void)
{
    CHECK_INT(made_by_groups(), 0);
}

static void none_in_a_final_task(void)
{
#pragma omp parallel
#pragma omp single
    {
#pragma omp task final(1)
        CHECK_INT(made_by_groups(), 0);
    }
}

/*
 * So many raw tasks are queued that libgomp runs new ones at once. They are held until the groups are
 * done; the thread that makes them does not wait for them.
 */
static void few_where_many_are_queued(void)
{
    event done = {0};
#pragma omp parallel shared(done)
#pragma omp single
    {
        for (int i = 0; i <= most_queued(omp_get_num_threads()); i++) {
#pragma omp task shared(done) if (omp_get_num_threads() > 1)
            CHECK(omp_get_num_threads() == 1 || event_await(&done, 1));
        }
        CHECK(made_by_groups() <= FEW);
        event_post(&done);
    }
}

CHECK_MAIN("launch", {"none in its own region", none_in_its_own_region},
           {"none in a final task", none_in_a_final_task},
           {"few where many are queued", few_where_many_are_queued})
