/*
 * When a group is over: the owner's counts, tallies of other workers, tasks that a thief pries before they were
 * counted, holds, and tasks that a thread from outside adds. A wait ends when all tasks have run and been counted, sees what they wrote, may free the group then, and
 * is never kept from its end by what a tally hides.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/store/task.h
//@ take src/store/series.h
//@ take src/store/deque.h
//@ take src/group/record.h counts
//@ take src/group/worker.h frame
//@ into taken.h
//@ take src/group/record.h group_over group_submitted group_pending group_unfinished
//@ take src/group/worker.h runs_task_of
//@ take src/group/tally.h tally_settle tally_flush_for counts_for counts_for_start count_at_once count_submitted_hidden count_started count_returned count_skipped
//@ take src/group/tally.c take_count tally_flush tally_turn_to tally_before_start tallied_submissions group_left group_is_done_slow
//@ take src/group/tally.h group_is_done
//@ take src/store/deque.c
//@ take src/engine/steal.h steal_ask look
//@ take src/engine/steal.c STEAL_BATCH is_single_thief has_block most_of steal_batch steal_series mark_pried pry share_loot is_worth_locking lock_victim steal_some
//@ take src/engine/run.h task_is_express task_run_express_with task_run_express task_run
//@ take src/engine/run.c run_counted has_only_block task_run_slow
//@ take src/api/group_hold.c ompg_hold ompg_done
//@ take src/api/group_add.c is_foreign run_other dispatch leave_unnumbered count_submitted
//@ change s/DEQUE_CAPACITY = 2048/DEQUE_CAPACITY = 2/
//@ change s/TASK_BRANCH = 32/TASK_BRANCH = 0/
//@ change s/TASK_FLAGS = [0-9]*/TASK_FLAGS = 15/
//@ mutant pried-is-not-marked s/^ *store_release(&task_group(task)->pried, true);/;/
//@ mutant returned-before-submitted /^void tally_flush/,/^}/{s/size_t submitted = .*/size_t early = take_count(\&tally->returned); if (early) add_release(\&group->remote.returned, early); size_t submitted = load_relaxed(\&worker->tally_submitted);/}
//@ mutant submitted-is-read-first /^static inline size_t group_unfinished/,/^}/{s/size_t over = group_over(group);.*/size_t all = group_submitted(group), over = group_over(group);/;s/return group_submitted(group) - over/return all - over/}
//@ mutant holds-are-read-last /^static inline size_t group_unfinished/,/^}/{s/size_t holds = load_acquire(&group->holds);/size_t all = group_submitted(group), holds = load_acquire(\&group->holds);/;s/return group_submitted(group) - over/return all - over/}
//@ mutant done-is-not-released s/cas_weak_release(&group->holds/cas_weak_relaxed(\&group->holds/
//@ mutant done-is-stored s/while (!cas_weak_release(&group->holds, &holds, holds - 1))/while (store_relaxed(\&group->holds, holds - 1), false)/
//@ mutant left-reads-submitted-first /^size_t group_left/,/^}/{s/size_t over = group_over(group);/size_t over = group_over(group), all = group_submitted(group);/;s/group_submitted(group) - over/all - over/}
//@ mutant left-forgets-tallies s/size_t tallied = region ? tallied_submissions(region, group) : 0/size_t tallied = 0/
//@ mutant foreign-counts-in-tally s/!runs_task_of(worker, group))/false)/
//@ mutant tally-is-not-settled /^static inline void tally_settle/,/^}/s/tally_flush(worker);/;/
#include "rings.h"
#define let_snapshots_pass(region) ((void)0) /* of whoever reads statistics */
#define tsan_acquire(p) ((void)0)
#define tsan_release(p) ((void)0)

#include "basis.h"

struct ompg_group {
    struct counts local, remote;
    rl::atomic<size_t> submitted_here, submitted_elsewhere, unnumbered;
    rl::atomic<struct worker *> owner;
    atomic_bool pried;
    rl::atomic<size_t> holds;
};

