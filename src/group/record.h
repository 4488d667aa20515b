/*
 * Group: the record behind ompg_group, and what the engine does with it: counting, stopping,
 * recording errors.
 *
 * Discipline.
 * - Records are type-stable: ompg_free() puts them into a pool that never shrinks, and `serial`
 *   tells one life from the next. So a stale `parent` may be looked at (nesting.h).
 * - Counting. submitted == returned + skipped  <=>  no task is pending. Every count only grows.
 *   `local` is written, without locked instructions, by the group's owner alone, a worker, or before
 *   that by whoever holds the mailbox's lock (home.h). All other workers count in their tally, which is
 *   flushed to `remote` (worker.h), submitted first, returned last; other threads add at once.
 *   A reader that wants to know whether all is over reads returned and skipped first (acquire), then
 *   holds (acquire), submitted last: a hold that is done may have added a task before, and a task that
 *   is over may have taken a hold. The last count of a task is the last touch of the group by its thread: the
 *   waiter may free it then.
 * - Stopping. stop: RUNNING -> CLAIMED -> STOPPED, moved by whoever wins the compare-exchange from
 *   RUNNING; it bumps stop_epoch, then writes `cause`, published by the release of STOPPED. Whoever
 *   finds CLAIMED bumps the epoch too: when a call that stops has returned, all checks say so. RUNNING
 *   again only by ompg_reset.
 * - What encloses a group: nesting.h. What stops it passively, the caches `clean`, `walked` and
 *   `earliest`: stop.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_RECORD_H
#define OMPG_SRC_RECORD_H

#include "base/atomics.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/spinlock.h"
#include "ompgroup/group.h"
#include "store/errors.h"
#include "store/gate.h"
#include "store/mailbox.h"

#include <stddef.h>
#include <stdint.h>

struct region;
struct worker;

/* Of tasks that were submitted. */
struct counts {
    _Atomic size_t started;
    _Atomic size_t returned; /* ran to the end */
    _Atomic size_t skipped;  /* never started */
};

/* Of loops and pipelines, whose tasks and ranges are parts of what users count. */
struct parts {
    _Atomic size_t
        returned; /* tasks of theirs; those of a team that begins with a loop from the start */
    _Atomic size_t items;   /* iterations and items that are over */
    _Atomic size_t total;   /* of these, as far as it is known */
    _Atomic size_t sources; /* pipelines whose source goes on; release: after `total` */
};

enum stop_state { RUNNING, CLAIMED, STOPPED };

/* Whether a thread is in ompg_wait (WAIT_BEGUN once the link is the waiter's), or an OMPG_FOR is open. */
enum wait_state { NOBODY_WAITS, WAIT_CLAIMED, WAIT_BEGUN, LOOP_WAITS };

struct ompg_group {
    /* Read by every task, written rarely. */
    alignas(CACHE_LINE) _Atomic size_t clean; /* see above */
    _Atomic(struct region *) region;          /* home: where its tasks run, NULL: in none */
    _Atomic(struct worker *) owner;           /* who counts in local; compared, never followed */
    _Atomic size_t submitted_elsewhere;       /* atomic additions by all except the owner */
    _Atomic(ompg_group *) parent;             /* enclosing group; the link, see nesting.h: */
    _Atomic size_t parent_serial;             /* the parent's life, */
    _Atomic size_t parent_index;              /* index of the enclosing task, */
    atomic_int stop;                          /* enum stop_state */
    atomic_uint depth;                        /* nesting; a parent's is lower; part of the link */

    alignas(CACHE_LINE) struct counts local; /* written by the owner */
    _Atomic size_t submitted_here;           /* by the owner */
    _Atomic size_t unnumbered;               /* of the submitted: parts of loops and pipelines */
    _Atomic size_t serial;                   /* life number of this record; grows in ompg_free */
    ompg_group *next_free;                   /* pool */
    atomic_uchar waiting;                    /* enum wait_state */
    atomic_bool has_parts;                   /* has something in `parts` */
    atomic_bool gated;                       /* limit or budget was set: tasks pass the gate */
    atomic_bool shielded;                    /* read-only after ompg_new */
    bool deterministic, collect;             /* read-only after ompg_new */
    atomic_bool is_default;                  /* made without options in a task: what few groups
                                                use was never set, except `earliest` */

    alignas(CACHE_LINE) struct counts remote; /* atomic additions by all but the owner */
    _Atomic size_t holds;        /* that are open; 0 at the end of a life: see group_hold.c */
    _Atomic size_t failed;       /* tasks that returned an error of their own */
    _Atomic size_t cancelled;    /* tasks that returned ECANCELED after the stop */
    _Atomic size_t walked;       /* cache of stop.c */
    atomic_uint link_version;    /* odd while the link is moved */
    atomic_bool pried;           /* tasks were taken before their tally was flushed */
    atomic_bool has_early_child; /* see note_early_child */
    bool cause_is_first;         /* guard: stop; no error was kept before it */
    bool moved; /* guard: mailbox.lock; away from a region that may be there still: home.h */

