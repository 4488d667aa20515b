/* SPDX-License-Identifier: Apache-2.0 */
#include "group/states.h"

/* Goes through the list for a free one; *turns: the sum of those in use, *count: how many they are. */
static struct state *take_first_free(struct states *states, size_t *turns, size_t *count)
{
    *turns = *count = 0;
    struct state *state = load_acquire(&states->first);
    for (; state; state = load_acquire(&state->next)) {
        size_t turn = load_acquire(&state->turn);
        while (state_is_free(turn))
            if (cas_acq_rel(&state->turn, &turn, turn + 1))
                return state;
        *turns += turn;
        ++*count;
    }
    return NULL;
}

/* Of the first so many. */
static size_t sum_of_turns(struct states *states, size_t count)
{
    size_t turns = 0;
    struct state *state = load_acquire(&states->first);
    for (; count > 0; count--) {
        turns += load_acquire(&state->turn);
        state = load_acquire(&state->next);
    }
    return turns;
}

/* Looks again where others have taken or given back meanwhile: they have come forward. */
struct state *states_take(struct states *states)
{
    size_t turns, count;
    struct state *state;
    do
        state = take_first_free(states, &turns, &count);
    while (!state && sum_of_turns(states, count) != turns);
    return state;
}

/* Another thread may append meanwhile: then it goes behind that one. Releases to the loads above. */
void states_append(struct states *states, struct state *state)
{
    _Atomic(struct state *) *end = &states->first;
    struct state *next = NULL;
    state->index = 0;
    while (!cas_acq_rel(end, &next, state)) {
        state->index = next->index + 1;
        end = &next->next;
        next = NULL;
    }
}

void states_give_back(struct state *held)
{
    while (held) {
        struct state *state = held;
        held = state->next_held; /* before another one has it */
        state_give_back(state);
    }
}
