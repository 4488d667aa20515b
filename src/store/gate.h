/*
 * Gate: how many tasks of a group may run at once (.limit), and how dear they may be (.budget).
 *
 * A task holds a place from the moment it is admitted (when it is added to a running group, if
 * there is room) until it is over. A task that finds no place is parked; whoever gives a place back
 * takes the next parked task with it. So no thread ever waits at a gate. First come, first served: a
 * dear task at the head is not overtaken by cheap ones.
 *
 *     running == 0, or running <= limit when each was admitted (limit > 0)
 *     cost <= budget (budget > 0), except a dearer task that runs alone; for a task that costs something
 *     what is charged to the budget counts too
 *     parked is not empty  =>  running > 0, or the limit was just raised
 *
 * Shared gates. A gate may have a `share`: then its tasks take a place in each gate of the chain (gate, share,
 * its share, ...), or in none. All gates that lead to the same root are a family.
 *   Claims    A gate with parked tasks that a shared gate refuses has a claim: it is in the root's list. Places
 *             that come free go to the claims in their order; a gate that refuses a claim because it is full
 *             is reserved in that look, for whoever is behind. A claim that was served goes to the end.
 *   Started   A place may be taken by a task that lies in some deque, where those who wait for it do not get
 *             at it. So gates know how many have started. Where fewer have than may, a thread that waits may
 *             start a parked task at once (gate_take_parked); the one too many steps back at its start.
 *   Inherited What runs on top of a task that has a place, on its stack, needs no other in that gate, nor in those
 *             that come after it in the chain: it takes places up to there. Its cost counts in all.
 *
 * Discipline: the root's lock guards every field of the family, except what names another guard; limit, running
 * and started are also looked at without it, where the next look comes soon. A limit that is raised takes effect
 * at the next enter, leave or set from a thread of the region. One that is lowered: a task that has a place and
 * has not started steps back.
 * A start does not take the lock of a gate that is alone: it adds to `begun`, then looks whether there are
 * sharers; whoever makes a gate a shared one adds to `sharers` before it looks at `begun` (Dekker).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_GATE_H
#define OMPG_SRC_GATE_H

#include "base/atomics.h"
#include "base/spinlock.h"
#include "store/queue.h"

/* What is no task and wants some of the budget: is called once there is some, where there was none. */
struct standby {
    void (*call)(struct standby *standby);
};

/* Begins a cache line, which has all that a task's end touches, except where the oldest parked series is. */
struct gate {
    struct spinlock lock; /* of the family, in its root */
    atomic_int limit;     /* 0: none */
    atomic_int running;   /* places taken */
    atomic_uint begun;    /* started == begun + at_once, of those that took a place here: */
    atomic_uint at_once;  /* those that did when they took it, less those that are over */
    atomic_int sharers;   /* gates whose `share` this is */
    struct gate *family;  /* its root; read-only after gate_init */
    double budget;        /* 0: none */
    double cost;          /* of the places taken */
    struct queue parked;
    double charged;          /* of the budget, by what is no task, */
    size_t charges;          /* and by how many of these */
    struct standby *standby; /* NULL: none */
    double added; /* guard: the mailbox's lock; cost of the tasks added before the wait */
    int backlog;  /* most tasks that ompg_go parks, 0: any number; read-only after ompg_new */
    struct gate
        *share; /* where tasks take a place as well, NULL: nowhere; read-only after gate_init */
    struct gate *next;  /* of the claims, */
    struct gate **link; /* and what points to this one; NULL: it has no claim */
    size_t reserved;    /* the look in which this gate refused a claim */
    /* of a root: */
    struct gate *claims;
    struct gate **claims_end;
    size_t looks;
};

enum gate_verdict { GATE_ADMITTED, GATE_PARKED, GATE_FULL, GATE_NO_MEMORY };

/* All free, alone. NULL share: none; otherwise a gate that outlives this one, and is a shared one from now on. */
void gate_init(struct gate *gate, struct gate *share);

/* At the end of its life: with no task, and no sharer. */
void gate_end(struct gate *gate);

/* Whether others take places in it, or it takes its places elsewhere as well. */
static inline bool gate_is_shared(const struct gate *gate)
{
    return gate->share || load_seq_cst(&((struct gate *)gate)->sharers) > 0;
}

/* Whether the gate is the other one, or takes its places there as well. */
bool gate_leads_to(const struct gate *gate, const struct gate *other);

/*
 * Gives the task a place and marks it (TASK_ADMITTED), or parks it where fewer than `most` are parked, or says
 * GATE_FULL.
 */
enum gate_verdict gate_enter(struct gate *gate, struct task *task, size_t most);

enum { GATE_NONE = 0 };          /* it must not be parked */
#define GATE_ANY_NUMBER SIZE_MAX /* it must be */

/* How many may be parked when a task is added. */
static inline size_t gate_backlog(const struct gate *gate)
{
    return gate->backlog > 0 ? (size_t)gate->backlog : GATE_ANY_NUMBER;
}

