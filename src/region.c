/*
 * Region: workers that come, steal, wait and go. See worker.h for what they share.
 *
 * Life of a region: the waiter opens it with the OpenMP constructs (openmp.c), enters slot and loop,
 * and runs the root group's tasks until all are over. In a team of the region's own the threads are
 * members, as many as there are tasks: workers from the start, each with a first task where a loop is
 * all that the group has. Further workers are OpenMP tasks, launched when there is work and a thread
 * of the team has no worker. A worker that finds nothing for IDLE_NS ends; its thread goes back to
 * OpenMP. The waiter stays, yields and naps: OpenMP discards workers that have not started when the
 * taskgroup is cancelled, and then it does all the rest alone.
 *
 * Nothing is lost: a worker ends only with an empty deque; a task is in a deque, in a group's queue
 * that its waiter empties, or parked behind a running task that takes it along.
 *
 * Nobody sleeps on work: before a worker goes it sets `attention` of all others, then (after a
 * barrier on all threads) looks once more, also at private tasks. So either it sees a task, or the
 * thread that pushes it later sees the attention and launches a worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "region.h"

#include "membarrier.h"
#include "openmp.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    STEAL_BATCH = 128,  /* tasks taken at once: 4 KiB */
    RUN_BATCH = 512,    /* tasks of a run taken at once */
    REFILL_BATCH = 256, /* tasks moved at once from a queue to the deque */
    IDLE_NS = 50000,    /* about what it costs to wake a thread */
    PRY_NS = 2000,      /* longer than most owners take to answer */
    PAUSE_LEAST = 8,    /* turns; 10 to 40 ns each */
    PAUSE_MOST = 256,
    FIRST_PAUSES = 3,
    WORTH_NS = 1000,    /* of work that make up for a theft to both, */
    WORTH_TASK_NS = 20, /* and for each task of it */
    HOLD_LEAST_NS = 1000,
    HOLD_MOST_NS = 32000,
    NAP_AFTER_NS = 1000000,
    NAP_MOST_NS = 500000
};

/* True in the child of a fork that had threads: OpenMP would hang, so all runs on this thread. */
static bool forked;
static bool had_threads;

/* Asking OpenMP costs a system call. 0: not asked yet; any thread may be the one to ask. */
static int processors(void)
{
    static atomic_int known;
    int n = load_relaxed(&known);
    if (n == 0) {
        n = omp_get_num_procs();
        store_relaxed(&known, n);
    }
    return n;
}

/* ---- entering and leaving ---- */

/* The worker is counted as active already. */
static void enter(struct worker *worker, struct region *region, int thread)
{
    spin_lock(&worker->deque.lock);
    worker->region = region;
    spin_unlock(&worker->deque.lock);
    worker->thread = thread;
    worker->frame = NULL;
    worker->inlined = 0;
    worker->robbed = 0;
    worker->hold_back = HOLD_LEAST_NS;
    bool missing = load_relaxed(&region->active) < load_relaxed(&region->threads);
    store_relaxed(&worker->deque.attention,
                  load_relaxed(&region->threads) > 1 && (missing || !membarrier_works));
    store_release(&region->slots[thread], worker);
}

static void leave(struct worker *worker, struct region *region)
{
    tally_flush(worker);
    store_release(&region->slots[worker->thread], NULL);
    sub_relaxed(&region->active, 1);
    spin_lock(&worker->deque.lock);
    worker->region = NULL;
    spin_unlock(&worker->deque.lock);
}

static void ask(struct worker *worker)
{
    if (!load_relaxed(&worker->deque.attention))
        store_relaxed(&worker->deque.attention, true);
}

/* ---- launching ---- */

static void worker_main(void *arg);

/* The last look of a worker's OpenMP task at the region. */
static bool root_has_stopped(void *arg)
{
    struct region *region = arg;
    bool stopped = omp_get_cancellation() && group_stopped_hard(region->root);
    tsan_release(region); /* to the session's end, which may hand the region on */
    return stopped;
}

/*
 * Starts up to `most` workers on threads that have none, while fewer than `most_pending` are on
 * their way. Not from a parallel region that a task has opened: its threads are others.
 */
