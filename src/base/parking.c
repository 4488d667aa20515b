/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parking.h"

#include "base/clock.h"
#include "base/futex.h"

#include <limits.h>
#include <stdlib.h>
#include <strings.h>

enum {
    SPIN_NS = 1000000,
    SPINS_PER_LOOK = 64 /* turns between two looks at the clock */
};

static int64_t spin_ns = SPIN_NS;

/* OpenMP reads its environment once, before main. */
__attribute__((constructor)) static void read_wait_policy(void)
{
    const char *policy = getenv("OMP_WAIT_POLICY");
    if (policy && strcasecmp(policy, "passive") == 0)
        spin_ns = 0;
    if (policy && strcasecmp(policy, "active") == 0)
        spin_ns = CLOCK_NEVER;
}

int64_t parking_spin_ns(void)
{
    return spin_ns;
}

void parking_call(struct parking *parking)
{
    add_seq_cst(&parking->calls, 1);
    if (load_seq_cst(&parking->sleepers) > 0)
        futex_wake(&parking->calls, 1);
}

void parking_close(struct parking *parking)
{
    add_seq_cst(&parking->calls, PARKING_CLOSED);
    if (load_seq_cst(&parking->sleepers) > 0)
        futex_wake(&parking->calls, INT_MAX);
}

/* Spins until there is a call; false when it has for long enough. */
static bool spin(const struct parking *parking, int64_t ns)
{
    int64_t begun = ns > 0 ? clock_now() : 0;
    while (ns > 0 && clock_now() - begun < ns) {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            if (parking_calls(parking) != 0)
                return true;
            cpu_relax();
        }
    }
    return false;
}

static void sleep_until_called(struct parking *parking)
{
    add_seq_cst(&parking->sleepers, 1);
    while (load_seq_cst(&parking->calls) == 0)
        futex_wait(&parking->calls, 0, CLOCK_NEVER);
    sub_relaxed(&parking->sleepers, 1);
}

bool parking_wait(struct parking *parking, int64_t ns)
{
    for (;;) {
        int calls = load_acquire(&parking->calls);
        if (calls >= PARKING_CLOSED)
            return false;
        if (calls > 0 && cas_acquire(&parking->calls, &calls, calls - 1))
            return true;
        if (calls == 0 && !spin(parking, ns))
            sleep_until_called(parking);
    }
}
