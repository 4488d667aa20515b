/*
 * Threads that no region knows: each calls a function, once with each number below their count.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STRANGERS_H
#define STRANGERS_H

#include "check.h"

enum { STRANGERS_MOST = 16 };

typedef void stranger_fn(int number, void *arg);

typedef struct stranger {
    pthread_t thread;
    stranger_fn *fn;
    void *arg;
    int number;
    bool started;
} stranger;

typedef struct strangers {
    stranger all[STRANGERS_MOST];
    int count;
} strangers;

static void *stranger_main(void *arg)
{
    stranger *self = arg;
    self->fn(self->number, self->arg);
    return NULL;
}

/* Starts `count` of them. The record stays where it is until they are joined. */
static inline void strangers_start(strangers *them, int count, stranger_fn *fn, void *arg)
{
    them->count = count;
    for (int i = 0; i < count; i++) {
        stranger *one = &them->all[i];
        *one = (stranger){.fn = fn, .arg = arg, .number = i};
        one->started = CHECK_INT(pthread_create(&one->thread, NULL, stranger_main, one), 0);
    }
}

static inline void strangers_join(strangers *them)
{
    for (int i = 0; i < them->count; i++)
        if (them->all[i].started)
            pthread_join(them->all[i].thread, NULL);
    them->count = 0;
}

#endif
