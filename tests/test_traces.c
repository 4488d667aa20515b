/*
 * What the library leaves alone in a process: signal handlers, the signal mask, the environment, and
 * threads other than OpenMP's. That holds before main, where the library has constructors, and
 * after any use.
 *
 * Each test runs in a process of its own, whose environment and signals are known.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "again.h"
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <dirent.h>
#include <errno.h>

extern char **environ;

/* ---- a bit of everything ---- */

static int nest(ompg_group *group, void *arg)
{
    ompg_group *inner = ompg_new(&(ompg_options){.limit = 2});
    (void)group;
    for (int i = 0; i < 10; i++)
        CHECK_INT(ompg_go(inner, count_run, arg), 0);
    CHECK_INT(ompg_wait(inner), 0);
    ompg_free(inner);
    return 0;
}

static int run_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_int *)arg, (int)(end - begin));
    return 0;
}

static int add_up(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    size_t *sum = accumulator;
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        *sum += i;
    return 0;
}

static int add_both(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    size_t *sum = accumulator;
    (void)group;
    (void)arg;
    *sum += *(const size_t *)other;
    return 0;
}

static void use_loops(ompg_group *group)
{
    atomic_int runs = 0;
    size_t sum = 0;
    int items = 20;
    ompg_stage stages[] = {{.fn = make_items, .arg = &items},
                           {.mode = OMPG_PARALLEL, .fn = pass_item}};
    CHECK_INT(ompg_for(group, 0, 1000, 1, run_range, &runs), 0);
    OMPG_FOR(group, i, 0, 1000) {
        atomic_fetch_add(&runs, 1);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 2000);
    CHECK_INT(ompg_reduce(group, 0, 100, 1, &sum, sizeof sum, add_up, add_both, NULL), 0);
    CHECK_INT(sum, 4950);
    CHECK_INT(ompg_pipeline(group, stages, 2, 4), 0);
}

static int await_the_deadline(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

/* A deadline and a token, which need no timer and no handler. */
static void use_stops(int threads)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_options options = {.threads = threads, .timeout = 1e-9, .token = &token};
    ompg_group *group = ompg_new(&options);
    CHECK_INT(ompg_go(group, await_the_deadline, NULL), 0);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_token_cancel(&token, EPIPE), 0);
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    CHECK_INT(ompg_wait(group), EPIPE);
    ompg_free(group);
}

static void use_library(int threads)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads, .timeout = 1e6});
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go(group, nest, &runs), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 1000);
    use_loops(group);
    ompg_free(group);
    use_stops(threads);
}

/* ---- signals ---- */

/* glibc keeps two for itself, and tells nothing of them. */
static bool get_action(int signo, struct sigaction *action)
{
    return sigaction(signo, NULL, action) == 0;
}

/* A sanitizer installs handlers, which the library's are told from by when they came. */
static void check_as_a_new_process(void)
{
    sigset_t mask;
    int handled = 0;
    for (int signo = 1; signo < NSIG; signo++) {
        struct sigaction action;
        if (get_action(signo, &action))
            handled += action.sa_handler != SIG_DFL || action.sa_flags != 0;
    }
    CHECK_INT(SANITIZED ? 0 : handled, 0);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int signo = 1; signo < NSIG; signo++)
        CHECK(sigismember(&mask, signo) != 1);
}

static void check_unchanged(const struct sigaction *before)
{
    for (int signo = 1; signo < NSIG; signo++) {
        struct sigaction now;
        if (!get_action(signo, &now))
            continue;
        CHECK(now.sa_handler == before[signo].sa_handler);
        CHECK_INT(now.sa_flags, before[signo].sa_flags);
    }
}

static void use_library_and_look_at_signals(void)
{
    struct sigaction before[NSIG];
    check_as_a_new_process();
    for (int signo = 1; signo < NSIG; signo++)
        get_action(signo, &before[signo]);
    use_library(3);
    check_unchanged(before);
    check_as_a_new_process();
}

/* ---- the environment ---- */

/* What libomp notes there, so that there is one of it in a process, is not the library's. */
static bool is_the_runtimes(const char *variable)
{
    return strncmp(variable, "__KMP_", strlen("__KMP_")) == 0;
}

static void check_environment(void)
{
    char **expected = again_environment();
    for (char **variable = environ; *variable != NULL; variable++) {
        if (is_the_runtimes(*variable))
            continue;
        if (!CHECK(*expected != NULL) || !CHECK_STR(*variable, *expected))
            return;
        expected++;
    }
    CHECK(*expected == NULL);
}

static void use_library_and_look_at_environment(void)
{
    check_environment();
    use_library(3);
    check_environment();
}

/* ---- threads ---- */

/* Of the process; 0 where the system does not say. */
static int count_threads(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/task");
    if (directory == NULL)
        return 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

/* ThreadSanitizer has one of its own. */
static void check_threads(int most)
{
    int count = count_threads();
    CHECK(count > 0);
    CHECK(count <= most + THREAD_SANITIZED);
    if (count > most + THREAD_SANITIZED)
        fprintf(stderr, "%d threads, not %d\n", count, most);
}

static int look_at_threads(ompg_group *group, void *arg)
{
    (void)arg;
    check_threads(ompg_get_threads(group));
    return 0;
}

static void use_library_and_look_at_threads(void)
{
    check_threads(1);
    for (int threads = 1; threads <= 5; threads += 2) {
        omp_set_num_threads(threads); /* for groups without options and OMPG_FOR */
        use_library(threads);
        check_threads(threads);
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, look_at_threads, NULL, NULL), 0);
        check_threads(threads);
    }
}

/* ---- the processes ---- */

static void check_in_a_process(char *name, void (*test)(void))
{
    if (is_again())
        test();
    else
        CHECK_INT(run_again(name, NULL), 0);
}

static void installs_no_handler(void)
{
    char name[] = "installs no handler";
    check_in_a_process(name, use_library_and_look_at_signals);
}

static void changes_no_environment(void)
{
    char name[] = "changes no environment";
    check_in_a_process(name, use_library_and_look_at_environment);
}

static void creates_no_thread(void)
{
    char name[] = "creates no thread";
    check_in_a_process(name, use_library_and_look_at_threads);
}

CHECK_MAIN("traces", {"installs no handler", installs_no_handler},
           {"changes no environment", changes_no_environment},
           {"creates no thread", creates_no_thread})
