/*
 * Region: workers that come, work, wait and go. See worker.h for what they share.
 *
 * A worker that finds nothing for a while (idle.h) ends. In a team that the library opened its thread parks
 * (parking.h) until a worker is called for or the region closes; in a team that was joined it goes back
 * to OpenMP. Whoever has work while a thread of the team has no worker launches one: calls a parked thread,
 * or makes an OpenMP task.
 *
 * A thread of the team is missing (it has not come yet, or is parked), called (counted in parking.calls
 * until it answers) or active (it has a worker, or is a member that has yet to come). Launching moves
 * one from missing to called while active + called is less than the team. Whoever answers a call counts
 * itself as active after it has taken the call: for a moment it seems missing, and one call too many is
 * answered by a thread that looks around in vain.
 *
 * The waiter stays, yields and naps: OpenMP discards workers that have not started when the taskgroup
 * is cancelled, and then it does all the rest alone.
 *
 * Nothing is lost: a worker ends only with an empty deque; a task is in a deque, in a group's mailbox
 * that its waiter empties, or parked behind a running task that takes it along.
 *
 * Nobody sleeps on work: see leave.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/region.h"

#include "base/caller.h"
#include "base/float_control.h"
#include "base/membarrier.h"
#include "base/openmp.h"
#include "engine/idle.h"
#include "engine/mail.h"
#include "engine/places.h"
#include "engine/pools.h"
#include "engine/steal.h"
#include "group/stop.h"
#include "group/tally.h"

#include <errno.h>

enum { PAUSES_AFTER_COPY = 3 }; /* 1 to 2 us in all */
enum { LAUNCH_PAUSE_LEAST_NS = 20000, LAUNCH_PAUSE_MOST_NS = 1000000 };

/* ---- entering and leaving ---- */

void region_enter(struct worker *worker, struct region *region, int thread)
{
    spin_lock(&worker->deque.lock);
    worker->region = region;
    spin_unlock(&worker->deque.lock);
    worker->thread = thread;
    worker->errno_here = &errno;
    worker->frame = NULL;
    worker->holdings = NULL;
    worker->inlined = 0;
    worker->foreign = 0;
    worker->robbed = 0;
    worker->asked = NULL;
    worker->hold_back = 0;
    worker->launch_pause = 0;
    bool armed = !membarrier_works() && load_relaxed(&region->threads) > 1;
    store_relaxed(&worker->deque.attention, armed ? ATTENTION_ARMED : ATTENTION_NONE);
    store_release(&region->slots[thread].worker, worker);
    fence_seq_cst(); /* with the one in leave */
    if (load_relaxed(&region->active) < load_relaxed(&region->threads))
        store_relaxed(&worker->deque.attention, ATTENTION_ARMED);
    compiler_fence(); /* a signal handler that finds self finds it complete */
    self = worker;
}

void region_leave(struct worker *worker, struct region *region, struct worker *outer)
{
    self = outer;
    compiler_fence(); /* as in region_enter */
    tally_flush(worker);
    store_release(&region->slots[worker->thread].worker, NULL);
    spin_lock(&worker->deque.lock);
    worker->region = NULL;
    spin_unlock(&worker->deque.lock);
}

/* ---- launching ---- */

static void worker_main(void *arg);

bool region_root_has_stopped(void *arg)
{
    struct region *region = arg;
    bool stopped = openmp_cancellation() && group_stopped_hard(region->root);
    tsan_release(region); /* to the session's end, which may hand the region on */
    return stopped;
}

/*
 * In a team that was joined: a parallel region that a task has opened has other threads, a final task
 * would run the worker at once, and so does a runtime that has many tasks queued.
 */
static bool can_launch_here(const struct worker *worker)
{
    const struct region *region = worker->region;
    if (!region->joined)
        return true;
    return openmp_level() == region->level && !openmp_in_final() &&
           (worker->launch_pause == 0 || clock_now() >= worker->launch_at);
}

