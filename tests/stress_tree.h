/*
 * Random trees of groups: runs the tree of stress_plan.h on a real team, checks every group after
 * its wait, and the tasks while they run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRESS_TREE_H
#define STRESS_TREE_H

#include "stress_node.h"
#include "stress_verdict.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* What a copied argument holds. */
typedef struct ticket {
    visit *visit;
    uint64_t key;
} ticket;

/* The group whose nested wait is the innermost on this thread's stack. */
static _Thread_local const node *tree_waiting;

static inline void *tree_allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        abort();
    return memory;
}

static inline void tree_work(unsigned steps)
{
    for (volatile unsigned i = 0; i < steps; i = i + 1)
        ;
}

/*
 * Tasks.
 */

/* Whether something may stop the task with this index. */
static inline bool node_may_stop(const node *at, unsigned index)
{
    unsigned needed = index == TREE_EXTRA ? at->plan.tasks : index + 1;
    return at->exposed || at->expected.safe < needed;
}

static inline bool node_is_within(const node *at, const node *group)
{
    while (at != NULL && at != group)
        at = at->outer;
    return at != NULL;
}

static inline uint64_t visit_weight(const visit *self)
{
    return (UINT64_C(1) << 32) | (uint64_t)self->plan.cost;
}

static inline void visit_enter(visit *self, const ompg_group *group)
{
    node *at = self->node;
    uint64_t load = atomic_fetch_add(&at->load, visit_weight(self)) + visit_weight(self);
    uint64_t running = load >> 32;
    uint64_t cost = load & UINT32_MAX;
    tree_check(at, group == at->group, "a task gets its group");
    tree_check(at, !atomic_load(&at->over), "no task starts after the wait");
    tree_equal(at, atomic_fetch_add(&self->starts, 1), 0, "earlier starts of a task");
    tree_equal(at, atomic_load(&self->drops), 0, "drops before the task");
    if (at->plan.limit > 0 && running > (uint64_t)at->plan.limit)
        tree_fault(at, "running tasks within the limit", running, (uint64_t)at->plan.limit);
    if (at->plan.budget > 0 && cost > (uint64_t)at->plan.budget && running > 1)
        tree_fault(at, "running costs within the budget", cost, (uint64_t)at->plan.budget);
    tree_check(at, tree_waiting == NULL || node_is_within(at, tree_waiting),
               "a nested wait runs only what is below its group");
}

static inline void visit_leave(visit *self, visit_end end, int code)
{
    self->end = end;
    self->code = code;
    atomic_fetch_sub(&self->node->load, visit_weight(self));
}

static int visit_body(visit *self);

static int visit_run(ompg_group *group, void *arg)
{
    visit *self = arg;
    visit_enter(self, group);
    return visit_body(self);
}

static int visit_run_copied(ompg_group *group, void *arg)
{
    const ticket *copy = arg;
    visit *self = copy->visit;
    visit_enter(self, group);
    tree_equal(self->node, (uintptr_t)arg % 16, 0, "alignment of a copied argument");
    int code = visit_body(self);
    tree_equal(self->node, copy->key, self->key, "a copied argument lives as long as its task");
    return code;
}

static void visit_drop(void *arg)
{
    visit *self = arg;
    tree_equal(self->node, atomic_fetch_add(&self->drops, 1), 0, "earlier drops of a task");
    tree_check(self->node, !atomic_load(&self->node->over), "no drop comes after the wait");
}

static inline int visit_add_now(visit *self)
{
    ompg_group *group = self->node->group;
    ompg_task_options options = {.drop = visit_drop, .cost = self->plan.cost};
    ticket copied = {self, self->key};
    int code;
    if (self->plan.named)
        options.name = "named";
    switch (self->plan.call) {
    case ADD_GO_WITH:
        return ompg_go_with(group, visit_run, self, &options);
    case ADD_GO_COPY:
        code = ompg_go_copy(group, visit_run_copied, &copied, sizeof copied);
        copied = (ticket){NULL, 0};
        return code;
    case ADD_TRY_GO:
        code = ompg_try_go(group, visit_run, self);
        if (code != EAGAIN)
            return code;
        tree_check(self->node, self->node->plan.limit > 0 || self->node->plan.budget > 0,
                   "EAGAIN only where there is a limit");
        return ompg_go(group, visit_run, self);
    case ADD_GO:
        break;
    }
    return ompg_go(group, visit_run, self);
}

