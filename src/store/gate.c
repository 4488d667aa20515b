/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gate.h"

#include <stddef.h>

_Static_assert(sizeof(void *) < 8 || offsetof(struct gate, parked.newest) == CACHE_LINE,
               "see struct gate");

static bool fits(const struct gate *gate, double cost)
{
    int limit = load_relaxed(&gate->limit), running = load_relaxed(&gate->running);
    if (limit > 0 && running >= limit)
        return false;
    double charged = cost > 0.0 ? gate->charged : 0.0;
    return gate->budget <= 0.0 || running == 0 || gate->cost + charged + cost <= gate->budget;
}

static void take_place(struct gate *gate, struct task *task)
{
    bump_relaxed(&gate->running, 1);
    gate->cost += task_cost(task);
    task->tagged |= TASK_ADMITTED;
}

static void free_place(struct gate *gate, double cost)
{
    bump_relaxed(&gate->running, -1);
    gate->cost -= cost;
    if (load_relaxed(&gate->running) == 0)
        gate->cost = 0.0; /* what rounding has left must not add up */
}

enum gate_verdict gate_enter(struct gate *gate, struct task *task, size_t most)
{
    enum gate_verdict verdict = GATE_FULL;
    spin_lock(&gate->lock);
    if (gate->parked.size == 0 && fits(gate, task_cost(task))) {
        take_place(gate, task);
        verdict = GATE_ADMITTED;
    } else if (gate->parked.size < most) {
        verdict = queue_push(&gate->parked, task) ? GATE_PARKED : GATE_NO_MEMORY;
    }
    spin_unlock(&gate->lock);
    return verdict;
}

bool gate_step_back(struct gate *gate, struct task *task)
{
    struct task parked = *task;
    parked.tagged &= ~(uintptr_t)TASK_ADMITTED;
    spin_lock(&gate->lock);
    bool steps_back = gate_is_over(gate) && queue_push(&gate->parked, &parked);
    if (steps_back)
        free_place(gate, task_cost(task));
    spin_unlock(&gate->lock);
    return steps_back;
}

bool gate_has_room(struct gate *gate)
{
    return gate_parked(gate) < gate_backlog(gate);
}

size_t gate_parked(struct gate *gate)
{
    spin_lock(&gate->lock);
    size_t parked = gate->parked.size;
    spin_unlock(&gate->lock);
    return parked;
}

static bool next_fits(const struct gate *gate, struct task *task)
{
    return queue_peek(&gate->parked, task) && fits(gate, task_cost(task));
}

static bool admit_next(struct gate *gate, struct task *task)
{
    if (!next_fits(gate, task))
        return false;
    queue_pop(&gate->parked, task, 1);
    take_place(gate, task);
    return true;
}

bool gate_next(struct gate *gate, struct task *task)
{
    spin_lock(&gate->lock);
    bool found = admit_next(gate, task);
    spin_unlock(&gate->lock);
    return found;
}

static bool budget_is_left(const struct gate *gate)
{
    return gate->budget <= 0.0 || gate->cost + gate->charged < gate->budget;
}

/* Whether there is a standby whose time has come. The budget is looked at first: it lies beside the lock. */
static bool may_call(const struct gate *gate)
{
    return gate->budget > 0.0 && gate->standby && budget_is_left(gate);
}

bool gate_pass_on(struct gate *gate, double cost, struct task *next, bool *more)
{
    struct task another;
    spin_lock(&gate->lock);
    free_place(gate, cost);
    bool found = admit_next(gate, next);
    *more = (found && next_fits(gate, &another)) || may_call(gate);
    spin_unlock(&gate->lock);
    return found;
}

void gate_charge(struct gate *gate, double cost)
{
    spin_lock(&gate->lock);
    gate->charged += cost;
    gate->charges++;
    spin_unlock(&gate->lock);
}

bool gate_refund(struct gate *gate, double cost)
{
    struct task next;
    spin_lock(&gate->lock);
    gate->charged -= cost;
    if (--gate->charges == 0)
        gate->charged = 0.0; /* as in free_place */
    bool useful = next_fits(gate, &next) || may_call(gate);
    spin_unlock(&gate->lock);
    return useful;
}

bool gate_has_budget(struct gate *gate, struct standby *standby)
{
    spin_lock(&gate->lock);
    bool has = budget_is_left(gate);
    if (!has)
        gate->standby = standby;
    spin_unlock(&gate->lock);
    return has;
}

struct standby *gate_take_standby(struct gate *gate)
{
    if (gate->budget <= 0.0)
        return NULL;
    spin_lock(&gate->lock);
    struct standby *standby = may_call(gate) ? gate->standby : NULL;
    if (standby)
        gate->standby = NULL;
    spin_unlock(&gate->lock);
    return standby;
}

void gate_forget_standby(struct gate *gate)
{
    if (gate->budget <= 0.0)
        return;
    spin_lock(&gate->lock);
    gate->standby = NULL;
    spin_unlock(&gate->lock);
}

void gate_set_limit(struct gate *gate, int limit)
{
    spin_lock(&gate->lock);
    store_relaxed(&gate->limit, limit);
    spin_unlock(&gate->lock);
}

size_t gate_skip_plain(struct gate *gate)
{
    spin_lock(&gate->lock);
    size_t skipped = queue_skip_plain(&gate->parked);
    spin_unlock(&gate->lock);
    return skipped;
}

bool gate_would_admit(const struct gate *gate, const struct queue *queue, double cost)
{
    int limit = load_relaxed(&gate->limit);
    if (limit > 0 && queue->size >= (size_t)limit)
        return false;
    return gate->budget <= 0.0 || queue->size == 0 || gate->cost + cost <= gate->budget;
}

void gate_clear(struct gate *gate)
{
    store_relaxed(&gate->running, 0);
    gate->cost = 0.0;
}

void gate_open(struct gate *gate, struct queue *queue)
{
    spin_lock(&gate->lock);
    gate_clear(gate);
    gate->parked = *queue;
    *queue = (struct queue){0};
    spin_unlock(&gate->lock);
}
