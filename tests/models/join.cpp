/*
 * A join: a tree of calls on the deque of one thread, of which two thieves steal branches, run them, and join
 * in turn. Each call is made exactly once; the joiner sees what both have written; whoever waits runs only parts
 * of what it waits for; nothing of a branch is touched once it is over, and nothing that it has counted is hidden
 * then.
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
//@ into taken.h
//@ take src/group/branch.h
//@ take src/group/branch.c STEPS branch_is_within
//@ take src/engine/steal.h steal_ask look
//@ take src/store/deque.c
//@ take src/engine/steal.c STEAL_BATCH is_single_thief has_block most_of steal_batch steal_series mark_pried pry share_loot is_worth_locking lock_victim steal_some steal_from_within
//@ take src/group/worker.h frame_branch
//@ take src/engine/run.c call_branch run_branch
//@ take src/api/join.c call fork_and_join take_back_slow
//@ change s/DEQUE_CAPACITY = 2048/DEQUE_CAPACITY = 8/
//@ change s/^    int code;  *\/\* these are/    shared<int> code; \/*/
//@ change s/^    void \*arg;  *\/\* of the call/    shared<void *> arg; \/*/
//@ change s/tsan_[a-z]*([^)]*);//
//@ mutant over-before-the-result / void run_branch(/,/^}/{s/^    call_branch(worker, task, branch);$/store_release(\&branch->over, true); call_branch(worker, task, branch);/}
//@ mutant result-after-over s/^    branch->code = code;$//;s/^    store_release(&branch->over, true);.*/    store_release(\&branch->over, true); branch->code = 0;/
//@ mutant counts-stay-hidden / void run_branch(/,/^}/s/^    tally_flush(worker);$//
//@ mutant parts-of-anybody s/return at == branch;/return true;/
//@ mutant taken-back-unseen s/if (LIKELY(!is_below(top - 1, load_relaxed(&deque->split))))/if (true)/
//@ mutant taken-back-late /^static inline bool deque_pop_back/,/^}/s/store_relaxed(&deque->top, top - 1);/load_relaxed(\&deque->top);/
//@ mutant another-is-taken-back s/deque->ring\[(top - 1) & deque->mask\].arg != arg/false/
//@ mutant branches-in-batches s/if (tasks\[i\].tagged & TASK_BRANCH)/if (false)/
#include "rings.h"

#include "basis.h"

struct ompg_group {
    atomic_bool pried;
};

struct region {
    atomic_int threads;
};

struct frame {
    struct frame *prev;
    struct task *task;
    struct branch *branch;
    bool failed, refused, in_branch;
};

/* None has a place. */
struct place {
    bool started;
};
struct holding {
    struct holding *prev;
    struct place place;
};
#define hold_place(worker, holding, group) ((void)0)
#define give_place_back(worker, group) ((void)0)

struct worker {
    struct deque deque;
    struct region *region;
    struct frame *frame;
    struct holding *holdings;
    int64_t loot, hold_back;
    struct deque *asked;
    int hidden; /* that it has counted for itself */
};

#define group_stopped(group, index) false
#define region_attend(worker) deque_share(&(worker)->deque, false)
#define task_give_place_back(worker, group) ((void)0)
#define frame_give_states_back(frame) ((void)0)
static void attend_thieves(struct worker *worker)
{
    store_relaxed(&worker->deque.attention, 0);
    region_attend(worker);
}
static int task_call_function(const struct task *task, ompg_group *group, void *arg)
{
    return task->fn(group, arg);
}
static void tally_flush(struct worker *worker);
struct call;
static int join_here(struct worker *worker, ompg_group *group, struct call a, struct call b);
static int join_stolen(struct worker *worker, struct branch *branch, int first);
static int second_here(struct worker *worker, ompg_group *group, int first, struct call b);

#include "taken.h"
#include "deques.h"

enum { THREADS = 3, CALLS = 16 }; /* call i joins 2 i and 2 i + 1 */

struct model : rl::test_suite<model, THREADS> {
    struct task slots[THREADS][DEQUE_CAPACITY];
    int rings;
    alignas(CACHE_LINE) struct ompg_group group;
    struct region region;
    struct worker workers[THREADS];
    int inner; /* calls below it join */
    atomic_int made[CALLS], counted, ended;
    atomic_int tasks; /* that a call has added and nobody has run */
    shared<int> result[CALLS];
    int below[THREADS]; /* the call that waits on this thread for what starts next; 0: none */