    /* What few groups use. */
    alignas(CACHE_LINE) struct gate gate;
    _Atomic int64_t earliest;     /* of the enclosing deadlines; cache of stop.c */
    _Atomic int64_t deadline;     /* own; CLOCK_NEVER outside a wait */
    _Atomic size_t fail_index;    /* deterministic: lowest failing index */
    _Atomic int64_t waited_ticks; /* of all waits; negative while one lasts */
    _Atomic int64_t begun_ticks;  /* start of the last one while not is_default, 0: none yet */
    struct mailbox mailbox; /* tasks from elsewhere than the region; empty at the end of a life */
    ompg_group *next_made;  /* all records, while the library lives; guard: the pools' lock */
    struct parts
        parts; /* all zero at the end of a life; relaxed: read while the group runs, or after */
    struct spinlock lock;
    struct spinlock errors_lock; /* of `errors`; held over a fork */
    int loops;                   /* of OMPG_FOR that share a wait; guard: lock */
    int threads;                 /* read-only after ompg_new */
    struct errors *errors;       /* collect and deterministic groups; read-only after ompg_new */
    struct errors *spare_errors; /* of an earlier life; NULL while this one has its own */
    _Atomic(ompg_token *) token; /* until ompg_free, which takes it away under lock */
    double timeout;              /* as threads */
    int max_errors;              /* as threads */
    char name[64];               /* as threads */
    ompg_error cause;            /* guard: stop */
};

/* Neither NULL nor OMPG_DEFAULT, by one comparison. */
static inline bool is_group(const ompg_group *group)
{
    return (uintptr_t)group > (uintptr_t)OMPG_DEFAULT;
}

static inline ompg_group *gate_group(struct gate *gate)
{
    return (void *)((char *)gate - offsetof(ompg_group, gate));
}

/* Whether something may be parked at its gate, or have a place under it. */
static inline bool group_uses_gate(const ompg_group *group)
{
    return load_relaxed(&((ompg_group *)group)->gated) || gate_is_shared(&group->gate);
}

/* ---- parts ---- */

/* A loop, or a pipeline, that has so many iterations or items in all. */
static inline void parts_expect(ompg_group *group, size_t total)
{
    if (!load_relaxed(&group->has_parts))
        store_relaxed(&group->has_parts, true);
    add_relaxed(&group->parts.total, total);
}

/* So many of them are over. */
static inline void parts_add(ompg_group *group, size_t items)
{
    add_relaxed(&group->parts.items, items);
}

/* n tasks of theirs have returned, or are going to. */
static inline void parts_returned(ompg_group *group, size_t n)
{
    add_relaxed(&group->parts.returned, n);
}

static inline void parts_clear(ompg_group *group)
{
    if (LIKELY(!load_relaxed(&group->has_parts)))
        return;
    store_relaxed(&group->has_parts, false);
    store_relaxed(&group->parts.returned, 0U);
    store_relaxed(&group->parts.items, 0U);
    store_relaxed(&group->parts.total, 0U);
    store_relaxed(&group->parts.sources, 0U);
}

/* ---- counting ---- */

static inline size_t group_over(ompg_group *group)
{
    return load_acquire(&group->remote.returned) + load_acquire(&group->remote.skipped) +
           load_acquire(&group->local.returned) + load_acquire(&group->local.skipped);
}

static inline size_t group_submitted(ompg_group *group)
{
    return load_acquire(&group->submitted_elsewhere) + load_acquire(&group->submitted_here);
}

/*
 * Tasks that are not over, apart from what tallies hold (worker.h). Exact when none runs. Never 0
 * while there is one, unless it was pried (see group_is_done).
 */
static inline size_t group_pending(ompg_group *group)
{
    size_t over = group_over(group); /* first: see above */
    return group_submitted(group) - over;
}

/* The same with holds: 0 where nothing keeps a wait from its end. */
static inline size_t group_unfinished(ompg_group *group)
{
    size_t over = group_over(group); /* in this order: see above */
    size_t holds = load_acquire(&group->holds);
    return group_submitted(group) - over + holds;
}

/* The index of the next task, by what is counted. Exact for tasks from one thread at a time. */
static inline size_t group_next_index(ompg_group *group)
{
    size_t unnumbered = load_acquire(&group->unnumbered); /* first, or it could be more */
    return load_relaxed(&group->submitted_here) + load_relaxed(&group->submitted_elsewhere) -
           unnumbered;
}

/* Counts a task for the group's owner, before others can take it. Returns its index. */
static inline size_t group_submit_here(ompg_group *group)
{
    size_t index = group_next_index(group);
    bump_relaxed(&group->submitted_here, 1U);
    return index;
}

#endif