static void launch(struct region *region, size_t most, int most_pending)
{
    if (region->threads == 1 || load_relaxed(&region->closing) || openmp_level() != region->level)
        return;
    while (most-- > 0) {
        int pending = load_relaxed(&region->pending);
        if (pending >= most_pending ||
            load_relaxed(&region->active) + pending >= load_relaxed(&region->threads))
            return;
        add_relaxed(&region->pending, 1);
        tsan_release(region);
        openmp_task(worker_main, root_has_stopped, region);
    }
}

void region_attend(struct worker *worker)
{
    struct deque *deque = &worker->deque;
    size_t mine = deque_private(deque);
    if (mine == 0)
        return; /* the request stands */
    if (membarrier_works)
        store_relaxed(&deque->attention, false);
    tally_flush(worker); /* before its tasks can be stolen */
    deque_share(deque, !membarrier_works);
    launch(worker->region, mine, load_relaxed(&worker->region->active)); /* doubles at most */
}

/* ---- stealing ---- */

static bool may_run(const struct task *task, const ompg_group *group)
{
    return group_encloses(group, task_group(task));
}

static unsigned next_random(struct worker *worker)
{
    unsigned x = worker->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return worker->random = x;
}

/*
 * The oldest becomes *task; the others go to the thief's deque, the next oldest on top. A single thief
 * leaves nothing for others, and asks for more before it needs it. Not inlined: the batch must not be
 * in the frames of nested waits.
 */
static __attribute__((noinline)) bool steal_batch(struct worker *thief, struct worker *victim,
                                                  struct task *task)
{
    struct task batch[STEAL_BATCH];
    bool single = load_relaxed(&thief->region->threads) == 2;
    size_t n = deque_steal(&victim->deque, batch, STEAL_BATCH, single);
    if (n == 0)
        return false;
    if (n > 1 && !deque_has_shared(&victim->deque))
        ask(victim);
    thief->loot = (int64_t)n;
    *task = batch[0];
    while (n > 1)
        deque_push(&thief->deque, &batch[--n]);
    return true;
}

/* Takes tasks of the victim's run for the thief, who gets them once it has let go of the lock. */
static struct run steal_run(struct worker *thief, struct worker *victim)
{
    size_t most = RUN_BATCH, half = (victim->deque.run.count + 1) / 2;
    if (load_relaxed(&thief->region->threads) > 2 && half < most)
        most = half;
    struct run loot = deque_steal_run(&victim->deque, most);
    if (!deque_has_shared(&victim->deque))
        ask(victim);
    thief->loot = 1; /* one cache line */
    return loot;
}

/* Tasks that are pried may not have been counted yet: see group_is_done. */
static void mark_pried(struct deque *deque, size_t split)
{
    size_t raised = load_relaxed(&deque->split);
    for (size_t i = split; i != raised; i++)
        store_release(&task_group(&deque->ring[i & deque->mask])->pried, true);
}

static void pry(struct deque *deque)
{
    size_t split = load_relaxed(&deque->split);
    if (deque_pry(deque))
        mark_pried(deque, split);
}

/* From one victim. A thief that waits for a group takes a single task, which belongs to it. */
static bool steal_from(struct worker *thief, struct worker *victim, const ompg_group *group,
                       bool prying, struct task *task)
{
    struct deque *deque = &victim->deque;
    bool shared = deque_has_shared(deque);
    if (!shared) {
        bool unanswered = load_relaxed(&deque->attention);
        ask(victim);
        if (!prying || !unanswered || deque_private(deque) == 0)
            return false;
    }
    if (!spin_trylock(&deque->lock))
        return false;
    bool found = false;
    struct run loot = {.count = 0};
    if (victim->region == thief->region) {
        if (!shared)
            pry(deque);
        if (group)
            found = deque_steal_match(deque, task, may_run, group);
        else if (load_relaxed(&deque->has_run))
            loot = steal_run(thief, victim);
        else
            found = steal_batch(thief, victim, task);
    }
    spin_unlock(&deque->lock);
    if (loot.count > 0)
        deque_push_run(&thief->deque, &loot);
    return loot.count > 0 ? deque_pop(&thief->deque, task) : found;
}

