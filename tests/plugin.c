/*
 * A plugin, with its own copy of the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "plugin.h"

#include <ompgroup.h>

#include <errno.h>
#include <omp.h>

static int run_one(ompg_group *group, void *arg)
{
    plugin_call *call = arg;
    atomic_fetch_add(&call->ran, 1);
    atomic_store(&call->level, omp_get_level());
    if (call->stop_first)
        ompg_fail(group, EIO, "before the others");
    return call->inner ? call->inner(call->arg) : 0;
}

static int run_copy(ompg_group *group, void *arg)
{
    plugin_call *call = *(plugin_call **)arg;
    return run_one(group, call);
}

static int add_copy(ompg_group *group, void *arg)
{
    return ompg_go_copy(group, run_copy, &arg, sizeof arg);
}

OMPG_API plugin_run_fn plugin_run;

int plugin_run(void *arg)
{
    plugin_call *call = arg;
    ompg_on_error policy = call->collect ? OMPG_COLLECT : OMPG_FAIL_FAST;
    ompg_group *group = ompg_new(&(ompg_options){.name = "plugin", .on_error = policy});
    if (!group)
        return ENOMEM;
    for (int i = 0; i < call->tasks; i++)
        ompg_go(group, call->by_value ? add_copy : run_one, call);
    int code = ompg_wait(group);
    ompg_free(group);
    return code;
}
