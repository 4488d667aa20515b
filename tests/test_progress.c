/*
 * Progress: work that comes late finds threads, a wait lasts as long as its tasks, and a million
 * tasks need no deep stack.
 *
 * OMPGROUP_TEST_SEED sets the seed of the delays, OMPGROUP_TEST_ROUNDS how many there are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "stress.h"
#include "stress_plan.h"

#include <ompgroup.h>

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

enum { SMALL_STACK = SANITIZED ? 512 * 1024 : 128 * 1024 };

extern char **environ;

static void let_pass(double seconds)
{
    double start = omp_get_wtime();
    while (omp_get_wtime() - start < seconds)
        sched_yield();
}

/*
 * Work that comes late: by then the other threads have nothing to do and have gone back to OpenMP;
 * as many tasks as there are threads must still run at once.
 */

typedef struct meeting {
    int threads;
    int links;    /* tasks that each add the next, before the ones that meet */
    double alone; /* seconds that the first task takes */
    atomic_int here;
} meeting;

static int meet(ompg_group *group, void *arg)
{
    meeting *self = arg;
    double start = omp_get_wtime();
    (void)group;
    atomic_fetch_add(&self->here, 1);
    while (atomic_load(&self->here) < self->threads) {
        if (omp_get_wtime() - start > CHECK_PATIENCE / 6)
            return ETIMEDOUT;
        sched_yield();
    }
    return 0;
}

static int lead_to_meeting(ompg_group *group, void *arg)
{
    meeting *self = arg;
    double end = omp_get_wtime() + self->alone;
    int code = 0;
    while (omp_get_wtime() < end)
        ;
    self->alone = 0;
    if (self->links-- > 0)
        return ompg_go(group, lead_to_meeting, arg);
    for (int i = 0; i < self->threads && code == 0; i++)
        code = ompg_go(group, meet, arg);
    return code;
}

static void late_work(void)
{
    static const int teams[] = {2, 3, 7};
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t key = plan_hash(base_seed + round);
        meeting self = {.threads = teams[round % 3]};
        self.links = (int)plan_draw(key, 1, 4);
        self.alone = 1e-6 * plan_draw(key, 2, 1U << plan_draw(key, 3, 10));
        ompg_options options = {.threads = self.threads};
        if (!CHECK_INT(ompg_run(&options, lead_to_meeting, &self, NULL), 0))
            break;
    }
}

/*
 * The same where work comes just as the other threads go, some 50 microseconds after they ran out of
 * it: each time a task is added that must run beside the one that adds it.
 */

enum { LEAVINGS = 20, LEAVING_NS = 40000, LEAVING_SPAN_NS = 30000 };
static const double leavings_end = 5.0; /* seconds, on a busy machine */

static int partner(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

static int meet_those_who_leave(ompg_group *group, void *arg)
{
    event partners = {0};
    (void)arg;
    double stop = omp_get_wtime() + leavings_end;
    for (unsigned i = 0; i < rounds * LEAVINGS && omp_get_wtime() < stop; i++) {
        unsigned drawn = plan_draw(plan_hash(base_seed + i), 1, LEAVING_SPAN_NS);
        double end = omp_get_wtime() + 1e-9 * (LEAVING_NS + drawn);
        while (omp_get_wtime() < end)
            ;
        CHECK_INT(ompg_go(group, partner, &partners), 0);
        if (!CHECK_AWAIT(&partners, (int)i + 1))
            return ETIMEDOUT;
    }
    return 0;
}

static void work_comes_as_threads_leave(void)
{
    settle_seed();
    for (int threads = 2; threads <= 3; threads++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, meet_those_who_leave, NULL, NULL),
                  0);
}

/*
 * In a team of the caller's the worker that a task has launched is an OpenMP task, which a runtime may
 * run on the very thread that launched it, where that waits for tasks of OpenMP's own. Then the next
 * one is launched.
 */
static ORDERED_BY_OPENMP int wait_for_raw_tasks(ompg_group *group, void *arg)
{
    event begun = {0}, partners = {0};
    (void)arg;
    for (unsigned i = 0; i < rounds; i++) {
        let_pass(2e-4); /* the other threads have gone */
#pragma omp task shared(begun)
        {
            event_post(&begun);
            let_pass(1e-4);
        }
        CHECK_AWAIT(&begun, (int)i + 1); /* on another thread: this one may run the worker */
        CHECK_INT(ompg_go(group, partner, &partners), 0);
#pragma omp taskwait
        CHECK_INT(ompg_go(group, partner, &partners), 0);
        if (!CHECK_AWAIT(&partners, 2 * (int)i + 2))
            return ETIMEDOUT;
    }
    return 0;
}

static void launched_on_a_busy_thread(void)
{
    settle_seed();
    for (int threads = 2; threads <= 3; threads++) {
#pragma omp parallel num_threads(threads)
#pragma omp single
        CHECK_INT(ompg_run(NULL, wait_for_raw_tasks, NULL, NULL), 0);
    }
}

/*
 * A task that runs keeps its group's wait, or ompg_free, from returning, however the counts of what
 * it added and of what others finished happen to stand: what it added is over before they begin.
 */

enum { ADDED_MOST = 6, ENDINGS = 60 };

typedef struct adder {
    int tasks; /* that it adds */
    bool waits;
    atomic_int leaves;
    atomic_bool began;
    atomic_bool over;
    atomic_bool ending; /* the wait or ompg_free begins */
} adder;

static int adder_leaf(ompg_group *group, void *arg)
{
    adder *self = arg;
    (void)group;
    atomic_fetch_add(&self->leaves, 1);
    return 0;
}

