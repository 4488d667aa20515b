/*
 * The gate, and whoever calls it: workers that add behind a limit, pass their place on, and step back when the limit is
 * lowered; who helps where the backlog is full; a standby that the budget has refused. Never more run than the limit
 * allows nor wait than the backlog does, all run, nothing stays parked while nobody has a place, and the standby is called once.
 * That nobody overtakes, and that all places are used, is test_gate's to show: tasks are alike here.
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
//@ take src/store/queue.h
//@ take src/store/queue.c
//@ take src/store/gate.h
//@ take src/store/gate.c
//@ into taken.h
//@ take src/group/tally.h count_started count_returned count_skipped
//@ take src/engine/run.c call_standby task_release_parked skip_parked pass_place_on pass_gate run_gated run_special task_run_slow
//@ take src/api/group_add.c enter_gate add_with_backlog
//@ change s/TASK_FLAGS = [0-9]*/TASK_FLAGS = 15/
//@ change s/SERIES_PER_BLOCK = 72/SERIES_PER_BLOCK = 2/
//@ change s/^    size_t size;  /    shared<size_t> size;  /
//@ change s/(struct queue){0}/(struct queue){}/
//@ change s/memory_new(sizeof \*block)/new queue_block/
//@ change s/free(block)/delete block/
//@ mutant enters-without-lock /^enum gate_verdict gate_enter/,/^}/{s/spin_lock(&gate->lock);//;s/spin_unlock(&gate->lock);//}
//@ mutant place-is-lost /^static void free_place/,/^}/s/bump_relaxed(&gate->running, -1);//
//@ mutant nothing-is-passed-on s/admitted && pass_place_on(worker, group, cost, &next)/admitted \&\& free_place_alone(\&group->gate, cost)/
//@ mutant steps-back-unasked s/gate_is_over(gate) && queue_push/queue_push/
//@ mutant backlog-without-end /^enum gate_verdict gate_enter/,/^}/s/gate->parked.size < most/true/
//@ mutant refused-is-counted s/count_at_once(worker, group, (size_t)-1);//
//@ mutant standby-is-forgotten /^bool gate_pass_on/,/^}/s/ || may_call(gate)//
//@ mutant standby-is-called-twice /^struct standby \*gate_take_standby/,/^}/s/gate->standby = NULL;//
#include "basis.h"

struct worker;

struct counts {
    atomic_int started, returned, skipped;
};

struct ompg_group {
    struct gate gate;
    atomic_bool gated;
    atomic_int submitted;
};

/* A deque that is the worker's own, full where `room` is 0. */
enum { ROOM = 3 };
struct deque {
    struct task tasks[ROOM];
    size_t size, room;
};

struct worker {
    struct deque deque;
    struct counts counts;
    int own_errno = 0, *errno_here;
};

static bool deque_make_room(struct deque *deque)
{
    return deque->size < deque->room;
}

static bool deque_push(struct deque *deque, struct task *task)
{
    RL_ASSERT(deque->size < ROOM);
    deque->tasks[deque->size++] = *task;
    return true;
}

static void dispatch(struct worker *worker, struct task *task)
{
    deque_push(&worker->deque, task);
}

/* The group does not stop, and needs the gate. */
#define group_stopped(group, index) false
#define group_stopped_hard(group) false
#define run_branch(worker, task) false
#define group_is_express(group) false
#define group_stop(group, error) ((void)0)
#define record_code(group, task, code, kind) ((void)0)
#define task_clean_up(task) ((void)0)
#define clean_up_beside(worker, task) ((void)0)
#define parts_returned(group) ((void)0)
#define count_at_once(worker, group, n) add_relaxed(&(group)->submitted, (int)(n))
#define next_index(worker, group) 0
#define may_wait_for_room(worker, group) true
#define refuse(group) ECANCELED
#define leave_unnumbered(task) ((void)0)
#define lose(group, task) ((void)0)
#define skip_plain(worker, task) ((void)0)
#define counts_for(worker, group) (&(worker)->counts)
#define counts_for_start(worker, group) (&(worker)->counts)
#define tsan_acquire(p) ((void)0)
#define tsan_release(p) ((void)0)
static void task_call(struct worker *worker, struct task *task, void *arg);
static void region_wait_room(struct worker *worker, ompg_group *group);

/* For a mutant. */
static bool free_place_alone(struct gate *gate, double cost)
{
    spin_lock(&gate->lock);
    free_place(gate, cost);
    spin_unlock(&gate->lock);
    return false;
}