enum { WORKERS = 3 };

struct region {
    atomic_int threads;
    atomic_int snapshots;
    struct { rl::atomic<struct worker *> worker; } slots[WORKERS];
};

struct worker {
    struct deque deque;
    struct region *region;
    struct frame *frame;
    unsigned inlined, foreign;
    int64_t loot, hold_back;
    struct deque *asked;
    rl::atomic<ompg_group *> tally_group;
    struct counts tally;
    rl::atomic<size_t> tally_submitted;
    rl::atomic<size_t> flushes;
};

/* No group stops, none has a gate; what fails and what encloses is for other models. */
#define group_is_express(group) true
#define group_stopped_hard(group) false
#define task_end_slow(group, frame, code) ((void)0)
#define is_child_of(group, frame) false
#define is_group(group) true
#define record(group, code) ((void)0)
#define bell_of(group) NULL
#define bell_ring(bell) ((void)bell) /* see bell.h */
struct bell;
#define run_or_skip(worker, task) ((void)0)
#define clean_up_beside(worker, task) ((void)0)
#define task_call_drop(task) ((void)0)
#define block_put(blocks, block) ((void)0)
static void region_attend_if_asked(struct worker *worker);
static void task_call(struct worker *worker, struct task *task, ompg_group *group, void *arg);
#define run_inline(worker, task) RL_ASSERT(!"a deque is full")
static void task_run_slow(struct worker *worker, struct task *task);
static size_t group_left(struct region *region, ompg_group *group, size_t *holds);
static bool group_is_done_slow(struct region *region, ompg_group *group);
static void tally_flush(struct worker *worker);
static void tally_turn_to(struct worker *worker, ompg_group *group);
static void tally_before_start(struct worker *worker, ompg_group *group);

#include "taken.h"
#include "deques.h"

static void task_call(struct worker *worker, struct task *task, ompg_group *group, void *arg)
{
    struct frame frame = {.prev = worker->frame, .task = task};
    worker->frame = &frame;
    task->fn(group, arg);
    worker->frame = frame.prev;
}

/* As region_attend, without launching. */
static void region_attend_if_asked(struct worker *worker)
{
    if (!load_relaxed(&worker->deque.attention) || deque_private(&worker->deque) == 0)
        return;
    store_relaxed(&worker->deque.attention, false);
    tally_flush(worker); /* before its tasks can be stolen */
    deque_share(&worker->deque, false);
}

static void clear(struct counts *counts)
{
    store_relaxed(&counts->started, 0);
    store_relaxed(&counts->returned, 0);
    store_relaxed(&counts->skipped, 0);
}

enum { PRIED, ADDER, ADDERS, FOREIGN, INLINED, HELD, OUTSIDE };

struct model : rl::test_suite<model, WORKERS> {
    struct task slots[WORKERS][DEQUE_CAPACITY];
    int rings;
    ompg_group *groups[2]; /* G of worker 0, H of worker 2 */
    struct region region;
    struct worker workers[WORKERS];
    atomic_int over[2];   /* waits */
    atomic_int added;     /* X */
    atomic_int held;      /* by a task, and whoever is to let go may begin, */
    atomic_int flushed;   /* or begins when that task is counted as over */
    shared<int> wrote[6];
    int ran[6];

    /* Relacy gives memory in steps of 16 bytes; branches, whose flag is 16, do not occur. */
    ompg_group *make(struct worker *owner)
    {
        ompg_group *group = new ompg_group();
        RL_ASSERT(((uintptr_t)group & TASK_FLAGS) == 0);
        clear(&group->local);
        clear(&group->remote);
        store_relaxed(&group->submitted_here, 0);
        store_relaxed(&group->submitted_elsewhere, 0);
        store_relaxed(&group->unnumbered, 0);
        store_relaxed(&group->pried, false);
        store_relaxed(&group->owner, owner);
        store_relaxed(&group->holds, 0);
        return group;
    }

