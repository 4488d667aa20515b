/*
 * fork(): an OpenMP runtime does not survive it, because its threads are gone in the child. A group
 * there runs its tasks serially or fails with a code; it never hangs, and drops are called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TASKS = 50, HUNG_AFTER = 30, FORKS = 10 };

typedef struct tally {
    atomic_uint ran;
    atomic_uint dropped;
} tally;

static int count_task(ompg_group *group, void *arg)
{
    tally *counts = arg;
    (void)group;
    atomic_fetch_add(&counts->ran, 1);
    return 0;
}

static void count_drop(void *arg)
{
    tally *counts = arg;
    atomic_fetch_add(&counts->dropped, 1);
}

/* Returns how many tasks were accepted. */
static unsigned add_tasks(ompg_group *group, tally *counts)
{
    unsigned accepted = 0;
    for (int i = 0; i < TASKS; i++)
        accepted +=
            ompg_go_with(group, count_task, counts, &(ompg_task_options){.drop = count_drop}) == 0;
    return accepted;
}

/* Adds, waits and frees: right is also a wait that fails, if it says so and every drop runs. */
static bool use_group(const ompg_options *options, bool may_fail)
{
    tally counts = {0};
    ompg_group *group = ompg_new(options);
    if (group == NULL)
        return may_fail;
    unsigned accepted = add_tasks(group, &counts);
    int code = ompg_wait(group);
    bool right = code == 0 ? atomic_load(&counts.ran) == TASKS : may_fail;
    ompg_free(group);
    return right && (code != 0 || accepted == TASKS) && atomic_load(&counts.dropped) == accepted;
}

static int nest_task(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return use_group(NULL, false) ? 0 : EPROTO;
}

/* What a child does: groups of several kinds, twice. */
static bool use_groups(bool may_fail)
{
    bool right = true;
    for (int i = 0; i < 2; i++) {
        right &= use_group(NULL, may_fail);
        right &= use_group(&(ompg_options){.threads = 3}, may_fail);
        right &= use_group(&(ompg_options){.limit = 1}, may_fail);
        int code = ompg_run(NULL, nest_task, NULL, NULL);
        right &= code == 0 || (may_fail && code != EPROTO);
    }
    return right;
}

/* Forks; the child exits with whether body(arg) held. The parent returns the child's status. */
static int in_child(bool (*body)(void *arg), void *arg)
{
    int status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(HUNG_AFTER);
        _exit(body(arg) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return status;
}

static bool child_uses_groups(void *arg)
{
    (void)arg;
    return use_groups(true);
}

static bool child_must_use_groups(void *arg)
{
    (void)arg;
    return use_groups(false);
}

/* Before anything of OpenMP has run there is nothing to lose. */
static void before_the_first_use(void)
{
    CHECK_INT(in_child(child_must_use_groups, NULL), 0);
}

/* The parent used OpenMP without groups. */
static bool child_used_plain_openmp(void *arg)
{
    static atomic_int threads;
#pragma omp parallel num_threads(3)
    atomic_fetch_add(&threads, 1);
    return atomic_load(&threads) > 0 && in_child(child_uses_groups, arg) == 0;
}

static void after_plain_openmp(void)
{
    CHECK_INT(in_child(child_used_plain_openmp, NULL), 0);
}

static void after_use(void)
{
    for (int i = 0; i < FORKS; i++) {
        CHECK(use_groups(false));
        CHECK_INT(in_child(child_uses_groups, NULL), 0);
    }
    CHECK(use_groups(false));
}

static bool child_forks_again(void *arg)
{
    return use_groups(true) && in_child(child_uses_groups, arg) == 0 && use_groups(true);
}

static void grandchildren(void)
{
    CHECK(use_groups(false));
    CHECK_INT(in_child(child_forks_again, NULL), 0);
    CHECK(use_groups(false));
}

/* A group that was filled before the fork: each process has its own copy of the tasks. */
typedef struct filled {
    ompg_group *group;
    tally counts;
    unsigned accepted;
} filled;

static bool finish_filled(void *arg)
{
    filled *self = arg;
    int code = ompg_wait(self->group);
    bool ran_all = atomic_load(&self->counts.ran) == self->accepted;
    ompg_free(self->group);
    return (code != 0 || ran_all) && atomic_load(&self->counts.dropped) == self->accepted;
}

static bool free_filled(void *arg)
{
    filled *self = arg;
    ompg_free(self->group);
    return atomic_load(&self->counts.ran) == 0 &&
           atomic_load(&self->counts.dropped) == self->accepted;
}

static void filled_before(void)
{
    filled self = {.group = ompg_new(NULL)};
    CHECK(use_groups(false));
    self.accepted = add_tasks(self.group, &self.counts);
    CHECK_INT(self.accepted, TASKS);
    CHECK_INT(in_child(finish_filled, &self), 0);
    CHECK_INT(in_child(free_filled, &self), 0);
    CHECK_INT(atomic_load(&self.counts.dropped), 0);
    CHECK(finish_filled(&self));
    CHECK_INT(atomic_load(&self.counts.ran), TASKS);
}

static int fork_task(ompg_group *group, void *arg)
{
    (void)group;
    return in_child(child_uses_groups, arg) == 0 ? 0 : EPROTO;
}

static void inside_a_task(void)
{
    tally counts = {0};
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3});
    for (int i = 0; i < FORKS; i++) {
        CHECK_INT(ompg_go(group, fork_task, NULL), 0);
        for (int j = 0; j < TASKS; j++)
            CHECK_INT(ompg_go(group, count_task, &counts), 0);
    }
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&counts.ran), FORKS * TASKS);
    ompg_free(group);
    CHECK(use_groups(false));
}

