/*
 * Results that are dropped. must_use.sh compiles it, as C and as C++: the compiler must warn in each line
 * that says so, and in no other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

static int nothing(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 0;
}

static int compare(const void *a, const void *b, void *arg)
{
    return arg != a && a != b;
}

static int fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)begin;
    (void)end;
    (void)accumulator;
    return nothing(group, arg);
}

static int combine(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)accumulator;
    (void)other;
    return nothing(group, arg);
}

static int range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return nothing(group, arg);
}

/* A mistake, whatever comes before or after. */
void drop_all(ompg_group *group, ompg_token *token, ompg_local *local);
void drop_all(ompg_group *group, ompg_token *token, ompg_local *local)
{
    int sum = 0;
    const ompg_error *list;
    ompg_new(NULL);                                                         /* warns */
    ompg_try_go(group, nothing, NULL);                                      /* warns */
    ompg_get_threads(group);                                                /* warns */
    ompg_get_limit(group);                                                  /* warns */
    ompg_get_errors(group, &list);                                          /* warns */
    ompg_reduce(group, 0, 1, 1, &sum, sizeof sum, fold, combine, NULL);     /* warns */
    ompg_scan(group, 0, 1, 1, &sum, sizeof sum, fold, combine, fold, NULL); /* warns */
    ompg_sort(group, &sum, 1, sizeof sum, compare, NULL);                   /* warns */
    ompg_token_stopped(token);                                              /* warns */
    ompg_token_get_code(token);                                             /* warns */
    ompg_token_get_signal(token);                                           /* warns */
    ompg_local_new(NULL);                                                   /* warns */
    ompg_local_get(local);                                                  /* warns */
    ompg_local_index(local);                                                /* warns */
    ompg_version();                                                         /* warns */
    ompg_current();                                                         /* warns */
    ompg_exit_status(group);                                                /* warns */
}

/* The group keeps the code until somebody asks, or there is nothing to be done about it. */
void drop_what_the_group_keeps(ompg_group *group, ompg_token *token);
void drop_what_the_group_keeps(ompg_group *group, ompg_token *token)
{
    ompg_go(group, nothing, NULL);
    ompg_go_for(group, 0, 1, 0, range, NULL);
    ompg_for(group, 0, 1, 0, range, NULL);
    ompg_for(OMPG_DEFAULT, 0, 1, 0, range, NULL);
    ompg_fail(group, 1, "a message");
    ompg_cancel(group, 0);
    ompg_set_limit(group, 1);
    ompg_wait(group);
    ompg_stopped(group);
    ompg_get_error(group, NULL);
    ompg_print_error(group, stderr);
    ompg_reset(group);
    ompg_token_cancel(token, 0);
}
