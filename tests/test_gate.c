/*
 * The gate of limits and budgets (src/store/gate.c) against counts and an array of parked tasks.
 *
 * Fails for: a limit that lets one more in, or is not looked at; a budget that is not, or that lets no
 * dear task run alone; a place or a cost that is not given back; a cheap task that overtakes a dear
 * one; a task that steps back although the limit allows it, or keeps its mark; a start that is not counted; *more where nothing
 * more fits; places that are kept when the gate opens again; places that are given
 * back without the lock (with delays); a standby that is not called when somebody's cost comes back, or that is
 * called twice, or without budget.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "store/gate.h"

enum { MOST = 400, STEPS = 300, COSTS = 8 };

static struct gate gate;

/* A task with a cost has an extra; costs are whole numbers, so that sums are exact. */
static struct task_extra extras[COSTS];

/* The model: tasks that have a place, and those that wait for one, oldest first. */
static struct task admitted[MOST], parked[MOST];
static bool has_started[MOST];
static size_t admitted_count, parked_count, next_index;
static int limit;
static double budget, cost;

static struct task drawn_task(void)
{
    struct task task = {.tagged = 64, .index = next_index++};
    if (budget > 0.0 ? chance(80) : chance(10)) {
        task.arg = &extras[draw(COSTS)];
        task.tagged |= TASK_EXTRA;
    }
    return task;
}

static bool model_fits(const struct task *task)
{
    if (limit > 0 && admitted_count >= (size_t)limit)
        return false;
    return budget <= 0.0 || admitted_count == 0 || cost + task_cost(task) <= budget;
}

static void model_admit(const struct task *task, bool starts)
{
    admitted[admitted_count] = *task;
    has_started[admitted_count] = starts;
    admitted[admitted_count++].tagged |= TASK_ADMITTED;
    cost += task_cost(task);
}

static void model_leave(size_t at)
{
    cost -= task_cost(&admitted[at]);
    admitted[at] = admitted[--admitted_count];
    has_started[at] = has_started[admitted_count];
}

static bool model_next_fits(void)
{
    return parked_count > 0 && model_fits(&parked[0]);
}

static bool model_admit_next(bool starts)
{
    if (!model_next_fits())
        return false;
    model_admit(&parked[0], starts);
    memmove(parked, parked + 1, --parked_count * sizeof *parked);
    return true;
}

static void check_newest(const struct task *task)
{
    const struct task *newest = &admitted[admitted_count - 1];
    CHECK_INT(task->index, newest->index);
    CHECK_INT(task->tagged, newest->tagged);
    CHECK(task->arg == newest->arg);
}

/* ---- operations ---- */

static void enter(void)
{
    if (admitted_count == MOST || parked_count == MOST)
        return;
    struct task task = drawn_task();
    bool may_park = chance(80), admits = parked_count == 0 && model_fits(&task);
    enum gate_verdict expected = admits ? GATE_ADMITTED : may_park ? GATE_PARKED : GATE_FULL;
    if (admits)
        model_admit(&task, false);
    else if (may_park)
        parked[parked_count++] = task;
    CHECK_INT(gate_enter(&gate, &task, may_park ? GATE_ANY_NUMBER : GATE_NONE), expected);
    if (admits)
        check_newest(&task);
}

static void leave(void)
{
    if (admitted_count == 0)
        return;
    size_t at = draw(admitted_count);
    struct place place = {.cost = task_cost(&admitted[at]), .started = has_started[at]};
    bool starts = chance(50);
    struct task next = {.tagged = 0};
    bool more;
    model_leave(at);
    bool passes = model_admit_next(starts);
    CHECK_INT(gate_pass_on(&gate, &place, &next, starts, &more), passes);
    CHECK_INT(more, passes && model_next_fits());
    if (passes)
        check_newest(&next);
}

static void take_next(void)
{
    struct task task = {.tagged = 0};
    bool admits = model_admit_next(false);
    CHECK_INT(gate_next(&gate, &task), admits);
    if (admits)
        check_newest(&task);
}

static void start(void)
{
    if (admitted_count == 0)
        return;
    size_t at = draw(admitted_count);
    struct task task = admitted[at];
    bool over = limit > 0 && admitted_count > (size_t)limit;
    CHECK_INT(gate_is_over(&gate), over);
    if (has_started[at])
        return;
    CHECK_INT(gate_start(&gate, &task), !over);
    has_started[at] = !over;
    if (!over)
        return;
    model_leave(at);
    parked[parked_count] = task;
    parked[parked_count++].tagged &= ~(uintptr_t)TASK_ADMITTED;
}

static void set_limit(void)
{
    limit = (int)draw(12);
    gate_set_limit(&gate, limit);
}

/* The queue tells how many go at once: at least one, where the oldest is plain. */
static void skip(void)
{
    size_t skipped = gate_skip_plain(&gate);
    CHECK_INT(skipped > 0, parked_count > 0 && !(parked[0].tagged & TASK_FLAGS));
    if (!CHECK(skipped <= parked_count))
        return;
    for (size_t i = 0; i < skipped; i++)
        CHECK(!(parked[i].tagged & TASK_FLAGS));
    parked_count -= skipped;
    memmove(parked, parked + skipped, parked_count * sizeof *parked);
}

static void check_gate(void)
{
    CHECK_INT(load_relaxed(&gate.limit), limit);
    CHECK_INT(load_relaxed(&gate.running), admitted_count);
    size_t started = 0;
    for (size_t i = 0; i < admitted_count; i++)
        started += has_started[i];
    CHECK_INT(load_relaxed(&gate.begun) + load_relaxed(&gate.at_once), started);
    CHECK_INT(gate.parked.size, parked_count);
    CHECK(gate.cost == cost);
}

