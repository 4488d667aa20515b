/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gate.h"

#include <assert.h>
#include <stddef.h>

_Static_assert(sizeof(void *) < 8 || offsetof(struct gate, parked.begin) == CACHE_LINE,
               "see struct gate");

/* ---- families ---- */

static inline void lock_family(struct gate *gate)
{
    spin_lock(&gate->family->lock);
}

static inline void unlock_family(struct gate *gate)
{
    spin_unlock(&gate->family->lock);
}

static void begin_claim(struct gate *gate)
{
    struct gate *root = gate->family;
    if (gate->link || gate->parked.size == 0)
        return;
    gate->next = NULL;
    gate->link = root->claims_end;
    *gate->link = gate;
    root->claims_end = &gate->next;
}

static void end_claim(struct gate *gate)
{
    if (!gate->link)
        return;
    *gate->link = gate->next;
    if (gate->next)
        gate->next->link = gate->link;
    else
        gate->family->claims_end = gate->link;
    gate->link = NULL;
}

static void join_family(struct gate *gate, struct gate *share)
{
    store_relaxed(&gate->sharers, 0);
    gate->family = share ? share->family : gate;
    gate->share = share;
    gate->reserved = gate->looks = 0;
    gate->link = NULL;
    gate->claims = NULL;
    gate->claims_end = &gate->claims;
    if (!share)
        return;
    lock_family(gate);
    add_seq_cst(&share->sharers, 1); /* before anybody looks at what has begun there */
    begin_claim(share);
    unlock_family(gate);
}

void gate_init(struct gate *gate, struct gate *share)
{
    store_relaxed(&gate->running, 0);
    store_relaxed(&gate->begun, 0U);
    store_relaxed(&gate->at_once, 0U);
    gate->cost = gate->charged = gate->added = 0.0;
    gate->charges = 0;
    gate->standby = NULL;
    if (UNLIKELY(share || gate->family != gate)) /* not a root since its last life */
        join_family(gate, share);
}

void gate_end(struct gate *gate)
{
    assert(load_relaxed(&gate->sharers) == 0 && "ompg_free of a group that others .share");
    if (!gate->share)
        return;
    lock_family(gate);
    end_claim(gate);
    sub_relaxed(&gate->share->sharers, 1);
    unlock_family(gate);
    gate->share = NULL;
    gate->family = gate;
    gate->reserved = 0; /* in looks of its own from now on */
}

bool gate_leads_to(const struct gate *gate, const struct gate *other)
{
    if (gate->family != other->family)
        return false;
    while (gate && gate != other)
        gate = gate->share;
    return gate != NULL;
}

/* ---- whether a task fits ---- */

static bool fits(const struct gate *gate, double cost)
{
    int limit = load_relaxed(&gate->limit), running = load_relaxed(&gate->running);
    if (limit > 0 && running >= limit)
        return false;
    double charged = cost > 0.0 ? gate->charged : 0.0;
    return gate->budget <= 0.0 || running == 0 || gate->cost + charged + cost <= gate->budget;
}

/* seq_cst: see gate_start. */
static unsigned started_in(struct gate *gate)
{
    return load_seq_cst(&gate->begun) + load_relaxed(&gate->at_once);
}

/* In a look in which some gates are reserved; look 0: none is. */
static bool admits(const struct gate *gate, double cost, size_t look)
{
    return fits(gate, cost) && (look == 0 || gate->reserved != look);
}

/* The first gate of the chain that refuses a task; NULL: none does. */
static struct gate *refuser(struct gate *gate, double cost, size_t look)
{
    while (gate && admits(gate, cost, look))
        gate = gate->share;
    return gate;
}

/* One more look at the claims: reserves where the next task of one is refused. */
static struct gate *reserve_for(struct gate *claim, size_t look, struct task *task)
{
    double cost = queue_peek(&claim->parked, task) ? task_cost(task) : 0.0;
    struct gate *refused_by = refuser(claim, cost, look);
    if (refused_by)
        refused_by->reserved = look;
    return refused_by;
}

static __attribute__((noinline)) size_t look_behind_slow(struct gate *gate)
{
    struct gate *root = gate->family;
    struct task task;
    size_t look = ++root->looks;
    for (struct gate *at = root->claims; at && at != gate; at = at->next)
        if (reserve_for(at, look, &task) == root)
            break; /* all others need it too */
    return look;
}