/* OpenMP ran the last launch on the thread that made it: that is tried again, but not at each push. */
static void pause_launching(struct worker *worker)
{
    int64_t pause = 2 * worker->launch_pause;
    pause = pause < LAUNCH_PAUSE_LEAST_NS ? LAUNCH_PAUSE_LEAST_NS : pause;
    worker->launch_pause = pause < LAUNCH_PAUSE_MOST_NS ? pause : LAUNCH_PAUSE_MOST_NS;
    worker->launch_at = clock_now() + worker->launch_pause;
}

static bool launch_task(struct worker *worker)
{
    worker->launched_here = false;
    add_relaxed(&worker->region->parking.calls, 1);
    openmp_task(worker_main, region_root_has_stopped, worker->region);
    if (worker->launched_here)
        pause_launching(worker);
    else
        worker->launch_pause = 0;
    return !worker->launched_here;
}

/* False where there is no use in another one. */
static bool launch(struct worker *worker)
{
    struct region *region = worker->region;
    tsan_release(region);
    if (region->joined)
        return launch_task(worker);
    parking_call(&region->parking);
    return true;
}

void region_launch(struct worker *worker, size_t most, int most_pending)
{
    struct region *region = worker->region;
    if (load_relaxed(&region->threads) == 1 || parking_is_closed(&region->parking) ||
        !can_launch_here(worker))
        return;
    while (most-- > 0) {
        int calls = parking_calls(&region->parking);
        if (calls >= most_pending ||
            load_relaxed(&region->active) + calls >= load_relaxed(&region->threads))
            return;
        if (!launch(worker))
            return;
    }
}

void region_attend(struct worker *worker)
{
    struct deque *deque = &worker->deque;
    size_t mine = deque_private(deque);
    if (mine == 0)
        return; /* the request stands */
    if (membarrier_works() && can_launch_here(worker))
        store_relaxed(&deque->attention, ATTENTION_NONE);
    tally_flush(worker); /* before its tasks can be stolen */
    deque_share(deque, false);
    fence_seq_cst(); /* with the one in leave */
    int active = load_relaxed(&worker->region->active);
    region_launch(worker, mine, active); /* doubles at most */
}

/* ---- loops ---- */

/* Runs what is in the deque until it is empty. */
static void run_own(struct worker *worker)
{
    struct task task;
    while (deque_pop(&worker->deque, &task)) {
        region_attend_if_asked(worker); /* before the task: it may take long */
        task_run(worker, &task);
    }
}

/* Where there was one task there may be more: whoever finds one starts the next worker to look. */
static void run_found(struct worker *worker, struct task *task)
{
    region_launch(worker, 1, 1);
    region_attend_if_asked(worker);
    task_run(worker, task);
}

bool region_run_copy(struct worker *worker, const struct task *task)
{
    struct region *region = worker->region;
    bool goes_when_done = worker == region->waiter || OPENMP_OTHERS_ARE_LATE;
    struct idle idle = {.awaited = goes_when_done ? region->root : NULL};
    task_run_copy(worker, task);
    run_own(worker);
    tally_flush(worker);
    for (int i = 0; i < PAUSES_AFTER_COPY && !steal_is_over(region, &idle); i++)
        steal_pause(region, &idle, NULL);
    return goes_when_done && group_is_done(region, region->root);
}

static void worker_loop(struct worker *worker)
{
    struct task task;
    do {
        run_own(worker);
        if (!idle_find_task(worker, &task))
            return;
        run_found(worker, &task);
    } while (true);
}

/*
 * NULL where the thread has one: OpenMP runs the task of a worker in a task of the group that waits
 * for tasks of its own. Another worker is missing still.
 */
static struct worker *worker_for(struct region *region, int thread)
{
    if (thread >= load_relaxed(&region->threads) || parking_is_closed(&region->parking))
        return NULL;
    struct worker *present = load_relaxed(&region->slots[thread].worker);
    if (!present)
        return worker_acquire();
    present->launched_here = true;
    steal_ask(present);
    return NULL;
}

