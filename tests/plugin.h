/*
 * What the two plugins of test_plugins.c can do; each carries a copy of the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stdatomic.h>
#include <stdbool.h>

/* A group of `tasks` tasks, in which each calls `inner`, if there is one. */
typedef struct plugin_call {
    int tasks;
    int (*inner)(void *arg); /* what it returns is the task's code */
    void *arg;
    bool stop_first; /* the group fails with EIO before it calls anything */
    bool collect;    /* it keeps all errors */
    bool
        by_value; /* each task adds another one, with a copy of its argument, that does it instead */
    atomic_int ran;
    atomic_int level; /* omp_get_level() in the tasks */
} plugin_call;

/* Symbol "plugin_run"; arg: a plugin_call. Returns what the group's wait returned. */
typedef int plugin_run_fn(void *arg);

#endif
