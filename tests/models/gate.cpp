/*
 * The gate, and whoever calls it: workers that add behind a limit, pass their place on, and step back when the limit is
 * lowered; who helps where the backlog is full; a standby that the budget has refused. Never more run than the limit
 * allows nor wait than the backlog does, all run, nothing stays parked while nobody has a place, and the standby is called once.
 * That nobody overtakes, and that all places are used, is test_gate's to show: tasks are alike here.
 *
 * Shared: two groups take their places from a third one. In "two regions" nobody looks at a gate again: whoever waits
 * sleeps until a task comes into its mailbox, so that a claim that is not served is a wait without end. In
 * "parked on a stack" a task is waited for that needs the place below it. In "not started" a place lies with a task
 * of the pool that has not started, or starts while the pool becomes a shared one.
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
//@ take src/group/worker.h holding
//@ into taken.h
//@ take src/group/record.h group_uses_gate
//@ take src/group/tally.h count_started count_returned count_skipped
//@ take src/engine/run.c has_room_here can_reach deliver_by_mail deliver release_claims call_standby task_release_parked skip_parked pass_place_on pass_gate hold_place run_gated run_special run_specials task_run_started run_or_skip run_counted has_only_block task_run_slow
//@ take src/api/group_add.c enter_gate add_with_backlog
//@ change s/TASK_FLAGS = [0-9]*/TASK_FLAGS = 15/
//@ change s/TASK_BRANCH = 32/TASK_BRANCH = 0/
//@ change s/SERIES_PER_BLOCK = 72/SERIES_PER_BLOCK = 2/
//@ change s/^    size_t size;  /    shared<size_t> size;  /
//@ change s/(struct queue){0}/(struct queue){}/
//@ change s/memory_new(sizeof \*block)/new queue_block/
//@ change s/free(block)/delete block/
//@ mutant enters-without-lock /^enum gate_verdict gate_enter/,/^}/s/^    [un]*lock_family(gate);//
//@ mutant place-is-lost /^static void free_place/,/^}/s/bump_relaxed(&gate->running, -1);//
//@ mutant nothing-is-passed-on s/admitted && pass_place_on(worker, group, &holding->place, task, true)/admitted \&\& free_place_alone(\&group->gate, \&holding->place)/
//@ mutant backlog-without-end /^enum gate_verdict gate_enter/,/^}/s/gate->parked.size < most/true/
//@ mutant refused-is-counted s/count_at_once(worker, group, (size_t)-1);//
//@ mutant standby-is-forgotten /^bool gate_pass_on/,/^}/s/ || may_call(gate)//
//@ mutant standby-is-called-twice /^struct standby \*gate_take_standby/,/^}/s/gate->standby = NULL;//
//@ mutant steps-back-unasked s/bool steps_back = over && park_again/bool steps_back = park_again/
//@ mutant starts-nevertheless s/bool steps_back = over && park_again/bool steps_back = false \&\& park_again/
//@ mutant claims-are-not-served s/^        release_claims(worker, &group->gate);/        ;/
//@ mutant parks-without-claim /^static bool park_task/,/^}/s/begin_claim(gate);/;/
//@ mutant own-gate-only /^static void take_place/,/^}/s/gate = gate->share/gate = NULL/
//@ mutant mail-wakes-nobody s/bool rings = put && mail_announce(group);/bool rings = false;/
//@ mutant nothing-is-inherited s/takes &= gate != inherited;/takes = true;/
//@ mutant start-is-not-counted /^static inline bool gate_start(/,/^}/s/add_seq_cst(&gate->begun, 1U);/;/
//@ mutant starts-are-not-asked-for /^static bool has_unstarted/,/^}/s/unsigned now = started_in(gate);/unsigned now = 0;/
#include "basis.h"

struct worker;
struct bell;

struct counts {
    atomic_int started, returned, skipped;
};

struct mailbox {
    struct spinlock lock;
    rl::atomic<size_t> size;
    struct queue queue;
};

