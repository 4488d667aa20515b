/*
 * Random trees of groups: what a tree looks like and what a serial execution of it must give.
 *
 * A tree is a pure function of its seed. Each group and each task has a 64-bit key, hashed from the
 * key of what made it; every property is drawn from the key. So the threads need no shared plan, and
 * the model below walks the same tree serially.
 *
 * The model tallies for each group what surely happens and what may happen: a task may happen when
 * something else can stop it first. Where nothing is uncertain the tallies are exact.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRESS_PLAN_H
#define STRESS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PLAN_MAX_DEPTH = 5, /* groups above each other */
    PLAN_MAX_TASKS = 10,
    PLAN_MAX_EXTRAS = 3,   /* tasks that one task adds besides those of its group's plan */
    PLAN_TASK_CODE = 1000, /* + index: what a failing task of the plan returns */
    PLAN_EXTRA_CODE = 3000,
    PLAN_CANCEL_CODE = 5000, /* + index of the task that cancels */
    PLAN_OUTSIDE_CODE = 7000 /* of the thread that cancels from outside */
};

typedef enum { TASK_PASSES, TASK_FAILS, TASK_CANCELS, TASK_NESTS } task_kind;
typedef enum { ADD_GO, ADD_GO_WITH, ADD_GO_COPY, ADD_TRY_GO } add_call;

typedef struct group_plan {
    bool collect;
    bool deterministic;
    bool open;      /* tasks may add to it; then the indices depend on the schedule */
    bool relay;     /* its first task adds the others */
    bool abandoned; /* freed without a wait */
    unsigned waves; /* runs, with a reset between */
    int limit;
    int budget;
    int max_errors;
    unsigned fail_percent;
    unsigned tasks;
} group_plan;

typedef struct task_plan {
    task_kind kind;
    add_call call;
    bool explains; /* fails through ompg_fail() */
    bool named;
    bool polls;
    bool resizes; /* changes the limit of its group */
    int cost;
    unsigned value; /* of its leaf: what it adds to the group's sum */
    unsigned work;
    unsigned extras;
    unsigned levels_up; /* where the extras go: 0 is the task's own group */
} task_plan;

/* Amounts that the model expects and the run counts. `codes` is a sum of hashes: a multiset. */
typedef struct tally {
    uint64_t tasks;
    uint64_t failures;
    uint64_t sum;
    uint64_t codes;
} tally;

typedef enum { FATE_PASSES, FATE_UNCERTAIN, FATE_FAILS } fate;

/* What holds for one run of a group that nothing outside of it stops. */
typedef struct expectation {
    tally sure;
    tally maybe;
    unsigned safe; /* its tasks below this index are never stopped */
    bool cancels;  /* a task may cancel it */
    fate fate;
} expectation;

