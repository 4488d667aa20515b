/*
 * Session: one outermost wait. See session.h.
 *
 * The waiter opens the region with the OpenMP constructs (openmp.c), enters it, and runs the root
 * group's tasks until all are over. In a team of the region's own the threads are members, as many as
 * there are tasks: workers from the start. Where a loop is all that the group has, each of them begins with a copy
 * of its task (session_run_each); these were submitted before the team comes, so that the waiter runs those of
 * members that do not come. Where the caller is in a team already, all other workers are launched (region.c).
 *
 * Discipline. A session lies in the waiter's frame; the other threads read it only, until the team's end, except for
 * `missing`, which is the waiter's.
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
#include "group/tally.h"
#include "group/token.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

/* True in the child of a fork that had threads: OpenMP would hang, so all runs on this thread. */
static bool forked;
static bool had_threads;

struct session {
    alignas(CACHE_LINE) struct region *region; /* all in one line: the others miss one for it */
    ompg_group *group;
    struct task each; /* what each member begins with; no fn: with nothing */
    int missing;      /* members that have not come; the waiter's */
};

_Static_assert(sizeof(struct session) == CACHE_LINE, "the others miss one line for it");

static const struct task *task_of_each(const struct session *session)
{
    return session->each.fn ? &session->each : NULL;
}

/* OpenMP may give fewer threads than it was asked for. */
static void count_team(struct session *session)
{
    struct region *region = session->region;
    int team = forked ? 1 : openmp_threads();
    if (team >= load_relaxed(&region->threads))
        return;
    store_relaxed(&region->threads, team);
    if (team >= region->members)
        return;
    session->missing = region->members - team;
    sub_relaxed(&region->active, session->missing);
}

/* The waiter's, and those of the members that have not come. True when the group is done then. */
static bool run_each(const struct session *session)
{
    struct worker *worker = session->region->waiter;
    for (int i = 0; i < session->missing; i++)
        task_run_copy(worker, &session->each);
    region_run_copy(worker, &session->each, session->group);
    return group_is_done(session->region, session->group);
}

/* All tasks of the group, with the help of others. */
static void run_all(const struct session *session)
{
    struct region *region = session->region;
    struct worker *worker = region->waiter;
    ompg_group *group = session->group;
    if (session->each.fn && run_each(session))
        return;
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
    struct worker *worker = region->waiter;
    count_team(session);
    region_enter(worker, region, region->joined ? openmp_thread() : 0);
    run_all(session);
    region_close(region);
    region_leave(worker, region, NULL);
    if (!forked && region_root_has_stopped(region))
        openmp_cancel();
}

/* A worker on a thread other than the waiter's; OpenMP's cancellation is as for a worker_main. */
static void work_in_team(struct region *region, const struct task *first)
{
    region_work(region, first);
    if (region_root_has_stopped(region))
        openmp_cancel();
}

static void team_member(void *arg)
{
    struct session *session = arg;
    work_in_team(session->region, task_of_each(session));
}

static void team_called(void *arg)
{
    struct session *session = arg;
    work_in_team(session->region, NULL);
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
    if (openmp_thread() < region->members)
        run_in_team(team_member, session);
    while (region_await_call(region))
        run_in_team(team_called, session);
    tsan_release(region); /* to run_session, after the join */
}

/* Sets up the region for the team that the caller is in, or for a new one, which `tasks` wait for. */
static void prepare(struct session *session, const struct reserved *reserved, size_t tasks)
{
    struct region *region = session->region;
    ompg_group *group = session->group;
    bool joins = reserved->level > 0;
    int threads = reserved->threads;
    region->members = joins || tasks == 0 ? 1 : tasks < (size_t)threads ? (int)tasks : threads;
    region->level = forked ? 0 : reserved->level + !joins;
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
    store_relaxed(&region->arming, false);
    mail_open(region, !joins && !forked);
    home_move(group, region->waiter, region); /* last: others may come by it */
}

int session_threads_outermost(int wanted)
{
    return forked ? 1 : openmp_most_threads(wanted);
}

static int level_here(void)
{
    return forked ? 0 : openmp_level();
}

static int threads_at(int level, const ompg_group *group)
{
    return level > 0 ? openmp_threads() : session_threads_outermost(group ? group->threads : 0);
}

int session_threads(const ompg_group *group)
{
    return threads_at(level_here(), group);
}

bool session_reserve(ompg_group *group, struct reserved *reserved)
{
    if (self || reserved->region)
        return true;
    reserved->level = level_here();
    reserved->threads = threads_at(reserved->level, group);
    reserved->region = region_acquire(reserved->threads);
    return reserved->region != NULL;
}

void session_unreserve(struct reserved *reserved)
{
    if (!reserved->region)
        return;
    region_release(reserved->region);
    reserved->region = NULL;
}

static struct session session_of(ompg_group *group, const struct reserved *reserved)
{
    return (struct session){.region = reserved->region, .group = group};
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
    else if (region->joined)
        openmp_taskgroup(session_body, session);
    else
        openmp_parallel(load_relaxed(&region->threads), team_waiter, team_other, session);
    caller_leave(&caller);
    tsan_acquire(region);
    home_move(session->group, NULL, NULL);
}

void session_run(ompg_group *group, const struct reserved *reserved)
{
    if (!idle_await_task(group))
        return;
    struct session session = session_of(group, reserved);
    bool passes_gate = load_relaxed(&group->gated) && !group_stopped_hard(group);
    prepare(&session, reserved, passes_gate ? 0 : mailbox_size(&group->mailbox));
    run_session(&session);
}

/* As tasks of one loop: they take one index together. The group is at home in the region. */
static void count_each(struct session *session)
{
    ompg_group *group = session->group;
    size_t members = (size_t)session->region->members;
    session->each.index = group_next_index(group);
    count_at_once(session->region->waiter, group, members);
    add_release(&group->unnumbered, members); /* after `submitted`: see group_next_index */
    parts_returned(group, members);           /* now, not by each in a line that all write */
}

void session_run_each(ompg_group *group, const struct reserved *reserved, const struct task *each,
                      int most)
{
    struct session session = session_of(group, reserved);
    session.each = *each;
    prepare(&session, reserved, (size_t)most);
    count_each(&session);
    run_session(&session);
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
