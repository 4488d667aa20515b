/*
 * Stops, their epoch and what groups cache of it; deadlines of enclosing waits; links that are moved; records that
 * come to their next life while somebody looks through them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/error.h"
#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/store/task.h
//@ take src/group/record.h stop_state wait_state
//@ take src/group/worker.h frame
//@ into taken.h
//@ take src/base/epoch.h stop_epoch_bump
//@ take src/group/stop.h group_may_be_express group_own_deadline group_earliest_deadline group_is_express group_stopped group_stopped_hard
//@ take src/engine/pools.h group_acquire
//@ take src/group/worker.h runs_task_of
//@ take src/group/nesting.h enclosing is_alive group_enclosing enclosing_next group_may_enclose group_encloses leads_to is_child_of group_set_parent parent_is_held enclosing_here
//@ take src/group/nesting.c group_lies_in frame_of group_has_task_here is_here group_nest note_early_child
//@ take src/group/stop.c claim_stop publish group_stop settled_stop group_cause stop_passively stop_by_token stop_by_deadline stop_by_enclosing walk stops_itself token_has_stopped has_stopped stops_inner held_around stop_held note_in note is_shielded view look_at walk_outwards look_around group_stopped_slow
//@ take src/api/group.c nest_new clean_outermost inherit_slow inherit ompg_new end_life
//@ take src/api/group_wait.c set_deadline wait_begin
//@ change s/^    group->cause = \*error;/    group->cause = *error; group->cause_code = error->code;/
//@ change s/^    \*error = group->cause;/    *error = group->cause; error->code = group->cause_code;/
//@ mutant epoch-before-flag s/^    bool first = claim_stop(group, &state);/    stop_epoch_bump();\n&/;s/^    if (first || state == CLAIMED).*/    if (false)/
//@ mutant second-does-not-bump s/if (first || state == CLAIMED)/if (first)/
//@ mutant epoch-after-flags s/store_relaxed(&group->clean, epoch);/store_relaxed(\&group->clean, load_acquire(\&stop_epoch));/
//@ mutant deadline-is-not-told s/if (load_relaxed(&group->has_early_child))/if (false)/
//@ mutant child-is-not-noted s/store_relaxed(&parent->has_early_child, true);/;/
//@ mutant deadline-is-not-inherited s/store_relaxed(&group->earliest, group_earliest_deadline(parent));/;/
//@ mutant next-life-is-believed s/if (!held && !is_alive(&outer))/if (false)/
//@ mutant life-does-not-end s/bump_relaxed(&group->serial, 1U);/;/
//@ mutant move-is-not-told /^void group_nest/,/^}/s/stop_epoch_bump();/;/
//@ mutant enclosing-stop-is-not-told /^static void stop_held/,/^}/s/stop_epoch_bump();/;/
//@ mutant walk-looks-at-parent-only s/^        outer = view.next;/        outer.group = NULL;/
//@ mutant older-look-is-noted /^static void note_in/,/^}/s/if (epoch - load_relaxed.*/{/
//@ mutant noted-without-lock /^static void note_in/,/^}/{s/spin_lock(&group->lock);//;s/spin_unlock(&group->lock);//}
//@ mutant token-deadline-is-not-inherited s/^            int64_t deadline = group_own_deadline(outer);/            int64_t deadline = load_relaxed(\&outer->deadline);/;s/^    \*deadline = group_own_deadline(outer->group);/    *deadline = load_relaxed(\&outer->group->deadline);/;s/^    if (shared < \*deadline)/    if (false)/
//@ mutant link-is-read-anew s/return group == walk->group ? walk->around : /return /
//@ mutant link-is-read-before-the-wait /^static inline struct enclosing enclosing_here/,/^}/{/^    \*held = frame/d;s/^    struct enclosing outer.*/&\n    *held = frame \&\& parent_is_held(group, runs_task_of(worker, group));/}
//@ mutant loop-holds s/&group->waiting) == WAIT_BEGUN/\&group->waiting) >= WAIT_BEGUN/
//@ mutant shield-is-ignored s/return load_relaxed(&((ompg_group \*)group)->shielded);/return false;/
//@ mutant shield-is-ignored-further-out s/if (is_shielded(outer->group))/if (false)/
#include "basis.h"