/* Once around all others, from a random one on. */
static bool steal(struct worker *thief, const ompg_group *group, bool prying, struct task *task)
{
    struct region *region = thief->region;
    unsigned threads = (unsigned)load_relaxed(&region->threads);
    unsigned first = threads > 2 ? next_random(thief) % threads : 0;
    for (unsigned i = 0; i < threads; i++) {
        unsigned slot = first + i < threads ? first + i : first + i - threads;
        struct worker *victim = load_acquire(&region->slots[slot]);
        if (victim && victim != thief && steal_from(thief, victim, group, prying, task))
            return true;
    }
    return false;
}

/* ---- idling ---- */

struct idle {
    ompg_group *awaited; /* whose end ends the wait, NULL: the region's */
    int64_t since;       /* clock at the first look in vain, 0: not idle */
    int64_t pry_at;      /* when to pry next */
    int pause;           /* turns of the next pause */
};

/*
 * Between two looks; longer each time, for each look costs those who work a cache miss or two, and
 * short when there is nothing to wait for any more.
 */
static void pause_looking(const struct region *region, struct idle *idle)
{
    if (idle->pause < PAUSE_MOST)
        idle->pause = idle->pause ? 2 * idle->pause : PAUSE_LEAST;
    for (int i = 0; i < idle->pause; i++) {
        if (idle->awaited ? group_pending(idle->awaited) == 0 : load_relaxed(&region->closing))
            return;
        cpu_relax();
    }
    if (region->oversubscribed)
        sched_yield();
}

/* One look around. Returns how long this worker has been idle, in ns; 0 when it found *task. */
static int64_t look_around(struct worker *worker, const ompg_group *group, struct idle *idle,
                           struct task *task)
{
    if (steal(worker, group, false, task))
        return 0;
    if (idle->since == 0) {
        idle->since = clock_now();
        idle->pry_at = idle->since + PRY_NS;
    }
    pause_looking(worker->region, idle);
    int64_t now = clock_now();
    if (now >= idle->pry_at) {
        idle->pry_at = now + PRY_NS + (now - idle->since) / 8;
        if (steal(worker, group, true, task))
            return 0;
    }
    return now - idle->since + 1;
}

/*
 * The last look before this worker goes: asks all to launch another one when they have work. It no
 * longer counts as active, or they would think that they need none.
 */
static bool look_before_leaving(struct worker *worker, struct task *task)
{
    struct region *region = worker->region;
    sub_relaxed(&region->active, 1);
    for (int i = 0; i < load_relaxed(&region->threads); i++) {
        struct worker *other = load_acquire(&region->slots[i]);
        if (other && other != worker)
            ask(other);
    }
    if (membarrier_works)
        membarrier_all();
    bool found = steal(worker, NULL, true, task);
    add_relaxed(&region->active, 1);
    return found;
}

/*
 * A thief whose loot took less time than stealing it disturbs more than it helps: it stays away for a
 * while, twice as long each time.
 */
static void hold_back(struct worker *worker)
{
    if (worker->robbed == 0)
        return;
    int64_t now = clock_now();
    if (now - worker->robbed > WORTH_NS + worker->loot * WORTH_TASK_NS) {
        worker->hold_back = HOLD_LEAST_NS;
        return;
    }
    int64_t until = now + worker->hold_back;
    if (worker->hold_back < HOLD_MOST_NS)
        worker->hold_back *= 2;
    struct idle region_end = {0};
    while (!load_relaxed(&worker->region->closing) && clock_now() < until)
        pause_looking(worker->region, &region_end);
}

/* Waits for work; false when this worker should go: the region closes, or there is none. */
static bool find_task(struct worker *worker, struct task *task)
{
    struct region *region = worker->region;
    struct idle idle = {0};
    tally_flush(worker);
    hold_back(worker);
    while (!load_acquire(&region->closing)) {
        int64_t idle_ns = look_around(worker, NULL, &idle, task);
        if (idle_ns == 0) {
            worker->robbed = clock_now();
            return true;
        }
        if (idle_ns > IDLE_NS)
            return look_before_leaving(worker, task);
    }
    return false;
}

/*
 * A wait cannot give its thread back to OpenMP: libgomp would not wake it from the end of a
 * taskgroup when there is work again. It yields, and when it has waited for long it naps.
 */