struct alignas(CACHE_LINE) ompg_group {
    struct gate gate;
    atomic_bool gated;
    atomic_int submitted;
    atomic_uchar waiting;
    rl::atomic<struct region *> region;
    struct mailbox mailbox;
    atomic_int news; /* whoever waits has been told of so many mails */
    struct counts local; /* not used */
};

/* A deque that is the worker's own, full where `room` is 0. */
enum { ROOM = 3 };
struct deque {
    struct task tasks[ROOM];
    size_t size, room;
};

struct region {
    int number;
};

struct worker {
    struct deque deque;
    struct counts counts;
    struct region *region;
    struct holding *holdings;
    int own_errno = 0, *errno_here;
    unsigned foreign = 0;
};

static bool deque_make_room(struct deque *deque)
{
    return deque->size < deque->room;
}

static bool deque_push(struct deque *deque, const struct task *task)
{
    RL_ASSERT(deque->size < ROOM);
    deque->tasks[deque->size++] = *task;
    return true;
}

static void dispatch(struct worker *worker, struct task *task)
{
    deque_push(&worker->deque, task);
}

#define mailbox_lock(box) spin_lock(&(box)->lock)
#define mailbox_unlock(box) spin_unlock(&(box)->lock)
static bool mailbox_put(struct mailbox *box, const struct task *task)
{
    bool put = queue_push(&box->queue, task);
    store_relaxed(&box->size, box->queue.size);
    return put;
}

/* That a thread is found for it is leaving's to show. */
static bool mail_announce(ompg_group *group)
{
    add_relaxed(&group->news, 1);
    return true;
}

/* The group does not stop, and needs the gate. */
enum { WAIT_BEGUN = 2 };
#define is_home(worker, group) (load_relaxed(&(group)->region) == (worker)->region)
#define gate_group(gate) ((ompg_group *)(gate)) /* its first field */
#define skip_undelivered(group, task) RL_ASSERT(false)
#define bell_of(group) NULL
#define bell_ring(bell) ((void)bell)
#define group_stopped(group, index) false
#define group_stopped_hard(group) false
#define run_branch(worker, task, holding) ((void)0)
#define attend_if_asked(worker) ((void)0) /* each deque is its worker's alone; that others look is leaving's to show */
#define group_is_express(group) false
#define task_is_express(worker, group) false
#define task_run_express_with(worker, task, block) ((void)0)
#define group_stop(group, error) ((void)0)
#define record_code(group, task, code, kind) ((void)0)
#define task_clean_up(task) ((void)0)
#define clean_up_beside(worker, task) ((void)0)
#define parts_returned(group, n) ((void)0)
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
static void task_call(struct worker *worker, struct task *task, ompg_group *group, void *arg);
static void region_wait_room(struct worker *worker, ompg_group *group);
static bool is_foreign(const struct worker *, const struct task *) { return false; } /* nobody waits within */

/* For a mutant. */
static bool free_place_alone(struct gate *gate, const struct place *place)
{
    lock_family(gate);
    free_place(gate, place);
    unlock_family(gate);
    return false;
}

#include "taken.h"

enum { WORKERS = 3, ADDED = 2 };

static struct model *the;
static void standby_called(struct standby *standby);

struct model : rl::test_suite<model, WORKERS> {
    alignas(CACHE_LINE) struct ompg_group groups[3]; /* the first one is the pool, where one is shared */
    struct region regions[2];
    struct worker workers[WORKERS];
    struct task_extra extra; /* of all tasks, where there is a budget: one fits */
    atomic_int inside, ran, called;
    struct standby standby;
    bool refused; /* the standby */
    rl::atomic<size_t> ran_of[3];

    bool lowered() const { return scenario == 1; }
    bool budget() const { return scenario == 2 || scenario == 7; }
    bool backlog() const { return scenario == 3; }
    bool two_regions() const { return scenario == 4; }
    bool on_a_stack() const { return scenario == 5; }
    bool not_started() const { return scenario >= 6; }
    bool is_shared() const { return scenario >= 4; }