static const int64_t CLOCK_NEVER = INT64_MAX, NOW = 100, PASSED = 50;
static int64_t clock_now() { return NOW; }
static int64_t clock_after(int64_t, double) { return PASSED; }
/* Statistics, and the seconds of errors: not here. */
static bool has_statistics() { return false; }
static int64_t clock_ticks() { return NOW; }
static void begin_ticks(struct ompg_group *, int64_t) {}
static void begin_clock(struct ompg_group *) {}

/* A deadline is all that it has. */
struct model_token {
    rl::atomic<int64_t> deadline;
};
#define ompg_token model_token
#define parts_clear(group) ((void)0)
#define token_deadline(token) load_acquire(&(token)->deadline)

struct errors {
    rl::atomic<size_t> count;
};

struct region {
};

struct alignas(CACHE_LINE) ompg_group {
    rl::atomic<size_t> clean, walked, serial, parent_serial, parent_index, fail_index;
    rl::atomic<struct region *> region;
    rl::atomic<ompg_group *> parent;
    rl::atomic<ompg_token *> token;
    rl::atomic<int64_t> earliest, deadline;
    atomic_int stop;
    atomic_uint depth, link_version;
    atomic_uchar waiting;
    atomic_bool gated, shielded, is_default, has_early_child;
    bool deterministic, cause_is_first;
    double timeout;
    rl::atomic<struct worker *> owner;
    struct {
        struct spinlock lock;
    } mailbox;
    struct spinlock lock;
    struct errors *errors;
    ompg_group *next_free;
    ompg_error cause;
    shared<int> cause_code;
};

struct worker {
    struct frame *frame;
    struct region *region;
    ompg_group *free_groups;
    unsigned free_count, foreign;
    struct task tasks[3];
    struct frame frames[3];
};

static struct worker *workers;
static rl::atomic<size_t> *epoch_word;
#define stop_epoch (*epoch_word)
#define self (&workers[thread_here()])
#define current_thread() 0
#define group_seconds(group) 0.0
#define text_copy(to, size, from) ((void)0)
#define text_append(to, size, from) ((void)0)
#define text_append_seconds(to, size, seconds) ((void)0)
#define signal_name(to, signo) ((void)0)
enum { SIGNAL_NAME_SIZE = 1 };
#define tsan_is_present() false
#define group_acquire_slow() ((ompg_group *)NULL)
#define new_slow(options) ((ompg_group *)NULL)
#define token_is_cancelled(token, now) (token_deadline(token) <= (now))
#define token_timed_out(token, seconds) true
#define ompg_token_get_code(token) 0
#define ompg_token_get_signal(token) 0

/* The state of a new group, except its stop: clear_state in group.c. */
static void clear_state(ompg_group *group)
{
    store_relaxed(&group->clean, 0U);
    store_relaxed(&group->walked, 0U);
}

static bool group_lies_in(const ompg_group *group, const ompg_group *outer);
static void note_early_child(ompg_group *parent);
static void group_nest(ompg_group *group, const struct worker *worker);
static bool group_stopped_slow(ompg_group *group, size_t index);
static struct frame *frame_of(const struct worker *worker, const ompg_group *group);
static bool group_has_task_here(const struct worker *worker, const ompg_group *group);

#include "taken.h"

enum { THREADS = 3, GROUPS = 4 };
enum {
    STOPPED_TWICE, ENCLOSING, DEADLINE, MOVED, RECYCLED, TWO_LOOK, TOKEN, SHIELDED, MADE_HERE, WAIT_BEGINS, LOOP_ENDS
};

struct model : rl::test_suite<model, THREADS> {
    rl::atomic<size_t> stop_epoch_word;
    struct region region;
    struct worker worker_records[THREADS];
    alignas(CACHE_LINE) ompg_group records[GROUPS];
    ompg_group *groups[GROUPS];
    ompg_token shared_token;
    atomic_int told;