static void rest(int64_t idle_ns)
{
    if (idle_ns <= IDLE_NS)
        return;
    if (idle_ns <= NAP_AFTER_NS) {
        sched_yield();
        return;
    }
    int64_t nap = idle_ns / 16 < NAP_MOST_NS ? idle_ns / 16 : NAP_MOST_NS;
    int saved = errno;
    nanosleep(&(struct timespec){.tv_nsec = nap}, NULL); /* a signal may end it */
    errno = saved;
}

/* ---- loops ---- */

/* Runs what is in the deque until it is empty. */
static void run_own(struct worker *worker)
{
    struct task task;
    while (deque_pop(&worker->deque, &task)) {
        region_attend_if_asked(worker);
        task_run(worker, &task);
    }
}

/* Where there was one task there may be more: whoever finds one starts the next worker to look. */
static void run_found(struct worker *worker, struct task *task)
{
    launch(worker->region, 1, 1);
    region_attend_if_asked(worker);
    task_run(worker, task);
}

static void worker_loop(struct worker *worker)
{
    struct task task;
    do {
        run_own(worker);
        if (!find_task(worker, &task))
            return;
        run_found(worker, &task);
    } while (true);
}

/* What a member begins with, until its deque is empty. The task was counted when the region opened. */
static void run_first(struct worker *worker, const struct task *first)
{
    struct task task = *first;
    ompg_group *group = task_group(&task);
    bump_relaxed(&counts_for_start(worker, group)->started, 1U);
    task_call(worker, &task, task.arg);
    tsan_release(&group->remote);
    bump_release(&counts_for(worker, group)->returned, 1U);
    run_own(worker);
    tally_flush(worker);
}

/*
 * After its first task: the others are mostly about to end theirs, and looking around would only hold
 * them up. True when the root group is done; the waiter waits for that, the others for the closing.
 */
static bool await_members(struct region *region, bool waiter)
{
    struct idle idle = {.awaited = waiter ? region->root : NULL};
    for (int i = 0; i < FIRST_PAUSES && !group_is_done(region, region->root); i++)
        pause_looking(region, &idle);
    return group_is_done(region, region->root);
}

/*
 * Works where this thread has no worker yet, at first on `first` if that is given. The worker is
 * counted as active. False where the thread has one, where the region closes, and without memory for
 * a worker: the others do the work.
 */
static bool work(struct region *region, const struct task *first)
{
    int thread = omp_get_thread_num();
    struct worker *worker = NULL;
    if (thread < load_relaxed(&region->threads) && !load_relaxed(&region->slots[thread]) &&
        !load_relaxed(&region->closing))
        worker = worker_acquire();
    if (!worker) {
        sub_relaxed(&region->active, 1);
        return false;
    }
    struct worker *outer = self;
    self = worker;
    enter(worker, region, thread);
    if (first)
        run_first(worker, first);
    if (!first || !await_members(region, false))
        worker_loop(worker);
    leave(worker, region);
    self = outer;
    worker_release(worker);
    return true;
}

/* Body of the OpenMP task that is a worker; root_has_stopped comes after it. */
static void worker_main(void *arg)
{
    struct region *region = arg;
    tsan_acquire(region);
    add_relaxed(&region->active, 1);
    sub_relaxed(&region->pending, 1);
    work(region, NULL);
}

/* Skips, all at once, the queued tasks of a group that has stopped and needs no clean-up of them. */
static void skip_queued(struct worker *worker, ompg_group *group)
{
    size_t n;
    while (group_stopped_hard(group) && (n = queue_skip_plain(&group->queue)) > 0)
        bump_release(&counts_for(worker, group)->skipped, n);
}

/* Moves tasks that were added before the wait into the deque, or runs them; false: there is none. */
static __attribute__((noinline)) bool refill(struct worker *worker, ompg_group *group)
{
    if (group->queue.size == 0)
        return false;
    skip_queued(worker, group);
    struct task batch[REFILL_BATCH];
    size_t n = queue_pop(&group->queue, batch, REFILL_BATCH);
    size_t rest = n;
    if (load_relaxed(&worker->region->threads) > 1) /* the first one on top */
        while (rest > 0 && deque_push(&worker->deque, &batch[rest - 1]))
            rest--;
    for (size_t i = 0; i < rest; i++)
        task_run(worker, &batch[i]);
    return n > 0;
}