    void make_group(struct ompg_group *group, struct ompg_group *share, int limit)
    {
        struct gate *gate = &group->gate;
        store_relaxed(&gate->limit, limit);
        gate->budget = budget() ? 1.0 : 0.0;
        gate->parked.size = 0;
        gate->parked.head = gate->parked.tail = NULL;
        gate->parked.newest.count = 0;
        gate->parked.begin = 0;
        gate->family = NULL;
        gate_init(gate, share ? &share->gate : NULL);
        gate->backlog = backlog();
        store_relaxed(&group->submitted, 0);
        store_relaxed(&group->gated, true);
        store_relaxed(&group->waiting, WAIT_BEGUN);
        store_relaxed(&group->news, 0);
    }

    struct task make_task(struct ompg_group *group)
    {
        struct task task = {.fn = NULL, .arg = NULL, .tagged = (uintptr_t)group};
        if (budget()) {
            task.arg = &extra;
            task.tagged |= TASK_EXTRA;
        }
        return task;
    }

    void before()
    {
        the = this;
        extra.cost = 1.0;
        for (struct ompg_group &group : groups) {
            store_relaxed(&group.gate.lock.locked, 0);
            store_relaxed(&group.mailbox.lock.locked, 0);
            store_relaxed(&group.mailbox.size, 0);
            group.mailbox.queue = group.gate.parked = (struct queue){};
            int limit = lowered() ? 2 : budget() ? 0 : 1;
            bool shares = is_shared() && &group != groups;
            if (!(not_started() && shares)) /* which share while the model runs */
                make_group(&group, shares ? groups : NULL, shares ? 0 : limit);
        }
        standby.call = standby_called;
        refused = false;
        store_relaxed(&called, 0);
        store_relaxed(&inside, 0);
        store_relaxed(&ran, 0);
        for (rl::atomic<size_t> &count : ran_of)
            store_relaxed(&count, 0);
        for (struct worker &worker : workers) {
            worker.deque.size = 0;
            worker.deque.room = ROOM;
            worker.holdings = NULL;
            worker.errno_here = &worker.own_errno;
            worker.region = &regions[two_regions() && &worker != workers];
            store_relaxed(&worker.counts.started, 0);
            store_relaxed(&worker.counts.returned, 0);
            store_relaxed(&worker.counts.skipped, 0);
        }
        for (struct ompg_group &group : groups)
            store_relaxed(&group.region, &regions[two_regions() && &group == &groups[2]]);
        if (not_started()) {
            struct task task = make_task(groups);
            RL_ASSERT(gate_enter(&groups->gate, &task, GATE_NONE) == GATE_ADMITTED);
            deque_push(&workers[0].deque, &task);
        }
    }

    /* A task of the pool waits, where `on_a_stack`: what it waits for is not inside beside it. */
    void call(struct ompg_group *group)
    {
        bool waits = on_a_stack() && group == groups;
        int running = waits ? 0 : add_relaxed(&inside, 1) + 1;
        RL_ASSERT(lowered() || running <= 1);
        RL_ASSERT(!backlog() || gate_parked(&group->gate) <= 1);
        if (waits)
            wait_nested(here());
        else
            leave();
        add_relaxed(&ran, 1);
        add_relaxed(&ran_of[group - groups], 1);
    }

    /* Later, where others may start meanwhile. */
    void leave()
    {
        for (int i = 0; i < 40 && not_started(); i++)
            rl::yield(1, RL_INFO);
        sub_relaxed(&inside, 1);
    }

    struct worker *here()
    {
        return &workers[thread_here()];
    }

    void run_all(struct worker *worker)
    {
        while (worker->deque.size > 0) {
            struct task task = worker->deque.tasks[--worker->deque.size];
            task_run_slow(worker, &task);
        }
    }

    void add(struct worker *worker, struct ompg_group *group)
    {
        struct task task = make_task(group);
        int code = backlog() ? add_with_backlog(worker, group, &task)
                             : enter_gate(worker, group, &task, GATE_ANY_NUMBER);
        RL_ASSERT(code == 0);
        if (rl::rand(2))
            run_all(worker);
    }

