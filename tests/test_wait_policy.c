/*
 * OpenMP's settings: groups finish under all of them, and threads that have nothing to do leave
 * the cores to others when OMP_WAIT_POLICY says so.
 *
 * The settings are read when a program starts: each test runs this program again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static const char *const variables[] = {
    "OMP_WAIT_POLICY",  "OMP_PROC_BIND",   "OMP_PLACES",    "OMP_DYNAMIC",
    "OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OMP_NESTED",    "OMP_MAX_ACTIVE_LEVELS",
    "OMP_CANCELLATION", "OMP_SCHEDULE",    "OMP_STACKSIZE", "KMP_BLOCKTIME",
};

enum { VARIABLES = sizeof variables / sizeof variables[0], MOST_SETTINGS = 4 };

typedef struct setting {
    const char *variable;
    const char *value;
} setting;

/* Runs the test `name` of this program with these settings and no others; returns its status. */
static int run_with(const setting *settings, char *name)
{
    char program[] = "/proc/self/exe";
    char *arguments[] = {program, name, NULL};
    pid_t child;
    int status = -1;
    for (int i = 0; i < VARIABLES; i++)
        unsetenv(variables[i]);
    for (int i = 0; i < MOST_SETTINGS && settings[i].variable != NULL; i++)
        setenv(settings[i].variable, settings[i].value, 1);
    setenv("OMPGROUP_TEST_AGAIN", "1", 1);
    fflush(stdout);
    if (posix_spawn(&child, program, NULL, NULL, arguments, environ) != 0)
        return -1;
    waitpid(child, &status, 0);
    unsetenv("OMPGROUP_TEST_AGAIN");
    return status;
}

static bool is_again(void)
{
    return getenv("OMPGROUP_TEST_AGAIN") != NULL;
}

/*
 * Every setting.
 */

enum { TASKS = 500, CHILDREN = 3 };

static int count_task(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

static int nest_task(ompg_group *group, void *arg)
{
    ompg_group *nested = ompg_new(&(ompg_options){.limit = 1});
    (void)group;
    int code = 0;
    for (int i = 0; i < CHILDREN && code == 0; i++)
        code = ompg_go(nested, count_task, arg);
    if (code == 0)
        code = ompg_wait(nested);
    ompg_free(nested);
    return code;
}

static void use_groups(int threads, int limit)
{
    atomic_uint count = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads, .limit = limit});
    CHECK(ompg_get_threads(group) >= 1);
    for (int i = 0; i < TASKS; i++)
        CHECK_INT(ompg_go(group, i % 5 == 0 ? nest_task : count_task, &count), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&count), TASKS + TASKS / 5 * (CHILDREN - 1));
    ompg_free(group);
}

static void use_groups_in_team(void)
{
    static atomic_uint count, failed, threads;
#pragma omp parallel
    {
        atomic_fetch_add(&threads, 1);
        if (ompg_run(NULL, nest_task, &count, NULL) != 0)
            atomic_fetch_add(&failed, 1);
    }
    CHECK_INT(atomic_load(&failed), 0);
    CHECK_INT(atomic_load(&count), CHILDREN * atomic_load(&threads));
}

static void every_setting(void)
{
    static const setting all[][MOST_SETTINGS] = {
        {{NULL, NULL}},
        {{"OMP_WAIT_POLICY", "passive"}},
        {{"OMP_WAIT_POLICY", "active"}},
        {{"OMP_PROC_BIND", "true"}},
        {{"OMP_PROC_BIND", "spread"}, {"OMP_PLACES", "cores"}, {"OMP_NUM_THREADS", "4"}},
        {{"OMP_PROC_BIND", "close"}, {"OMP_PLACES", "{0}"}, {"OMP_NUM_THREADS", "4"}},
        {{"OMP_DYNAMIC", "true"}},
        {{"OMP_DYNAMIC", "true"}, {"OMP_NUM_THREADS", "64"}},
        {{"OMP_THREAD_LIMIT", "1"}},
        {{"OMP_THREAD_LIMIT", "3"}, {"OMP_NUM_THREADS", "7"}},
        {{"OMP_NUM_THREADS", "64"}},
        {{"OMP_NUM_THREADS", "64"}, {"OMP_WAIT_POLICY", "active"}},
        {{"OMP_NUM_THREADS", "64"}, {"OMP_WAIT_POLICY", "passive"}},
        {{"OMP_NUM_THREADS", "3,2"}, {"OMP_MAX_ACTIVE_LEVELS", "2"}},
        {{"OMP_MAX_ACTIVE_LEVELS", "0"}},
        {{"OMP_CANCELLATION", "true"}, {"OMP_NUM_THREADS", "7"}},
        {{"OMP_STACKSIZE", "128K"}, {"OMP_NUM_THREADS", "7"}},
        {{"OMP_SCHEDULE", "guided,3"}},
    };
    char name[] = "every setting";
    if (is_again()) {
        use_groups(0, 0);
        use_groups(7, 2);
        use_groups(64, 0);
        use_groups_in_team();
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!CHECK_INT(run_with(all[i], name), 0))
            fprintf(stderr, "with setting number %zu\n", i);
    }
}