/* The look of whoever stands behind the claims, or, if it has one, behind those before it; 0: there are none. */
static inline size_t look_behind(struct gate *gate)
{
    const struct gate *first = gate->family->claims;
    return LIKELY(!first || first == gate) ? 0 : look_behind_slow(gate);
}

/* ---- places ---- */

static void take_place(struct gate *gate, const struct gate *inherited, struct task *task,
                       bool starts)
{
    bool takes = true;
    for (; gate; gate = gate->share) {
        takes &= gate != inherited;
        if (takes) {
            bump_relaxed(&gate->running, 1);
            bump_relaxed(&gate->at_once, (unsigned)starts);
        }
        gate->cost += task_cost(task);
    }
    task->tagged |= TASK_ADMITTED;
}

static void free_place(struct gate *gate, const struct place *place)
{
    bool frees = true;
    for (; gate; gate = gate->share) {
        frees &= gate != place->inherited;
        if (frees) {
            bump_relaxed(&gate->running, -1);
            bump_relaxed(&gate->at_once, -(unsigned)place->started);
        }
        gate->cost -= place->cost;
        if (load_relaxed(&gate->running) == 0)
            gate->cost = 0.0; /* what rounding has left must not add up */
    }
}

/* The next parked task leaves. */
static void unpark(struct gate *gate, struct task *task)
{
    queue_pop(&gate->parked, task, 1);
    if (gate->parked.size == 0)
        end_claim(gate);
}

static bool park_task(struct gate *gate, const struct task *task)
{
    if (!queue_push(&gate->parked, task))
        return false;
    if (gate_is_shared(gate))
        begin_claim(gate);
    return true;
}

enum gate_verdict gate_enter(struct gate *gate, struct task *task, size_t most)
{
    enum gate_verdict verdict = GATE_FULL;
    lock_family(gate);
    if (gate->parked.size == 0 && !refuser(gate, task_cost(task), look_behind(gate))) {
        take_place(gate, NULL, task,
                   (task->tagged & TASK_BRANCH) != 0); /* which cannot step back */
        verdict = GATE_ADMITTED;
    } else if (gate->parked.size < most) {
        verdict = park_task(gate, task) ? GATE_PARKED : GATE_NO_MEMORY;
    }
    unlock_family(gate);
    return verdict;
}

static bool park_again(struct gate *gate, const struct task *task)
{
    struct task parked = *task;
    parked.tagged &= ~(uintptr_t)TASK_ADMITTED;
    if (!park_task(gate, &parked))
        return false;
    free_place(gate, &(struct place){.cost = task_cost(task)});
    return true;
}

bool gate_park_again(struct gate *gate, const struct task *task)
{
    lock_family(gate);
    bool parked = park_again(gate, task);
    unlock_family(gate);
    return parked;
}

/* Beside others that have started, without counting the one that begins, more have places than may. */
static bool is_too_many(struct gate *gate, unsigned begins)
{
    return gate_is_over(gate) || (gate->budget > 0.0 && gate->cost > gate->budget &&
                                  load_relaxed(&gate->running) > 1 && started_in(gate) > begins);
}

bool gate_start_slow(struct gate *gate, const struct task *task)
{
    lock_family(gate);
    bool over = is_too_many(gate, 1);
    for (struct gate *at = gate->share; at; at = at->share)
        over |= is_too_many(at, 0);
    bool steps_back = over && park_again(gate, task);
    if (steps_back)
        bump_relaxed(&gate->at_once, -1U); /* it has not begun */
    for (struct gate *at = gate->share; at && !steps_back; at = at->share)
        bump_relaxed(&at->at_once, 1U);
    unlock_family(gate);
    return !steps_back;
}

bool gate_is_crowded(struct gate *gate, const struct gate *inherited)
{
    for (; gate && gate != inherited; gate = gate->share) {
        int limit = load_relaxed(&gate->limit);
        if (limit > 0 && started_in(gate) > (unsigned)limit)
            return true;
    }
    return false;
}

int gate_least_limit(struct gate *gate)
{
    int least = 0;
    for (; gate; gate = gate->share) {
        int limit = load_relaxed(&gate->limit);
        if (limit > 0 && (least == 0 || limit < least))
            least = limit;
    }
    return least;
}

bool gate_has_room(struct gate *gate)
{
    return gate_parked(gate) < gate_backlog(gate);
}

size_t gate_parked(struct gate *gate)
{
    lock_family(gate);
    size_t parked = gate->parked.size;
    unlock_family(gate);
    return parked;
}

