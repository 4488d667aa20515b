/*
 * Stops: of a group by an error or ompg_cancel, and the passive ones (a token, a deadline, an
 * enclosing group), which become the group's error when somebody looks.
 *
 * A look is one comparison, at any depth of nesting, because a group caches what the last one found:
 *     clean    the epoch at which nothing had stopped the group, where it needs no other look: no gate,
 *              no deadline, no failing index. While it equals the epoch the group is in the express lane.
 *     walked   the epoch at which neither the group itself had stopped nor anything around it, for the
 *              task that it lies in; `earliest` is right then
 *     earliest the earliest of the enclosing deadlines, which are compared with the clock
 *
 * Discipline.
 * - Whatever changes an answer bumps the epoch after its flag: a stop, a failure in a deterministic group,
 *   a token, a limit that is set, a link that is moved, a wait with a timeout that begins after groups were
 *   made within (note_early_child). A look reads the epoch before the flags, and caches that one.
 * - A shielded group is where every walk ends: what it caches is true of itself alone.
 * - A group gets its parent's caches when it is made. After a bump a look walks outwards to the first group
 *   that knows, and tells all groups on its way that live for certain: so a bump costs one walk, not one
 *   for each group.
 * - `earliest` is stored before `walked` (release) and read after it (acquire).
 * - Groups beyond those that live for certain are only read, and what was read counts if the life that was
 *   meant was not over then (nesting.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "group/stop.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "base/tsan.h"
#include "group/elapsed.h"
#include "group/nesting.h"

#include <errno.h>

/* For the error's record; omp_get_thread_num() is not async-signal-safe. */
static int current_thread(void)
{
    return self ? self->thread : 0;
}

/*
 * False when it had stopped before; *state as it was. Releases as well: whoever sees that a group has
 * stopped because one around it has must see the epoch that stop_held has bumped before.
 */
static bool claim_stop(ompg_group *group, int *state)
{
    *state = RUNNING;
    return cas_acq_rel(&group->stop, state, CLAIMED);
}

/* Of whoever has claimed the stop. */
static void publish(ompg_group *group, const ompg_error *error)
{
    group->cause = *error;
    group->cause_is_first = !group->errors || load_relaxed(&group->errors->count) == 0;
    store_release(&group->stop, STOPPED); /* to the load_acquire in group_cause */
}

bool group_stop(ompg_group *group, const ompg_error *error)
{
    int state;
    bool first = claim_stop(group, &state);
    if (first || state == CLAIMED) /* the second one may go on before the first one gets here */
        stop_epoch_bump();
    if (first)
        publish(group, error);
    return first;
}

/* Not CLAIMED: waits for the few instructions of whoever has claimed it. */
static int settled_stop(ompg_group *group)
{
    int state = load_acquire(&group->stop);
    for (unsigned tries = 1; state == CLAIMED; tries++) {
        if (tries % 128 == 0)
            futex_wait_slice(&group->stop, CLAIMED, tries / 128);
        state = load_acquire(&group->stop);
    }
    return state;
}

bool group_cause(ompg_group *group, ompg_error *error)
{
    if (settled_stop(group) != STOPPED || group->cause.code == 0)
        return false;
    *error = group->cause;
    return true;
}

void group_restart(ompg_group *group)
{
    if (settled_stop(group) == STOPPED)
        store_release(&group->stop, RUNNING); /* to claim_stop, which writes the cause anew */
}

/* Without a new epoch: what caused it had one, or is a deadline, which groups compare with the clock. */
static void stop_passively(ompg_group *group, ompg_error *error)
{
    error->index = OMPG_NO_INDEX;
    error->thread = current_thread();
    error->seconds = group_seconds(group);
    int state;
    if (claim_stop(group, &state))
        publish(group, error);
}

static void stop_by_deadline(ompg_group *group, double seconds)
{
    ompg_error error = {.code = ETIMEDOUT, .kind = OMPG_ERROR_DEADLINE};
    text_copy(error.message, sizeof error.message, "timed out after ");
    text_append_seconds(error.message, sizeof error.message, seconds);
    stop_passively(group, &error);
}

