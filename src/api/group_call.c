/* SPDX-License-Identifier: Apache-2.0 */
#include "api/group_call.h"

#include <errno.h>

/* As ompg_new; the code, instead of errno, says why there is none. */
static int make(ompg_group **group, const ompg_options *options)
{
    int saved = errno;
    *group = ompg_new(options);
    int code = *group ? 0 : errno;
    errno = saved;
    return code;
}

int call_with_group(ompg_group *group, wait_add_fn *add, void *arg)
{
    if (!group)
        return EINVAL;
    if (group != OMPG_DEFAULT)
        return wait_for(group, add, arg);
    if (!add)
        return 0;
    int code = make(&group, NULL);
    if (code != 0)
        return code;
    code = wait_for_new(group, add, arg);
    ompg_free(group);
    return code;
}

int ompg_run(const ompg_options *options, ompg_task_fn *fn, void *arg, ompg_error *error)
{
    if (!fn)
        return EINVAL;
    ompg_group *group;
    int code = make(&group, options);
    if (code != 0)
        return code;
    code = ompg_go(group, fn, arg);
    if (code == 0 || code == ECANCELED) /* by a token: its code is the group's error */
        code = ompg_wait(group);
    if (code != 0 && error)
        ompg_get_error(group, error);
    ompg_free(group);
    return code;
}
