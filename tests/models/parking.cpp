/*
 * Parking: two threads that are called twice and then sent home. No call is lost, none is answered twice, whoever
 * answers sees what was written before, and nobody sleeps on when the parking closes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"
//@ into taken.h
//@ take src/base/atomics.h
//@ take src/base/parking.h
//@ take src/base/parking.c SPIN_NS parking_call parking_close spin sleep_until_called parking_wait
//@ change s/SPINS_PER_LOOK = 64/SPINS_PER_LOOK = 1/
//@ mutant caller-looks-first s/add_seq_cst(&parking->calls, 1);/bool asleep = load_seq_cst(\&parking->sleepers) > 0; add_seq_cst(\&parking->calls, 1);/;s/if (load_seq_cst(&parking->sleepers) > 0)$/if (asleep)/;/^void parking_close/,/^}/s/asleep/load_seq_cst(\&parking->sleepers) > 0/
//@ mutant sleeper-is-not-counted s/add_seq_cst(&parking->sleepers, 1)/0/;s/sub_relaxed(&parking->sleepers, 1)/0/
//@ mutant sleeps-unseen s/^    while (load_seq_cst(&parking->calls) == 0)$/    int seen = load_seq_cst(\&parking->calls); while (load_seq_cst(\&parking->calls) == 0)/;s/futex_wait(&parking->calls, 0, CLOCK_NEVER)/futex_wait(\&parking->calls, seen = load_relaxed(\&parking->calls), CLOCK_NEVER)/
//@ mutant answer-is-stored s/cas_acquire(&parking->calls, &calls, calls - 1)/(store_relaxed(\&parking->calls, calls - 1), true)/
//@ mutant close-wakes-one s/futex_wake(&parking->calls, INT_MAX)/futex_wake(\&parking->calls, 1)/
#include <limits.h>
static const int64_t CLOCK_NEVER = INT64_MAX;

/* A spin is short, or long. */
static int64_t clock_now()
{
    static int64_t now;
    return now += rl::rand(4);
}

#include "taken.h"

enum { THREADS = 3, CALLS = 2 };

struct model : rl::test_suite<model, THREADS> {
    struct parking parking;
    atomic_int answers;
    shared<int> written[CALLS];

    void before()
    {
        parking_open(&parking);
        store_relaxed(&answers, 0);
    }

    void thread(unsigned index)
    {
        if (index == 0) {
            for (int i = 0; i < CALLS; i++) {
                written[i] = i;
                parking_call(&parking);
                if (scenario == 0)
                    while (load_relaxed(&answers) <= i)
                        model_pause();
            }
            while (load_relaxed(&answers) < CALLS)
                model_pause();
            parking_close(&parking);
        } else {
            while (parking_wait(&parking, scenario == 1 ? 2 : 0)) {
                RL_ASSERT((int)written[scenario == 0 ? load_relaxed(&answers) : 0] >= 0);
                RL_ASSERT(add_relaxed(&answers, 1) < CALLS);
            }
        }
    }
};

MODEL(model, {"one call after the other", 60000}, {"two calls at once, and spins", 40000}, {"no spins", 40000})