    void before()
    {
        the = this;
        barrier_works = true;
        barrier_may_fail = false;
        rings = 0;
        store_relaxed(&added, 0);
        store_relaxed(&held, 0);
        store_relaxed(&flushed, 0);
        for (int i = 0; i < 6; i++)
            ran[i] = 0;
        for (int i = 0; i < 2; i++) {
            groups[i] = make(&workers[2 * i]);
            store_relaxed(&over[i], 0);
        }
        store_relaxed(&region.threads, WORKERS);
        store_relaxed(&region.snapshots, 0);
        for (int i = 0; i < WORKERS; i++) {
            struct worker *worker = &workers[i];
            worker->region = &region;
            worker->frame = NULL;
            worker->inlined = worker->foreign = 0;
            store_relaxed(&worker->tally_group, (ompg_group *)NULL);
            store_relaxed(&worker->flushes, 0);
            clear(&worker->tally);
            store_relaxed(&worker->tally_submitted, 0);
            deque_make_empty(&worker->deque, ATTENTION_NONE);
            store_relaxed(&region.slots[i].worker, worker);
        }
        /* Tasks that others have at hand: counted. */
        if (scenario == PRIED) { /* worker 1 runs 0, which has added 2, which worker 2 has pried */
            store_relaxed(&workers[1].tally_group, groups[0]);
            store_relaxed(&workers[1].tally_submitted, 1);
            store_relaxed(&groups[0]->pried, true);
        }
        store_relaxed(&groups[0]->submitted_here, scenario == ADDERS ? 2 : 1);
        store_relaxed(&groups[1]->submitted_here, scenario <= ADDERS || scenario >= HELD ? 0 : 1);
        if (scenario >= HELD && rl::rand(2))
            store_relaxed(&groups[0]->pried, true);
        if (scenario == OUTSIDE)
            begin_outside();
    }

    struct worker *here() { return &workers[thread_here()]; }

    struct task task(int number, ompg_group *group)
    {
        struct task task = {.fn = body, .arg = (void *)(intptr_t)number, .tagged = (uintptr_t)group};
        return task;
    }

    static int body(ompg_group *group, void *arg)
    {
        int number = (int)(intptr_t)arg;
        the->ran[number]++;
        the->call(number, group);
        the->wrote[number] = 1;
        return 0;
    }

    void run(int number, ompg_group *group)
    {
        struct task first = task(number, group);
        task_run(here(), &first);
    }

    /* As ompg_go in a worker of the region. */
    void go(int number, ompg_group *group)
    {
        struct task next = task(number, group);
        struct worker *worker = here();
        count_submitted(worker, &next);
        dispatch(worker, &next);
    }

    void compute()
    {
        for (int i = 0; i < 30 && rl::rand(10); i++)
            rl::ctx().sched();
    }

    /* 0 and 1: tasks of G that add 2 and 3. 4: of H, which adds 2 to G. 5: of G, that waits for this. */
    void call(int number, ompg_group *group)
    {
        if (scenario == PRIED && number == 0) {
            compute();
            tally_flush(here()); /* as where it starts a task of another group */
            compute();
        }
        if ((scenario == ADDER || scenario == ADDERS) && number < 2) {
            go(number + 2, groups[0]);
            compute();
        }
        if (scenario == HELD && number == 0) { /* a hold that outlives the task, and one that does not */
            bool twice = rl::rand(2);
            ompg_hold(group);
            if (twice)
                ompg_hold(group);
            store_release(&held, 1);
            if (twice)
                RL_ASSERT(ompg_done(group, 0) == 0);
        }
        if (scenario == FOREIGN && number == 4) {
            go(2, groups[0]);
            store_release(&added, 1);
        }
        if (scenario == FOREIGN && number == 5)
            while (!load_acquire(&added))
                model_pause();
        if (scenario == INLINED && number == 0) {
            go(2, groups[0]);
            struct task other = task(4, groups[1]);
            run_other(here(), &other); /* H's, which a full deque has left over */
            while (!load_acquire(&over[1]))
                model_pause(); /* whoever waits for H must not wait for this task */
        }
    }