static void stop_by_token(ompg_group *group, const ompg_token *token)
{
    double seconds;
    if (token_timed_out(token, &seconds)) {
        stop_by_deadline(group, seconds);
        return;
    }
    ompg_error error = {.code = ompg_token_get_code(token), .kind = OMPG_ERROR_CANCEL};
    error.signal = ompg_token_get_signal(token);
    if (error.signal == 0) {
        text_copy(error.message, sizeof error.message, "the token was cancelled");
    } else {
        char name[SIGNAL_NAME_SIZE];
        signal_name(name, error.signal);
        text_copy(error.message, sizeof error.message, "interrupted by ");
        text_append(error.message, sizeof error.message, name);
    }
    stop_passively(group, &error);
}

static void stop_by_enclosing(ompg_group *group)
{
    ompg_error error = {.code = ECANCELED, .kind = OMPG_ERROR_CANCEL};
    text_copy(error.message, sizeof error.message, "an enclosing group stopped");
    stop_passively(group, &error);
}

/* ---- a walk outwards ---- */

/*
 * From a group to what encloses it. The first `held` groups, the one that it begins with included, live
 * for certain (nesting.h): these learn what the walk finds.
 */
struct walk {
    ompg_group *group;  /* that it begins with */
    ompg_group *around; /* around that one, as it was read: the link may be moved meanwhile */
    size_t held;
    size_t epoch;
    int64_t now;      /* deadlines up to it have passed; 0: not asked for */
    int64_t earliest; /* of the deadlines beyond the held groups */
};

/* Whether a group that lives for certain stops itself, except by its failing index. */
static bool stops_itself(ompg_group *group, int64_t now)
{
    if (group_stopped_hard(group))
        return true;
    const ompg_token *token = load_relaxed(&group->token);
    if (token && token_is_cancelled(token, now)) {
        stop_by_token(group, token);
        return true;
    }
    if (now < load_relaxed(&group->deadline))
        return false;
    stop_by_deadline(group, group->timeout);
    return true;
}

/*
 * The token's memory may go as soon as its group is freed, which takes the lock (ompg_free). Also gives the
 * token's deadline, CLOCK_NEVER where the group is gone.
 */
static bool token_has_stopped(const struct enclosing *outer, int64_t now, int64_t *deadline)
{
    ompg_group *group = outer->group;
    *deadline = CLOCK_NEVER;
    if (!load_relaxed(&group->token))
        return false;
    bool stopped = false;
    spin_lock(&group->lock);
    if (is_alive(outer)) {
        const ompg_token *token = load_relaxed(&group->token);
        stopped = token_is_cancelled(token, now);
        *deadline = token_deadline(token);
    }
    spin_unlock(&group->lock);
    return stopped;
}

/* The same for one that may be gone, of which nothing is true then: the caller asks is_alive. */
static bool has_stopped(const struct enclosing *outer, int64_t now, int64_t *deadline)
{
    *deadline = load_relaxed(&outer->group->deadline);
    if (group_stopped_hard(outer->group) || now >= *deadline)
        return true;
    int64_t shared;
    bool stopped = token_has_stopped(outer, now, &shared);
    if (shared < *deadline)
        *deadline = shared;
    return stopped;
}

/* Whether the enclosing group has stopped for its task that the inner one lies in. *deadline: its own. */
static bool stops_inner(const struct enclosing *outer, bool held, int64_t now, int64_t *deadline)
{
    size_t lowest = load_relaxed(&outer->group->fail_index);
    if (lowest != OMPG_NO_INDEX && lowest <= outer->index)
        return true;
    if (!held)
        return has_stopped(outer, now, deadline);
    *deadline = group_own_deadline(outer->group);
    return stops_itself(outer->group, now);
}

/* Around a group that lives for certain. The last one of these has something around it that may be gone. */
static ompg_group *held_around(const struct walk *walk, const ompg_group *group)
{
    return group == walk->group ? walk->around : load_relaxed(&group->parent);
}

/*
 * All within a group that has stopped stop: each would find out by a walk of its own. The epoch comes first:
 * whoever stopped the outer group may not have come to it, and this group's end must not be seen before.
 */
static void stop_held(const struct walk *walk)
{
    stop_epoch_bump();
    ompg_group *group = walk->group;
    for (size_t i = 0; i < walk->held; i++, group = held_around(walk, group))
        stop_by_enclosing(group);
}

/*
 * Two threads may have walked at once, and whoever read the older epoch must not undo what the other one has
 * noted: a deadline would be forgotten.
 */
