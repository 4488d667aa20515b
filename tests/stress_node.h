/*
 * Random trees of groups: what is noted of each group and task while they run, and how a fault is
 * reported.
 *
 * Discipline: a node stands for a group, a visit for a task. A visit's fields that are not atomic are
 * written by the one task that it stands for (or, `accepted` and `refused`, by the one that added it) and
 * read after the group's wait returned: the library's promise of visibility is all that orders them.
 * Nodes and visits live until the whole tree is over, so that a task that starts too late is reported and
 * not a use after free.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRESS_NODE_H
#define STRESS_NODE_H

#include "stress_plan.h"

#include <ompgroup.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

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

static atomic_uint tree_faults;

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

#endif
