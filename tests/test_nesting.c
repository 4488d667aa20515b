/*
 * Groups in tasks of groups: whose failure it is, what a nested wait runs, how deep it goes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <omp.h>
#include <stdint.h>

#if defined(__OPTIMIZE__) && !SANITIZED
#define OPTIMISED 1
#else
#define OPTIMISED 0
#endif

typedef struct fib_call {
    int n;
    long result;
} fib_call;

/* A group for each call. */
static int fib(ompg_group *outer, void *arg)
{
    fib_call *self = arg;
    (void)outer;
    if (self->n < 2) {
        self->result = self->n;
        return 0;
    }
    fib_call left = {self->n - 1, 0};
    fib_call right = {self->n - 2, 0};
    ompg_group *group = ompg_new(NULL);
    int code = ompg_go(group, fib, &left);
    if (code == 0)
        code = ompg_go(group, fib, &right);
    int waited = ompg_wait(group);
    ompg_free(group);
    self->result = left.result + right.result;
    return code != 0 ? code : waited;
}

static void fib_with_a_group_for_each_call(void)
{
    for (int i = 0; i < 5; i++) {
        fib_call call = {22, 0};
        CHECK_INT(ompg_run(NULL, fib, &call, NULL), 0);
        CHECK_INT(call.result, 17711);
    }
}

typedef struct link {
    int below;
    int limit;
    int code;
    int *deepest;
} link;

static int chain(ompg_group *outer, void *arg)
{
    const link *self = arg;
    (void)outer;
    if (self->below == 0) {
        ++*self->deepest;
        return self->code;
    }
    link next = {self->below - 1, self->limit, self->code, self->deepest};
    return ompg_run(&(ompg_options){.limit = self->limit}, chain, &next, NULL);
}

static void chain_of_groups(void)
{
    for (int limit = 0; limit < 2; limit++) {
        int deepest = 0;
        link top = {1500, limit, 0, &deepest};
        CHECK_INT(ompg_run(NULL, chain, &top, NULL), 0);
        CHECK_INT(deepest, 1);
    }
}

/* Each level returns the code of the one below, so it reaches the top. */
static void chain_passes_a_code_up(void)
{
    int deepest = 0;
    ompg_error error;
    link top = {300, 0, 4711, &deepest};
    CHECK_INT(ompg_run(NULL, chain, &top, &error), 4711);
    CHECK_INT(error.code, 4711);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
}

static int add_hundred(ompg_group *outer, void *arg)
{
    ompg_group *group = ompg_new(NULL);
    (void)outer;
    for (int i = 0; i < 100; i++)
        ompg_go(group, count_run, arg);
    int code = ompg_wait(group);
    CHECK_STATS(group, 100, 100, 0, 0);
    ompg_free(group);
    return code;
}

static void wide(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 1000; i++)
        CHECK_INT(ompg_go(group, add_hundred, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 100000);
    ompg_free(group);
}

static int fail_inside(ompg_group *outer, void *arg)
{
    item failing = {.code = EIO};
    item later[50] = {{0}};
    size_t accepted = 0; /* until the failing task has run elsewhere */
    ompg_group *group = ompg_new(NULL);
    item_go(group, &failing);
    while (accepted < 50 && item_go(group, &later[accepted]) == 0)
        accepted++;
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(items_check_dropped(&failing, 1), 1);
    items_check_dropped(later, accepted);
    CHECK_ADDS_UP(group);
    ompg_free(group);
    CHECK(!ompg_stopped(outer));
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void inner_failure_stays_inner(void)
{
    atomic_int finished = 0;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 100; i++)
        ompg_go(group, fail_inside, &finished);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&finished), 100);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    ompg_free(group);
}

/* A lock that only its holder's descendants may meet on the holder's thread. */
typedef struct locked {
    pthread_mutex_t lock;
    int inside;   /* guarded by lock */
    int descents; /* guarded by lock */
} locked;

static int run_as_descendant(ompg_group *group, void *arg)
{
    locked *shared = arg;
    (void)group;
    CHECK_INT(shared->inside, 1);
    return 0;
}

