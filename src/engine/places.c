/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/places.h"

#include "engine/run.h"
#include "group/nesting.h"
#include "group/stop.h"

/* ---- what this stack has ---- */

/* Holdings that are next to one another are mostly of one family, and the innermost one leads to most of it. */
const struct gate *places_inherited_by(const struct worker *worker, struct gate *claim)
{
    for (const struct gate *gate = claim; gate; gate = gate->share)
        for (const struct holding *at = worker->holdings; at; at = at->prev)
            if (gate_leads_to(at->gate, gate))
                return gate;
    return NULL;
}

bool places_run_inherited(struct worker *worker, ompg_group *group, const struct gate *inherited)
{
    struct task task;
    bool found = gate_take_parked(&group->gate, inherited, &task);
    if (found)
        task_run_started(worker, &task, inherited);
    return found;
}

/* ---- groups that lie in what is waited for ---- */

/* For whom a parked task is looked for: what it must lie in. */
struct seeker {
    const struct worker *worker;
    const ompg_group *group;
    const struct frame *frame; /* of a task of the group; NULL: any task of it */
};

static bool lies_in_task(const ompg_group *inner, const struct frame *frame)
{
    struct enclosing at = group_enclosing(inner);
    while (at.group && at.group != task_group(frame->task))
        at = enclosing_next(&at);
    return at.group && at.index == frame->task->index;
}

static const struct gate *inherits(struct gate *claim, void *arg)
{
    const struct seeker *seeker = arg;
    const ompg_group *group = gate_group(claim);
    bool lies_in = seeker->frame ? lies_in_task(group, seeker->frame)
                                 : group_encloses(seeker->group, group);
    return lies_in ? places_inherited_by(seeker->worker, claim) : NULL;
}

/* In each family that this stack has a place in. */
static bool run_claimed_here(struct worker *worker, struct seeker *seeker)
{
    const struct gate *family = NULL, *inherited;
    struct task task;
    for (struct holding *at = worker->holdings; at; at = at->prev) {
        if (at->gate->family == family || !gate_is_shared(at->gate))
            continue;
        family = at->gate->family;
        if (!gate_take_claimed(at->gate, inherits, seeker, &inherited, &task))
            continue;
        task_run_started(worker, &task, inherited);
        return true;
    }
    return false;
}

/* ---- families that wait for each other ---- */

enum { MOST_FAMILIES = 16 };

/* Families in whose tasks something lies that is waited for. */
struct families {
    struct gate *of[MOST_FAMILIES];
    int count;
};

static void add_family(struct families *families, struct gate *family)
{
    int i = 0;
    while (i < families->count && families->of[i] != family)
        i++;
    if (i == families->count && i < MOST_FAMILIES)
        families->of[families->count++] = family;
}

/*
 * Those of all tasks that wait, one in another, for the group to be over. They live while the group has tasks, which
 * the caller sees to.
 */
static void add_families_around(struct families *families, const ompg_group *group)
{
    struct enclosing at = {.group = (ompg_group *)group, .serial = load_relaxed(&group->serial)};
    while (at.group && load_acquire(&at.group->waiting) >= WAIT_BEGUN) {
        at = enclosing_next(&at);
        if (at.group && gate_is_shared(&at.group->gate))
            add_family(families, at.group->gate.family);
    }
}

static void add_families_around_claim(struct gate *claim, void *families)
{
    add_families_around(families, gate_group(claim));
}

/*
 * Whether the group waits for places that are with tasks which wait for places, and so on, that are with the tasks
 * that this group lies in. The search goes the other way: who waits for the families that this group lies in. Where
 * one of these (`own`) is the group's, its place is on a stack that looks for it.
 */
static bool waits_in_a_circle(const ompg_group *group)
{
    struct families families = {.count = 0};
    add_families_around(&families, group);
    int own = families.count;
    for (int i = 0; i < families.count; i++) {
        if (families.of[i] == group->gate.family && i >= own)
            return true;
        if (families.of[i] != group->gate.family)
            gate_each_claim(families.of[i], add_families_around_claim, &families);
    }
    return false;
}

bool places_run_lent(struct worker *worker, ompg_group *group)
{
    const struct gate *inherited;
    struct task task;
    if (!gate_is_shared(&group->gate) || !waits_in_a_circle(group) ||
        !gate_take_lent(&group->gate, &inherited, &task))
        return false;
    task_run_started(worker, &task, inherited);
    return true;
}

/* ---- for whoever waits ---- */

/* The group's end must not wait for the places that others have. */
static bool skip_stopped(struct worker *worker, ompg_group *group)
{
    struct task task;
    if (!group_stopped(group, OMPG_NO_INDEX) || !group_stopped_hard(group) ||
        !gate_drop(&group->gate, &task))
        return false;
    task_run(worker, &task);
    return true;
}

bool places_run_parked(struct worker *worker, ompg_group *group)
{
    struct seeker seeker = {.worker = worker, .group = group};
    if (gate_is_shared(&group->gate)) {
        /* for its standby, and what nobody could reach before */
        task_release_parked(worker, group);
        if (skip_stopped(worker, group) ||
            places_run_inherited(worker, group, places_on_stack(worker, group)))
            return true;
    }
    return run_claimed_here(worker, &seeker);
}

bool places_run_in_branch(struct worker *worker, const struct frame *frame)
{
    struct seeker seeker = {.worker = worker, .group = task_group(frame->task), .frame = frame};
    return run_claimed_here(worker, &seeker);
}