/* There is no worker for a copy. */
static void skip_copy(ompg_group *group)
{
    parts_returned(group, (size_t)-1); /* it will not */
    count_skipped_elsewhere(group);
}

bool region_work(struct region *region, int thread, const struct task *first)
{
    struct worker *worker = worker_for(region, thread);
    if (!worker) {
        sub_relaxed(&region->active, 1);
        if (first)
            skip_copy(task_group(first));
        return false;
    }
    struct worker *outer = self;
    struct caller caller; /* OpenMP, or whoever has the thread besides */
    caller_enter(&caller);
    float_control_set(region->float_control);
    region_enter(worker, region, thread);
    bool done = first && region_run_copy(worker, first);
    if (!done)
        worker_loop(worker);
    region_leave(worker, region, outer);
    caller_leave(&caller);
    worker_release(worker);
    return done;
}

/* Body of the OpenMP task that is a worker; region_root_has_stopped comes after it. */
static void worker_main(void *arg)
{
    struct region *region = arg;
    tsan_acquire(region);
    add_relaxed(&region->active, 1);
    sub_relaxed(&region->parking.calls, 1);
    region_work(region, openmp_thread(), NULL);
}

bool region_await_call(struct region *region)
{
    if (!parking_wait(&region->parking, region->spin_ns))
        return false;
    tsan_acquire(region);
    add_relaxed(&region->active, 1);
    return true;
}

void region_close(struct region *region)
{
    parking_close(&region->parking);
}

void region_run_root(struct worker *worker, ompg_group *group)
{
    struct idle idle = {.awaited = group};
    struct task task;
    int heard = 0;
    for (;;) {
        run_own(worker);
        if (mail_fetch(worker, group)) {
            idle.since = 0; /* but the pauses stay long: mail comes in bursts */
            continue;
        }
        tally_flush(worker);
        if (group_is_done(worker->region, group))
            return;
        if (UNLIKELY(gate_is_shared(&group->gate)) && places_run_parked(worker, group)) {
            idle = (struct idle){.awaited = group};
            continue;
        }
        int64_t idle_ns = steal_look(worker, NULL, &idle, &task);
        if (idle_ns > 0 && !mail_find(worker, NULL, &task)) {
            idle_rest(group, &heard, idle_ns);
            continue;
        }
        idle = (struct idle){.awaited = group};
        run_found(worker, &task);
    }
}

/* ---- nested waits ---- */

/* Pops a task that this wait may run. A stranger's task stays in the deque. */
static inline bool pop_own(struct worker *worker, const ompg_group *group, struct task *task)
{
    if (!deque_pop_private(&worker->deque, task))
        return false;
    if (LIKELY(task_group(task) == group) || may_run(task, group))
        return true;
    deque_push(&worker->deque, task); /* there is room: it has just come from there */
    return false;
}

void region_share_all(struct worker *worker)
{
    tally_flush(worker);
    if (load_relaxed(&worker->region->threads) > 1 && deque_private(&worker->deque) > 0) {
        deque_share(&worker->deque, true);
        region_launch(worker, 1, 1);
    }
}

enum {
    FIRST_LOOK = 64,     /* tasks on top of the own deque that a nested wait looks at first */
    FULL_LOOKS_FROM = 16 /* looks in vain */
};

/* What a nested wait looks for beside the top of its deque, and where it has looked. */
struct search {
    struct idle idle;
    unsigned looks; /* in vain, since the last task */
    size_t seen;    /* the deque's top at the last look in vain */
    int heard;      /* of the group's bell: see idle_rest */
    bool at_gates;  /* tasks may be parked that only this thread can start: see places.h */
};

/* How many tasks have come on top since then; the deque may have become shorter. */
static size_t unseen(const struct search *search, size_t top)
{
    size_t more = top - search->seen;
    return more > SIZE_MAX / 2 ? 0 : more;
}

/*
 * Mostly at what has come on top since the last look in vain. All tasks are looked at after twice as many
 * looks each time, for what lies deep down or was moved: the deque may be as long as the nest is deep.
 * Where one lies there may be more, and a team of one cannot look elsewhere.
 */