static int wait_with_lock(ompg_group *outer, void *arg)
{
    locked *shared = arg;
    (void)outer;
    pthread_mutex_lock(&shared->lock);
    CHECK_INT(shared->inside, 0);
    shared->inside = 1;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 5; i++)
        ompg_go(group, run_as_descendant, shared);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    shared->inside = 0;
    shared->descents++;
    pthread_mutex_unlock(&shared->lock);
    return 0;
}

/* Were a nested wait to take a stranger, that one would lock again on the same stack and hang. */
static void lock_held_across_a_wait(void)
{
    locked shared = {.lock = PTHREAD_MUTEX_INITIALIZER};
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 3000; i++)
        ompg_go(group, wait_with_lock, &shared);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(shared.descents, 3000);
    ompg_free(group);
    pthread_mutex_destroy(&shared.lock);
}

static _Thread_local int busy_depth;

static int stranger(ompg_group *group, void *arg)
{
    (void)group;
    CHECK_INT(busy_depth, 0);
    return count_run(group, arg);
}

/* A wait whose descendants run elsewhere: its thread is idle and strangers are at hand. */
static int wait_among_strangers(ompg_group *outer, void *arg)
{
    atomic_int inner_runs = 0;
    (void)arg;
    for (int i = 0; i < 10; i++)
        ompg_go(outer, stranger, arg);
    busy_depth++;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 20; i++)
        ompg_go(group, count_run, &inner_runs);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&inner_runs), 20);
    ompg_free(group);
    busy_depth--;
    return 0;
}

static int spread_waits(ompg_group *group, void *arg)
{
    for (int i = 0; i < 500; i++)
        ompg_go(group, wait_among_strangers, arg);
    return 0;
}

static void nested_wait_runs_descendants_only(void)
{
    atomic_int runs = 0;
    CHECK_INT(ompg_run(NULL, spread_waits, &runs, NULL), 0);
    CHECK_INT(atomic_load(&runs), 5000);
}

typedef struct family {
    ompg_group *outer;
    ompg_group *inner;
    atomic_int runs;
} family;

static int add_to_outer(ompg_group *inner, void *arg)
{
    family *shared = arg;
    (void)inner;
    CHECK_INT(ompg_go(shared->outer, count_run, &shared->runs), 0);
    CHECK_INT(ompg_go(shared->inner, count_run, &shared->runs), 0);
    return 0;
}

static int add_up_and_down(ompg_group *outer, void *arg)
{
    family *shared = arg;
    CHECK(outer == shared->outer);
    shared->inner = ompg_new(NULL);
    for (int i = 0; i < 1000; i++)
        ompg_go(shared->inner, add_to_outer, shared);
    CHECK_INT(ompg_wait(shared->inner), 0);
    CHECK_STATS(shared->inner, 2000, 2000, 0, 0);
    ompg_free(shared->inner);
    return 0;
}

static void task_adds_to_an_outer_group(void)
{
    family shared = {.outer = ompg_new(NULL)};
    ompg_go(shared.outer, add_up_and_down, &shared);
    CHECK_INT(ompg_wait(shared.outer), 0);
    CHECK_INT(atomic_load(&shared.runs), 2000);
    CHECK_STATS(shared.outer, 1001, 1001, 0, 0);
    ompg_free(shared.outer);
}

static int wait_for_itself(ompg_group *group, void *arg)
{
    CHECK_INT(ompg_wait(group), EDEADLK);
    CHECK_INT(ompg_reset(group), EBUSY);
    if (arg != NULL)
        CHECK_INT(ompg_wait(arg), EDEADLK);
    return 0;
}

static int wait_for_ancestor(ompg_group *group, void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++)
        CHECK_INT(ompg_run(NULL, wait_for_itself, group, NULL), 0);
    return 0;
}

static void own_wait_is_a_deadlock(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 20; i++) {
        ompg_go(group, wait_for_itself, NULL);
        ompg_go(group, wait_for_ancestor, NULL);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 40, 40, 0, 0);
    ompg_free(group);
}

static ORDERED_BY_OPENMP int make_raw_tasks(ompg_group *group, void *arg)
{
    int *cells = arg;
    (void)group;
    for (int i = 0; i < 10; i++) {
#pragma omp task firstprivate(i)
        cells[i] = i + 1;
    }
    return 0;
}

