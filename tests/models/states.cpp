/*
 * States of an ompg_local: three threads run tasks, at most two at once in the first scenario, that take a state
 * each, the one that they have had last or any other, and write to it. Nobody has a state that another one
 * has, what was written before is seen, and there are never more states than tasks that may run at once.
 */
#include "model.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ into taken.h
//@ take src/group/states.h
//@ take src/group/states.c
//@ change s/struct state \*next_held; /shared<struct state *> next_held; /
//@ change s/    int index; /    shared<int> index; /
//@ mutant given-back-relaxed /^static inline void state_give_back/,/^}/s/store_release/store_relaxed/
//@ mutant taken-relaxed-of-last /^static inline bool state_try_take/,/^}/s/cas_acq_rel/cas_weak_relaxed/
//@ mutant taken-relaxed-of-any /take_first_free/,/^}/s/cas_acq_rel/cas_weak_relaxed/
//@ mutant taken-without-release s/cas_acq_rel(&state/cas_acquire(\&state/
//@ mutant looks-once s/while (!state && sum_of_turns(states, count) != turns)/while (false)/
//@ mutant free-one-counts-as-used s/while (state_is_free(turn))/if (state_is_free(turn))/
//@ mutant next-read-late s/held = state->next_held; .*/;/;s/^        state_give_back(state);/        state_give_back(state); held = state->next_held;/
//@ mutant appended-without-release s/cas_acq_rel(end,/cas_acquire(end,/
//@ mutant appended-without-acquire s/cas_acq_rel(end,/cas_release(end,/
//@ mutant appended-over-another s/while (!cas_acq_rel(end, &next, state)) {/while ((next = load_acquire(end)) || (store_release(end, state), false)) {/
#include "basis.h"

#include "taken.h"

enum { THREADS = 3, TASKS = 3 };

struct model : rl::test_suite<model, THREADS> {
    struct states states, others;
    struct state made[THREADS][TASKS], made_others[THREADS][TASKS]; /* of each thread, for each task */
    shared<int> uses[THREADS]; /* of the states */
    struct spinlock gate;
    shared<int> places;

    int limit() const { return scenario == 0 || scenario == 3 ? 2 : THREADS; }

    /* What malloc() may give. */
    static constexpr uintptr_t garbage = 64;

    static void clear(struct states *list, struct state (*all)[TASKS])
    {
        store_relaxed(&list->first, (struct state *)NULL);
        for (int i = 0; i < THREADS * TASKS; i++)
            {
            store_relaxed(&all[i / TASKS][i % TASKS].next, (struct state *)garbage);
            store_relaxed(&all[i / TASKS][i % TASKS].turn, (size_t)0);
        }
    }

    void before()
    {
        clear(&states, made);
        clear(&others, made_others);
        store_relaxed(&gate.locked, 0);
        places = limit();
        for (shared<int> &one : uses)
            one = 0;
        if (scenario < 3)
            return;
        places = 0;
        store_relaxed(&made[0][0].next, (struct state *)NULL);
        store_relaxed(&made[1][0].next, (struct state *)NULL);
        states_append(&states, &made[0][0]);
        states_append(&states, &made[1][0]);
        store_relaxed(&made[0][0].turn, (size_t)1);
        made[0][0].next_held = NULL;
    }

    bool take_place()
    {
        spin_lock(&gate);
        bool found = places > 0;
        if (found)
            places = places - 1;
        spin_unlock(&gate);
        return found;
    }

    void give_place()
    {
        spin_lock(&gate);
        places = places + 1;
        spin_unlock(&gate);
    }

    /* As in local.c. `unused` is what it may have to make. */
    struct state *take(struct states *list, struct state *unused, struct state **hint)
    {
        if (*hint && state_try_take(*hint))
            return *hint;
        struct state *state = states_take(list);
        if (!state) {
            state = unused;
            store_relaxed(&state->next, (struct state *)NULL);
            store_relaxed(&state->turn, (size_t)1);
            states_append(list, state);
        }
        return *hint = state;
    }

    /* 0 has a state and gives it and its place back, 1 gets the place and takes the other state, 2 has none. */
    void pass_on(unsigned index)
    {
        struct state *hint = index == 1 ? &made[1][0] : NULL;
        if (index == 0) {
            states_give_back(&made[0][0]);
            give_place();
            return;
        }
        while (index == 1 && !take_place())
            model_pause();
        RL_ASSERT((int)take(&states, &made[index][1], &hint)->index < 2);
    }

    void thread(unsigned index)
    {
        if (scenario == 3) {
            pass_on(index);
            return;
        }
        struct state *hint = NULL, *hint_others = NULL;
        for (int i = 0; i < TASKS; i++) {
            while (!take_place())
                model_pause();
            struct state *state = take(&states, &made[index][i], &hint);
            RL_ASSERT((int)state->index < limit());
            int number = state->index;
            uses[number] = uses[number] + 1;
            state->next_held = NULL;
            if (scenario == 2) { /* two at once, of two lists */
                struct state *other = take(&others, &made_others[index][i], &hint_others);
                other->next_held = state;
                state = other;
            }
            states_give_back(state);
            give_place();
        }
    }

    void after()
    {
        if (scenario == 3)
            return;
        int sum = 0;
        for (shared<int> &one : uses)
            sum += one;
        RL_ASSERT(sum == THREADS * TASKS);
    }
};

MODEL(model, {"limit of two", 60000}, {"no limit", 30000}, {"of two lists", 20000}, {"a place is passed on", 30000})
