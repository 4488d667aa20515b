/*
 * membarrier(2): how often it is called, for each call interrupts every processor that the process runs
 * on, and what happens when the system refuses it later.
 *
 * The program is linked so that the library's calls of syscall() come here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <ompgroup.h>

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_BARRIERS = 8, ATTEMPTS = 3, ROUNDS = 20, TASKS = 2000, COMMAND_BARRIER = 1 << 3 };

static atomic_int barriers, refusals;
static atomic_bool refuses;

extern long __real_syscall(long number, ...);
extern long __wrap_syscall(long number, ...);

static bool is_refused(long number, long command)
{
    if (number != SYS_membarrier || command != COMMAND_BARRIER)
        return false;
    atomic_fetch_add(&barriers, 1);
    if (!atomic_load(&refuses))
        return false;
    atomic_fetch_add(&refusals, 1);
    errno = EPERM;
    return true;
}

long __wrap_syscall(long number, ...)
{
    long of[6];
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        of[i] = va_arg(rest, long);
    va_end(rest);
    if (is_refused(number, of[0]))
        return -1;
    return __real_syscall(number, of[0], of[1], of[2], of[3], of[4], of[5]);
}

/* Tasks of nothing, and one of 3 ms: what the other threads do meanwhile. */
static int one_is_long(ompg_group *group, void *arg)
{
    bool *is_long = arg;
    double end = seconds_now() + 0.003;
    (void)group;
    while (*is_long && seconds_now() < end)
        ;
    return 0;
}

static int barriers_beside_a_long_task(int threads)
{
    static bool is_long[2] = {false, true};
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    int before = atomic_load(&barriers);
    for (int i = 0; i < threads; i++)
        CHECK_INT(ompg_go(group, one_is_long, &is_long[i == 0]), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    return atomic_load(&barriers) - before;
}

/* The least of some attempts: a busy machine can only make more work of it. */
static void few_beside_a_long_task(void)
{
    static const int teams[] = {2, 32, 128};
    for (size_t i = 0; i < sizeof teams / sizeof teams[0]; i++) {
        int least = INT_MAX;
        for (int j = 0; j < ATTEMPTS; j++) {
            int count = barriers_beside_a_long_task(teams[i]);
            least = count < least ? count : least;
        }
        if (!CHECK(least <= MOST_BARRIERS))
            fprintf(stderr, "%d calls with %d threads\n", least, teams[i]);
    }
}

static int leaf(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add((atomic_uint *)arg, 1);
    return 0;
}

/* Long tasks between short ones, so that private tasks are pried and threads come and go. */
static int source(ompg_group *group, void *arg)
{
    int code = 0;
    for (int i = 0; i < TASKS && code == 0; i++) {
        double end = seconds_now() + (i % 100 == 0 ? 2e-4 : 0.0);
        code = ompg_go(group, leaf, arg);
        while (seconds_now() < end)
            ;
    }
    return code;
}

static void refused_later(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        atomic_uint ran = 0;
        atomic_store(&refuses, round > 0);
        CHECK_INT(ompg_run(&(ompg_options){.threads = 2 + round % 3}, source, &ran, NULL), 0);
        CHECK_INT(atomic_load(&ran), TASKS);
    }
    CHECK(atomic_load(&refusals) <= 1); /* it is not asked again */
}

/* From now on the system refuses the call to every thread of the process. */
static bool filter_membarrier(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = 4, .filter = program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           __real_syscall(SYS_seccomp, (long)SECCOMP_SET_MODE_FILTER,
                          (long)SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
}

enum { FILTERED, WRONG, NO_FILTERS };

/* The pool's threads are there, and have used the barrier, when the filter comes. */
static int run_before_and_behind_filter(void)
{
    int before = 0;
    for (int round = 0; round < ROUNDS; round++) {
        atomic_uint ran = 0;
        if (ompg_run(&(ompg_options){.threads = 3}, source, &ran, NULL) != 0 || ran != TASKS)
            return WRONG;
        if (round == 1 && !filter_membarrier())
            return NO_FILTERS;
        if (round == 1)
            before = atomic_load(&barriers);
    }
    return atomic_load(&barriers) - before <= 1 ? FILTERED : WRONG; /* it is not asked again */
}

/* In a child, because a filter is for good. */
static void filtered_later(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(run_before_and_behind_filter());
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_FILTERS)
        fprintf(stderr, "the system has no filters for calls: not tested\n");
    else
        CHECK_INT(WEXITSTATUS(status), FILTERED);
}

/* Each of the tasks needs another thread, which may just be leaving. */
static int partner(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

static int need_partners(ompg_group *group, void *arg)
{
    event partners = {0};
    (void)arg;
    for (int i = 0; i < TASKS / 4; i++) {
        double end = seconds_now() + 4e-5 + 1e-6 * (i % 40);
        while (seconds_now() < end)
            ;
        CHECK_INT(ompg_go(group, partner, &partners), 0);
        if (!CHECK_AWAIT(&partners, i + 1))
            return ETIMEDOUT;
    }
    return 0;
}

static void threads_come_without_it(void)
{
    atomic_store(&refuses, true);
    for (int threads = 2; threads <= 3; threads++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, need_partners, NULL, NULL), 0);
}

