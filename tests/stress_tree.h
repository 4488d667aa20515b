/*
 * Random trees of groups: runs the tree of stress_plan.h on a real team and checks every group
 * against the model after its wait.
 *
 * Discipline: a node stands for a group, a visit for a task. A visit's plain fields are written by
 * the one task that it stands for (or, `accepted` and `refused`, by the one that added it) and read
 * after the group's wait returned: the library's promise of visibility is all that orders them.
 * Nodes and visits live until the whole tree is over, so that a task that starts too late is
 * reported and not a use after free.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRESS_TREE_H
#define STRESS_TREE_H

#include "stress_plan.h"

#include <ompgroup.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TREE_EXTRA = PLAN_MAX_TASKS, TREE_FAULTS_SHOWN = 20 };

typedef enum { DISTURB_NOT, DISTURB_CANCEL, DISTURB_TOKEN, DISTURB_TIMEOUT } disturbance;

typedef struct tree {
    uint64_t seed;
    int threads;
    disturbance disturbed;
    struct node *_Atomic nodes;
} tree;

typedef struct node {
    struct node *next;
    tree *tree;
    struct node *outer;
    ompg_group *group;
    uint64_t key;
    unsigned depth;
    bool exposed; /* something outside of the group may stop it */
    group_plan plan;
    expectation expected;
    struct visit *_Atomic visits; /* of this wave */
    struct visit *past;           /* of the waves before */
    atomic_bool over;             /* no wait is going on and none will begin */
    _Atomic uint64_t load;        /* tasks that run << 32 | their costs */
} node;

typedef enum { RAN_NOT, RAN_PASSED, RAN_FAILED, RAN_YIELDED } visit_end;

typedef struct visit {
    struct visit *next;
    node *node;
    uint64_t key;
    unsigned index; /* in the group's plan, or TREE_EXTRA */
    task_plan plan;
    bool accepted;
    bool refused;
    visit_end end;
    int code;
    bool cancelled; /* called ompg_cancel() */
    atomic_uint starts;
    atomic_uint drops;
} visit;

/* What a copied argument holds. */
typedef struct ticket {
    visit *visit;
    uint64_t key;
} ticket;

/* What the tasks of one wave did, as their visits tell. */
typedef struct record {
    uint64_t accepted;
    uint64_t refused;
    uint64_t yielded;  /* returned ECANCELED because the group had stopped */
    uint64_t skipped;  /* never started */
    unsigned finished; /* bit for each index of the plan */
    unsigned first_failure;
    bool cancelled;
    tally total; /* .tasks: ran to their end */
} record;

static atomic_uint tree_faults;

/* The group whose nested wait is the innermost on this thread's stack. */
static _Thread_local const node *tree_waiting;

static inline void tree_fault(const node *at, const char *what, uint64_t actual, uint64_t wanted)
{
    if (atomic_fetch_add(&tree_faults, 1) >= TREE_FAULTS_SHOWN)
        return;
    fprintf(stderr,
            "\nstress: %s: %" PRIu64 " against %" PRIu64 "\n  group %016" PRIx64
            " depth %u%s%s%s%s%s%s limit %d budget %d max_errors %d tasks %u"
            "\n  OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1 threads %d disturbed %d\n",
            what, actual, wanted, at->key, at->depth, at->exposed ? " exposed" : "",
            at->plan.collect ? " collect" : "", at->plan.deterministic ? " deterministic" : "",
            at->plan.open ? " open" : "", at->plan.relay ? " relay" : "",
            at->plan.abandoned ? " abandoned" : "", at->plan.limit, at->plan.budget,
            at->plan.max_errors, at->plan.tasks, at->tree->seed, at->tree->threads,
            (int)at->tree->disturbed);
}

static inline void tree_check(const node *at, bool held, const char *what)
{
    if (!held)
        tree_fault(at, what, 0, 1);
}

static inline void tree_equal(const node *at, uint64_t actual, uint64_t wanted, const char *what)
{
    if (actual != wanted)
        tree_fault(at, what, actual, wanted);
}

