/*
 * Stops: of a group by an error or ompg_cancel, and the passive ones (a token, a deadline, an
 * enclosing group), which become the group's error when somebody looks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "text.h"
#include "tsan.h"
#include "worker.h"

#include <errno.h>
#include <string.h>

_Atomic size_t stop_epoch = 1;

/* For the error's record; omp_get_thread_num() is not async-signal-safe. */
static int current_thread(void)
{
    return self ? self->thread : 0;
}

bool group_stop(ompg_group *group, const ompg_error *error)
{
    int state = RUNNING;
    bool first = cas_acquire(&group->stop, &state, CLAIMED);
    if (first || state == CLAIMED) /* who comes second may go on before the first one gets here */
        stop_epoch_bump();
    if (!first)
        return false;
    group->cause = *error;
    group->cause_is_first = !group->errors || load_relaxed(&group->errors->count) == 0;
    store_release(&group->stop, STOPPED); /* to the load_acquire in group_cause */
    return true;
}

bool group_cause(ompg_group *group, ompg_error *error)
{
    int state = load_acquire(&group->stop);
    for (unsigned tries = 1; state == CLAIMED; tries++) {
        if (tries % 128 == 0)
            sched_yield();
        state = load_acquire(&group->stop);
    }
    if (state != STOPPED || group->cause.code == 0)
        return false;
    *error = group->cause;
    return true;
}

static void stop_passively(ompg_group *group, int code, ompg_error_kind kind, const char *why)
{
    ompg_error error = {.code = code, .index = OMPG_NO_INDEX, .kind = kind};
    error.thread = current_thread();
    error.seconds = group_seconds(group);
    text_copy(error.message, sizeof error.message, why);
    group_stop(group, &error);
}

/* Whether the group itself, not one around it, has a reason to stop its task `index`. */
static bool stops_itself(ompg_group *group, size_t index, int64_t now)
{
    if (group_stopped_hard(group))
        return true;
    if (group->token && ompg_token_stopped(group->token)) {
        stop_passively(group, ompg_token_get_code(group->token), OMPG_ERROR_CANCEL,
                       ompg_token_get_signal(group->token) ? "a signal cancelled the token"
                                                           : "the token was cancelled");
        return true;
    }
    if (now >= load_relaxed(&group->deadline)) {
        stop_passively(group, ETIMEDOUT, OMPG_ERROR_DEADLINE, "the timeout ran out");
        return true;
    }
    size_t lowest = load_relaxed(&group->fail_index);
    return lowest != OMPG_NO_INDEX && lowest <= index;
}

/* Walks outwards. Returns true when the task must stop; *cacheable as in group.h. */
static bool walk(ompg_group *group, size_t index, int64_t now, bool *cacheable)
{
    if (stops_itself(group, index, now))
        return true;
    *cacheable = load_relaxed(&group->fail_index) == OMPG_NO_INDEX;
    size_t parent_index = load_relaxed(&group->parent_index);
    for (ompg_group *outer = live_parent(group); outer; outer = live_parent(outer)) {
        if (stops_itself(outer, parent_index, now)) {
            stop_passively(group, ECANCELED, OMPG_ERROR_CANCEL, "an enclosing group stopped");
            return true;
        }
        if (load_relaxed(&outer->fail_index) != OMPG_NO_INDEX)
            *cacheable = false;
        parent_index = load_relaxed(&outer->parent_index);
    }
    return false;
}

bool group_stop_check(ompg_group *group, size_t index)
{
    size_t epoch = load_acquire(&stop_epoch); /* before the flags that it stands for */
    if (group_stopped_hard(group))
        return true;
    int64_t earliest = load_relaxed(&group->earliest);
    bool timed = earliest != CLOCK_NEVER;
    int64_t now = timed ? clock_now() : 0;
    if (now < earliest && load_relaxed(&group->walked) == epoch)
        return false;
    bool cacheable = false;
    if (walk(group, index, now, &cacheable))
        return true;
    if (cacheable)
        store_relaxed(&group->walked, epoch);
    if (cacheable && !timed && !load_relaxed(&group->gated) && !tsan_is_present())
        store_relaxed(&group->clean, epoch);
    return false;
}