/* ---- rounds ---- */

/* What is added before the wait is parked when the gate opens; no task has a place then. */
static void fill_and_open(void)
{
    struct queue queue = {0};
    for (size_t n = draw(20); n > 0; n--) {
        struct task task = drawn_task();
        bool admits = limit == 0 || queue.size < (size_t)limit;
        admits &= budget <= 0.0 || queue.size == 0 || gate.added + task_cost(&task) <= budget;
        CHECK_INT(gate_would_admit(&gate, &queue, task_cost(&task)), admits);
        CHECK(queue_push(&queue, &task));
        gate.added += task_cost(&task);
        parked[parked_count++] = task;
    }
    CHECK(gate_open(&gate, &queue));
    CHECK_INT(queue.size, 0);
}

static void begin(void)
{
    for (int i = 0; i < COSTS; i++)
        extras[i].cost = i;
    budget = chance(50) ? 0.0 : 1.0 + (double)draw(12);
    limit = chance(30) ? 0 : (int)draw(12);
    gate = (struct gate){.budget = budget};
    gate_init(&gate, NULL);
    gate_set_limit(&gate, limit);
    admitted_count = parked_count = 0;
    cost = 0.0;
    fill_and_open();
}

static void drain(void)
{
    gate_set_limit(&gate, limit = 0);
    while (atomic_load(&check_failed) == 0 && admitted_count + parked_count > 0) {
        take_next();
        leave();
    }
}

static void round_of_steps(void)
{
    static void (*const operations[])(void) = {enter, enter,     enter,     leave, leave,
                                               leave, take_next, set_limit, skip,  start};
    unsigned failed = atomic_load(&check_failed);
    begin();
    check_gate();
    for (int i = 0; i < STEPS && atomic_load(&check_failed) == failed; i++) {
        size_t kind = draw(sizeof operations / sizeof operations[0] * 4);
        operations[kind < 30 ? kind % 7 : kind % 10]();
        check_gate();
    }
    drain();
    check_gate();
    gate_end(&gate);
}

static void random_steps(void)
{
    in_rounds(round_of_steps);
}

/* ---- the standby ---- */

static void not_called(struct standby *standby)
{
    (void)standby;
}

/* Takes a place with a cost of 3, or gives it back; returns *more. */
static bool take_and_give_back(bool gives_back)
{
    struct task task = {.arg = &extras[3], .tagged = 64 | TASK_EXTRA}, next;
    bool more = false;
    if (gives_back)
        CHECK(!gate_pass_on(&gate, &(struct place){.cost = 3}, &next, true, &more));
    else
        CHECK_INT(gate_enter(&gate, &task, GATE_ANY_NUMBER), GATE_ADMITTED);
    return more;
}

static void whoever_waits_for_the_budget_is_called(void)
{
    struct standby standby = {not_called};
    extras[3].cost = 3;
    gate = (struct gate){.budget = 6};
    gate_init(&gate, NULL);
    CHECK(gate_has_budget(&gate, &standby));
    CHECK(gate_take_standby(&gate) == NULL); /* it has got what it wanted */
    for (int refunds = 0; refunds <= 1; refunds++) {
        take_and_give_back(false);
        gate_charge(&gate, 2);
        CHECK(gate_has_budget(&gate, &standby));
        gate_charge(&gate, 2);
        CHECK(!gate_has_budget(&gate, &standby));
        CHECK(gate_take_standby(&gate) == NULL);
        CHECK(refunds ? gate_refund(&gate, 2) : take_and_give_back(true));
        CHECK(gate_take_standby(&gate) == &standby);
        CHECK(gate_take_standby(&gate) == NULL);
        CHECK(!(refunds ? take_and_give_back(true) : gate_refund(&gate, 2)));
        CHECK(!gate_refund(&gate, 2));
    }
    gate_charge(&gate, 6);
    CHECK(!gate_has_budget(&gate, &standby));
    gate_forget_standby(&gate);
    CHECK(!gate_refund(&gate, 6));
    CHECK(gate_take_standby(&gate) == NULL);
}

/* ---- with threads ---- */

enum { LIMIT = 3, ENTERS = 40000 / SHARE };

static atomic_int inside, most_inside, over;

static void run_task(struct task *task)
{
    bool more;
    do {
        int now = atomic_fetch_add(&inside, 1) + 1, most = atomic_load(&most_inside);
        while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
            ;
        atomic_fetch_sub(&inside, 1);
        atomic_fetch_add(&over, 1);
    } while (gate_pass_on(&gate, &(struct place){.started = true}, task, true, &more));
}

static void *enter_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < ENTERS; i++) {
        struct task task = {.tagged = 64};
        if (gate_enter(&gate, &task, GATE_ANY_NUMBER) == GATE_ADMITTED && gate_start(&gate, &task))
            run_task(&task);
    }
    return NULL;
}

/* Whoever gives a place back takes the next task along: none is left behind. */
static void places_of_threads(void)
{
    gate = (struct gate){.budget = 0.0};
    gate_init(&gate, NULL);
    gate_set_limit(&gate, LIMIT);
    in_pthreads(enter_often);
    CHECK_INT(atomic_load(&over), PTHREADS * ENTERS);
    CHECK(atomic_load(&most_inside) <= LIMIT);
    CHECK_INT(load_relaxed(&gate.running), 0);
    CHECK_INT(gate.parked.size, 0);
}

CHECK_MAIN("gate", {"random steps", random_steps},
           {"whoever waits for the budget is called", whoever_waits_for_the_budget_is_called},
           {"places of threads", places_of_threads})