/* ---- who is next ---- */

static bool next_fits(struct gate *gate, struct task *task)
{
    return queue_peek(&gate->parked, task) && !refuser(gate, task_cost(task), look_behind(gate));
}

static bool admit_next(struct gate *gate, struct task *task, bool starts)
{
    if (!next_fits(gate, task))
        return false;
    unpark(gate, task);
    take_place(gate, NULL, task, starts);
    return true;
}

bool gate_next(struct gate *gate, struct task *task)
{
    lock_family(gate);
    bool found = admit_next(gate, task, false);
    unlock_family(gate);
    return found;
}

static bool budget_is_left(const struct gate *gate)
{
    while (gate && (gate->budget <= 0.0 || gate->cost + gate->charged < gate->budget))
        gate = gate->share;
    return !gate;
}

/* Whether there is a standby whose time has come. The budget is looked at first: it lies beside the lock. */
static bool may_call(const struct gate *gate)
{
    return (gate->budget > 0.0 || gate->share) && gate->standby && budget_is_left(gate);
}

bool gate_pass_on(struct gate *gate, const struct place *place, struct task *next, bool starts,
                  bool *more)
{
    struct task another;
    bool found = false;
    lock_family(gate);
    free_place(gate, place);
    if (gate_is_shared(gate)) {
        begin_claim(gate); /* it may be its own gate that has kept its tasks back */
        *more = gate->family->claims || may_call(gate);
    } else {
        found = admit_next(gate, next, starts);
        *more = (found && next_fits(gate, &another)) || may_call(gate);
    }
    unlock_family(gate);
    return found;
}

void gate_leave(struct gate *gate, const struct place *place)
{
    lock_family(gate);
    free_place(gate, place);
    unlock_family(gate);
}

/* A claim is served: it goes behind the others. */
static void admit_claim(struct gate *gate, struct task *task)
{
    unpark(gate, task);
    end_claim(gate);
    begin_claim(gate);
    take_place(gate, NULL, task, false);
}

/*
 * The claims in their order. A gate that refuses one is reserved for it; where it is the root, nobody behind it
 * finds a place. A claim that its own gate refuses, which nobody shares, is none: whoever gives a place
 * back there claims again.
 */
static bool admit_first_claim(struct gate *root, gate_reach_fn *can_reach, void *arg,
                              struct task *task)
{
    size_t look = ++root->looks;
    struct gate *next;
    for (struct gate *at = root->claims; at; at = next) {
        next = at->next;
        struct gate *refused_by = reserve_for(at, look, task);
        if (!refused_by && can_reach(at, arg)) {
            admit_claim(at, task);
            return true;
        }
        if (refused_by == root)
            return false;
        if (refused_by == at && load_relaxed(&at->sharers) == 0)
            end_claim(at);
    }
    return false;
}

bool gate_next_claim(struct gate *gate, gate_reach_fn *can_reach, void *arg, struct task *task)
{
    lock_family(gate);
    bool found = admit_first_claim(gate->family, can_reach, arg, task);
    unlock_family(gate);
    return found;
}

/* ---- threads that wait ---- */

/* Fewer have started than may; of tasks with a cost none has, or what runs would be too dear. */
static bool has_unstarted(struct gate *gate)
{
    int limit = load_relaxed(&gate->limit);
    unsigned now = started_in(gate);
    return now == 0 || (gate->budget <= 0.0 && limit > 0 && now < (unsigned)limit);
}

/* As admit_next, beside tasks that have not started. */
static bool start_parked(struct gate *gate, const struct gate *inherited, size_t look,
                         struct task *task)
{
    if (!queue_peek(&gate->parked, task))
        return false;
    for (struct gate *at = gate; at && at != inherited; at = at->share)
        if (!admits(at, task_cost(task), look) && !has_unstarted(at))
            return false;
    unpark(gate, task);
    take_place(gate, inherited, task, true);
    return true;
}

bool gate_take_parked(struct gate *gate, const struct gate *inherited, struct task *task)
{
    lock_family(gate);
    bool found = gate->parked.size > 0 && start_parked(gate, inherited, look_behind(gate), task);
    unlock_family(gate);
    return found;
}