    void clear(ompg_group *group)
    {
        store_relaxed(&group->serial, 1);
        store_relaxed(&group->parent, (ompg_group *)NULL);
        store_relaxed(&group->parent_serial, 0);
        store_relaxed(&group->parent_index, 0);
        store_relaxed(&group->fail_index, OMPG_NO_INDEX);
        store_relaxed(&group->region, &region);
        store_relaxed(&group->token, (ompg_token *)NULL);
        store_relaxed(&group->earliest, CLOCK_NEVER);
        store_relaxed(&group->deadline, CLOCK_NEVER);
        store_relaxed(&group->stop, RUNNING);
        store_relaxed(&group->depth, 0);
        store_relaxed(&group->link_version, 0);
        store_relaxed(&group->waiting, NOBODY_WAITS);
        store_relaxed(&group->gated, false);
        store_relaxed(&group->shielded, false);
        store_relaxed(&group->is_default, true);
        store_relaxed(&group->has_early_child, false);
        store_relaxed(&group->lock.locked, 0);
        store_relaxed(&group->mailbox.lock.locked, 0);
        group->deterministic = false;
        group->timeout = 0.0;
        group->errors = NULL;
        clear_state(group);
    }

    /* The thread runs a task of the group, in those that it runs already. */
    void enter(struct worker *worker, ompg_group *group)
    {
        int depth = worker->frame ? (int)(worker->frame - worker->frames) + 1 : 0;
        worker->tasks[depth].tagged = (uintptr_t)group;
        worker->tasks[depth].index = 0;
        worker->frames[depth] = {.prev = worker->frame, .task = &worker->tasks[depth]};
        worker->frame = &worker->frames[depth];
    }

    /* A group within the task that runs. */
    ompg_group *make(struct worker *worker, int number)
    {
        worker->free_groups = groups[number];
        worker->free_count = 1;
        struct worker *here = self;
        RL_ASSERT(here == worker);
        return ompg_new(NULL);
    }

    /* As above, before the threads run. */
    void nest(int inner, int outer)
    {
        ompg_group *group = groups[inner];
        store_relaxed(&group->parent, groups[outer]);
        store_relaxed(&group->parent_serial, 1);
        store_relaxed(&group->depth, load_relaxed(&groups[outer]->depth) + 1);
        store_relaxed(&groups[outer]->waiting, WAIT_BEGUN);
    }

    void before()
    {
        epoch_word = &stop_epoch_word;
        workers = worker_records;
        store_relaxed(&stop_epoch, 1);
        store_relaxed(&told, 0);
        for (int i = 0; i < GROUPS; i++) {
            groups[i] = &records[i];
            clear(groups[i]);
        }
        for (struct worker &worker : worker_records) {
            worker.frame = NULL;
            worker.region = &region;
            worker.foreign = 0;
            worker.free_groups = NULL;
        }
        if (scenario == ENCLOSING) {
            nest(1, 0);
            nest(2, 1);
        }
        if (scenario == DEADLINE) {
            groups[0]->timeout = 1.0;
            store_relaxed(&groups[0]->is_default, false);
        }
        if (scenario == RECYCLED)
            nest(1, 0);
        if (scenario == TWO_LOOK) {
            groups[0]->timeout = 1.0;
            store_relaxed(&groups[0]->is_default, false);
            store_relaxed(&groups[0]->has_early_child, true);
            nest(1, 0);
        }
        if (scenario == TOKEN) {
            store_relaxed(&shared_token.deadline, CLOCK_NEVER);
            store_relaxed(&groups[0]->token, &shared_token);
            nest(1, 0);
        }
        if (scenario >= MADE_HERE) {
            int within = scenario == LOOP_ENDS ? 2 : 0;
            nest(within, 3);
            store_relaxed(&groups[3]->stop, STOPPED);
            store_relaxed(&groups[within]->waiting, WAIT_BEGUN);
            if (scenario != LOOP_ENDS)
                nest(1, 0);
        }
        if (scenario == SHIELDED) {
            nest(1, 0);
            nest(2, 1);
            store_relaxed(&groups[1]->shielded, true);
        }
    }