/* Whether one more task would be parked, or have a place. */
bool gate_has_room(struct gate *gate);

/* Whether more tasks have a place than the limit, which was lowered, allows. */
static inline bool gate_is_over(struct gate *gate)
{
    int limit = load_relaxed(&gate->limit);
    return limit > 0 && load_relaxed(&gate->running) > limit;
}

/* See gate_start; `begun` is counted already. */
bool gate_start_slow(struct gate *gate, const struct task *task);

/*
 * A task that has a place starts; or, if more have one than may, it is parked and loses its place: false.
 * Not where memory is short.
 */
static inline bool gate_start(struct gate *gate, const struct task *task)
{
    add_seq_cst(&gate->begun, 1U); /* before gate_is_shared: see above */
    if (LIKELY(!gate_is_shared(gate) && !gate_is_over(gate)))
        return true;
    return gate_start_slow(gate, task);
}

/* Whether more have started than the limits, which were lowered, allow; up to the gate that is inherited. */
bool gate_is_crowded(struct gate *gate, const struct gate *inherited);

/* The lowest limit of the chain, 0: none. */
int gate_least_limit(struct gate *gate);

/* How many tasks are parked. */
size_t gate_parked(struct gate *gate);

/* Takes the next parked task, with a place; false when none is parked or none fits. */
bool gate_next(struct gate *gate, struct task *task);

/* What a task has had of a gate and its chain. */
struct place {
    const struct gate *inherited; /* from here on it had no place of its own; NULL: everywhere */
    double cost;
    bool started;
};

/*
 * Gives it back, and takes the next parked task of a gate that is not shared, which `starts` now or later.
 * *more: others are to be taken by gate_next, or, of a shared gate, by gate_next_claim; or the standby may be
 * called.
 */
bool gate_pass_on(struct gate *gate, const struct place *place, struct task *next, bool starts,
                  bool *more);

/* A place that is given back and leaves nobody behind who would have to be told. */
void gate_leave(struct gate *gate, const struct place *place);

/* Whether a task of the gate could be handed to a thread that runs it. Called under the lock. */
typedef bool gate_reach_fn(struct gate *gate, void *arg);

/* The next task of a claim in the family that fits and can be reached, with a place. */
bool gate_next_claim(struct gate *gate, gate_reach_fn *can_reach, void *arg, struct task *task);

/* The next parked task, which starts now although tasks have its place that have not started. */
bool gate_take_parked(struct gate *gate, const struct gate *inherited, struct task *task);

/* The gate of the claim's chain from which on the caller has places, NULL: none. Called under the lock. */
typedef const struct gate *gate_inherit_fn(struct gate *claim, void *arg);

/* The same for the first claim in the family that inherits something, from *inherited on. */
bool gate_take_claimed(struct gate *gate, gate_inherit_fn *inherits, void *arg,
                       const struct gate **inherited, struct task *task);

/* The next parked task, which starts now: from the first gate that is full on (*inherited) without a place. */
bool gate_take_lent(struct gate *gate, const struct gate **inherited, struct task *task);

/* All claims of a family. Called under the lock. */
void gate_each_claim(struct gate *root, void (*visit)(struct gate *claim, void *arg), void *arg);

/* The next parked task of a group that has stopped: without a place. */
bool gate_drop(struct gate *gate, struct task *task);

/* Parks again a task that has a place and that nobody could be given; false when memory is short. */
bool gate_park_again(struct gate *gate, const struct task *task);

/* Takes from the budgets for what is no task, and is there already whether it fits or not. */
void gate_charge(struct gate *gate, double cost);

/* Gives that back; true when a parked task may fit now, or the standby may be called. */
bool gate_refund(struct gate *gate, double cost);

/*
 * False when a budget is used up: then `standby` is to be called. A gate has one at most. Where it is another group's
 * cost that comes back, whoever waits for the standby's group calls it.
 */
bool gate_has_budget(struct gate *gate, struct standby *standby);

/* Takes the standby that is to be called now; NULL: none, or a budget is used up. */
struct standby *gate_take_standby(struct gate *gate);

/* The wait is over: nothing is to be called any more. */
void gate_forget_standby(struct gate *gate);

/* Whether any gate of the chain has a budget. */
bool gate_counts_cost(const struct gate *gate);

/* Parked tasks of a group that has stopped, taken away unseen: see queue_skip_plain. */
size_t gate_skip_plain(struct gate *gate);

void gate_set_limit(struct gate *gate, int limit);

/* ---- before the wait, by the one thread that adds: no task has a place yet ---- */

/* Whether one more task would find a place if those in the queue had started. */
bool gate_would_admit(struct gate *gate, const struct queue *queue, double cost);

/* Parks all that was added before the wait; false, nothing done, where something is parked. */
bool gate_open(struct gate *gate, struct queue *queue);

#endif