static inline uint64_t plan_hash(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The key of the child number `index` of a thing. */
static inline uint64_t plan_child(uint64_t key, unsigned index)
{
    return plan_hash(plan_hash(key) + index);
}

/* A number below `bound`; `property` tells the properties of one thing apart. */
static inline unsigned plan_draw(uint64_t key, unsigned property, unsigned bound)
{
    return (unsigned)(plan_hash(key ^ (UINT64_C(0x5851f42d4c957f2d) * (property + 1))) % bound);
}

static inline bool plan_chance(uint64_t key, unsigned property, unsigned percent)
{
    return plan_draw(key, property, 100) < percent;
}

static inline group_plan plan_group(uint64_t key, unsigned depth)
{
    group_plan plan = {.waves = 1};
    plan.deterministic = plan_chance(key, 1, 25);
    plan.collect = !plan.deterministic && plan_chance(key, 2, 50);
    plan.open = !plan.deterministic && plan_chance(key, 3, 50);
    plan.relay = plan_chance(key, 4, 25);
    plan.abandoned = depth > 0 && plan_chance(key, 5, 8);
    plan.fail_percent = plan_chance(key, 6, 55) ? 0 : 5 + plan_draw(key, 7, 30);
    plan.tasks = plan_draw(key, 8, PLAN_MAX_TASKS + 1);
    if (plan_chance(key, 9, 40))
        plan.limit = 1 + (int)plan_draw(key, 10, 3);
    if (plan_chance(key, 11, 25))
        plan.budget = 1 + (int)plan_draw(key, 12, 6);
    if (plan.collect && plan_chance(key, 13, 15))
        plan.max_errors = 1 + (int)plan_draw(key, 14, 3);
    if (!plan.abandoned && plan_chance(key, 15, 15))
        plan.waves = 2;
    return plan;
}

/* Tasks of the plan may nest groups and add extras; extras are leaves. */
static inline task_plan plan_task(const group_plan *group, uint64_t key, unsigned depth, bool extra)
{
    task_plan plan = {.kind = TASK_PASSES};
    if (plan_chance(key, 1, group->fail_percent))
        plan.kind = TASK_FAILS;
    else if (!extra && group->fail_percent != 0 && plan_chance(key, 2, 2))
        plan.kind = TASK_CANCELS;
    else if (!extra && depth + 1 < PLAN_MAX_DEPTH && plan_chance(key, 3, 40 - 5 * depth))
        plan.kind = TASK_NESTS;
    plan.call = (add_call)plan_draw(key, 4, 4);
    plan.explains = plan_chance(key, 5, 50);
    plan.named = plan_chance(key, 6, 50);
    plan.polls = plan_chance(key, 7, 30);
    plan.resizes = group->limit > 0 && plan_chance(key, 8, 10);
    plan.cost = plan.call == ADD_GO_WITH ? (int)plan_draw(key, 9, 5) : 0;
    plan.value = 1 + plan_draw(key, 10, 1000);
    plan.work = plan_chance(key, 11, 70) ? plan_draw(key, 12, 50) : plan_draw(key, 12, 5000);
    if (!extra && plan_chance(key, 13, 30)) {
        plan.extras = 1 + plan_draw(key, 14, PLAN_MAX_EXTRAS);
        plan.levels_up = plan_draw(key, 15, 3);
    }
    return plan;
}

/* The first task of a relay only adds the others: it neither fails nor nests. */
static inline task_plan plan_own_task(const group_plan *group, uint64_t key, unsigned depth,
                                      unsigned index)
{
    task_plan plan = plan_task(group, plan_child(key, index), depth, false);
    if (group->relay && index == 0)
        plan.kind = TASK_PASSES;
    return plan;
}

static inline int plan_extra_code(uint64_t key)
{
    return PLAN_EXTRA_CODE + (int)plan_draw(key, 16, 1000);
}

static inline uint64_t plan_code_hash(int code)
{
    return plan_hash((uint64_t)code);
}

/*
 * The model.
 */

typedef struct model {
    struct model *outer; /* NULL above the group that the walk began with */
    uint64_t key;
    unsigned depth;
    group_plan plan;
    tally sure;
    tally maybe;
} model;

static inline void tally_move(tally *from, tally *to, const tally *amount)
{
    from->tasks -= amount->tasks;
    from->failures -= amount->failures;
    from->sum -= amount->sum;
    from->codes -= amount->codes;
    to->tasks += amount->tasks;
    to->failures += amount->failures;
    to->sum += amount->sum;
    to->codes += amount->codes;
}

static inline void model_count(tally *into, uint64_t value, fate end, int code)
{
    into->tasks++;
    if (end == FATE_PASSES)
        into->sum += value;
    if (end == FATE_FAILS) {
        into->failures++;
        into->codes += plan_code_hash(code);
    }
}

/* Tasks that a stopped group might not have added are uncertain in every group above it. */
static inline void model_doubt(model *group, const tally before[PLAN_MAX_DEPTH])
{
    unsigned level = 0;
    for (model *at = group; at != NULL; at = at->outer, level++) {
        tally added = at->sure;
        tally unused = {0};
        tally_move(&added, &unused, &before[level]);
        tally_move(&at->sure, &at->maybe, &added);
    }
}

static inline void model_remember(const model *group, tally before[PLAN_MAX_DEPTH])
{
    unsigned level = 0;
    for (const model *at = group; at != NULL; at = at->outer, level++)
        before[level] = at->sure;
}

static inline expectation model_group(model *outer, uint64_t key, unsigned depth);

static inline void model_extras(model *group, const task_plan *plan, uint64_t key)
{
    model *target = group;
    for (unsigned i = 0; i < plan->levels_up && target != NULL; i++)
        target = target->outer;
    if (target == NULL || !target->plan.open)
        return;
    for (unsigned i = 0; i < plan->extras; i++) {
        uint64_t extra_key = plan_child(key, i);
        task_plan extra = plan_task(&target->plan, extra_key, target->depth, true);
        model_count(&target->sure, extra.value, extra.kind == TASK_FAILS ? FATE_FAILS : FATE_PASSES,
                    plan_extra_code(extra_key));
    }
}

/* How the task ends if it starts and nothing stops its group. */
static inline fate model_task(model *group, unsigned index, bool *cancels)
{
    uint64_t key = plan_child(group->key, index);
    task_plan plan = plan_own_task(&group->plan, group->key, group->depth, index);
    fate end = plan.kind == TASK_FAILS ? FATE_FAILS : FATE_PASSES;
    model_extras(group, &plan, key);
    if (plan.kind == TASK_CANCELS)
        *cancels = true;
    if (plan.kind == TASK_NESTS)
        end = model_group(group, plan_child(key, 0), group->depth + 1).fate;
    if (end == FATE_UNCERTAIN) {
        group->maybe.failures++;
        group->maybe.sum += plan.value;
    }
    model_count(&group->sure, plan.value, end, PLAN_TASK_CODE + (int)index);
    return end;
}

/* One run of the group's tasks. Tasks below .safe cannot be stopped by the group itself. */
static inline expectation model_wave(model *self)
{
    expectation expected = {.safe = self->plan.tasks};
    bool doubtful = self->plan.abandoned;
    unsigned first_failure = self->plan.tasks;
    for (unsigned i = 0; i < self->plan.tasks; i++) {
        fate end = model_task(self, i, &expected.cancels);
        if (end != FATE_PASSES && first_failure == self->plan.tasks)
            first_failure = i;
    }
    bool surely = self->sure.failures > 0 || expected.cancels;
    bool possibly = self->maybe.failures > 0;
    if (surely || possibly) {
        uint64_t errors = self->sure.failures + self->maybe.failures;
        uint64_t most = (uint64_t)self->plan.max_errors;
        bool tolerant = self->plan.collect && (most == 0 || errors < most);
        doubtful = doubtful || !tolerant || expected.cancels;
        expected.fate = surely ? FATE_FAILS : FATE_UNCERTAIN;
    }
    if (doubtful)
        expected.safe = 0;
    if (doubtful && self->plan.deterministic && !expected.cancels && !self->plan.abandoned)
        expected.safe = first_failure + 1;
    return expected;
}

static inline expectation model_group(model *outer, uint64_t key, unsigned depth)
{
    model self = {.outer = outer, .key = key, .depth = depth, .plan = plan_group(key, depth)};
    expectation expected = {0};
    tally before[PLAN_MAX_DEPTH] = {{0}};
    for (unsigned wave = 0; wave < self.plan.waves; wave++) {
        self.sure = self.maybe = (tally){0};
        model_remember(&self, before);
        expected = model_wave(&self);
        if (expected.safe < self.plan.tasks)
            model_doubt(&self, before);
    }
    if (self.plan.abandoned)
        expected.fate = FATE_PASSES;
    expected.sure = self.sure;
    expected.maybe = self.maybe;
    return expected;
}

#endif