/* Says whether the task was accepted. */
static inline bool visit_add(node *at, uint64_t key, unsigned index, const task_plan *plan)
{
    visit *self = tree_allocate(sizeof *self);
    self->node = at;
    self->key = key;
    self->index = index;
    self->plan = *plan;
    self->next = atomic_load(&at->visits);
    while (!atomic_compare_exchange_weak(&at->visits, &self->next, self))
        ;
    int code = visit_add_now(self);
    self->accepted = code == 0;
    self->refused = code == ECANCELED;
    if (!self->accepted && !self->refused)
        tree_fault(at, "code of adding a task", (uint64_t)code, 0);
    if (self->refused && !node_may_stop(at, index))
        tree_fault(at, "a task refused by a group that cannot have stopped", index, 0);
    return self->accepted;
}

/* The tasks of the plan from `first` on; the first of a relay adds the others itself. */
static inline void node_add_tasks(node *at, unsigned first)
{
    unsigned end = at->plan.relay && first == 0 ? 1 : at->plan.tasks;
    for (unsigned i = first; i < end && i < at->plan.tasks; i++) {
        task_plan plan = plan_own_task(&at->plan, at->key, at->depth, i);
        if (!visit_add(at, plan_child(at->key, i), i, &plan))
            break;
    }
}

static inline void visit_add_extras(const visit *self)
{
    node *target = self->node;
    for (unsigned i = 0; i < self->plan.levels_up && target != NULL; i++)
        target = target->outer;
    if (target == NULL || !target->plan.open)
        return;
    for (unsigned i = 0; i < self->plan.extras; i++) {
        uint64_t key = plan_child(self->key, i);
        task_plan plan = plan_task(&target->plan, key, target->depth, true);
        visit_add(target, key, TREE_EXTRA, &plan);
    }
}

static inline int visit_fail(visit *self)
{
    int code = self->index == TREE_EXTRA ? plan_extra_code(self->key)
                                         : PLAN_TASK_CODE + (int)self->index;
    visit_leave(self, RAN_FAILED, code);
    if (!self->plan.explains)
        return code;
    return ompg_fail(self->node->group, code, "key %016" PRIx64, self->key);
}

static inline int visit_pass(visit *self)
{
    visit_leave(self, RAN_PASSED, 0);
    return 0;
}

static inline int visit_yield(visit *self)
{
    if (!node_may_stop(self->node, self->index))
        tree_fault(self->node, "a task stopped that nothing can stop", self->index, 0);
    visit_leave(self, RAN_YIELDED, ECANCELED);
    return ECANCELED;
}

static int tree_nested(node *outer, uint64_t key, bool exposed);

static inline int visit_nest(visit *self)
{
    bool exposed = node_may_stop(self->node, self->index);
    int code = tree_nested(self->node, plan_child(self->key, 0), exposed);
    if (code == ECANCELED) {
        tree_check(self->node, ompg_stopped(self->node->group),
                   "ECANCELED of a nested group comes from one above");
        return visit_yield(self);
    }
    return code == 0 ? visit_pass(self) : visit_fail(self);
}

static inline int visit_cancel(visit *self)
{
    int code = ompg_cancel(self->node->group, PLAN_CANCEL_CODE + (int)self->index);
    tree_check(self->node, code == 0 || code == EALREADY, "ompg_cancel in a task");
    self->cancelled = true;
    return visit_pass(self);
}

static int visit_body(visit *self)
{
    node *at = self->node;
    tree_work(self->plan.work);
    if (self->plan.polls && ompg_stopped(at->group))
        return visit_yield(self);
    if (self->plan.resizes)
        ompg_set_limit(at->group, 1 + (int)plan_draw(self->key, 20, (unsigned)at->plan.limit));
    if (at->plan.relay && self->index == 0)
        node_add_tasks(at, 1);
    visit_add_extras(self);
    switch (self->plan.kind) {
    case TASK_FAILS:
        return visit_fail(self);
    case TASK_CANCELS:
        return visit_cancel(self);
    case TASK_NESTS:
        return visit_nest(self);
    case TASK_PASSES:
        break;
    }
    return visit_pass(self);
}

/*
 * Groups.
 */

static inline node *node_new(tree *whole, node *outer, uint64_t key, const ompg_options *more)
{
    node *self = tree_allocate(sizeof *self);
    self->tree = whole;
    self->outer = outer;
    self->key = key;
    self->depth = outer == NULL ? 0 : outer->depth + 1;
    self->plan = plan_group(key, self->depth);
    self->expected = model_group(NULL, key, self->depth);
    ompg_options options = *more;
    options.limit = self->plan.limit;
    options.budget = self->plan.budget;
    options.on_error = self->plan.collect ? OMPG_COLLECT : OMPG_FAIL_FAST;
    options.max_errors = self->plan.max_errors;
    options.deterministic = self->plan.deterministic;
    self->group = ompg_new(&options);
    if (self->group == NULL)
        abort();
    self->next = atomic_load(&whole->nodes);
    while (!atomic_compare_exchange_weak(&whole->nodes, &self->next, self))
        ;
    return self;
}