    /* Sleeps until the mailbox has something, which it is told. */
    void fetch_mail(struct worker *worker, struct ompg_group *group, int *heard)
    {
        struct task task;
        while (*heard == load_relaxed(&group->news))
            if (worker->deque.size > 0 || all_of(group))
                return;
            else
                rl::yield(1, RL_INFO);
        ++*heard;
        spin_lock(&group->mailbox.lock);
        bool taken = queue_pop(&group->mailbox.queue, &task, 1) > 0;
        spin_unlock(&group->mailbox.lock);
        if (taken)
            task_run_slow(worker, &task);
    }

    bool all_of(struct ompg_group *group)
    {
        return load_relaxed(&ran_of[group - groups]) == ADDED;
    }

    /* One worker waits for each group. */
    void wait_for(struct worker *worker, struct ompg_group *group)
    {
        int heard = 0;
        while (!all_of(group)) {
            run_all(worker);
            fetch_mail(worker, group, &heard);
        }
        run_all(worker);
    }

    /* For the second group, on the stack of a task that has the place. */
    void wait_nested(struct worker *worker)
    {
        struct task task;
        struct ompg_group *group = &groups[1];
        add(worker, group);
        add(worker, group);
        while (!all_of(group))
            if (gate_take_parked(&group->gate, &groups->gate, &task))
                task_run_started(worker, &task, &groups->gate);
            else
                rl::yield(1, RL_INFO);
    }

    /* Whoever finds no place beside a task that has not started. */
    void share(struct worker *worker)
    {
        struct ompg_group *group = &groups[1];
        struct task task;
        make_group(group, groups, 0);
        add(worker, group);
        add(worker, group);
        while (!all_of(group)) {
            run_all(worker);
            if (gate_take_parked(&group->gate, NULL, &task))
                task_run_started(worker, &task, NULL);
            else
                rl::yield(1, RL_INFO);
        }
    }

    void thread(unsigned index)
    {
        struct worker *worker = &workers[index];
        if (not_started()) {
            if (index == 1)
                share(worker);
            run_all(worker);
            return;
        }
        if (two_regions() && index < 2) {
            for (int i = 0; i < ADDED; i++)
                add(worker, &groups[index + 1]);
            wait_for(worker, &groups[index + 1]);
            return;
        }
        if (is_shared() && index > 0)
            return;
        if (budget() && index == 2)
            refused = !gate_has_budget(&groups->gate, &standby);
        for (int i = 0; i < (lowered() && index == 2 ? 0 : ADDED); i++)
            add(worker, groups);
        if (lowered() && index == 2)
            gate_set_limit(&groups->gate, 1);
        run_all(worker);
    }

    void after()
    {
        for (struct worker &worker : workers)
            run_all(&worker); /* what was delivered to a deque whose owner had ended */
        for (struct ompg_group &group : groups)
            if (group.gate.family) {
                RL_ASSERT((size_t)group.gate.parked.size == 0);
                RL_ASSERT(load_relaxed(&group.gate.running) == 0);
                RL_ASSERT(load_relaxed(&group.gate.begun) + load_relaxed(&group.gate.at_once) == 0);
                RL_ASSERT(!group.gate.link);
            }
        if (!is_shared())
            RL_ASSERT(load_relaxed(&groups->submitted) == load_relaxed(&ran));
        RL_ASSERT(load_relaxed(&called) == refused);
        if (!is_shared())
            RL_ASSERT(load_relaxed(&ran) == (lowered() ? 2 : WORKERS) * ADDED);
        for (struct worker &worker : workers)
            RL_ASSERT(worker.deque.size == 0);
    }
};

static void task_call(struct worker *worker, struct task *task, ompg_group *group, void *arg)
{
    the->call(group);
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

MODEL(model, {"limit", 30000}, {"limit is lowered", 30000}, {"budget and standby", 20000}, {"backlog", 20000},
      {"two regions", 30000},
      {"parked on a stack", 10000}, {"not started", 10000}, {"not started, budget", 10000})
