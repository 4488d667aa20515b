/*
 * errno: no function of the library touches it, except those that return NULL for a failure. Each public
 * function is called here; tests/functions.sh sees that none is forgotten.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>

enum { UNTOUCHED = 12345 };

static int go_from_task(ompg_group *group, void *arg)
{
    ompg_stats stats = {.running = 99};
    errno = UNTOUCHED;
    ompg_go(group, count_run, arg);
    CHECK_INT(ompg_try_go(group, count_run, arg), EAGAIN);
    ompg_wait(group);
    ompg_reset(group);
    ompg_get_stats(group, &stats);
    CHECK_INT(errno, UNTOUCHED);
    return ompg_fail(group, EIO, "%d", 5);
}

static void leaves_errno_alone(void)
{
    atomic_int runs = 0;
    char buffer[10];
    errno = UNTOUCHED;
    ompg_group *group = ompg_new(&(ompg_options){.timeout = 1e6, .limit = 1, .budget = 2.0});
    ompg_free(ompg_new(NULL));
    ompg_go(group, go_from_task, &runs);
    ompg_go_copy(group, do_nothing, buffer, 1);
    ompg_go(group, NULL, NULL);
    CHECK_INT(ompg_try_go(group, count_run, &runs), EAGAIN);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_go(group, count_run, &runs);
    ompg_error error = error_of(group);
    ompg_format_error(&error, buffer, sizeof buffer);
    ompg_fail(group, EIO, "again");
    ompg_cancel(group, 0);
    ompg_set_limit(group, -1);
    CHECK(ompg_get_threads(group) > 0);
    ompg_reset(group);
    ompg_free(group);
    CHECK_INT(errno, UNTOUCHED);
    CHECK(ompg_new(&(ompg_options){.timeout = -1.0}) == NULL);
    CHECK_INT(errno, EINVAL);
}

/* ---- what is called back: all of it changes errno ---- */

static int spoil(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    errno = ENOENT;
    return 0;
}

static void spoil_drop(void *arg)
{
    (void)arg;
    errno = EBADF;
}

static int go_spoiling(ompg_group *group)
{
    return ompg_go_with(group, spoil, NULL, &(ompg_task_options){.drop = spoil_drop});
}

static int run_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return spoil(group, arg);
}

static int compare_spoiling(const void *a, const void *b, void *arg)
{
    (void)arg;
    errno = EDOM;
    return *(const int *)a - *(const int *)b;
}

static int init_spoiling(void *state, void *arg)
{
    (void)state;
    (void)arg;
    errno = ENXIO;
    return 0;
}

static int init_in_vain(void *state, void *arg)
{
    init_spoiling(state, arg);
    return EPROTO;
}

static void fini_spoiling(void *state, void *arg)
{
    init_spoiling(state, arg);
}

static int fold_nothing(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return run_range(group, begin, end, arg);
}

static int combine_spoiling(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)accumulator;
    (void)other;
    (void)group;
    (void)arg;
    errno = ERANGE;
    return 0;
}

static int make_spoiling(ompg_group *group, void *arg, void **slot)
{
    errno = EIO;
    return make_items(group, arg, slot);
}

static int pass_spoiling(ompg_group *group, void *arg, void **slot)
{
    (void)slot;
    return spoil(group, arg);
}

static int fail_spoiling(ompg_group *group, void *arg, void **slot)
{
    (void)slot;
    spoil(group, arg);
    return EPIPE;
}

/* ---- every function, from everywhere ---- */

