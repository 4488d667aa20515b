/*
 * Parts: the sub-ranges and items that one task works off, each with an index, an error and states (states.h)
 * of its own.
 *
 *     part_begin(frame, index);
 *     int code = ...                       the caller's function
 *     code = part_end(frame, group, code);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_PART_H
#define OMPG_SRC_PART_H

#include "engine/run.h"

#include "ompgroup/error.h"

/* `frame` is of the running task. What an earlier part has left in it is forgotten. */
static inline void part_begin(struct frame *frame, size_t index)
{
    frame->task->index = index;
    frame->failed = frame->refused = false;
}

/*
 * Returns 0 when the part is done: its function has neither returned a code nor reported an error. Else
 * frame->failed tells an error, which is recorded under the task's index if the function has not done so
 * itself, from a code that only says that the group has stopped there.
 */
static inline int part_end(struct frame *frame, ompg_group *group, int code)
{
    frame_give_states_back(frame);
    if (LIKELY(code == 0))
        return LIKELY(!frame->failed) ? 0 : ECANCELED;
    if (!frame->failed && !is_consequence(group, frame, code))
        ompg_fail_at(group, frame->task->index, code, NULL);
    return code;
}

#endif