static void inside_a_team(void)
{
    static atomic_int status;
    atomic_store(&status, -1);
#pragma omp parallel num_threads(3)
#pragma omp masked
    atomic_store(&status, in_child(child_uses_groups, NULL));
    CHECK_INT(atomic_load(&status), 0);
    CHECK(use_groups(false));
}

/* Another thread of the process is in the middle of something. */
static atomic_bool enough;

static void *use_all_the_time(void *arg)
{
    bool *right = arg;
    while (!atomic_load(&enough))
        *right &= use_groups(false);
    return NULL;
}

static void beside_a_busy_thread(void)
{
    pthread_t thread;
    bool right = true;
    atomic_store(&enough, false);
    if (!CHECK_INT(pthread_create(&thread, NULL, use_all_the_time, &right), 0))
        return;
    for (int i = 0; i < 3 * FORKS; i++)
        CHECK_INT(in_child(child_uses_groups, NULL), 0);
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    CHECK(right);
}

/* The locks of the library belong to no other thread in the child, and what it keeps is still there. */

static ompg_token token;

static void *attach_all_the_time(void *arg)
{
    bool *right = arg;
    while (!atomic_load(&enough)) {
        *right &= ompg_token_on_signal(&token, SIGUSR1) == 0;
        *right &= ompg_token_off_signal(&token, SIGUSR1) == 0;
        ompg_free(ompg_new(NULL));
    }
    return NULL;
}

static bool child_attaches(void *arg)
{
    (void)arg;
    ompg_free(ompg_new(NULL));
    return ompg_token_on_signal(&token, SIGUSR2) == 0;
}

static void beside_a_thread_that_attaches(void)
{
    pthread_t thread;
    bool right = true;
    atomic_store(&enough, false);
    if (!CHECK_INT(pthread_create(&thread, NULL, attach_all_the_time, &right), 0))
        return;
    for (int i = 0; i < 50 * FORKS; i++) {
        if (!CHECK_INT(in_child(child_attaches, NULL), 0))
            break;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    CHECK(right);
}

/* Of tasks with copies that a thread without a worker frees: each goes into the store by itself. */
static int add_copies(ompg_group *group, void *arg)
{
    ompg_group *other = arg;
    int code = 0;
    for (int i = 0; i < 300 && code == 0; i++)
        code = ompg_go_copy(other, nest_task, &group, sizeof group);
    return code;
}

static bool use_blocks(void *arg)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1}), *other = ompg_new(NULL);
    (void)arg;
    bool right = ompg_go(other, nest_task, NULL) == 0;
    right &= ompg_go(group, add_copies, other) == 0 && ompg_wait(group) == 0;
    ompg_free(group);
    ompg_free(other);
    return right;
}

static void *use_blocks_all_the_time(void *arg)
{
    bool *right = arg;
    while (!atomic_load(&enough))
        *right &= use_blocks(NULL);
    return NULL;
}