/* Plain, and with what keeps tasks off the express lane. */
static void call_wait(void)
{
    for (int limit = 0; limit < 2; limit++) {
        ompg_group *group = limit ? ompg_new(&(ompg_options){.limit = limit}) : ompg_new(NULL);
        CHECK_INT(ompg_go(group, spoil, NULL), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(errno, UNTOUCHED);
        CHECK_INT(go_spoiling(group), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

/* More than a deque holds: in a task the rest runs inside ompg_go. */
static void call_go_often(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 5000; i++)
        ompg_go(group, spoil, NULL);
    CHECK_INT(errno, UNTOUCHED);
    for (int i = 0; i < 5000; i++)
        go_spoiling(group);
    CHECK_INT(errno, UNTOUCHED);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void call_free_with_drops(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(go_spoiling(group), 0);
    ompg_free(group);
}

static void call_limit(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
    for (int i = 0; i < 10; i++)
        go_spoiling(group);
    CHECK_INT(ompg_set_limit(group, 0), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void call_run(void)
{
    int code = EIO;
    ompg_error error;
    ompg_run(NULL, do_nothing, NULL, NULL);
    ompg_run(&(ompg_options){.threads = 2}, return_code, &code, &error);
}

static void call_run_in_vain(void)
{
    CHECK_INT(ompg_run(NULL, NULL, NULL, NULL), EINVAL);
    CHECK_INT(ompg_run(&(ompg_options){.limit = -1}, do_nothing, NULL, NULL), EINVAL);
}

/* No memory for so many threads, where the group opens its own region. */
static void call_wait_in_vain(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = INT_MAX});
    ompg_go(group, do_nothing, NULL);
    int code = ompg_wait(group);
    CHECK_INT(code, omp_get_level() == 0 ? ENOMEM : 0);
    ompg_free(group);
    CHECK_INT(ompg_wait(NULL), EINVAL);
}

static void call_token(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    CHECK(!ompg_token_stopped(&token));
    CHECK_INT(ompg_token_cancel(&token, EPIPE), 0);
    CHECK_INT(ompg_token_cancel(&token, EPIPE), EALREADY);
    CHECK_INT(ompg_token_get_code(&token), EPIPE);
    CHECK_INT(ompg_token_get_signal(&token), 0);
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    CHECK(ompg_stopped(group));
    CHECK_INT(ompg_go(group, do_nothing, NULL), ECANCELED);
    ompg_free(group);
}

static void call_token_late(void)
{
    ompg_token token = OMPG_TOKEN_INIT, parent = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_set_parent(&token, &parent), 0);
    CHECK_INT(ompg_token_set_parent(&parent, &token), EINVAL);
    CHECK_INT(ompg_token_set_deadline(&token, -1.0), EINVAL);
    CHECK_INT(ompg_token_set_deadline(&parent, 1e-9), 0);
    while (!ompg_token_stopped(&token))
        sched_yield();
    CHECK_INT(ompg_token_set_deadline(&token, 1.0), EALREADY);
    CHECK_INT(ompg_token_get_code(&token), ETIMEDOUT);
}

/* Those that the system refuses, too: SIGKILL, and the two that glibc keeps for itself. */
static void call_signal_in_vain(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    int refused[] = {SIGKILL, SIGSTOP, 32, 33, 0, -1, NSIG, INT_MAX};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_INT(ompg_token_on_signal(&token, refused[i]), EINVAL);
        CHECK_INT(ompg_token_off_signal(&token, refused[i]), EINVAL);
    }
}

static void call_signal(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_token other = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), EALREADY);
    CHECK_INT(ompg_token_on_signal(&other, SIGUSR1), EBUSY);
    CHECK_INT(ompg_token_off_signal(&other, SIGUSR1), EINVAL);
    raise(SIGUSR1);
    raise(SIGUSR1);
    CHECK_INT(ompg_token_get_signal(&token), SIGUSR1);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
}

static int await_the_deadline(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void call_timeout(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.timeout = 1e-9});
    ompg_go(group, await_the_deadline, NULL);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    ompg_free(group);
}

static void call_errors(void)
{
    const ompg_error *list = NULL;
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    for (size_t i = 0; i < 100; i++)
        ompg_fail_at(group, i, EIO, "error %zu of %s", i, "many");
    CHECK_INT(ompg_get_errors(group, &list), 100);
    ompg_get_error(group, NULL);
    ompg_format_error(&list[0], NULL, 0);
    ompg_free(group);
}

static void call_errors_of_others(void)
{
    ompg_error error;
    ompg_group *group = ompg_new(NULL), *inner = ompg_new(&(ompg_options){.limit = 3});
    CHECK_INT(ompg_fail_from(group, inner), 0);
    CHECK_INT(ompg_fail_text(inner, 7, EIO, "text"), EIO);
    CHECK_INT(ompg_fail_from(group, inner), EIO);
    CHECK_INT(ompg_get_error(group, &error), 1);
    CHECK_INT(ompg_exit_status(group), EXIT_FAILURE);
    CHECK_INT(ompg_get_limit(inner), 3);
    CHECK(ompg_current() != inner);
    ompg_free(inner);
    ompg_free(group);
}

static void call_hold(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.timeout = 1e-3});
    CHECK_INT(ompg_hold(group), 0);
    CHECK_INT(ompg_hold(group), 0);
    CHECK_INT(ompg_done(group, EIO), 0);
    CHECK_INT(ompg_done(group, 0), 0);
    CHECK_INT(ompg_done(group, 0), EINVAL);
    CHECK_INT(ompg_wait(group), EIO);
    ompg_free(group);
}

