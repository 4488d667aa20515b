/*
 * Threads of a region that have nothing to do park inside it: each comes when it is needed, and none
 * is an OpenMP task that a runtime could stumble over.
 *
 * Runs with OMP_WAIT_POLICY=passive, so that they sleep at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

#include <errno.h>

enum { TEAM = 5, MEETINGS = 300, THREADS_IN_TURN = 60, BURSTS = 5, LEAVES = 10 };

static void let_pass(double seconds)
{
    double end = seconds_now() + seconds;
    while (seconds_now() < end)
        sched_yield();
}

/*
 * A task lets the others find nothing, and then needs all of them at once. The pauses are spread over
 * all that a thread does on its way to sleep: looking around for 50 us, parking, sleeping.
 */
static int meet(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return CHECK_AWAIT((event *)arg, TEAM) ? 0 : ETIMEDOUT;
}

static int call_all(ompg_group *group, void *arg)
{
    static event meetings[MEETINGS];
    (void)arg;
    int code = 0;
    for (int i = 0; i < MEETINGS && !ompg_stopped(group); i++) {
        ompg_group *together = ompg_new(NULL);
        atomic_store(&meetings[i].count, 0);
        let_pass(1e-6 * (i * 7 % 150));
        for (int j = 0; j < TEAM && code == 0; j++)
            code = ompg_go(together, meet, &meetings[i]);
        if (code == 0)
            code = ompg_wait(together);
        ompg_free(together);
        if (code != 0)
            return code;
    }
    return 0;
}

static void all_come_when_they_are_needed(void)
{
    CHECK_INT(ompg_run(&(ompg_options){.threads = TEAM}, call_all, NULL, NULL), 0);
}

/* The region ends while threads sleep, are about to, or have just been called. */
static int count_task(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    return 0;
}

static int pause_and_add(ompg_group *group, void *arg)
{
    event *ran = arg;
    let_pass(1e-6 * (atomic_load(&ran->count) * 7 % 150));
    int code = 0;
    for (int i = 0; i < LEAVES && code == 0; i++)
        code = ompg_go(group, count_task, ran);
    return code;
}

static void regions_end_beside_sleepers(void)
{
    event ran = {0};
    for (int i = 0; i < MEETINGS; i++)
        CHECK_INT(ompg_run(&(ompg_options){.threads = TEAM}, pause_and_add, &ran, NULL), 0);
    CHECK_INT(atomic_load(&ran.count), MEETINGS * LEAVES);
}

/*
 * POSIX threads that use a group each, one after the other: libomp 19 crashes where they make OpenMP
 * tasks.
 */
static int leaf(ompg_group *group, void *arg)
{
    (void)group;
    let_pass(2e-5);
    event_post(arg);
    return 0;
}

static int bursts(ompg_group *group, void *arg)
{
    int code = 0;
    for (int i = 0; i < BURSTS; i++) {
        let_pass(5e-4);
        for (int j = 0; j < LEAVES && code == 0; j++)
            code = ompg_go(group, leaf, arg);
    }
    return code;
}

static void *use_group(void *arg)
{
    event leaves = {0};
    int *code = arg;
    *code = ompg_run(NULL, bursts, &leaves, NULL);
    if (atomic_load(&leaves.count) != BURSTS * LEAVES)
        *code = EPROTO;
    return NULL;
}

static void one_thread_after_the_other(void)
{
    for (int i = 0; i < THREADS_IN_TURN; i++) {
        pthread_t thread;
        int code = -1;
        if (!CHECK_INT(pthread_create(&thread, NULL, use_group, &code), 0))
            return;
        pthread_join(thread, NULL);
        CHECK_INT(code, 0);
    }
}

CHECK_MAIN("parking", {"all come when they are needed", all_come_when_they_are_needed},
           {"regions end beside sleepers", regions_end_beside_sleepers},
           {"one thread after the other", one_thread_after_the_other})
