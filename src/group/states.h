/*
 * States of an ompg_local (ompgroup/local.h): which there are, and whose each of them is.
 *
 * A task, a range or a stage call takes a state when it first asks, and gives it back at its end. It takes
 * the one that its thread has had last, if it is free, because that is in its cache; else any free one; and
 * only if all are in use at one moment, one more is made. So there are never more states than tasks that
 * ran at once.
 *
 * Discipline.
 * - turn: even where the state is free, odd where somebody has it. Whoever moves it from even to odd by
 *   compare-exchange has the state, and what is in it, until it stores the next even number. It only
 *   grows, so that whoever reads the same odd number twice knows that the state was in use in between.
 * - The list only grows, at its end: a state is appended by compare-exchange of the last NULL. Without a lock,
 *   which the child of a fork might find taken for ever.
 * - All in use: whoever looks for a free state adds up the turns of all states while it goes through the list, and
 *   again when it has come to the end. The same sum means the same turns, so all of them were in use when
 *   it came to the end, and it was running too. A state that another one appends afterwards is
 *   one that it needs as well: it was running at that moment and had none.
 * - Taking is acquire and release: whoever sees that a state was taken sees also what the taker has seen
 *   given back before. Without that, a task that has got its place under a limit from another one
 *   could be seen to have a state, and that other one to have its own still.
 * - A hint names the life of a list by its serial, so that it is never followed into another one's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_STATES_H
#define OMPG_SRC_STATES_H

#include "base/atomics.h"

/* The caller's bytes follow. */
struct state {
    alignas(CACHE_LINE) _Atomic size_t turn;
    const struct states *list;    /* read-only: where it belongs */
    _Atomic(struct state *) next; /* in the list; written once */
    struct state *next_held;      /* this and the next: of whoever has it */
    bool made;                    /* its bytes are what init has made of them */
    int index;                    /* read-only once it is in the list */
};

struct states {
    _Atomic(struct state *) first; /* written once */
    size_t serial;                 /* read-only: no other list has had it */
};

static inline bool state_is_free(size_t turn)
{
    return turn % 2 == 0;
}

/* False where somebody has it. */
static inline bool state_try_take(struct state *state)
{
    size_t turn = load_relaxed(&state->turn);
    return state_is_free(turn) && cas_acq_rel(&state->turn, &turn, turn + 1);
}

/* To the cas_acq_rel in state_try_take. */
static inline void state_give_back(struct state *state)
{
    store_release(&state->turn, load_relaxed(&state->turn) + 1);
}

/* Of a list, for the caller, who has none of it; NULL: all are in use. */
struct state *states_take(struct states *states);

/* Appends a state, which the caller has and whose `next` is NULL, and numbers it. */
void states_append(struct states *states, struct state *state);

/* All of a chain by next_held, which is void afterwards. */
void states_give_back(struct state *held);

#endif
