/*
 * Rivals: two threads that call the library on the same group at the same moment, round by round.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef RIVALS_H
#define RIVALS_H

#include "check.h"
#include "tasks.h"

#include <ompgroup.h>

/* What a rival does to the group, and what that gave. `side` is 0 or 1. */
typedef int rival_call(ompg_group *group, int side);

typedef struct rivals {
    rival_call *calls[2];
    int codes[2]; /* of the last round */
    ompg_group *group;
    pthread_t other;
    int rounds;
    atomic_bool ends;
    event begun, over; /* rounds */
} rivals;

/* Mostly without a pause, to be there at the same moment. */
static inline void rivals_spin(rivals *all, int round)
{
    for (int i = 0; i < 20000 && atomic_load(&all->begun.count) < round; i++)
        ;
}

static inline void *rivals_other(void *arg)
{
    rivals *all = arg;
    for (int round = 1;
         rivals_spin(all, round), CHECK_AWAIT(&all->begun, round) && !atomic_load(&all->ends);
         round++) {
        all->codes[1] = all->calls[1](all->group, 1);
        event_post(&all->over);
    }
    return NULL;
}

static inline bool rivals_start(rivals *all)
{
    return CHECK_INT(pthread_create(&all->other, NULL, rivals_other, all), 0);
}

static inline void rivals_end(rivals *all)
{
    atomic_store(&all->ends, true);
    event_post(&all->begun);
    pthread_join(all->other, NULL);
}

/*
 * One round on this group; the codes are set when it is over. False where the other does not come.
 * From round to round the caller comes a little later.
 */
static inline bool rivals_meet(rivals *all, ompg_group *group)
{
    all->group = group;
    event_post(&all->begun);
    for (volatile int i = 0; i < all->rounds % 256; i++)
        ;
    all->codes[0] = all->calls[0](group, 0);
    return CHECK_AWAIT(&all->over, ++all->rounds);
}

#endif
