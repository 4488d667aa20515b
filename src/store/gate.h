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
 * Discipline: every field is guarded by lock; limit and running are also looked at without it, where
 * the next look comes soon. A limit that is raised takes effect at the next enter, leave or set from a
 * thread of the region. One that is lowered: a task that has a place and has not started steps back.
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

/* Begins a cache line, which has all that a task's end touches, except the newest parked series. */
struct gate {
    struct spinlock lock;
    atomic_int limit;   /* 0: none */
    atomic_int running; /* places taken */
    int backlog;        /* most tasks that ompg_go parks, 0: any number; read-only after ompg_new */
    double budget;      /* 0: none */
    double cost;        /* of the places taken; before the wait, of the tasks added */
    struct queue parked;
    double charged;          /* of the budget, by what is no task, */
    size_t charges;          /* and by how many of these */
    struct standby *standby; /* NULL: none */
};

enum gate_verdict { GATE_ADMITTED, GATE_PARKED, GATE_FULL, GATE_NO_MEMORY };

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

/* Parks a task that has a place, if more have one than may; false where not, or memory is short. */
bool gate_step_back(struct gate *gate, struct task *task);

/* How many tasks are parked. */
size_t gate_parked(struct gate *gate);

/* Takes the next parked task, with a place; false when none is parked or none fits. */
bool gate_next(struct gate *gate, struct task *task);

/* Gives back the place of a task, and the same; *more: another one fits beside it, or the standby may be called. */
bool gate_pass_on(struct gate *gate, double cost, struct task *next, bool *more);

/* Takes from the budget for what is no task, and is there already whether it fits or not. */
void gate_charge(struct gate *gate, double cost);

/* Gives that back; true when a parked task fits now, or the standby may be called. */
bool gate_refund(struct gate *gate, double cost);

/* False when the budget is used up: then `standby` is to be called. A gate has one at most. */
bool gate_has_budget(struct gate *gate, struct standby *standby);

/* Takes the standby that is to be called now; NULL: none, or the budget is used up. */
struct standby *gate_take_standby(struct gate *gate);

/* The wait is over: nothing is to be called any more. */
void gate_forget_standby(struct gate *gate);

/* Parked tasks of a group that has stopped, taken away unseen: see queue_skip_plain. */
size_t gate_skip_plain(struct gate *gate);

void gate_set_limit(struct gate *gate, int limit);

/* ---- before the wait, by the one thread that adds: no task has a place yet ---- */

/* Whether one more task would find a place if those in the queue had started. */
bool gate_would_admit(const struct gate *gate, const struct queue *queue, double cost);

/* Of a group without tasks: all places are free. */
void gate_clear(struct gate *gate);

/* Parks all that was added before the wait. */
void gate_open(struct gate *gate, struct queue *queue);

#endif
