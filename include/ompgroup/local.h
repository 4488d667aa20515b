/*
 * Local: state that a running task has for itself, as long as it runs: a buffer, a decompressor, a random
 * generator, a sum of its own. What OpenMP's users do with an array and omp_get_thread_num(), which is
 * wrong where one task runs inside another's ompg_go() or wait, on the same thread.
 *
 *     static int compress(ompg_group *group, void *file)
 *     {
 *         char *buffer = ompg_local_get(buffers);
 *         return buffer ? compress_with(buffer, file) : ompg_fail(group, errno, NULL);
 *     }
 *
 * States are made when they are needed and used again, so there are only as many as tasks ever ran
 * at once, whatever the number of tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_LOCAL_H
#define OMPGROUP_LOCAL_H

#include "base.h"

#include <stddef.h>

typedef struct ompg_local ompg_local;

/*
 * Makes the state out of zeros, in the task that first gets it. 0, or a code where it failed; then it has
 * left nothing to be undone, and the state is made anew when it is asked for again. It must not use the same
 * ompg_local.
 */
typedef int ompg_local_init_fn(void *state, void *arg);

/* Called by ompg_local_free() for each state that init has made, on its thread. */
typedef void ompg_local_fini_fn(void *state, void *arg);

/* Zero is the default of every field. */
typedef struct ompg_local_options {
    size_t size;              /* of a state, in bytes; 0: only ompg_local_index() is wanted */
    ompg_local_init_fn *init; /* NULL: all bytes are zero */
    ompg_local_fini_fn *fini; /* NULL: nothing to be done */
    void *arg;                /* for both */
    OMPG_RESERVED(8);         /* zero: see base.h */
} ompg_local_options;

OMPG_BEGIN_DECLS

/*
 * Makes a local, without any state yet. NULL options: all defaults; they are read before the call returns.
 * Returns NULL with errno EINVAL (a field of a later version) or ENOMEM. Any thread. Free it with
 * ompg_local_free().
 */
OMPG_MUST_USE OMPG_API ompg_local *ompg_local_new(const ompg_local_options *options);

/*
 * Calls fini for each state, in the order of their indices, and frees all. NULL is fine. Any thread, outside of
 * whatever has a state. Undefined while a state is in use or another thread uses the local.
 */
OMPG_API void ompg_local_free(ompg_local *local);

/*
 * The state of what runs here: of the task; of the sub-range of an ompg_for(), a reduction's fold or
 * combine, or an OMPG_FOR; of the stage call. The same for each call in it, nobody else's until it has
 * returned, and then used again by others as it was left. What runs inside it (a task in its ompg_go() or
 * wait, an OMPG_FOR, the calls of an ompg_join()) has another one. It is aligned for any type and shares no
 * cache line with others. A thread mostly gets the state that it has had last.
 * Returns NULL with errno: EINVAL for a NULL local; EPERM outside of all that is named above, also on
 * other threads of an OpenMP region that a task has opened; ENOMEM; or the code of init.
 * Up to ten nanoseconds for the first call in a task, less for others. In a drop function, and in an
 * OpenMP task, it is undefined which state that is.
 */
OMPG_MUST_USE OMPG_API void *ompg_local_get(ompg_local *local);

/*
 * The number of that state, from 0. It is below the number of tasks, sub-ranges and stage calls that ever ran
 * at once and used the local, one inside another included (and calls of ompg_join(), and an ompg_local_each()
 * that goes on). So it is below n where all are of one group with a limit of n, and none waits for or joins
 * others: then an array of n will do. The number stays the state's. No state is made by this call.
 * Returns -1 where ompg_local_get() returns NULL, except for the code of init. Leaves errno alone.
 */
OMPG_MUST_USE OMPG_API int ompg_local_index(ompg_local *local);

/* Gets a state that init has made. 0, or a code that ends ompg_local_each(). It must not use the local. */
typedef int ompg_local_each_fn(void *state, void *arg);

/*
 * Calls fn(state, arg) for each state, one after the other in the order of their indices: after a wait, to
 * add up what they hold. Which task has had which state depends on the schedule, so the result is the same
 * each time only where the order of additions makes no difference.
 * Returns 0; the first code of fn that is not 0, with which it ends; EINVAL when local or fn is NULL; EBUSY,
 * fn not called, while a state is in use, by the caller too (in the child of a fork those that other threads had
 * stay in use). Any thread. What tasks wrote is visible that were over before the call.
 */
OMPG_API int ompg_local_each(ompg_local *local, ompg_local_each_fn *fn, void *arg);

OMPG_END_DECLS

#endif
