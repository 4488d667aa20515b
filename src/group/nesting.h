/*
 * Nesting: which task a group lies in, and what that means for it.
 *
 * The enclosing group is that of the task that made the group, or waits for it, whichever came last. The
 * link to it is (parent, parent_serial, parent_index, depth).
 *
 * Discipline.
 * - A link is set when its group is made, before anybody else sees it, and moved by group_nest, under
 *   link_version: odd while it moves. Whoever looks meanwhile takes the group for an outermost one; a bump
 *   of the epoch follows, so that nothing survives that was concluded from that.
 * - Another group's record may come to its next life while it is looked at. Its serial grows in
 *   ompg_free, before (release fence in ompg_new) anything of the next life is stored. So whoever
 *   looks reads first and then, after an acquire fence, the serial: where it has not grown, what was
 *   read belongs to the life that the link names (a sequence lock, as in Boehm, "Can seqlocks get
 *   along with programming language memory models?", 2012).
 * - Only groups that live for certain are written to. While a group is waited for (WAIT_BEGUN) and a task
 *   of it runs here, the task that it lies in is the one that waits, so that one runs too, and its
 *   group lives. This goes on outwards (struct walk in stop.c). None of these links moves meanwhile, except the
 *   first one, where the caller runs in no task of the group (enclosing_here).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_NESTING_H
#define OMPG_SRC_NESTING_H

#include "group/worker.h"

/* A group around another one. */
struct enclosing {
    ompg_group *group; /* NULL: none, or its life is over */
    size_t serial;     /* of the life that is meant */
    size_t index;      /* of its task that the inner group lies in */
};

/* Whether it lives; if so, all that was read of it before belongs to that life. */
static inline bool is_alive(const struct enclosing *outer)
{
    fence_acquire(); /* to the fence_release in ompg_new */
    return load_relaxed(&outer->group->serial) == outer->serial;
}

/* What is around the group, which lives. */
static inline struct enclosing group_enclosing(const ompg_group *group)
{
    unsigned version = load_acquire(&group->link_version); /* to the releases in group_nest */
    struct enclosing outer = {.group = load_relaxed(&group->parent),
                              .serial = load_relaxed(&group->parent_serial),
                              .index = load_relaxed(&group->parent_index)};
    fence_acquire();
    bool moved = version % 2 == 1 || load_relaxed(&group->link_version) != version;
    if (moved || (outer.group && !is_alive(&outer)))
        outer.group = NULL;
    return outer;
}

/* One step further out. */
static inline struct enclosing enclosing_next(const struct enclosing *inner)
{
    struct enclosing outer = group_enclosing(inner->group);
    if (!is_alive(inner))
        outer.group = NULL;
    return outer;
}

/* Whether `outer`, another group, is around `inner`. Takes a step for each level between them. */
bool group_lies_in(const ompg_group *inner, const ompg_group *outer);

/*
 * Whether the group is `outer` or, by its depth alone, may lie in it. A group that was moved while it had
 * tasks may be deeper than what lies in it: a guess, for looks that come often.
 */
static inline bool group_may_enclose(const ompg_group *outer, const ompg_group *group)
{
    return group == outer || load_relaxed(&group->depth) > load_relaxed(&outer->depth);
}

/* Whether the group is `outer` or lies in it, as far as its depth is no wrong guess. */
static inline bool group_encloses(const ompg_group *outer, const ompg_group *group)
{
    return group_may_enclose(outer, group) && (group == outer || group_lies_in(group, outer));
}

/* Whether a link leads to the task: to this life of the task's group. */
static inline bool leads_to(const struct enclosing *link, const struct frame *frame)
{
    const ompg_group *parent = task_group(frame->task);
    return link->group == parent && link->serial == load_relaxed(&parent->serial) &&
           link->index == frame->task->index;
}

/* Whether the group lies in the task. */
static inline bool is_child_of(const ompg_group *group, const struct frame *frame)
{
    struct enclosing link = {.group = load_relaxed(&group->parent),
                             .serial = load_relaxed(&group->parent_serial),
                             .index = load_relaxed(&group->parent_index)};
    return leads_to(&link, frame);
}

/* Puts the group, which nobody else looks at, into the task that runs here. */
static inline void group_set_parent(ompg_group *group, const struct worker *worker)
{
    const struct frame *frame = worker ? worker->frame : NULL;
    ompg_group *parent = frame ? task_group(frame->task) : NULL;
    store_relaxed(&group->parent, parent);
    store_relaxed(&group->depth, parent ? load_relaxed(&parent->depth) + 1 : 0U);
    if (parent) {
        store_relaxed(&group->parent_serial, load_relaxed(&parent->serial));
        store_relaxed(&group->parent_index, frame->task->index);
    }
}

/* The same for a group that has tasks, or had some, unless it is there already or encloses the task. */
void group_nest(ompg_group *group, const struct worker *worker);

/* A child that is made before its parent's wait begins must hear of that wait's deadline. */
void note_early_child(ompg_group *parent);

/* The index of the group's task that the caller runs in, OMPG_NO_INDEX outside of any. */
size_t group_current_index(const ompg_group *group);

/* Whether the caller runs inside one of the group's tasks, on this thread or through nesting. */
bool group_has_task_here(const struct worker *worker, const ompg_group *group);

/*
 * Whether somebody waits for each group that has a task on this stack, and for what these lie in. Nobody else can
 * begin a wait for one of them then, until these tasks are over: they keep the waits that there are. False also for a
 * deep nest, so that the look costs the same at any depth.
 */
bool stack_is_waited_for(const struct worker *worker);

/* The group's running task on this thread; NULL when there is none. */
struct frame *frame_of(const struct worker *worker, const ompg_group *group);

/*
 * Whether the group around this one lives while the caller looks. `held`: the caller runs in a task of
 * the group, on this stack. An OMPG_FOR may be over before that task is: it holds nothing.
 */
static inline bool parent_is_held(const ompg_group *group, bool held)
{
    return held && load_acquire(&group->waiting) == WAIT_BEGUN; /* to the release in wait_begin */
}

/*
 * What is around the group that the caller begins with. *held: it lives while the caller looks, because the
 * caller runs in it: in a task of the group whose wait is there, or in the task that the group lies in.
 * Whether the wait has begun is asked before the link is read, which does not move afterwards. Without a wait
 * another thread's may move the link at any time: then it counts as it was read here, once.
 */
static inline struct enclosing enclosing_here(const struct worker *worker, const ompg_group *group,
                                              bool *held)
{
    const struct frame *frame = worker ? worker->frame : NULL;
    *held = frame && parent_is_held(group, runs_task_of(worker, group));
    struct enclosing outer = group_enclosing(group);
    *held = *held || (frame && leads_to(&outer, frame));
    return outer;
}

#endif