/*
 * A thread that waits for a stolen call lets a task in, which another thread waits for: a parked task that runs on the
 * joiner's stack, because the place is there, gives a second place back.
 */
struct letting_in {
    ompg_group *pool;
    held_task other; /* keeps its thread from the tasks that are there before the join */
    event stolen, full, waits;
    atomic_uint ran;
};

static int give_back_while_the_other_waits(ompg_group *group, void *arg)
{
    struct letting_in *self = arg;
    (void)group;
    event_post(&self->full);
    CHECK_AWAIT(&self->waits, 1);
    double end = seconds_now() + 2e-3; /* until it has found nothing */
    while (seconds_now() < end)
        ;
    return 0;
}

static int take_a_second_place(ompg_group *group, void *arg)
{
    struct letting_in *self = arg;
    (void)group;
    CHECK_INT(ompg_set_limit(self->pool, 2), 0);
    ompg_options options = {.share = self->pool};
    CHECK_INT(ompg_run(&options, give_back_while_the_other_waits, self, NULL), 0);
    return 0;
}

static int wait_for_parked(ompg_group *group, void *arg)
{
    struct letting_in *self = arg;
    (void)group;
    event_post(&self->stolen);
    ompg_group *one = ompg_new(&(ompg_options){.share = self->pool});
    CHECK_INT(ompg_go(one, take_a_second_place, self), 0);
    CHECK_AWAIT(&self->full, 1);
    CHECK_INT(ompg_go(one, leaf, &self->ran), 0);
    event_post(&self->waits);
    CHECK_INT(ompg_wait(one), 0);
    ompg_free(one);
    return 0;
}

static int await_theft(ompg_group *group, void *arg)
{
    struct letting_in *self = arg;
    (void)group;
    event_post(&self->other.let_go);
    CHECK_AWAIT(&self->stolen, 1);
    return 0;
}

static int join_them(ompg_group *group, void *arg)
{
    return ompg_join(group, await_theft, arg, wait_for_parked, arg);
}

static int join_in_the_place(ompg_group *group, void *arg)
{
    (void)group;
    return ompg_run(NULL, join_them, arg, NULL);
}

static int take_the_place(ompg_group *group, void *arg)
{
    struct letting_in *self = arg;
    (void)group;
    CHECK_AWAIT(&self->other.begun, 1);
    return ompg_run(&(ompg_options){.share = self->pool}, join_in_the_place, self, NULL);
}

static void what_a_joiner_lets_in_is_found(void)
{
    atomic_store(&refuses, true);
    for (int round = 0; round < 3; round++) {
        struct letting_in self = {.pool = ompg_new(&(ompg_options){.limit = 1})};
        ompg_group *outer = ompg_new(&(ompg_options){.threads = 2});
        CHECK_INT(ompg_go(outer, held_task_run, &self.other), 0);
        CHECK_INT(ompg_go(outer, take_the_place, &self), 0);
        CHECK_INT(ompg_wait(outer), 0);
        CHECK_INT(atomic_load(&self.ran), 1);
        ompg_free(outer);
        ompg_free(self.pool);
    }
}

/* A call that its thread takes back gives its place to a task, which another thread runs meanwhile. */
struct taking_back {
    held_task other;
    event ran;
};

static int park_a_partner(ompg_group *group, void *arg)
{
    struct taking_back *self = arg;
    CHECK_INT(ompg_try_go(group, partner, &self->ran), EAGAIN);
    CHECK_INT(ompg_go(group, partner, &self->ran), 0);
    return 0;
}

static int need_the_partner(ompg_group *group, void *arg)
{
    struct taking_back *self = arg;
    (void)group;
    event_post(&self->other.let_go);
    CHECK_AWAIT(&self->ran, 1);
    return 0;
}

static int join_and_take_back(ompg_group *group, void *arg)
{
    struct taking_back *self = arg;
    CHECK_AWAIT(&self->other.begun, 1);
    return ompg_join(group, park_a_partner, self, need_the_partner, self);
}

/* The library has been refused it, and does not count on it any more. */
static void lose_membarrier(void)
{
    atomic_uint ran = 0;
    atomic_store(&refuses, true);
    for (int round = 0; round < ROUNDS && atomic_load(&refusals) == 0; round++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = 2}, source, &ran, NULL), 0);
}

static void what_a_call_here_lets_in_is_found(void)
{
    struct taking_back self = {.ran = {0}};
    lose_membarrier();
    ompg_group *group = ompg_new(&(ompg_options){.threads = 2, .limit = 3});
    CHECK_INT(ompg_go(group, held_task_run, &self.other), 0);
    CHECK_INT(ompg_go(group, join_and_take_back, &self), 0);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* The first forks, which needs a process without threads; the last four leave it without the barrier. */
CHECK_MAIN("membarrier", {"filtered later", filtered_later},
           {"few beside a long task", few_beside_a_long_task}, {"refused later", refused_later},
           {"threads come without it", threads_come_without_it},
           {"what a joiner lets in is found", what_a_joiner_lets_in_is_found},
           {"what a call here lets in is found", what_a_call_here_lets_in_is_found})