/* To a file, or where nothing can be written. */
static void call_printing_to(FILE *file, bool works)
{
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, INT_MAX, "%s", "a code that has no text");
    CHECK(ompg_print_error(NULL, file) == 0 && ompg_print_short(group, NULL) == 0);
    setvbuf(file, NULL, _IONBF, 0);
    errno = UNTOUCHED;
    CHECK((ompg_print_error(group, file) > 0) == works);
    CHECK((ompg_print_short(group, file) > 0) == works);
    CHECK((ompg_describe(file) > 0) == works);
    CHECK_INT(errno, UNTOUCHED);
    fclose(file);
    ompg_free(group);
    errno = UNTOUCHED;
    CHECK(ompg_version() != NULL);
}

static void call_printing(void)
{
    FILE *file = tmpfile();
    FILE *full = fopen("/dev/full", "w");
    if (CHECK(file != NULL))
        call_printing_to(file, true);
    if (CHECK(full != NULL))
        call_printing_to(full, false);
}

static void call_loops(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3});
    CHECK_INT(ompg_for(group, 0, 1000, 0, run_range, NULL), 0);
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 1000, 7, run_range, NULL), 0);
    CHECK_INT(ompg_for(group, 2, 1, 0, run_range, NULL), EINVAL);
    CHECK_INT(ompg_go_for(group, 0, 1000, 0, run_range, NULL), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void call_loop_macro(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3});
    OMPG_FOR(group, i, 0, (size_t)1000) {
        if (i == 500)
            ompg_fail_at(group, i, EIO, "in the middle");
    }
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(ompg_reset(group), 0);
    OMPG_FOR_OPT(group, i, 0, 100, ((ompg_loop_options){.schedule = OMPG_STATIC, .threads = 2}))
        (void)i;
    OMPG_FOR_STEP(group, i, 100, 0, -3)
        (void)i;
    OMPG_FOR2(group, i, 0, 9, j, 0, 9)
        (void)(i + j);
    CHECK_INT(errno, UNTOUCHED);
    OMPG_FOR_STEP(group, i, 100, 0, 0)
        (void)i;
    CHECK_INT(ompg_wait(group), EINVAL);
    ompg_free(group);
}

static ORDERED_BY_OPENMP void call_team_loop(void)
{
    if (omp_get_level() > 0)
        return;
    ompg_group *group = ompg_new(NULL);
#pragma omp parallel num_threads(2)
    {
        errno = UNTOUCHED;
        OMPG_FOR_TEAM(group, i, 0, 100)
            (void)i;
        OMPG_FOR_TEAM_OPT(group, i, 0, 100, ((ompg_loop_options){.schedule = OMPG_DYNAMIC}))
            (void)i;
        CHECK_INT(errno, UNTOUCHED);
    }
    ompg_free(group);
}

static void call_reduce(void)
{
    double sum = 0.0;
    CHECK_INT(ompg_reduce(OMPG_DEFAULT, 0, 1000, 1, &sum, sizeof sum, fold_nothing,
                          combine_spoiling, NULL),
              0);
    CHECK_INT(ompg_reduce(OMPG_DEFAULT, 0, 1000, 1, NULL, 0, fold_nothing, combine_nothing, NULL),
              EINVAL);
}

static void call_scan(void)
{
    double sum = 0.0;
    CHECK_INT(ompg_scan(OMPG_DEFAULT, 0, 1000, 1, &sum, sizeof sum, fold_nothing, combine_spoiling,
                        fold_nothing, NULL),
              0);
    CHECK_INT(ompg_scan(OMPG_DEFAULT, 0, 1, 1, NULL, 0, fold_nothing, combine_nothing, fold_nothing,
                        NULL),
              EINVAL);
}

static void call_join(void)
{
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_join(group, spoil, NULL, spoil, NULL), 0);
    CHECK_INT(ompg_join(NULL, spoil, NULL, spoil, NULL), EINVAL);
    ompg_free(group);
}

static int sort_some(ompg_group *group, void *arg)
{
    int values[20];
    (void)arg;
    for (int i = 0; i < 20; i++)
        values[i] = 7 * i % 20;
    errno = UNTOUCHED;
    CHECK_INT(ompg_sort(group, values, 20, sizeof values[0], compare_spoiling, NULL), 0);
    CHECK_INT(errno, UNTOUCHED);
    CHECK_INT(values[19], 19);
    return 0;
}

static void call_sort(void)
{
    char byte = 0;
    sort_some(OMPG_DEFAULT, NULL);
    CHECK_INT(ompg_run(NULL, sort_some, NULL, NULL), 0);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, &byte, SIZE_MAX, 2, compare_spoiling, NULL), ENOMEM);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, &byte, 1, 0, compare_spoiling, NULL), EINVAL);
}