    void before()
    {
        the = this;
        barrier_works = true;
        barrier_may_fail = scenario == 2;
        inner = scenario == 0 ? 2 : 4;
        rings = 0;
        store_relaxed(&group.pried, false);
        store_relaxed(&region.threads, scenario == 1 ? 2 : THREADS); /* a single thief takes all that is shared */
        store_relaxed(&counted, 0);
        store_relaxed(&ended, 0);
        store_relaxed(&tasks, 0);
        for (int &call : below)
            call = 0;
        for (atomic_int &count : made)
            store_relaxed(&count, 0);
        for (struct worker &worker : workers) {
            worker.region = &region;
            worker.frame = NULL;
            worker.hidden = 0;
            deque_make_empty(&worker.deque, ATTENTION_NONE);
            worker.deque.room = DEQUE_CAPACITY;
        }
    }

    struct worker *here()
    {
        return &workers[thread_here()];
    }

    static int run_call(ompg_group *group, void *arg)
    {
        return the->call((int)(size_t)arg);
    }

    /* It lies on top of the branch. */
    void add_task()
    {
        struct task task = {.fn = NULL, .arg = NULL, .tagged = (uintptr_t)&group};
        task.index = 1;
        add_relaxed(&tasks, 1);
        deque_push(&here()->deque, &task);
    }

    /* A stolen branch lies in no deque, because somebody waits for it. */
    void run_added()
    {
        struct task task;
        while (deque_pop(&here()->deque, &task)) {
            RL_ASSERT(!(task.tagged & TASK_BRANCH));
            add_relaxed(&tasks, -1);
        }
    }

    int call(int number)
    {
        int *waiting = &below[thread_here()], outer = *waiting, at = number;
        while (at > outer)
            at /= 2;
        RL_ASSERT(outer == 0 || at == outer);
        RL_ASSERT(add_relaxed(&made[number], 1) == 0);
        here()->hidden++;
        result[number] = number;
        if (number >= inner) {
            if (number % 2 == 0 && rl::rand(2))
                add_task();
            return 0;
        }
        *waiting = number;
        struct call a = {run_call, (void *)(size_t)(2 * number)}, b = {run_call, (void *)(size_t)(2 * number + 1)};
        int code = fork_and_join(here(), &group, TASK_BRANCH, a, b);
        *waiting = outer;
        RL_ASSERT(code == 0);
        result[number] = (int)result[2 * number] + (int)result[2 * number + 1];
        return 0;
    }

    /* The task's own thread: when its function has returned, the group may be over. */
    void own()
    {
        struct task task = {.fn = run_call, .arg = (void *)1, .tagged = (uintptr_t)&group};
        task.index = 0;
        struct frame frame = {.task = &task};
        here()->frame = &frame;
        call(1);
        tally_flush(here());
        RL_ASSERT((int)result[1] == (inner == 2 ? 5 : 22));
        RL_ASSERT(load_relaxed(&counted) == 2 * inner - 1);
        run_added();
        store_release(&ended, 1);
    }

    void steal()
    {
        struct task task;
        for (int i = 0; i < 3 && !load_acquire(&ended); i++)
            if (steal_some(here(), &workers[0], rl::rand(2) ? LOOK_FOR_SURE : LOOK_SHARED, &task))
                run(&task);
    }

    void run(struct task *task)
    {
        struct holding holding = {};
        if (task->tagged & TASK_BRANCH)
            run_branch(here(), task, &holding);
        else
            add_relaxed(&tasks, -1);
        run_added();
    }

    void thread(unsigned index)
    {
        if (index == 0)
            own();
        else
            steal();
    }

    void after()
    {
        RL_ASSERT(load_relaxed(&tasks) == 0);
    }
};

static void tally_flush(struct worker *worker)
{
    add_release(&the->counted, worker->hidden);
    worker->hidden = 0;
}

/* Stands for await_branch. */
static int join_stolen(struct worker *worker, struct branch *branch, int first)
{
    struct task task;
    struct holding holding = {};
    while (!load_acquire(&branch->over)) {
        for (struct worker &victim : the->workers)
            if (&victim != worker && steal_from_within(worker, &victim, branch, rl::rand(2) ? LOOK_FOR_SURE : LOOK_SHARED, &task))
                run_branch(worker, &task, &holding);
        rl::yield(1, RL_INFO);
    }
    int second = branch->code;
    branch->code = -1; /* as the stack frame is used again */
    branch->arg = NULL;
    return first ? first : second;
}

static int second_here(struct worker *worker, ompg_group *group, int first, struct call b)
{
    return b.fn(group, b.arg);
}

static int join_here(struct worker *worker, ompg_group *group, struct call a, struct call b)
{
    RL_ASSERT(false);
    return 0;
}

static void *model_ring()
{
    return the->slots[the->rings++];
}

MODEL(model, {"one join", 60000}, {"three joins", 60000}, {"three joins, the barrier fails", 30000})
