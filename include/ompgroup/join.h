/*
 * Fork and join: two calls that may run at once. What recursion is written with.
 *
 *     static int sum(ompg_group *group, void *arg)
 *     {
 *         struct node *node = arg;
 *         struct node *left = node->left, *right = node->right;
 *         int code = left ? ompg_join(group, sum, left, sum, right) : 0;
 *         node->total = node->value + (left ? left->total + right->total : 0);
 *         return code;
 *     }
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_JOIN_H
#define OMPGROUP_JOIN_H

#include "base.h"
#include "group.h"

OMPG_BEGIN_DECLS

/*
 * Calls fn_a(group, arg_a) and fn_b(group, arg_b), and returns when both are over. The first one runs
 * here. The second one runs here after it, unless another thread has taken it meanwhile. What both
 * wrote is visible when the call returns.
 *
 * Inside a task of the group (also in a sub-range of its loops, a stage of its pipelines) the two calls are
 * parts of that task. They have its index, they are not counted as tasks, and their codes are returned to
 * it instead of becoming errors of the group. They may add tasks to the group, make groups of their own,
 * and join further calls. A group made inside is not shared by the two, and not waited for here.
 * While this thread waits for a second call that another thread runs, it runs only parts of that call.
 * In a group with a limit or a budget the second call takes a place of its own, of cost 0. Where there is
 * none, both calls run here.
 *
 * Outside of any task, and in tasks of groups that do not enclose it, the call adds one task to the group,
 * which makes the two calls, and waits for the group, as ompg_for() does. OMPG_DEFAULT: a default one, made
 * and freed here.
 *
 * Returns, inside a task: 0 when both calls have returned 0. Otherwise the code of a serial execution: that of
 * fn_a, else that of fn_b. (ECANCELED that only says that the group has stopped gives way to another code.)
 * When fn_a has failed, fn_b is not called if it has not started, except in an OMPG_COLLECT group:
 * there, an error of fn_b that the code does not tell is recorded. ECANCELED where the group has stopped:
 * what had not started was not called. EINVAL when the group or a function is NULL. No memory is needed.
 * Outside: what the wait returns; EDEADLK inside a task that only lies within one of the group's.
 *
 * Inside a task errno is afterwards as what ran here has left it, as after any call of a function.
 * The depth of recursion is what the stack allows: a level takes about 200 bytes beside the functions' own.
 */
OMPG_API int ompg_join(ompg_group *group, ompg_task_fn *fn_a, void *arg_a, ompg_task_fn *fn_b,
                       void *arg_b);

OMPG_END_DECLS

#endif