/* Between what is sure and what is possible. */
static inline void tree_within(const node *at, uint64_t actual, uint64_t sure, uint64_t maybe,
                               const char *what)
{
    if (actual < sure)
        tree_fault(at, what, actual, sure);
    if (actual > sure + maybe)
        tree_fault(at, what, actual, sure + maybe);
}

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
 * What holds after a wait.
 */

static inline void record_visit(record *sum, const visit *task)
{
    const node *at = task->node;
    unsigned starts = atomic_load(&task->starts);
    bool drops = task->accepted && task->plan.call == ADD_GO_WITH;
    tree_equal(at, atomic_load(&task->drops), drops ? 1 : 0, "drops of a task");
    tree_check(at, task->accepted || starts == 0, "a refused task does not run");
    tree_check(at, (starts == 0) == (task->end == RAN_NOT), "a task that started has ended");
    sum->accepted += task->accepted;
    sum->refused += task->refused;
    sum->skipped += task->accepted && task->end == RAN_NOT;
    sum->yielded += task->end == RAN_YIELDED;
    sum->cancelled |= task->cancelled;
    if (task->end == RAN_PASSED)
        model_count(&sum->total, task->plan.value, FATE_PASSES, 0);
    if (task->end == RAN_FAILED)
        model_count(&sum->total, 0, FATE_FAILS, task->code);
    if (task->index == TREE_EXTRA || task->end == RAN_NOT || task->end == RAN_YIELDED)
        return;
    sum->finished |= 1U << task->index;
    if (task->end == RAN_FAILED && task->index < sum->first_failure)
        sum->first_failure = task->index;
}

static inline record node_record(const node *at)
{
    record sum = {.first_failure = TREE_EXTRA};
    for (const visit *task = atomic_load(&at->visits); task != NULL; task = task->next)
        record_visit(&sum, task);
    tree_equal(at, atomic_load(&at->load), 0, "running tasks after the wait");
    return sum;
}

static inline void check_stats(const node *at, const record *sum)
{
    ompg_stats stats;
    ompg_get_stats(at->group, &stats);
    tree_equal(at, stats.submitted, sum->accepted, "stats.submitted");
    tree_equal(at, stats.running, 0, "stats.running");
    tree_equal(at, stats.failed, sum->total.failures, "stats.failed");
    tree_equal(at, stats.done, sum->total.tasks - sum->total.failures, "stats.done");
    tree_equal(at, stats.skipped, sum->skipped + sum->yielded, "stats.skipped");
}

/* A group that nothing outside stops: the model says what must have happened. */
static inline void check_model(const node *at, const record *sum, int code)
{
    const expectation *want = &at->expected;
    bool failed = sum->total.failures > 0 || sum->cancelled;
    unsigned safe = (1U << want->safe) - 1;
    tree_within(at, sum->total.tasks, want->sure.tasks, want->maybe.tasks, "tasks that ran");
    tree_within(at, sum->total.failures, want->sure.failures, want->maybe.failures,
                "tasks that failed");
    tree_within(at, sum->total.sum, want->sure.sum, want->maybe.sum, "sum of the leaves");
    tree_equal(at, code != 0, failed, "a code is returned when something failed");
    if (want->fate != FATE_UNCERTAIN)
        tree_equal(at, code != 0, want->fate == FATE_FAILS, "a code is returned as in the model");
    tree_equal(at, sum->finished & safe, safe, "tasks that nothing could stop");
    if (want->maybe.tasks + want->maybe.failures > 0)
        return;
    tree_equal(at, sum->total.codes, want->sure.codes, "codes of the failed tasks");
    tree_equal(at, sum->refused + sum->skipped + sum->yielded, 0, "tasks that did not run");
}

