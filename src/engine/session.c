/*
 * Session: one outermost wait. See session.h.
 *
 * The waiter opens the region with the OpenMP constructs (openmp.c), enters it, and runs the root
 * group's tasks until all are over. In a team of the region's own the threads are members, as many as
 * there are tasks: workers from the start. Where the caller is in a team already, all other workers
 * are launched (region.c).
 *
 * Discipline. A session lies in the waiter's frame; the other threads read it only, until the team's end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/session.h"

#include "base/bell.h"
#include "base/caller.h"
#include "base/float_control.h"
#include "base/membarrier.h"
#include "base/openmp.h"
#include "engine/idle.h"
#include "engine/mail.h"
#include "engine/pools.h"
#include "group/home.h"
#include "group/token.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

/* True in the child of a fork that had threads: OpenMP would hang, so all runs on this thread. */
static bool forked;
static bool had_threads;

struct session {
    struct region *region;
    struct worker *worker;
    ompg_group *group;
};

/* OpenMP may give fewer threads than it was asked for. */
static void count_team(const struct session *session)
{
    struct region *region = session->region;
    int team = forked ? 1 : openmp_threads();
    if (team >= load_relaxed(&region->threads))
        return;
    store_relaxed(&region->threads, team);
    int missing = region->members - team;
    if (missing > 0)
        sub_relaxed(&region->active, missing);
}

/* All tasks of the group, with the help of others. */
static void run_all(const struct session *session)
{
    struct region *region = session->region;
    struct worker *worker = session->worker;
    ompg_group *group = session->group;
    task_release_parked(worker, group);
    size_t tasks = mailbox_size(&group->mailbox) + deque_private(&worker->deque);
    if (tasks > (size_t)region->members)
        region_launch(worker, tasks - (size_t)region->members, load_relaxed(&region->threads));
    region_run_root(worker, group);
}

static void session_body(void *arg)
{
    struct session *session = arg;
    struct region *region = session->region;
    struct worker *worker = session->worker;
    count_team(session);
    region_enter(worker, region, forked ? 0 : openmp_thread());
    run_all(session);
    region_close(region);
    region_leave(worker, region, NULL);
    if (!forked && region_root_has_stopped(region))
        openmp_cancel();
}

/* A worker on a thread other than the waiter's; OpenMP's cancellation is as for a worker_main. */
static void team_worker(void *arg)
{
    struct session *session = arg;
    struct region *region = session->region;
    region_work(region);
    if (region_root_has_stopped(region))
        openmp_cancel();
}

/* In a team of the region's own, whose end waits for all tasks: only a cancel needs a taskgroup. */
static void run_in_team(openmp_body_fn *body, struct session *session)
{
    if (openmp_cancellation())
        openmp_taskgroup(body, session);
    else
        body(session);
}

static void team_waiter(void *arg)
{
    run_in_team(session_body, arg);
}

static void team_other(void *arg)
{
    struct session *session = arg;
    tsan_acquire(session);
    struct region *region = session->region;
    bool called = openmp_thread() < region->members;
    while (called || region_await_call(region)) {
        run_in_team(team_worker, session);
        called = false;
    }
    tsan_release(region); /* to run_session, after the join */
}

/* Sets up the region for the team that the caller is in, or for a new one, which `tasks` wait for. */
static void prepare(struct session *session, size_t tasks)
{
    struct region *region = session->region;
    ompg_group *group = session->group;
    bool joins = !forked && openmp_level() > 0;
    int threads = session_threads(group);
    threads = threads < region->capacity ? threads : region->capacity;
    region->members = joins || tasks == 0 ? 1 : tasks < (size_t)threads ? (int)tasks : threads;
    region->level = forked ? 0 : openmp_level() + !joins;
    region->joined = joins;
    region->oversubscribed = threads > openmp_processors();
    region->spin_ns = region->oversubscribed ? 0 : parking_spin_ns();
    region->root = group;
    region->float_control = float_control_get();
    int64_t begun = load_relaxed(&group->begun_ticks);
    region->begun_ticks = begun ? begun : clock_ticks();
    store_relaxed(&region->threads, threads);
    bool alone = joins && openmp_in_final(); /* no other can come, as if all were there */
    store_relaxed(&region->active, alone ? threads : region->members);
    parking_open(&region->parking);
    store_relaxed(&region->closing, false);
    store_relaxed(&region->arming, false);
    mail_open(region, !joins && !forked);
    home_move(group, session->worker, region); /* last: others may come by it */
}

int session_threads_outermost(int wanted)
{
    return forked ? 1 : openmp_most_threads(wanted);
}

int session_threads(const ompg_group *group)
{
    return !forked && openmp_level() > 0 ? openmp_threads()
                                         : session_threads_outermost(group ? group->threads : 0);
}

bool session_reserve(ompg_group *group, struct reserved *reserved)
{
    if (self || reserved->region)
        return true;
    struct region *region = region_acquire(session_threads(group));
    struct worker *worker = region ? worker_acquire() : NULL;
    if (!worker) {
        if (region)
            region_release(region);
        return false;
    }
    *reserved = (struct reserved){.region = region, .worker = worker};
    return true;
}

void session_unreserve(struct reserved *reserved)
{
    if (!reserved->region)
        return;
    worker_release(reserved->worker);
    region_release(reserved->region);
    reserved->region = NULL;
}

/* Runs what prepare() has set up. */
static void run_session(struct session *session)
{
    struct region *region = session->region;
    struct caller caller;
    caller_enter(&caller);
    tsan_release(session);
    if (forked)
        session_body(session);
    else if (openmp_level() > 0)
        openmp_taskgroup(session_body, session);
    else
        openmp_parallel(load_relaxed(&region->threads), team_waiter, team_other, session);
    caller_leave(&caller);
    tsan_acquire(region);
    home_move(session->group, NULL, NULL);
}

void session_run(ompg_group *group, struct reserved *reserved)
{
    if (!idle_await_task(group))
        return;
    struct session session = {
        .region = reserved->region, .worker = reserved->worker, .group = group};
    bool passes_gate = load_relaxed(&group->gated) && !group_stopped_hard(group);
    prepare(&session, passes_gate ? 0 : mailbox_size(&group->mailbox));
    run_session(&session);
    session_unreserve(reserved);
}

/* ---- fork ---- */

/*
 * A process with one thread has no team that the child could miss. Every lock of the library that does
 * not belong to a record, and those of every mailbox and list of errors, are held over the fork, so that the child
 * finds all in order. The other locks of records are free in the child: tasks that were running in the parent are lost there.
 */
static void before_fork(void)
{
    struct stat threads;
    had_threads = stat("/proc/self/task", &threads) != 0 || threads.st_nlink > 3;
    token_table_lock();
    pools_lock();
    blocks_lock();
    membarrier_lock();
}

static void in_parent(void)
{
    membarrier_unlock();
    blocks_unlock();
    pools_unlock();
    token_table_unlock();
}

static void in_child(void)
{
    forked = forked || had_threads;
    self = NULL;
    membarrier_unlock();
    blocks_unlock();
    pools_unlock_in_child();
    bells_clear();
    token_table_unlock_in_child();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, in_parent, in_child);
}