    void stopped_twice(unsigned index)
    {
        static const ompg_error error = {.code = EIO};
        ompg_group *group = groups[0];
        if (index == 1)
            group_stopped(group, 0);
        else
            group_stop(group, &error);
        if (index != 1)
            store_release(&told, 1);
        if (load_acquire(&told)) {
            RL_ASSERT(group_stopped(group, 0)); /* a call that stops has returned */
            ompg_error cause;
            RL_ASSERT(group_cause(group, &cause) && cause.code == EIO);
        }
    }

    void enclosing(unsigned index)
    {
        static const ompg_error error = {.code = EIO};
        struct worker *worker = self;
        if (index == 0) {
            enter(worker, groups[0]);
            group_stop(groups[0], &error);
            store_release(&told, 1);
            return;
        }
        if (index == 1) { /* waits in a task of each group for the next one; index 2 has stolen a task */
            enter(worker, groups[0]);
            group_stopped(groups[0], 0); /* finds that nothing has stopped it, mostly */
            enter(worker, groups[1]);
        }
        enter(worker, groups[2]);
        for (int i = 0; i < 2; i++) {
            bool sure = load_acquire(&told);
            bool stopped = group_stopped(groups[2], 0);
            RL_ASSERT(stopped || !sure);
            if (stopped && index == 1) /* what comes of this must not be taken for an error of its own */
                RL_ASSERT(group_stopped(groups[0], 0));
        }
    }

    void deadline(unsigned index)
    {
        struct worker *worker = self;
        if (index == 0) {
            wait_begin(groups[0], worker, WAIT_BEGUN);
            store_release(&told, 1);
            return;
        }
        enter(worker, groups[0]);
        if (index == 1)
            group_stopped(groups[0], 0);
        ompg_group *child = make(worker, (int)index);
        if (index == 2) {
            store_relaxed(&child->waiting, WAIT_BEGUN);
            enter(worker, child);
            child = make(worker, 3);
        }
        for (int i = 0; i < 3; i++) {
            bool sure = load_acquire(&told);
            bool stopped = group_stopped(child, 0);
            RL_ASSERT(stopped || !sure);
        }
    }

    void moved(unsigned index)
    {
        static const ompg_error error = {.code = EIO};
        struct worker *worker = self;
        if (index == 0) {
            enter(worker, groups[0]);
            group_nest(groups[1], worker);
            add_release(&told, 1);
        } else if (index == 2) {
            group_stop(groups[0], &error);
            add_release(&told, 1);
        } else {
            enter(worker, groups[1]);
            for (int i = 0; i < 3; i++) {
                bool sure = load_acquire(&told) == 2;
                bool stopped = group_stopped(groups[1], 0);
                RL_ASSERT(stopped || !sure);
            }
        }
    }

    /* The group around groups[1] is over and freed; its record lives on, and what that group does is its own. */
    void recycled(unsigned index)
    {
        static const ompg_error error = {.code = EIO};
        struct worker *worker = self;
        if (index == 0) {
            enter(worker, groups[2]);
            end_life(groups[0]);
            ompg_group *next = make(worker, 0);
            group_stop(next, &error);
        } else {
            enter(worker, groups[1]);
            for (int i = 0; i < 2; i++)
                RL_ASSERT(!group_stopped(groups[1], 0));
        }
    }

    /* Both run tasks of a group that the deadline concerns: what one has read before must not undo what the other notes. */
    void look_both(unsigned index)
    {
        struct worker *worker = self;
        if (index == 1)
            enter(worker, groups[0]);
        enter(worker, groups[1]);
        for (int i = 0; i < 3; i++) {
            bool sure = load_acquire(&told);
            bool stopped = group_stopped(groups[1], 0);
            RL_ASSERT(stopped || !sure);
        }
    }