/* The waiter's part: all of the group's tasks, and what else is in its deque. */
static void run_root(struct worker *worker, ompg_group *group)
{
    struct idle idle = {.awaited = group};
    struct task task;
    for (;;) {
        run_own(worker);
        if (refill(worker, group))
            continue;
        tally_flush(worker);
        if (group_is_done(worker->region, group))
            return;
        int64_t idle_ns = look_around(worker, NULL, &idle, &task);
        if (idle_ns > 0) {
            rest(idle_ns);
            continue;
        }
        idle = (struct idle){.awaited = group};
        run_found(worker, &task);
    }
}

/* ---- the waiter ---- */

struct session {
    struct region *region;
    struct worker *worker;
    ompg_group *group;
    struct task first; /* what each member begins with; no fn: with nothing */
};

static const struct task *first_task(const struct session *session)
{
    return session->first.fn ? &session->first : NULL;
}

/* They are parts of one loop. */
static void count_first_tasks(ompg_group *group, int n)
{
    bump_relaxed(&group->local.submitted, (size_t)n);
    bump_relaxed(&group->unnumbered, (size_t)n);
}

/* OpenMP may give fewer threads than it was asked for. */
static void count_team(const struct session *session)
{
    struct region *region = session->region;
    int team = forked ? 1 : omp_get_num_threads();
    if (team >= load_relaxed(&region->threads))
        return;
    store_relaxed(&region->threads, team);
    int missing = region->members - team;
    if (missing <= 0)
        return;
    sub_relaxed(&region->active, missing);
    if (first_task(session))
        count_first_tasks(session->group, -missing);
}

/* All tasks of the group, with the help of others. */
static void run_all(const struct session *session)
{
    struct region *region = session->region;
    struct worker *worker = session->worker;
    ompg_group *group = session->group;
    if (first_task(session)) {
        run_first(worker, first_task(session));
        if (await_members(region, true))
            return;
    }
    task_release_parked(worker, group);
    size_t tasks = group->queue.size + deque_private(&worker->deque);
    if (tasks > (size_t)region->members)
        launch(region, tasks - (size_t)region->members, load_relaxed(&region->threads));
    run_root(worker, group);
}

static void session_body(void *arg)
{
    struct session *session = arg;
    struct region *region = session->region;
    struct worker *worker = session->worker;
    count_team(session);
    self = worker;
    enter(worker, region, forked ? 0 : omp_get_thread_num());
    run_all(session);
    store_release(&region->closing, true);
    leave(worker, region);
    self = NULL;
    if (!forked && root_has_stopped(region))
        openmp_cancel();
}

/* A member, other than the waiter; OpenMP's cancellation is the same as for a worker_main. */
static void member_main(void *arg)
{
    struct session *session = arg;
    struct region *region = session->region;
    const struct task *first = first_task(session);
    if (!work(region, first) && first)
        add_release(&session->group->remote.returned, 1U); /* the others did its part */
    if (root_has_stopped(region))
        openmp_cancel();
}

/* In a team of the region's own, whose end waits for all tasks: only a cancel needs a taskgroup. */
static void run_in_team(openmp_body_fn *body, struct session *session)
{
    if (omp_get_cancellation())
        openmp_taskgroup(body, session);
    else
        body(session);
}

static void team_waiter(void *arg)
{
    run_in_team(session_body, arg);
}

static void team_member(void *arg)
{
    struct session *session = arg;
    tsan_acquire(session);
    if (omp_get_thread_num() < session->region->members)
        run_in_team(member_main, session);
    tsan_release(session->region); /* to run_session, after the join */
}

/* Sets up the region for the team that the caller is in, or for a new one, which `tasks` wait for. */
static void prepare(struct session *session, size_t tasks)
{
    struct region *region = session->region;
    ompg_group *group = session->group;
    bool joins = !forked && openmp_level() > 0;
    int threads = region_threads(group);
    threads = threads < region->capacity ? threads : region->capacity;
    region->members = joins || tasks == 0 ? 1 : tasks < (size_t)threads ? (int)tasks : threads;
    region->level = forked ? 0 : openmp_level() + !joins;
    region->oversubscribed = threads > processors();
    region->root = group;
    region->begun = load_relaxed(&group->begun) ? load_relaxed(&group->begun) : clock_now();
    store_relaxed(&region->threads, threads);
    store_relaxed(&region->active, region->members);
    store_relaxed(&region->pending, 0);
    store_relaxed(&region->closing, false);
    group->owner = session->worker;
    store_relaxed(&group->region, region);
}

