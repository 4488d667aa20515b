/*
 * Session: one outermost wait. See session.h.
 *
 * The waiter opens the region with the OpenMP constructs (openmp.c), enters it, and runs the root
 * group's tasks until all are over. In a team of the region's own the threads are members, as many as
 * there are tasks: workers from the start. Where a loop is all that the group has, each of them begins with a copy
 * of its task (session_run_each); these were submitted before the team comes, so that the waiter runs those of
 * members that do not come. Where the caller is in a team already, all other workers are launched (region.c).
 *
 * Discipline. The waiter sets the region up before the team comes; until its end it writes no more of it than worker.h
 * says.
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

static const struct task *task_of_each(const struct region *region)
{
    return region->each.fn ? &region->each : NULL;
}

/* OpenMP may give fewer threads than it was asked for. */
static void count_team(struct region *region)
{
    int team = forked ? 1 : openmp_threads();
    if (team >= load_relaxed(&region->threads))
        return;
    store_relaxed(&region->threads, team);
    if (team < region->members)
        sub_relaxed(&region->active, region->members - team);
}

/* The waiter's, and those of the members that have not come. True when the group is done then. */
static bool run_each(struct region *region)
{
    for (int i = load_relaxed(&region->threads); i < region->members; i++)
        task_run_copy(region->waiter, &region->each);
    return region_run_copy(region->waiter, &region->each);
}

/* All tasks of the group, with the help of others. */
static void run_all(struct region *region)
{
    struct worker *worker = region->waiter;
    ompg_group *group = region->root;
    if (task_of_each(region) && run_each(region))
        return;
    task_release_parked(worker, group);
    size_t tasks = mailbox_size(&group->mailbox) + deque_private(&worker->deque);
    if (tasks > (size_t)region->members)
        region_launch(worker, tasks - (size_t)region->members, load_relaxed(&region->threads));
    region_run_root(worker, group);
}

/*
 * A line that another processor has written comes 40 to 160 ns after it is asked for, and one after the other where
 * each says where the next one is. So a member whose start all wait for asks at once for what it is going to read
 * first and to write last; and the waiter for what it writes when the members have gone, and when it comes again.
 */
static void prefetch_for_copy(const struct region *region)
{
    if (!OPENMP_OTHERS_ARE_LATE || !task_of_each(region))
        return;
    prefetch_to_read(region->each.arg);
    prefetch_to_read((const char *)region->each.arg + CACHE_LINE);
    prefetch_to_write(&region->root->remote);
}

static void prefetch_for_end(const struct region *region)
{
    prefetch_to_write(region);
    prefetch_to_write(&region->each);
    prefetch_to_write(region->root);
    prefetch_to_write(&region->root->local);
    prefetch_to_write(&region->root->remote);
}

static void session_body(void *arg)
{
    struct region *region = arg;
    struct worker *worker = region->waiter;
    count_team(region);
    region_enter(worker, region, region->joined ? openmp_thread() : 0);
    run_all(region);
    prefetch_for_end(region);
    region_close(region);
    region_leave(worker, region, NULL);
    if (!forked && region_root_has_stopped(region))
        openmp_cancel();
}

/* In a team of the region's own, whose end waits for all tasks: only a cancel needs a taskgroup. */
static void run_in_team(openmp_body_fn *body, void *arg)
{
    if (openmp_cancellation())
        openmp_taskgroup(body, arg);
    else
        body(arg);
}

/* A thread of such a team that is not the waiter's. */
struct other {
    struct region *region;
    const struct task
        *first; /* what its next worker begins with, a member's first; NULL: with nothing */
    int thread;
    bool goes; /* the group is done */
};

/* A worker there; OpenMP's cancellation is as for a worker_main. */
static void work_in_team(void *arg)
{
    struct other *other = arg;
    other->goes = region_work(other->region, other->thread, other->first);
    other->first = NULL;
    if (region_root_has_stopped(other->region))
        openmp_cancel();
}

static void team_other(struct region *region, int thread)
{
    tsan_acquire(&region->each);
    struct other other = {.region = region, .thread = thread};
    if (thread < region->members) {
        other.first = task_of_each(region);
        prefetch_for_copy(region);
        run_in_team(work_in_team, &other);
    }
    while (!other.goes && region_await_call(region))
        run_in_team(work_in_team, &other);
    tsan_release(region); /* to run_session, after the join */
}

static void team_thread(void *region, int thread)
{
    if (thread == 0)
        run_in_team(session_body, region);
    else
        team_other(region, thread);
}

/* Sets up the region for the team that the caller is in, or for a new one, which `tasks` wait for. */
static void prepare(ompg_group *group, const struct reserved *reserved, size_t tasks)
{
    struct region *region = reserved->region;
    bool joins = reserved->level > 0;
    int threads = reserved->threads;
    region->members = joins || tasks == 0 ? 1 : tasks < (size_t)threads ? (int)tasks : threads;
    region->level = forked ? 0 : reserved->level + !joins;
    region->joined = joins;
    region->oversubscribed = threads > openmp_processors();
    region->spin_ns = region->oversubscribed ? 0 : parking_spin_ns();
    region->root = group;
    region->attend = region_attend;
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

/* Runs what prepare() has set up. */
static void run_session(struct region *region)
{
    struct caller caller;
    caller_enter(&caller);
    tsan_release(&region->each);
    if (forked)
        session_body(region);
    else if (region->joined)
        openmp_taskgroup(session_body, region);
    else
        openmp_parallel(load_relaxed(&region->threads), team_thread, region);
    caller_leave(&caller);
    tsan_acquire(region);
    home_move(region->root, NULL, NULL);
}

void session_run(ompg_group *group, const struct reserved *reserved)
{
    struct region *region = reserved->region;
    if (!idle_await_task(group))
        return;
    bool passes_gate = load_relaxed(&group->gated) && !group_stopped_hard(group);
    prepare(group, reserved, passes_gate ? 0 : mailbox_size(&group->mailbox));
    region->each.fn = NULL;
    run_session(region);
}

/* As tasks of one loop: they take one index together. The group is at home in the region. */
static void count_each(struct region *region)
{
    ompg_group *group = region->root;
    size_t members = (size_t)region->members;
    region->each.index = group_next_index(group);
    count_at_once(region->waiter, group, members);
    add_release(&group->unnumbered, members); /* after `submitted`: see group_next_index */
    parts_returned(group, members);           /* now, not by each in a line that all write */
}

void session_run_each(ompg_group *group, const struct reserved *reserved, const struct task *each,
                      int most)
{
    struct region *region = reserved->region;
    prepare(group, reserved, (size_t)most);
    task_copy(&region->each, each);
    count_each(region);
    run_session(region);
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
