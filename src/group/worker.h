/*
 * Worker: what a thread needs to take part in a region: its deque, its tally, its slot.
 * Region: what the workers of one outermost wait share.
 *
 * Discipline.
 * - A worker belongs to the thread that acquired it, until it releases it. Workers and regions come
 *   from pools that never shrink (type-stable), so thieves may look at one that is gone: they take
 *   its deque's lock and then compare its region.
 * - slots[thread] is written by that OpenMP thread only: at most one worker for each thread.
 * - The tally counts for one group that the worker does not own. Invariant: whenever a user's code runs
 *   on the worker, tally_group is NULL or the group of one of its frames, whose task is not over and is
 *   counted by this worker as over after all that the tally holds. So whoever waits for the group has
 *   something to wait for while counts are hidden here. It is flushed before the worker shares tasks,
 *   counts for another group, starts a task of another group, goes back to a task of another group
 *   (tally_settle), or goes idle; what a task adds to another group than its own is counted at once.
 *   Others only read it, to know whether a group's pried tasks were submitted yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_WORKER_H
#define OMPG_SRC_WORKER_H

#include "base/parking.h"
#include "group/record.h"
#include "group/states.h"
#include "store/blocks.h"
#include "store/deque.h"

enum { GROUPS_PER_WORKER = 64, MAIL_NOTES = 8 };

struct frame {
    struct frame *prev; /* the task that this one interrupted, by a nested wait */
    struct task *task;
    struct branch *branch; /* where in_branch says that one runs here: see frame_branch */
    union {
        uint32_t notes; /* not 0: the task's end has something to look at */
        struct {
            bool failed;     /* ompg_fail recorded its error: the code it returns is the same one */
            bool refused;    /* a task that it added, or a loop: ECANCELED */
            bool has_states; /* see states.h */
            bool in_branch;
        };
    };
    struct state *states; /* where it has some: the last one first */
};

/* What a task that runs here has of its group's gate. */
struct holding {
    struct holding *prev;
    struct gate *gate;
    struct place place;
};

struct worker {
    struct deque deque;
    struct region *region; /* written by the owner under deque.lock */
    struct frame *frame;   /* innermost running task, NULL: none */
    int thread;            /* omp_get_thread_num() in the region */
    int *errno_here;       /* its thread's: errno itself takes a call */
    unsigned inlined;      /* tasks that run inside ompg_go on this stack */
    unsigned foreign;      /* such calls that run what has nothing to do with the adding task */
    unsigned random;       /* xorshift state for the choice of victims */
    unsigned free_count;   /* of free_groups */
    int64_t robbed;        /* clock at the last theft, 0: none */
    int64_t loot;          /* what it weighs: a task 1, or more; see steal.c */
    int64_t hold_back;     /* how long to stay away after the next poor one, in ns; 0: the least */
    int64_t launch_at;     /* clock before which no launch is tried, */
    int64_t
        launch_pause;   /* for so long, after one that OpenMP ran here; 0: the last one went well */
    bool launched_here; /* OpenMP has run a worker's task on this thread */
    struct holding *holdings; /* innermost first */
    struct deque *asked;      /* whose owner this thief has asked last, NULL: nobody's */
    ompg_group *free_groups;
    _Atomic(ompg_group *) tally_group;
    struct counts tally;
    _Atomic size_t tally_submitted;
    _Atomic size_t flushes;   /* odd while the tally is being added to its group's counts */
    struct worker *next_free; /* pool's lock */
    struct blocks blocks;
};

/* Of a thread, in a line of its own: each writes it when it comes and when it goes. */
struct slot {
    alignas(CACHE_LINE) _Atomic(struct worker *) worker;
};

struct region {
    atomic_int threads;     /* size of the team; the waiter sets it, at first to what it asks for */
    int capacity;           /* of slots; read-only while the region runs, as all down to `each` */
    int members;            /* threads of the team that are workers from the start */
    int level;              /* omp_get_level() in it */
    bool joined;            /* in a team that was there; otherwise the library has opened it */
    bool oversubscribed;    /* more threads than processors */
    int64_t spin_ns;        /* of its parking */
    int64_t begun_ticks;    /* when it was opened */
    uint32_t float_control; /* of the waiter: what all its workers have */
    atomic_int snapshots;   /* statistics for which tallies are held back a moment */
    ompg_group *root;
    struct worker *waiter;                 /* the waiter's; the region's for good */
    alignas(CACHE_LINE) struct task each;  /* what each member begins with; no fn: with nothing */
    void (*attend)(struct worker *worker); /* region_attend, for what lies below it */
    struct region *next_free;              /* pool's lock */
    alignas(CACHE_LINE) atomic_int active; /* workers in slots, and members that are to come */
    struct parking parking; /* calls: workers launched that have not started; closed: workers end */
    atomic_bool arming;     /* by whom: see leave.h */
    alignas(CACHE_LINE) struct spinlock call_lock; /* not where all wait for the parking to close */
    bool may_call; /* guard: call_lock; has threads that others may call: mail.h */
    alignas(CACHE_LINE) _Atomic(ompg_group *) mail[MAIL_NOTES]; /* groups with mail: mail.h */
    struct slot slots[];
};

/* The worker of this thread, which is in its region; NULL outside regions. Signal handlers read it. */
extern _Thread_local struct worker *self __attribute__((tls_model("initial-exec")));

/* Whether the innermost task of this thread is one of the group's. */
static inline bool runs_task_of(const struct worker *worker, const ompg_group *group)
{
    return worker->frame && task_group(worker->frame->task) == group;
}

/* Of the innermost OMPG_FOR of a group that is open on this thread. */
struct loop_here {
    const ompg_group *group; /* NULL: none is */
    size_t index;            /* deterministic: where the sub-range begins; others: OMPG_NO_INDEX */
    const struct frame *within; /* the task that it stands in, NULL: in none */
};

extern _Thread_local struct loop_here loop_here __attribute__((tls_model("initial-exec")));

/* The innermost range of an OMPG_FOR that is open on this thread; NULL: none is. */
extern _Thread_local struct ompg_loop_range *range_here __attribute__((tls_model("initial-exec")));

/* The branch that runs here, NULL: the task's own function does. */
static inline struct branch *frame_branch(const struct frame *frame)
{
    return frame->in_branch ? frame->branch : NULL;
}

/* Gives back the states that the frame's task, or a part of it, has had. */
static inline void frame_give_states_back(struct frame *frame)
{
    if (LIKELY(!frame->has_states))
        return;
    frame->has_states = false;
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): set with has_states, and only then */
    states_give_back(frame->states);
}

#endif