static inline void node_free_group(node *self)
{
    ompg_free(self->group);
    self->group = NULL;
    atomic_store(&self->over, true);
    if (self->plan.abandoned)
        node_record(self);
}

/* Sets the visits of the last wave aside, for the next one. */
static inline void node_rewind(node *self)
{
    visit *first = atomic_exchange(&self->visits, NULL);
    while (first != NULL) {
        visit *next = first->next;
        first->next = self->past;
        self->past = first;
        first = next;
    }
    tree_equal(self, (uint64_t)ompg_reset(self->group), 0, "ompg_reset after a wait");
    if (self->plan.limit > 0)
        ompg_set_limit(self->group, self->plan.limit);
    atomic_store(&self->over, false);
}

static inline int node_wait(node *self)
{
    const node *outside = tree_waiting;
    if (self->depth > 0)
        tree_waiting = self;
    int code = ompg_wait(self->group);
    tree_waiting = outside;
    atomic_store(&self->over, true);
    return code;
}

static int tree_nested(node *outer, uint64_t key, bool exposed)
{
    node *self = node_new(outer->tree, outer, key, &(ompg_options){.name = "nested"});
    int code = 0;
    self->exposed = exposed;
    for (unsigned wave = 0; wave < self->plan.waves; wave++) {
        if (wave > 0)
            node_rewind(self);
        node_add_tasks(self, 0);
        if (self->plan.abandoned)
            break;
        code = node_wait(self);
        node_check(self, code);
    }
    node_free_group(self);
    return code;
}

/*
 * Trees.
 */

typedef struct meddler {
    disturbance kind;
    ompg_token token;
    ompg_group *group;
    unsigned delay;
} meddler;

/* The thread that stops a tree from outside of OpenMP. */
static void *meddler_run(void *arg)
{
    meddler *self = arg;
    tree_work(self->delay);
    if (self->kind == DISTURB_TOKEN)
        ompg_token_cancel(&self->token, PLAN_OUTSIDE_CODE);
    else
        ompg_cancel(self->group, PLAN_OUTSIDE_CODE);
    return NULL;
}

static inline void visits_free(visit *first)
{
    while (first != NULL) {
        visit *next = first->next;
        free(first);
        first = next;
    }
}

static inline void tree_free(tree *whole)
{
    node *at = atomic_load(&whole->nodes);
    while (at != NULL) {
        node *next = at->next;
        visits_free(atomic_load(&at->visits));
        visits_free(at->past);
        free(at);
        at = next;
    }
}

/* Each of a tree's waves, as the plan has it. */
static inline void tree_run_calm(node *root)
{
    for (unsigned wave = 0; wave < root->plan.waves; wave++) {
        if (wave > 0)
            node_rewind(root);
        node_add_tasks(root, 0);
        node_check(root, node_wait(root));
    }
}

static inline void tree_run_disturbed(node *root, meddler *outside)
{
    pthread_t thread;
    bool meddles = outside->kind != DISTURB_TIMEOUT;
    root->exposed = true;
    outside->group = root->group;
    outside->delay = plan_draw(root->key, 40, 1U << plan_draw(root->key, 41, 18));
    node_add_tasks(root, 0);
    if (meddles && pthread_create(&thread, NULL, meddler_run, outside) != 0)
        abort();
    int code = node_wait(root);
    if (meddles)
        pthread_join(thread, NULL);
    node_check(root, code);
}

/* Runs the tree of this seed on a team of `threads` (0: as OpenMP decides) and checks it. */
static inline void tree_run(uint64_t seed, int threads, disturbance disturbed)
{
    tree whole = {.seed = seed, .threads = threads, .disturbed = disturbed};
    meddler outside = {.kind = disturbed, .token = OMPG_TOKEN_INIT};
    ompg_options options = {.name = "root", .threads = threads};
    if (disturbed == DISTURB_TOKEN)
        options.token = &outside.token;
    if (disturbed == DISTURB_TIMEOUT)
        options.timeout = 1e-6 * (1U << plan_draw(seed, 42, 12));
    node *root = node_new(&whole, NULL, plan_hash(seed), &options);
    if (disturbed == DISTURB_NOT)
        tree_run_calm(root);
    else
        tree_run_disturbed(root, &outside);
    node_free_group(root);
    tree_free(&whole);
}

#endif