static void note_in(ompg_group *group, size_t epoch, int64_t earliest)
{
    spin_lock(&group->lock);
    if (epoch - load_relaxed(&group->walked) <= SIZE_MAX / 2) {
        store_relaxed(&group->earliest, earliest);
        store_release(&group->walked, epoch); /* to the load_acquire of both's reader */
    }
    spin_unlock(&group->lock);
}

/*
 * Notes in the held groups that nothing around them has stopped, and their enclosing deadlines. One
 * round for each deadline that is earlier than all within it: it counts for all these.
 */
static void note(const struct walk *walk)
{
    ompg_group *group = walk->group;
    for (size_t left = walk->held; left > 0;) {
        int64_t earliest = walk->earliest;
        size_t within = left;
        const ompg_group *outer = group;
        for (size_t i = 1; i < left; i++) {
            outer = held_around(walk, outer);
            int64_t deadline = group_own_deadline(outer);
            if (deadline < earliest) {
                earliest = deadline;
                within = i;
            }
        }
        left -= within;
        for (; within > 0; within--, group = held_around(walk, group))
            note_in(group, walk->epoch, earliest);
    }
}

/* Whether what is around the group cannot stop it. */
static bool is_shielded(const ompg_group *group)
{
    return load_relaxed(&((ompg_group *)group)->shielded);
}

/* What a walk reads of a group on its way. */
struct view {
    bool stopped;          /* for the task that the inner group lies in */
    bool knows;            /* nothing has stopped it or what is around it in this epoch */
    int64_t earliest;      /* of the deadlines that note() will not read itself */
    struct enclosing next; /* around it */
};

/* The caller asks is_alive after it: only then is it known whose values these are. */
static inline struct view look_at(const struct walk *walk, const struct enclosing *outer, bool held)
{
    int64_t deadline = CLOCK_NEVER;
    struct view view = {.stopped = stops_inner(outer, held, walk->now, &deadline)};
    view.knows = !walk->now && load_acquire(&outer->group->walked) == walk->epoch;
    view.earliest = view.knows ? load_relaxed(&outer->group->earliest) : CLOCK_NEVER;
    if (deadline < view.earliest && (view.knows || !held))
        view.earliest = deadline;
    view.next = enclosing_next(outer);
    if (is_shielded(outer->group))
        view.next.group = NULL;
    return view;
}

/* As far as the first group that knows. */
static bool walk_outwards(struct walk *walk)
{
    bool held;
    struct enclosing outer = enclosing_here(self, walk->group, &held);
    walk->around = outer.group;
    if (is_shielded(walk->group))
        outer.group = NULL;
    while (outer.group) {
        struct view view = look_at(walk, &outer, held);
        if (!held && !is_alive(&outer))
            break; /* what was read may be of its next life */
        if (view.stopped) {
            stop_held(walk);
            return true;
        }
        if (view.earliest < walk->earliest)
            walk->earliest = view.earliest;
        if (view.knows)
            break;
        walk->held += held;
        held = parent_is_held(outer.group, held);
        outer = view.next;
    }
    note(walk);
    return false;
}

static bool look_around(ompg_group *group, size_t epoch, int64_t now)
{
    struct walk walk = {
        .group = group, .held = 1, .epoch = epoch, .now = now, .earliest = CLOCK_NEVER};
    return stops_itself(group, now) || walk_outwards(&walk);
}

bool group_stopped_slow(ompg_group *group, size_t index)
{
    size_t epoch = load_acquire(&stop_epoch); /* before the flags that it stands for */
    if (group_stopped_hard(group))
        return true;
    if (load_acquire(&group->walked) != epoch && look_around(group, epoch, 0))
        return true;
    int64_t earliest = group_earliest_deadline(group);
    if (earliest != CLOCK_NEVER) {
        int64_t now = clock_now();
        if (now >= earliest && look_around(group, epoch, now))
            return true;
    }
    size_t lowest = load_relaxed(&group->fail_index);
    if (lowest == OMPG_NO_INDEX && earliest == CLOCK_NEVER && group_may_be_express(group) &&
        !tsan_is_present())
        store_relaxed(&group->clean, epoch);
    return lowest != OMPG_NO_INDEX && lowest <= index;
}