int region_threads_outermost(const ompg_group *group)
{
    if (forked)
        return 1;
    int threads = group && group->threads > 0 ? group->threads : omp_get_max_threads();
    int limit = omp_get_thread_limit();
    return threads < limit ? threads : limit;
}

int region_threads(const ompg_group *group)
{
    return !forked && openmp_level() > 0 ? omp_get_num_threads() : region_threads_outermost(group);
}

bool region_reserve(ompg_group *group, struct reserved *reserved)
{
    if (self || reserved->region)
        return true;
    struct region *region = region_acquire(region_threads(group));
    struct worker *worker = region ? worker_acquire() : NULL;
    if (!worker) {
        if (region)
            region_release(region);
        return false;
    }
    *reserved = (struct reserved){.region = region, .worker = worker};
    return true;
}

void region_unreserve(struct reserved *reserved)
{
    if (!reserved->region)
        return;
    worker_release(reserved->worker);
    region_release(reserved->region);
    reserved->region = NULL;
}

bool region_opens_team(void)
{
    return !self && !forked && openmp_level() == 0;
}

/* Runs what prepare() has set up. */
static void run_session(struct session *session)
{
    struct region *region = session->region;
    int saved = errno;
    tsan_release(session);
    if (forked)
        session_body(session);
    else if (openmp_level() > 0)
        openmp_taskgroup(session_body, session);
    else
        openmp_parallel(load_relaxed(&region->threads), team_waiter, team_member, session);
    errno = saved;
    tsan_acquire(region);
    store_relaxed(&session->group->region, NULL);
}

void region_run(ompg_group *group, struct reserved *reserved)
{
    struct session session = {
        .region = reserved->region, .worker = reserved->worker, .group = group};
    prepare(&session, group->queue.size);
    run_session(&session);
    region_unreserve(reserved);
}

void region_run_team(ompg_group *group, struct reserved *reserved, const struct task *task,
                     int most)
{
    struct session session = {
        .region = reserved->region, .worker = reserved->worker, .group = group, .first = *task};
    prepare(&session, (size_t)most);
    count_first_tasks(group, session.region->members);
    run_session(&session);
    region_unreserve(reserved);
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

/* Other threads may need what this one must not run. */
static void share_all(struct worker *worker)
{
    tally_flush(worker);
    if (load_relaxed(&worker->region->threads) > 1 && deque_private(&worker->deque) > 0) {
        deque_share(&worker->deque, true);
        launch(worker->region, 1, 1);
    }
}

/* Finds a task for a nested wait in other places than on top of the deque; false: none yet. */
static bool find_nested(struct worker *worker, ompg_group *group, struct idle *idle,
                        struct task *task)
{
    if (deque_take(&worker->deque, task, may_run, group))
        return true;
    share_all(worker);
    int64_t idle_ns = look_around(worker, group, idle, task);
    if (idle_ns > 0)
        rest(idle_ns);
    return idle_ns == 0;
}

void region_wait_nested(struct worker *worker, ompg_group *group)
{
    struct idle idle = {.awaited = group};
    struct task task;
    for (;;) {
        if (UNLIKELY(!pop_own(worker, group, &task))) {
            tally_flush_for(worker, group);
            if (group_is_done(worker->region, group))
                return;
            if (refill(worker, group) || !find_nested(worker, group, &idle, &task))
                continue;
            idle = (struct idle){.awaited = group};
        }
        region_attend_if_asked(worker);
        task_run(worker, &task);
    }
}

/* ---- fork ---- */

/* A process with one thread has no team that the child could miss. */
static void before_fork(void)
{
    struct stat threads;
    had_threads = stat("/proc/self/task", &threads) != 0 || threads.st_nlink > 3;
}

static void in_child(void)
{
    forked = forked || had_threads;
    self = NULL;
    pools_after_fork();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, NULL, in_child);
}
