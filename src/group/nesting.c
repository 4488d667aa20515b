/* SPDX-License-Identifier: Apache-2.0 */
#include "group/nesting.h"

bool group_lies_in(const ompg_group *inner, const ompg_group *outer)
{
    struct enclosing at = group_enclosing(inner);
    while (at.group && at.group != outer)
        at = enclosing_next(&at);
    return at.group != NULL;
}

struct frame *frame_of(const struct worker *worker, const ompg_group *group)
{
    struct frame *frame = worker ? worker->frame : NULL;
    while (frame && task_group(frame->task) != group)
        frame = frame->prev;
    return frame;
}

/*
 * A group that is waited for may have been moved to a greater depth while its tasks ran. All others lie
 * less deep than what lies in them, and their tasks are in this region. Frames below count by themselves
 * where a task that was run inside ompg_go has nothing to do with the task that added it.
 */
bool group_has_task_here(const struct worker *worker, const ompg_group *group)
{
    if (!worker || !worker->frame)
        return false;
    const ompg_group *running = task_group(worker->frame->task);
    if (running == group)
        return true;
    if (load_relaxed(&group->region) != worker->region)
        return false;
    bool above = load_relaxed(&group->depth) < load_relaxed(&running->depth);
    if ((above || load_relaxed(&group->waiting)) && group_lies_in(running, group))
        return true;
    return worker->foreign > 0 && frame_of(worker, group) != NULL;
}

enum { LEVELS_TO_LOOK_AT = 64 };

/*
 * Outwards from the innermost frame. A frame whose group is met on the way needs no walk of its own; one that has
 * nothing to do with what lies on top of it does.
 */
bool stack_is_waited_for(const struct worker *worker)
{
    const struct frame *frame = worker->frame;
    struct enclosing at = {.group = NULL};
    for (int level = 0; level < LEVELS_TO_LOOK_AT; level++) {
        if (!at.group) {
            if (!frame)
                return true;
            at.group = task_group(frame->task);
            at.serial = load_relaxed(&at.group->serial);
        }
        while (frame && task_group(frame->task) == at.group)
            frame = frame->prev;
        if (load_acquire(&at.group->waiting) != WAIT_BEGUN) /* to the release in wait_begin */
            return false;
        at = enclosing_next(&at);
    }
    return false;
}

/* Where the group was made is mostly where it is used. */
static bool is_here(const ompg_group *group, const struct worker *worker)
{
    const struct frame *frame = worker ? worker->frame : NULL;
    return frame ? is_child_of(group, frame) : load_relaxed(&group->parent) == NULL;
}

void group_nest(ompg_group *group, const struct worker *worker)
{
    if (is_here(group, worker) || group_has_task_here(worker, group))
        return;
    unsigned version = load_relaxed(&group->link_version);
    store_relaxed(&group->link_version, version + 1);
    fence_release(); /* to the fence_acquire in group_enclosing */
    group_set_parent(group, worker);
    store_release(&group->link_version, version + 2);
    if (load_relaxed(&group->parent))
        note_early_child(load_relaxed(&group->parent));
    stop_epoch_bump();
}

/*
 * Either this child, which looks at the parent's deadline afterwards, sees it, or the wait that begins
 * meanwhile sees the mark (Dekker's protocol with the fence in wait_begin).
 */
void note_early_child(ompg_group *parent)
{
    if (parent->timeout <= 0.0 || load_relaxed(&parent->deadline) != CLOCK_NEVER)
        return;
    store_relaxed(&parent->has_early_child, true);
    fence_seq_cst();
}

size_t group_current_index(const ompg_group *group)
{
    const struct frame *frame = frame_of(self, group);
    if (frame)
        return frame->task->index;
    if (loop_here.group == group && group->deterministic)
        return loop_here.index;
    if (!self || !self->frame)
        return OMPG_NO_INDEX;
    /* In a task of a nested group, perhaps on another thread than the task that encloses it. */
    struct enclosing at = group_enclosing(task_group(self->frame->task));
    while (at.group && at.group != group)
        at = enclosing_next(&at);
    return at.group ? at.index : OMPG_NO_INDEX;
}