#include "taken.h"

enum { WORKERS = 3, ADDED = 2 };

static struct model *the;
static void standby_called(struct standby *standby);

struct model : rl::test_suite<model, WORKERS> {
    alignas(CACHE_LINE) struct ompg_group group;
    struct worker workers[WORKERS];
    struct task_extra extra; /* of all tasks, where there is a budget: one fits */
    atomic_int inside, ran, called;
    struct standby standby;
    bool refused; /* the standby */

    bool lowered() const { return scenario == 1; }
    bool budget() const { return scenario == 2; }
    bool backlog() const { return scenario == 3; }

    void before()
    {
        the = this;
        struct gate *gate = &group.gate;
        store_relaxed(&gate->lock.locked, 0);
        store_relaxed(&gate->limit, lowered() ? 2 : budget() ? 0 : 1);
        store_relaxed(&gate->running, 0);
        gate->budget = budget() ? 1.0 : 0.0;
        gate->cost = 0.0;
        extra.cost = 1.0;
        gate->parked.size = 0;
        gate->parked.head = gate->parked.tail = NULL;
        gate->parked.newest.count = 0;
        gate->parked.begin = 0;
        gate->backlog = backlog();
        gate->charged = 0.0;
        gate->standby = NULL;
        standby.call = standby_called;
        refused = false;
        store_relaxed(&called, 0);
        store_relaxed(&group.submitted, 0);
        store_relaxed(&group.gated, true);
        store_relaxed(&inside, 0);
        store_relaxed(&ran, 0);
        for (struct worker &worker : workers) {
            worker.deque.size = 0;
            worker.deque.room = ROOM;
            worker.errno_here = &worker.own_errno;
            store_relaxed(&worker.counts.started, 0);
            store_relaxed(&worker.counts.returned, 0);
            store_relaxed(&worker.counts.skipped, 0);
        }
    }

    void call()
    {
        int running = add_relaxed(&inside, 1) + 1;
        RL_ASSERT(lowered() || running <= 1);
        RL_ASSERT(!backlog() || gate_parked(&group.gate) <= 1);
        add_relaxed(&ran, 1);
        sub_relaxed(&inside, 1);
    }

    void run_all(struct worker *worker)
    {
        while (worker->deque.size > 0) {
            struct task task = worker->deque.tasks[--worker->deque.size];
            task_run_slow(worker, &task);
        }
    }

    int add(struct worker *worker, struct task *task)
    {
        return backlog() ? add_with_backlog(worker, &group, task)
                         : enter_gate(worker, &group, task, GATE_ANY_NUMBER);
    }

    void thread(unsigned index)
    {
        struct worker *worker = &workers[index];
        if (budget() && index == 2)
            refused = !gate_has_budget(&group.gate, &standby);
        for (int i = 0; i < (lowered() && index == 2 ? 0 : ADDED); i++) {
            struct task task = {.fn = NULL, .arg = NULL, .tagged = (uintptr_t)&group};
            if (budget()) {
                task.arg = &extra;
                task.tagged |= TASK_EXTRA;
            }
            RL_ASSERT(add(worker, &task) == 0);
            if (rl::rand(2))
                run_all(worker);
        }
        if (lowered() && index == 2)
            gate_set_limit(&group.gate, 1);
        run_all(worker);
    }

    void after()
    {
        RL_ASSERT((size_t)group.gate.parked.size == 0);
        RL_ASSERT(load_relaxed(&group.gate.running) == 0);
        RL_ASSERT(load_relaxed(&ran) == (lowered() ? 2 : WORKERS) * ADDED);
        RL_ASSERT(load_relaxed(&group.submitted) == load_relaxed(&ran));
        RL_ASSERT(load_relaxed(&called) == refused);
        for (struct worker &worker : workers)
            RL_ASSERT(worker.deque.size == 0);
    }
};

static void task_call(struct worker *worker, struct task *task, void *arg)
{
    the->call();
}

static void standby_called(struct standby *standby)
{
    add_relaxed(&the->called, 1);
}

/* A wait that runs what is at hand. */
static void region_wait_room(struct worker *worker, ompg_group *group)
{
    while (!gate_has_room(&group->gate)) {
        the->run_all(worker);
        model_pause();
    }
}

MODEL(model, {"limit", 30000}, {"limit is lowered", 30000}, {"budget and standby", 20000}, {"backlog", 20000})