    void two_look(unsigned index)
    {
        if (index > 0)
            return look_both(index);
        wait_begin(groups[0], self, WAIT_BEGUN);
        store_release(&told, 1);
    }

    /* The enclosing group's token gets a deadline: ompg_token_set_deadline. */
    void token_deadline_set(unsigned index)
    {
        if (index > 0)
            return look_both(index);
        store_release(&shared_token.deadline, PASSED);
        stop_epoch_bump();
        store_release(&told, 1);
    }

    /* groups[1] is shielded from groups[0], and what lies in it with it. */
    void shielded(unsigned index)
    {
        static const ompg_error error = {.code = EIO};
        struct worker *worker = self;
        enter(worker, groups[0]);
        if (index == 0) {
            group_stop(groups[0], &error);
            return;
        }
        group_stopped(groups[0], 0);
        enter(worker, groups[1]);
        if (index == 1)
            enter(worker, groups[2]);
        for (int i = 0; i < 2; i++) {
            RL_ASSERT(!group_stopped(groups[1], 0));
            RL_ASSERT(!group_stopped(groups[2], 0));
        }
    }

    /* The life of the group is over, and the next one's is in a task that has nothing to do with groups[3]. */
    void begin_next_life(int number, int outer)
    {
        enter(self, groups[outer]);
        end_life(groups[number]);
        make(self, number);
    }

    /*
     * groups[1] was made in a task of groups[0], and comes to be waited for in a task of groups[2]. While thread 1
     * looks, groups[3] has stopped, in which groups[0] lies.
     */
    void waited_for_elsewhere(unsigned index)
    {
        struct worker *worker = self;
        if (index == 0) {
            enter(worker, groups[2]);
            wait_begin(groups[1], worker, WAIT_BEGUN);
        } else if (index == 1) {
            enter(worker, groups[scenario == MADE_HERE ? 0 : 1]);
            group_stopped(groups[1], 0);
        } else if (scenario == WAIT_BEGINS) {
            begin_next_life(0, 2);
        }
    }

    /* A loop of groups[1] in a task of groups[2], which lies in groups[3]: it may be over before a task of groups[1]. */
    void loop_ends(unsigned index)
    {
        struct worker *worker = self;
        if (index == 1) {
            enter(worker, groups[1]);
            group_stopped(groups[1], 0);
        } else if (index == 0) {
            enter(worker, groups[2]);
            wait_begin(groups[1], worker, LOOP_WAITS);
            store_release(&groups[1]->waiting, NOBODY_WAITS);
            store_release(&told, 1);
        } else {
            while (!load_acquire(&told))
                model_pause();
            begin_next_life(2, 0);
        }
    }

    void thread(unsigned index)
    {
        switch (scenario) {
        case MADE_HERE:
        case WAIT_BEGINS: waited_for_elsewhere(index); break;
        case LOOP_ENDS: loop_ends(index); break;
        case TWO_LOOK: two_look(index); break;
        case TOKEN: token_deadline_set(index); break;
        case SHIELDED: shielded(index); break;
        case STOPPED_TWICE: stopped_twice(index); break;
        case ENCLOSING: enclosing(index); break;
        case DEADLINE: deadline(index); break;
        case MOVED: moved(index); break;
        default: recycled(index);
        }
    }

    void after()
    {
        if (scenario >= MADE_HERE)
            RL_ASSERT(!group_stopped_hard(groups[scenario == WAIT_BEGINS ? 0 : 2]));
        if (scenario < RECYCLED)
            RL_ASSERT(scenario == DEADLINE || group_stopped_hard(groups[0]));
    }
};

MODEL(model, {"stopped by two", 60000}, {"enclosing group stops", 60000}, {"deadline", 60000},
      {"moved", 60000}, {"recycled", 60000},
      {"two look at a deadline", 60000}, {"token gets a deadline", 60000}, {"shielded", 60000},
      {"waited for elsewhere", 60000}, {"a wait begins elsewhere", 100000}, {"a loop ends elsewhere", 100000})