    /* Until there is nothing in this worker's deque. */
    void empty(struct worker *worker)
    {
        struct task task;
        while (deque_pop(&worker->deque, &task)) {
            region_attend_if_asked(worker);
            task_run(worker, &task);
        }
        tally_flush(worker);
    }

    void steal(struct worker *thief, struct worker *victim)
    {
        struct task task;
        if (!is_worth_locking(thief, victim, LOOK_FOR_SURE) ||
            !steal_some(thief, victim, LOOK_FOR_SURE, &task))
            return;
        task_run(thief, &task);
        empty(thief);
    }

    void wait(int which, std::initializer_list<int> tasks)
    {
        while (!group_is_done(&region, groups[which]))
            model_pause();
        for (int number : tasks)
            RL_ASSERT(ran[number] == 1 && (int)wrote[number] == 1);
        delete groups[which];
        store_release(&over[which], 1);
    }

    void pried(unsigned index)
    {
        if (index == 0) {
            wait(0, {0, 2});
            return;
        }
        struct worker *worker = &workers[index];
        run(index == 1 ? 0 : 2, groups[0]);
        tally_flush(worker);
    }

    /* The first task has run before, and somebody from outside holds the group. */
    void begin_outside()
    {
        store_relaxed(&groups[0]->local.returned, 1);
        store_relaxed(&groups[0]->holds, 1);
        store_relaxed(&held, 1);
        store_relaxed(&flushed, 1);
        ran[0] = 1;
        wrote[0] = 1;
    }

    /* A thread from outside adds a task, as count_in_mailbox counts it, and lets go. */
    void let_go()
    {
        atomic_int *begins = rl::rand(2) ? &held : &flushed;
        while (!load_acquire(begins))
            model_pause();
        add_release(&groups[0]->submitted_elsewhere, 1);
        store_release(&added, 1);
        RL_ASSERT(ompg_done(groups[0], 0) == 0);
    }

    void with_holds(unsigned index)
    {
        if (index == 0) {
            wait(0, {0, 2});
        } else if (index == 1) {
            if (scenario == HELD)
                run(0, groups[0]);
            tally_flush(here());
            store_release(&flushed, 1);
            while (!load_acquire(&added))
                model_pause();
            run(2, groups[0]);
            tally_flush(here());
        } else {
            let_go();
        }
    }

    void thread(unsigned index)
    {
        if (scenario >= HELD) {
            with_holds(index);
            return;
        }
        if (scenario == PRIED) {
            pried(index);
            return;
        }
        struct worker *worker = &workers[index];
        if (index == 0) {
            if (scenario == FOREIGN)
                run(5, groups[0]);
            wait(0, {2, scenario == FOREIGN ? 5 : 0, scenario == ADDERS ? 1 : 2, scenario == ADDERS ? 3 : 2});
        } else if (index == 1) {
            run(scenario == FOREIGN ? 4 : 0, scenario == FOREIGN ? groups[1] : groups[0]);
            empty(worker);
            if (scenario == ADDERS)
                steal(worker, &workers[2]);
        } else {
            if (scenario == ADDERS)
                run(1, groups[0]);
            for (int i = 0; i < 2 && scenario != INLINED; i++) {
                compute();
                steal(worker, &workers[1]);
            }
            empty(worker);
            if (scenario > ADDERS)
                wait(1, {4});
        }
    }

    void after()
    {
        if (scenario <= ADDERS || scenario >= HELD)
            delete groups[1];
    }
};

static void *model_ring()
{
    return the->slots[the->rings++];
}

MODEL(model, {"pried", 200000}, {"adder", 100000}, {"adders", 40000}, {"foreign", 30000}, {"inlined", 10000}, {"held", 60000},
      {"held from outside", 60000})
