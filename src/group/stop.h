/*
 * Stops: whether a group has stopped for one of its tasks, and stopping it. How that is known at any depth
 * for the price of a comparison is told in stop.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_STOP_H
#define OMPG_SRC_STOP_H

#include "base/epoch.h"
#include "group/record.h"
#include "group/token.h"

bool group_stopped_slow(ompg_group *group, size_t index);

/* A group with a limit or a timeout never is: its tasks pass the gate, or the clock. */
static inline bool group_may_be_express(const ompg_group *group)
{
    return !load_relaxed(&group->gated) && group->timeout <= 0.0;
}

/* Of its wait and of its token. The group lives. */
static inline int64_t group_own_deadline(const ompg_group *group)
{
    int64_t own = load_relaxed(&group->deadline);
    const ompg_token *token = load_relaxed(&group->token);
    int64_t shared = UNLIKELY(token != NULL) ? token_deadline(token) : CLOCK_NEVER;
    return shared < own ? shared : own;
}

/* Of the own and the enclosing ones. */
static inline int64_t group_earliest_deadline(const ompg_group *group)
{
    int64_t earliest = load_relaxed(&group->earliest), own = group_own_deadline(group);
    return own < earliest ? own : earliest;
}

static inline bool group_is_express(const ompg_group *group)
{
    return load_relaxed(&((ompg_group *)group)->clean) == load_relaxed(&stop_epoch);
}

/* Whether the group has stopped for its task `index` (OMPG_NO_INDEX: for a caller outside). */
static inline bool group_stopped(ompg_group *group, size_t index)
{
    return !LIKELY(group_is_express(group)) && group_stopped_slow(group, index);
}

/* Stops the group with the error; false when it had stopped before. Async-signal-safe. */
bool group_stop(ompg_group *group, const ompg_error *error);

/* A group that has stopped by itself, not only for the tasks above an index. */
static inline bool group_stopped_hard(const ompg_group *group)
{
    return load_acquire(&((ompg_group *)group)->stop) != RUNNING;
}

/* Takes back a stop. Others may stop the group meanwhile: that comes before or after. */
void group_restart(ompg_group *group);

/* Waits for the few instructions between CLAIMED and STOPPED. */
bool group_cause(ompg_group *group, ompg_error *error);

#endif