static bool take_own(struct worker *worker, ompg_group *group, struct search *search,
                     struct task *task)
{
    unsigned looks = ++search->looks;
    bool all = (looks >= FULL_LOOKS_FROM && (looks & (looks - 1)) == 0) ||
               load_relaxed(&worker->region->threads) == 1;
    size_t top = load_relaxed(&worker->deque.top);
    size_t newest = all ? SIZE_MAX : unseen(search, top);
    bool found = newest > 0 && deque_take(&worker->deque, task, newest, may_run, group);
    search->seen = found ? top - FIRST_LOOK : top;
    search->looks = !found ? looks : all ? FULL_LOOKS_FROM - 1 : 0;
    return found;
}

/*
 * Finds a task for a nested wait elsewhere than on top of the deque; false: none yet, or one that was parked has
 * been run.
 */
static bool find_nested(struct worker *worker, ompg_group *group, struct search *search,
                        struct task *task)
{
    if (take_own(worker, group, search, task))
        return true;
    region_share_all(worker);
    bool is_long = search->looks % FULL_LOOKS_FROM == 0;
    if (UNLIKELY(search->at_gates) &&
        (places_run_parked(worker, group) || (is_long && places_run_lent(worker, group)))) {
        search->idle = (struct idle){.awaited = group};
        search->looks = 0;
        return false;
    }
    int64_t idle_ns = steal_look(worker, group, &search->idle, task);
    bool found = idle_ns == 0 || mail_find(worker, group, task);
    if (found)
        search->looks = 0;
    else
        idle_rest(group, &search->heard, idle_ns);
    return found;
}

/*
 * In this order:
 * - What is parked in the group where this stack has its place: no other thread needs to find one for it.
 * - The newest task of the own deque: depth first, so that neither stack nor deque grows with the number of
 *   tasks, and what is newest is in the cache.
 * - Whether the group is over, after the tally is flushed: its own counts are hidden there. What lies in the
 *   group's mailbox was submitted, so that it is not over while anything does.
 * - At the end the tally is settled, because a task of perhaps another group goes on (worker.h).
 * - The group's mailbox. Its bell was listened to before all these looks: what comes later rings it.
 * - What lies deeper in the own deque, and then all that is left there is shared: other threads may need
 *   what this one must not run, and it is about to look elsewhere, or to sleep.
 */
static inline void help(struct worker *worker, ompg_group *group, const struct gate *inherited,
                        bool (*is_over)(struct worker *worker, ompg_group *group))
{
    struct search search = {.idle.awaited = group,
                            .seen = load_relaxed(&worker->deque.top) - FIRST_LOOK,
                            .at_gates = worker->holdings || load_relaxed(&group->gated)};
    struct task task;
    for (;;) {
        if (UNLIKELY(inherited != NULL) && places_run_inherited(worker, group, inherited))
            continue;
        if (UNLIKELY(!pop_own(worker, group, &task))) {
            tally_flush_for(worker, group);
            if (is_over(worker, group)) {
                tally_settle(worker);
                return;
            }
            if (mail_fetch(worker, group)) {
                search.idle.since = 0; /* as in region_run_root */
                continue;
            }
            if (!find_nested(worker, group, &search, &task))
                continue;
            search.idle = (struct idle){.awaited = group};
        }
        region_attend_if_asked(worker); /* before the task: it may take long */
        task_run(worker, &task);
    }
}

static bool is_done(struct worker *worker, ompg_group *group)
{
    return group_is_done(worker->region, group);
}

void region_wait_nested(struct worker *worker, ompg_group *group)
{
    help(worker, group, places_on_stack(worker, group), is_done);
}

static bool has_room(struct worker *worker, ompg_group *group)
{
    (void)worker;
    return gate_has_room(&group->gate) || group_stopped_hard(group);
}

/* A task of the group that is at hand comes first: there is most room when it has taken the parked ones with it. */
void region_wait_room(struct worker *worker, ompg_group *group)
{
    help(worker, group, NULL, has_room);
}