/*
 * Idle threads.
 */

static const double busy_seconds = 0.1;

static double cpu_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Takes so much time of its own thread's, whatever else the machine does. */
static int busy_task(ompg_group *group, void *arg)
{
    double end = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) + busy_seconds;
    (void)group;
    (void)arg;
    while (cpu_seconds(CLOCK_THREAD_CPUTIME_ID) < end)
        ;
    return 0;
}

/* Two of these run at once; the one that is not on the waiting thread is busy. */
static atomic_int arrived;

static int meet_task(ompg_group *group, void *arg)
{
    double start = omp_get_wtime();
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < 2) {
        if (omp_get_wtime() - start > CHECK_PATIENCE)
            return ETIMEDOUT;
    }
    return omp_get_thread_num() != 0 ? busy_task(group, arg) : 0;
}

/* The CPU time that a region of these tasks takes of the whole process, in busy tasks. */
static double cost_of_region(int threads, ompg_task_fn *fn, int tasks)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    atomic_store(&arrived, 0);
    double start = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < tasks; i++)
        CHECK_INT(ompg_go(group, fn, NULL), 0);
    CHECK_INT(ompg_wait(group), 0);
    double cost = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    ompg_free(group);
    return cost / busy_seconds;
}

/* The least of some attempts: a busy machine can only make an attempt dearer. */
static void check_cost(const char *what, int threads, ompg_task_fn *fn, int tasks)
{
    double least = 1e9;
    for (int i = 0; i < 5; i++) {
        double cost = cost_of_region(threads, fn, tasks);
        least = cost < least ? cost : least;
    }
    if (!CHECK(least < 1.5))
        fprintf(stderr, "%s on %d threads takes %.2f times its work\n", what, threads, least);
}

static void idle_threads_sleep(void)
{
    static const setting passive[MOST_SETTINGS] = {{"OMP_WAIT_POLICY", "passive"}};
    char name[] = "idle threads sleep";
    if (!is_again()) {
        CHECK_INT(run_with(passive, name), 0);
        return;
    }
    check_cost("one task", 2, busy_task, 1);
    check_cost("one task", 8, busy_task, 1);
    check_cost("a task beside the waiting thread", 2, meet_task, 2);
}

/*
 * Tasks that sleep: nobody spins beside them. With OpenMP tasks in the region the threads of libomp
 * never sleep: this would be 0.8 s there.
 */

static int sleep_task(ompg_group *group, void *arg)
{
    struct timespec rest = {.tv_nsec = 400000000};
    (void)group;
    (void)arg;
    nanosleep(&rest, NULL);
    return 0;
}

static void nobody_spins_beside_sleepers(void)
{
    static const setting settings[MOST_SETTINGS] = {{"KMP_BLOCKTIME", "10"}};
    char name[] = "nobody spins beside sleepers";
    if (!is_again()) {
        CHECK_INT(run_with(settings, name), 0);
        return;
    }
    double least = 1e9;
    for (int i = 0; i < 3; i++) {
        double cost = cost_of_region(7, sleep_task, 2) * busy_seconds;
        least = cost < least ? cost : least;
    }
    if (!CHECK(least < 0.02))
        fprintf(stderr, "two tasks that sleep take %.3f s of CPU time\n", least);
}

CHECK_MAIN("wait policy", {"every setting", every_setting},
           {"idle threads sleep", idle_threads_sleep},
           {"nobody spins beside sleepers", nobody_spins_beside_sleepers})