static void beside_a_thread_that_uses_blocks(void)
{
    pthread_t thread;
    bool right = true;
    atomic_store(&enough, false);
    if (!CHECK_INT(pthread_create(&thread, NULL, use_blocks_all_the_time, &right), 0))
        return;
    for (int i = 0; i < 50 * FORKS; i++) {
        if (!CHECK_INT(in_child(use_blocks, NULL), 0))
            break;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    CHECK(right);
}

/* Other threads add, before the wait, while the process forks: the child finds the mailbox unlocked and whole. */
typedef struct shared_group {
    ompg_group *group;
    tally counts;
    atomic_uint added;
    atomic_bool stop;
} shared_group;

static void *add_until_told(void *arg)
{
    shared_group *self = arg;
    while (!atomic_load(&self->stop)) {
        if (ompg_go(self->group, count_task, &self->counts) == 0)
            atomic_fetch_add(&self->added, 1);
    }
    return NULL;
}

/* At most two tasks were under way. */
static bool add_and_wait(void *arg)
{
    shared_group *self = arg;
    unsigned added = atomic_load(&self->added);
    if (ompg_go(self->group, count_task, &self->counts) != 0 || ompg_wait(self->group) != 0)
        return false;
    unsigned ran = atomic_load(&self->counts.ran);
    ompg_free(self->group);
    return ran > added && ran <= added + 1 + 2;
}

static void beside_threads_that_add(void)
{
    for (int i = 0; i < 5 * FORKS; i++) {
        pthread_t threads[2];
        shared_group self = {.group = ompg_new(NULL)};
        for (int t = 0; t < 2; t++)
            CHECK_INT(pthread_create(&threads[t], NULL, add_until_told, &self), 0);
        while (atomic_load(&self.added) < 100)
            sched_yield();
        CHECK_INT(in_child(add_and_wait, &self), 0);
        atomic_store(&self.stop, true);
        for (int t = 0; t < 2; t++)
            pthread_join(threads[t], NULL);
        CHECK_INT(ompg_wait(self.group), 0);
        CHECK_INT(atomic_load(&self.counts.ran), atomic_load(&self.added));
        ompg_free(self.group);
    }
}

/* In a child too: threads of its own add while it waits. */
typedef struct adding {
    ompg_group *group;
    tally counts;
} adding;

enum { ADDED = 500 };

static void *add_and_let_go(void *arg)
{
    adding *self = arg;
    for (int i = 0; i < ADDED; i++) {
        if (ompg_go(self->group, count_task, &self->counts) != 0)
            break;
    }
    ompg_done(self->group, 0);
    return NULL;
}

static bool wait_for_adder(const ompg_options *options)
{
    pthread_t thread;
    adding self = {.group = ompg_new(options)};
    if (self.group == NULL || ompg_hold(self.group) != 0 ||
        pthread_create(&thread, NULL, add_and_let_go, &self) != 0)
        return false;
    bool right = ompg_wait(self.group) == 0 && atomic_load(&self.counts.ran) == ADDED;
    pthread_join(thread, NULL);
    ompg_free(self.group);
    return right;
}

static bool child_has_adders(void *arg)
{
    (void)arg;
    return wait_for_adder(NULL) && wait_for_adder(&(ompg_options){.threads = 3, .limit = 2}) &&
           wait_for_adder(&(ompg_options){.limit = 1, .backlog = 1});
}

static void with_threads_that_add(void)
{
    CHECK(use_groups(false)); /* the parent has threads, which the child has not */
    for (int i = 0; i < FORKS; i++)
        CHECK_INT(in_child(child_has_adders, NULL), 0);
}

/* Another thread keeps errors in a group: most of the time it has the lock of their list. */
static void *fail_until_told(void *arg)
{
    for (size_t index = 1000000; index > 0 && !atomic_load(&enough); index--)
        ompg_fail_at(arg, index, EIO, "a failure");
    return NULL;
}

static bool fail_in_child(void *group)
{
    ompg_error error;
    return ompg_fail_at(group, 0, EPIPE, NULL) == EPIPE && ompg_get_error(group, &error) == 1 &&
           error.code == EPIPE;
}

static void beside_a_thread_that_fails(void)
{
    pthread_t thread;
    ompg_group *group = ompg_new(
        &(ompg_options){.on_error = OMPG_COLLECT, .deterministic = true, .max_errors = 500});
    atomic_store(&enough, false);
    if (!CHECK_INT(pthread_create(&thread, NULL, fail_until_told, group), 0))
        return;
    for (int i = 0; i < 5 * FORKS; i++) {
        if (!CHECK_INT(in_child(fail_in_child, group), 0))
            break;
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    ompg_free(group);
}

enum { DEQUE_BYTES = 64 * 1024 }; /* more than what libomp takes in a child */

static bool child_needs_no_deque(void *arg)
{
#if defined(__GLIBC_PREREQ) && __GLIBC_PREREQ(2, 33)
    size_t before = mallinfo2().uordblks;
    (void)arg;
    return use_groups(false) && mallinfo2().uordblks < before + DEQUE_BYTES;
#else
    return arg == NULL;
#endif
}

/* They were lost there, which leak checkers report where the child returns from main. */
static void pools_are_kept(void)
{
    CHECK(use_groups(false));
    CHECK_INT(in_child(child_needs_no_deque, NULL), 0);
}

/* The first two need a process that has not used OpenMP. */
CHECK_MAIN("fork", {"before the first use", before_the_first_use},
           {"after plain OpenMP", after_plain_openmp}, {"after use", after_use},
           {"grandchildren", grandchildren}, {"filled before", filled_before},
           {"inside a task", inside_a_task}, {"inside a team", inside_a_team},
           {"beside a busy thread", beside_a_busy_thread},
           {"beside a thread that attaches", beside_a_thread_that_attaches},
           {"beside a thread that uses blocks", beside_a_thread_that_uses_blocks},
           {"beside threads that add", beside_threads_that_add},
           {"beside a thread that fails", beside_a_thread_that_fails},
           {"with threads that add", with_threads_that_add}, {"pools are kept", pools_are_kept})