static int make_raw_tasks_inside(ompg_group *group, void *arg)
{
    (void)group;
    return ompg_run(NULL, make_raw_tasks, arg, NULL);
}

static ORDERED_BY_OPENMP void raw_tasks_end_with_the_wait(void)
{
    enum { COUNT = 300 };
    int(*cells)[10] = calloc(COUNT, sizeof *cells);
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < COUNT; i++)
        ompg_go(group, i % 2 == 0 ? make_raw_tasks : make_raw_tasks_inside, cells[i]);
    CHECK_INT(ompg_wait(group), 0);
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < 10; j++)
            CHECK_INT(cells[i][j], j + 1);
    }
    ompg_free(group);
    free(cells);
}

/* ---- what lies below others ---- */

static atomic_int yields;

int __real_sched_yield(void);
int __wrap_sched_yield(void);

int __wrap_sched_yield(void)
{
    atomic_fetch_add(&yields, 1);
    return __real_sched_yield();
}

/* The wait's own tasks, below as many of the outer group's. */
static int wait_for_the_lower_half(ompg_group *outer, void *arg)
{
    atomic_int runs = 0;
    (void)arg;
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 200; i++)
        CHECK_INT(ompg_go(group, count_run, &runs), 0);
    for (int i = 0; i < 200; i++)
        CHECK_INT(ompg_go(outer, do_nothing, NULL), 0);
    atomic_store(&yields, 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK(atomic_load(&yields) == 0 ||
          getenv("OMPGROUP_DELAY_SEED") != NULL); /* which yields too */
    CHECK_INT(atomic_load(&runs), 200);
    ompg_free(group);
    return 0;
}

/* One thread has nobody to wait for: it takes them from where they lie. */
static void nested_wait_finds_what_lies_below(void)
{
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, wait_for_the_lower_half, NULL, NULL), 0);
}

/* ---- how much stack a level takes ---- */

#if defined(__s390__) || defined(__powerpc__)
enum { LEVEL_STACK = 2048 }; /* a frame has room for the registers of those it calls */
#elif defined(__aarch64__)
enum { LEVEL_STACK = 896 }; /* registers are saved in pairs */
#else
enum { LEVEL_STACK = 768 };
#endif
enum { LEVELS = 200 };

/* One task in each group; where the outermost and the innermost have their frames. */
typedef struct descent {
    const ompg_options *options;
    int below;
    uintptr_t highest, lowest;
} descent;

static int descend(ompg_group *outer, void *arg)
{
    descent *self = arg;
    volatile char here = 0;
    (void)outer;
    self->lowest = (uintptr_t)&here;
    if (self->below == LEVELS)
        self->highest = self->lowest;
    if (self->below-- == 0)
        return 0;
    ompg_group *group = ompg_new(self->options);
    ompg_go(group, descend, self); /* no CHECK: a failure's text would be in this frame */
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}

/* An error on the stack, or a batch of tasks, would be many times as much. */
static void a_level_takes_little_stack(void)
{
    const ompg_options all[] = {{.threads = 0}, {.name = "level"}, {.limit = 1}, {.timeout = 1e6}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        descent way = {.options = &all[i], .below = LEVELS};
        CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, descend, &way, NULL), 0);
        CHECK_INT(way.below, -1);
        uintptr_t used = way.highest - way.lowest;
        CHECK(used < (uintptr_t)LEVELS * LEVEL_STACK || !OPTIMISED);
    }
}

CHECK_MAIN("nesting", {"fib with a group for each call", fib_with_a_group_for_each_call},
           {"chain of groups", chain_of_groups}, {"chain passes a code up", chain_passes_a_code_up},
           {"wide", wide}, {"inner failure stays inner", inner_failure_stays_inner},
           {"lock held across a wait", lock_held_across_a_wait},
           {"nested wait runs descendants only", nested_wait_runs_descendants_only},
           {"nested wait finds what lies below", nested_wait_finds_what_lies_below},
           {"task adds to an outer group", task_adds_to_an_outer_group},
           {"own wait is a deadlock", own_wait_is_a_deadlock},
           {"a level takes little stack", a_level_takes_little_stack},
           {"raw tasks end with the wait", raw_tasks_end_with_the_wait})