static inline void check_task_error(const node *at, const record *sum, const ompg_error *error)
{
    char message[64] = "";
    if (error->code >= PLAN_EXTRA_CODE) {
        tree_check(at, at->plan.open, "only an open group has extra tasks");
        return;
    }
    unsigned index = (unsigned)(error->code - PLAN_TASK_CODE);
    if (index >= at->plan.tasks) {
        tree_fault(at, "code of a task's error", (uint64_t)error->code, PLAN_TASK_CODE);
        return;
    }
    uint64_t key = plan_child(at->key, index);
    task_plan plan = plan_own_task(&at->plan, at->key, at->depth, index);
    if (!at->plan.open)
        tree_equal(at, error->index, index, "index of a task's error");
    if (plan.explains && !(plan.kind == TASK_PASSES || plan.kind == TASK_CANCELS))
        snprintf(message, sizeof message, "key %016" PRIx64, key);
    tree_check(at, sum->finished >> index & 1, "the task of an error has run");
    tree_check(at, strcmp(error->message, message) == 0, "message of a task's error");
    tree_check(at, strcmp(error->task, plan.named && plan.call == ADD_GO_WITH ? "named" : "") == 0,
               "name of the task of an error");
}

static inline void check_cancel_error(const node *at, const record *sum, const ompg_error *error)
{
    bool outside = at->outer == NULL && at->tree->disturbed != DISTURB_NOT;
    tree_equal(at, error->index, OMPG_NO_INDEX, "index of a cancellation");
    if (error->code >= PLAN_OUTSIDE_CODE)
        tree_check(at, outside, "only a disturbed tree is cancelled from outside");
    else if (error->code >= PLAN_CANCEL_CODE)
        tree_check(at, sum->cancelled, "a task has cancelled its group");
    else if (error->kind == OMPG_ERROR_DEADLINE)
        tree_check(at, outside && error->code == ETIMEDOUT, "a deadline gives ETIMEDOUT");
    else
        tree_check(at, error->code == ECANCELED && at->exposed && !outside,
                   "a stop from above gives ECANCELED");
}

/* How many of the tasks' errors are kept. */
static inline void check_kept(const node *at, const record *sum, const tally *kept, size_t count)
{
    uint64_t most = (uint64_t)at->plan.max_errors;
    if (!at->plan.collect) {
        tree_equal(at, count, 1, "errors that are kept");
        return;
    }
    if (most == 0) {
        tree_equal(at, kept->failures, sum->total.failures, "errors that are kept");
        tree_equal(at, kept->codes, sum->total.codes, "codes of the errors that are kept");
    } else if (!at->exposed && !sum->cancelled) {
        uint64_t failures = sum->total.failures;
        tree_equal(at, kept->failures, failures < most ? failures : most, "errors up to the most");
    }
}

static inline void check_errors(const node *at, const record *sum, int code)
{
    const ompg_error *list = NULL;
    ompg_error first = {0};
    tally kept = {0};
    size_t count = ompg_get_errors(at->group, &list);
    tree_equal(at, (uint64_t)ompg_get_error(at->group, &first), 1, "there is a first error");
    tree_equal(at, (uint64_t)first.code, (uint64_t)code, "the wait returns the first error");
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind == OMPG_ERROR_TASK) {
            check_task_error(at, sum, &list[i]);
            model_count(&kept, 0, FATE_FAILS, list[i].code);
        } else {
            check_cancel_error(at, sum, &list[i]);
        }
        tree_check(at, i == 0 || list[i - 1].index <= list[i].index, "errors are sorted");
    }
    check_kept(at, sum, &kept, count);
    if (at->plan.deterministic && !at->exposed && !at->expected.cancels) {
        unsigned below = (2U << sum->first_failure) - 1;
        tree_equal(at, first.index, sum->first_failure, "the lowest index is reported");
        tree_equal(at, sum->finished & below, below, "what a serial run would have run");
    }
}

static inline void node_check(const node *at, int code)
{
    record sum = node_record(at);
    check_stats(at, &sum);
    tree_check(at, sum.accepted <= at->expected.sure.tasks + at->expected.maybe.tasks,
               "no more tasks than in the model");
    if (!at->exposed)
        check_model(at, &sum, code);
    if (code != 0) {
        check_errors(at, &sum, code);
        return;
    }
    tree_check(at, !sum.cancelled, "a group that a task cancelled does not pass");
    tree_equal(at, sum.total.failures, 0, "failed tasks in a group that passed");
    tree_equal(at, sum.refused + sum.skipped + sum.yielded, 0, "tasks that a group left out");
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