static int get_state(ompg_group *group, void *local)
{
    (void)group;
    errno = UNTOUCHED;
    CHECK(ompg_local_get(local) != NULL);
    CHECK(ompg_local_index(local) >= 0);
    CHECK_INT(errno, UNTOUCHED);
    return 0;
}

static int get_state_in_vain(ompg_group *group, void *local)
{
    (void)group;
    CHECK(ompg_local_get(local) == NULL);
    CHECK_INT(errno, EPROTO);
    return 0;
}

/* Where it returns NULL errno says why. */
static void call_local(void)
{
    ompg_local *local = ompg_local_new(
        &(ompg_local_options){.size = 8, .init = init_spoiling, .fini = fini_spoiling});
    ompg_local *vain = ompg_local_new(&(ompg_local_options){.init = init_in_vain});
    CHECK_INT(ompg_run(NULL, get_state, local, NULL), 0);
    CHECK_INT(ompg_run(NULL, get_state_in_vain, vain, NULL), 0);
    CHECK_INT(ompg_local_index(NULL), -1);
    CHECK_INT(ompg_local_each(local, init_spoiling, NULL), 0);
    CHECK_INT(ompg_local_each(NULL, init_spoiling, NULL), EINVAL);
    ompg_local_free(local);
    ompg_local_free(vain);
    CHECK_INT(errno, UNTOUCHED);
    CHECK(ompg_local_get(NULL) == NULL);
    CHECK_INT(errno, EINVAL);
    CHECK(ompg_local_new(&(ompg_local_options){.size = SIZE_MAX}) == NULL);
    CHECK_INT(errno, ENOMEM);
    errno = UNTOUCHED;
}

static void call_pipeline(void)
{
    int items = 50;
    ompg_stage stages[] = {{.mode = OMPG_IN_ORDER, .fn = make_spoiling, .arg = &items},
                           {.mode = OMPG_PARALLEL, .fn = pass_spoiling, .drop = spoil_drop},
                           {.mode = OMPG_IN_ORDER, .fn = pass_spoiling, .drop = spoil_drop}};
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, stages, 3, 4), 0);
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, stages, 0, 4), EINVAL);
    items = 50;
    stages[1].fn = fail_spoiling;
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, stages, 3, 4), EPIPE);
}

typedef struct call {
    const char *what;
    void (*make)(void);
} call;

static const call calls[] = {{"ompg_run", call_run},
                             {"ompg_run in vain", call_run_in_vain},
                             {"ompg_wait", call_wait},
                             {"ompg_go often", call_go_often},
                             {"ompg_free with drops", call_free_with_drops},
                             {"ompg_set_limit", call_limit},
                             {"ompg_wait in vain", call_wait_in_vain},
                             {"a token", call_token},
                             {"signals refused", call_signal_in_vain},
                             {"a token with a parent", call_token_late},
                             {"a signal", call_signal},
                             {"a hold", call_hold},
                             {"a timeout", call_timeout},
                             {"many errors", call_errors},
                             {"errors of others", call_errors_of_others},
                             {"printing", call_printing},
                             {"loops", call_loops},
                             {"OMPG_FOR", call_loop_macro},
                             {"OMPG_FOR_TEAM", call_team_loop},
                             {"ompg_reduce", call_reduce},
                             {"ompg_scan", call_scan},
                             {"ompg_join", call_join},
                             {"ompg_sort", call_sort},
                             {"ompg_local", call_local},
                             {"ompg_pipeline", call_pipeline}};

static int make_all_calls(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        errno = UNTOUCHED;
        calls[i].make();
        if (!CHECK_INT(errno, UNTOUCHED))
            fprintf(stderr, "%s\n", calls[i].what);
    }
    return 0;
}

static void every_call_leaves_errno_alone(void)
{
    make_all_calls(NULL, NULL);
}

static void in_a_task_too(void)
{
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, make_all_calls, NULL, NULL), 0);
    CHECK_INT(ompg_run(&(ompg_options){.threads = 3}, make_all_calls, NULL, NULL), 0);
}

static ORDERED_BY_OPENMP void in_a_region_too(void)
{
#pragma omp parallel num_threads(3)
#pragma omp single
    make_all_calls(NULL, NULL);
}

CHECK_MAIN("errno", {"leaves errno alone", leaves_errno_alone},
           {"every call leaves errno alone", every_call_leaves_errno_alone},
           {"in a task too", in_a_task_too}, {"in a region too", in_a_region_too})