bool gate_take_claimed(struct gate *gate, gate_inherit_fn *inherits, void *arg,
                       const struct gate **inherited, struct task *task)
{
    bool found = false;
    lock_family(gate);
    size_t look = ++gate->family->looks;
    for (struct gate *at = gate->family->claims; at; at = at->next) {
        *inherited = inherits(at, arg);
        found = *inherited && start_parked(at, *inherited, look, task);
        if (found)
            break; /* it may have no claim any more */
        reserve_for(at, look, task);
    }
    unlock_family(gate);
    return found;
}

bool gate_take_lent(struct gate *gate, const struct gate **inherited, struct task *task)
{
    lock_family(gate);
    bool found = queue_peek(&gate->parked, task);
    if (found) {
        *inherited = refuser(gate, task_cost(task), 0);
        unpark(gate, task);
        take_place(gate, *inherited, task, true);
    }
    unlock_family(gate);
    return found;
}

void gate_each_claim(struct gate *root, void (*visit)(struct gate *claim, void *arg), void *arg)
{
    lock_family(root);
    for (struct gate *at = root->claims; at; at = at->next)
        visit(at, arg);
    unlock_family(root);
}

bool gate_drop(struct gate *gate, struct task *task)
{
    lock_family(gate);
    bool found = gate->parked.size > 0;
    if (found)
        unpark(gate, task);
    unlock_family(gate);
    return found;
}

/* ---- budgets that are charged ---- */

void gate_charge(struct gate *gate, double cost)
{
    lock_family(gate);
    for (struct gate *at = gate; at; at = at->share) {
        at->charged += cost;
        at->charges++;
    }
    unlock_family(gate);
}

bool gate_refund(struct gate *gate, double cost)
{
    struct task next;
    lock_family(gate);
    for (struct gate *at = gate; at; at = at->share) {
        at->charged -= cost;
        if (--at->charges == 0)
            at->charged = 0.0; /* as in free_place */
    }
    bool shared = gate_is_shared(gate);
    if (shared)
        begin_claim(gate);
    bool useful = (shared ? gate->family->claims != NULL : next_fits(gate, &next)) ||
                  may_call(gate);
    unlock_family(gate);
    return useful;
}

bool gate_has_budget(struct gate *gate, struct standby *standby)
{
    lock_family(gate);
    bool has = budget_is_left(gate);
    if (!has)
        gate->standby = standby;
    unlock_family(gate);
    return has;
}

struct standby *gate_take_standby(struct gate *gate)
{
    if (!gate_counts_cost(gate))
        return NULL;
    lock_family(gate);
    struct standby *standby = may_call(gate) ? gate->standby : NULL;
    if (standby)
        gate->standby = NULL;
    unlock_family(gate);
    return standby;
}

void gate_forget_standby(struct gate *gate)
{
    if (!gate_counts_cost(gate))
        return;
    lock_family(gate);
    gate->standby = NULL;
    unlock_family(gate);
}

bool gate_counts_cost(const struct gate *gate)
{
    while (gate && gate->budget <= 0.0)
        gate = gate->share;
    return gate != NULL;
}

/* ---- the rest ---- */

void gate_set_limit(struct gate *gate, int limit)
{
    lock_family(gate);
    store_relaxed(&gate->limit, limit);
    if (gate_is_shared(gate))
        begin_claim(gate);
    unlock_family(gate);
}

size_t gate_skip_plain(struct gate *gate)
{
    lock_family(gate);
    size_t skipped = queue_skip_plain(&gate->parked);
    if (gate->parked.size == 0)
        end_claim(gate);
    unlock_family(gate);
    return skipped;
}

static bool would_fit(struct gate *gate, size_t waiting, double cost)
{
    int limit = load_relaxed(&gate->limit), running = load_relaxed(&gate->running);
    if (limit > 0 && (size_t)running + waiting >= (size_t)limit)
        return false;
    return gate->budget <= 0.0 || (size_t)running + waiting == 0 ||
           gate->cost + cost <= gate->budget;
}

bool gate_would_admit(struct gate *gate, const struct queue *queue, double cost)
{
    lock_family(gate);
    struct gate *at = gate;
    while (at && would_fit(at, queue->size, gate->added + cost))
        at = at->share;
    unlock_family(gate);
    return !at;
}

bool gate_open(struct gate *gate, struct queue *queue)
{
    lock_family(gate);
    bool opens = gate->parked.size == 0;
    if (opens) {
        gate->parked = *queue;
        *queue = (struct queue){0};
        if (gate_is_shared(gate))
            begin_claim(gate);
    }
    unlock_family(gate);
    return opens;
}
