/*
 * Local: states for what runs. See ompgroup/local.h, and states.h for who has which.
 *
 * What has states keeps them in a list: a task in its frame, an OMPG_FOR in its range. Which of
 * the two is the innermost one on this thread is known without either having to say so: a range remembers
 * the frame that it stands in, and that is the thread's innermost one as long as no other task runs there.
 *
 * Discipline. An ompg_local is read-only, except for its list of states. hints: of the thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/local.h"

#include "base/caller.h"
#include "base/memory.h"
#include "base/room.h"
#include "group/worker.h"
#include "ompgroup/loop_macro_parts.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ompg_local {
    struct states states; /* first: see state's list */
    size_t state_size;    /* with the header, in whole cache lines */
    ompg_local_options options;
};

enum { HINTS = 4 };

/* The states that this thread has had last, by the serial of their local. */
static _Thread_local struct hint {
    size_t serial; /* 0: none */
    struct state *state;
} hints[HINTS] __attribute__((tls_model("initial-exec")));

/* ---- making and freeing ---- */

ompg_local *ompg_local_new(const ompg_local_options *options)
{
    static _Atomic size_t serials;
    static const ompg_local_options defaults;
    if (!options)
        options = &defaults;
    if (!ROOM_IS_ZERO(options)) {
        errno = EINVAL;
        return NULL;
    }
    size_t lines = options->size / CACHE_LINE + (options->size % CACHE_LINE != 0);
    bool fits = lines < PTRDIFF_MAX / CACHE_LINE - 1;
    ompg_local *local = fits ? memory_new_zeroed(1, sizeof *local) : NULL;
    if (!local) {
        errno = ENOMEM;
        return NULL;
    }
    local->options = *options;
    local->state_size = sizeof(struct state) + lines * CACHE_LINE;
    local->states.serial = add_relaxed(&serials, 1U) + 1;
    return local;
}

static struct state *first_state(ompg_local *local)
{
    return load_acquire(&local->states.first);
}

void ompg_local_free(ompg_local *local)
{
    if (!local)
        return;
    struct caller caller;
    caller_enter(&caller); /* for fini */
    struct state *state = first_state(local), *next;
    for (; state; state = next) {
        next = load_acquire(&state->next);
        assert(state_is_free(load_relaxed(&state->turn)) &&
               "ompg_local_free while a state is used");
        if (state->made && local->options.fini)
            local->options.fini(state + 1, local->options.arg);
        free(state);
    }
    free(local);
    caller_leave(&caller);
}

/* ---- having a state ---- */

/* Where the innermost task or range keeps what it has; NULL outside of any. */
static inline struct state **held_here(void)
{
    struct worker *worker = self;
    struct frame *frame = worker ? worker->frame : NULL;
    ompg_loop_range *range = range_here;
    if (UNLIKELY(range && range->task == frame))
        return (struct state **)&range->states;
    if (UNLIKELY(!frame))
        return NULL;
    if (!frame->has_states)
        frame->states = NULL;
    frame->has_states = true;
    return &frame->states;
}

/* All are in use. NULL when memory is short. */
static struct state *add_state(ompg_local *local)
{
    struct state *state = memory_new_lines(local->state_size);
    if (!state)
        return NULL;
    store_relaxed(&state->turn, 1U);
    store_relaxed(&state->next, NULL);
    state->list = &local->states;
    state->made = false;
    states_append(&local->states, state);
    return state;
}

static __attribute__((noinline)) struct state *take_slow(ompg_local *local, struct hint *hint)
{
    struct state *state = states_take(&local->states);
    if (!state)
        state = add_state(local);
    if (state)
        *hint = (struct hint){.serial = local->states.serial, .state = state};
    return state;
}

static inline struct state *take_state(ompg_local *local)
{
    struct hint *hint = &hints[local->states.serial % HINTS];
    if (LIKELY(hint->serial == local->states.serial && state_try_take(hint->state)))
        return hint->state;
    return take_slow(local, hint);
}

/* The state of what runs here, which may have to be made; NULL with the code in *code. */
static inline struct state *state_here(ompg_local *local, int *code)
{
    struct state **held = held_here();
    if (UNLIKELY(!held)) {
        *code = EPERM;
        return NULL;
    }
    for (struct state *state = *held; state; state = state->next_held)
        if (state->list == &local->states)
            return state;
    struct state *state = take_state(local);
    if (UNLIKELY(!state)) {
        *code = ENOMEM;
        return NULL;
    }
    state->next_held = *held;
    *held = state;
    return state;
}

/* The code of init. Where it fails the next one that asks begins with zeros again. */
static __attribute__((noinline)) int make_local_state(const ompg_local *local, struct state *state)
{
    int saved = errno;
    const ompg_local_options *options = &local->options;
    memset(state + 1, 0, local->state_size - sizeof *state);
    int code = options->init ? options->init(state + 1, options->arg) : 0;
    state->made = code == 0;
    errno = saved;
    return code;
}

void *ompg_local_get(ompg_local *local)
{
    int code = EINVAL;
    struct state *state = LIKELY(local != NULL) ? state_here(local, &code) : NULL;
    if (state)
        code = LIKELY(state->made) ? 0 : make_local_state(local, state);
    if (LIKELY(code == 0))
        return state + 1;
    errno = code;
    return NULL;
}

int ompg_local_index(ompg_local *local)
{
    int code;
    struct state *state = local ? state_here(local, &code) : NULL;
    return state ? state->index : -1;
}

/* ---- all of them ---- */

/* Takes all states, one after the other; false where one is in use. *count: how many were taken. */
static bool take_all(ompg_local *local, size_t *count)
{
    *count = 0;
    for (struct state *state = first_state(local); state; state = load_acquire(&state->next)) {
        if (!state_try_take(state))
            return false;
        ++*count;
    }
    return true;
}

static void give_back(ompg_local *local, size_t count)
{
    struct state *state = first_state(local);
    for (; count > 0; count--) {
        struct state *next = load_acquire(&state->next);
        state_give_back(state);
        state = next;
    }
}

static int call_for_each(ompg_local *local, size_t count, ompg_local_each_fn *fn, void *arg)
{
    int code = 0;
    struct state *state = first_state(local);
    for (; count > 0 && code == 0; count--) {
        if (state->made)
            code = fn(state + 1, arg);
        state = load_acquire(&state->next);
    }
    return code;
}

int ompg_local_each(ompg_local *local, ompg_local_each_fn *fn, void *arg)
{
    if (!local || !fn)
        return EINVAL;
    struct caller caller;
    caller_enter(&caller); /* a thread that ends in fn would keep all states */
    size_t count;          /* of those that were taken: others may be made meanwhile */
    int code = take_all(local, &count) ? call_for_each(local, count, fn, arg) : EBUSY;
    give_back(local, count);
    caller_leave(&caller);
    return code;
}
