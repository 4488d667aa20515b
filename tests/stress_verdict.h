/*
 * Random trees of groups: what must hold of a group after its wait.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRESS_VERDICT_H
#define STRESS_VERDICT_H

#include "stress_node.h"

#include <errno.h>
#include <string.h>

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
        tree_equal(at, sum->finished & below, below, "what a serial execution would have run");
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

#endif