/* Outlives its leaves and the beginning of the end, if there are threads enough. */
static int adder_run(ompg_group *group, void *arg)
{
    adder *self = arg;
    double start = omp_get_wtime();
    int code = 0;
    atomic_store(&self->began, true);
    for (int i = 0; i < self->tasks && code == 0; i++)
        code = ompg_go(group, adder_leaf, self);
    while (!atomic_load(&self->ending) && omp_get_wtime() - start < 0.02)
        sched_yield();
    let_pass(0.0005);
    atomic_store(&self->over, true);
    return code;
}

static int end_beside_adder(ompg_group *group, void *arg)
{
    adder *self = arg;
    ompg_group *nested = ompg_new(&(ompg_options){.name = "nested"});
    double start = omp_get_wtime();
    (void)group;
    int code = ompg_go(nested, adder_run, self);
    while (atomic_load(&self->leaves) < self->tasks && omp_get_wtime() - start < 0.01)
        sched_yield();
    atomic_store(&self->ending, true);
    if (code == 0 && self->waits)
        code = ompg_wait(nested);
    bool right = !self->waits || atomic_load(&self->leaves) == self->tasks;
    if (!self->waits)
        ompg_free(nested);
    right = right && atomic_load(&self->over) == atomic_load(&self->began);
    while (atomic_load(&self->over) != atomic_load(&self->began))
        sched_yield();
    if (self->waits)
        ompg_free(nested);
    return code != 0 || right ? code : EPROTO;
}

static void ends_after_adders(void)
{
    for (int i = 0; i < ENDINGS; i++) {
        adder self = {.tasks = 1 + i % ADDED_MOST, .waits = i / ADDED_MOST % 2 == 0};
        ompg_options options = {.threads = 2 + i % 5};
        if (!CHECK_INT(ompg_run(&options, end_beside_adder, &self, NULL), 0))
            fprintf(stderr, "%s of %d threads, %d tasks added\n", self.waits ? "wait" : "free",
                    options.threads, self.tasks);
    }
}

/*
 * Small stacks: nothing of the library recurses with the number of tasks. The test runs itself
 * again, for OMP_STACKSIZE is read when a program starts.
 */

enum { CROWD = 1000000 / SHARE };

static atomic_uint crowd;

static int crowd_leaf(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    atomic_fetch_add_explicit(&crowd, 1, memory_order_relaxed);
    return 0;
}

static int crowd_pair(ompg_group *group, void *arg)
{
    ompg_group *pair = ompg_new(NULL);
    (void)group;
    int code = ompg_go(pair, crowd_leaf, arg);
    if (code == 0)
        code = ompg_go(pair, crowd_leaf, arg);
    if (code == 0)
        code = ompg_wait(pair);
    ompg_free(pair);
    return code;
}

static int crowd_source(ompg_group *group, void *arg)
{
    int code = 0;
    for (unsigned i = 0; i < CROWD / 2 && code == 0; i++)
        code = ompg_go(group, crowd_pair, arg);
    return code;
}

static int crowd_chain(ompg_group *group, void *arg)
{
    (void)arg;
    if (atomic_fetch_add_explicit(&crowd, 1, memory_order_relaxed) + 1 >= CROWD)
        return 0;
    return ompg_go(group, crowd_chain, NULL);
}

/* Runs `tasks` tasks of `fn`, added before the wait, and checks how many leaves were counted. */
static void crowd_run(ompg_task_fn *fn, unsigned tasks, int limit, unsigned leaves)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 2, .limit = limit});
    int code = 0;
    atomic_store(&crowd, 0);
    for (unsigned i = 0; i < tasks && code == 0; i++)
        code = ompg_go(group, fn, NULL);
    CHECK_INT(code, 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&crowd), leaves);
    ompg_free(group);
}

static void *crowds(void *arg)
{
    crowd_run(crowd_pair, CROWD / 2, 0, CROWD);
    crowd_run(crowd_source, 1, 0, CROWD);
    crowd_run(crowd_chain, 1, 0, CROWD);
    crowd_run(crowd_chain, 1, 1, CROWD);
    crowd_run(crowd_leaf, CROWD, 1, CROWD);
    crowd_run(crowd_pair, CROWD / 2, 1, CROWD);
    return arg;
}

static void run_in_small_stack(void *(*body)(void *))
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, SMALL_STACK) != 0 ||
        pthread_create(&thread, &attributes, body, NULL) != 0)
        abort();
    pthread_attr_destroy(&attributes);
    pthread_join(thread, NULL);
}

/* Returns the exit status of this program's test `name` in a process of its own. */
static int run_again(char *name)
{
    char program[] = "/proc/self/exe";
    char *arguments[] = {program, name, NULL};
    pid_t child;
    int status = -1;
    fflush(stdout);
    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0)
        return -1;
    waitpid(child, &status, 0);
    return status;
}

static void small_stacks(void)
{
    char name[] = "small stacks";
    char size[32];
    if (getenv("OMPGROUP_TEST_SMALL_STACK") != NULL) {
        run_in_small_stack(crowds);
        return;
    }
    snprintf(size, sizeof size, "%dK", SMALL_STACK / 1024);
    setenv("OMP_STACKSIZE", size, 1);
    setenv("OMPGROUP_TEST_SMALL_STACK", "1", 1);
    CHECK_INT(run_again(name), 0);
    unsetenv("OMPGROUP_TEST_SMALL_STACK");
    unsetenv("OMP_STACKSIZE");
}

CHECK_MAIN("progress", {"late work", late_work},
           {"work comes as threads leave", work_comes_as_threads_leave},
           {"launched on a busy thread", launched_on_a_busy_thread},
           {"ends after adders", ends_after_adders}, {"small stacks", small_stacks})
