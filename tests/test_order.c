/*
 * In which order tasks run: what group.h says of one thread, and of a limit of one on any number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

enum { MANY = 3000, FEW = 5 };

/* What ran, one after the other. */
typedef struct order {
    size_t numbers[MANY];
    size_t count;
} order;

typedef struct numbered {
    order *all;
    size_t number;
    int again; /* how often it adds itself */
} numbered;

static int note(ompg_group *group, void *arg)
{
    numbered *self = arg;
    if (CHECK(self->all->count < MANY))
        self->all->numbers[self->all->count++] = self->number;
    if (self->again-- > 0)
        CHECK_INT(ompg_go(group, note, self), 0);
    return 0;
}

static void number_all(numbered *tasks, size_t count, order *all)
{
    for (size_t i = 0; i < count; i++)
        tasks[i] = (numbered){.all = all, .number = i};
}

static void check_rising(const order *all, size_t count)
{
    CHECK_INT(all->count, count);
    size_t wrong = 0;
    for (size_t i = 0; i < all->count; i++)
        wrong += all->numbers[i] != i;
    CHECK_INT(wrong, 0);
}

static void go_all(ompg_group *group, numbered *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_INT(ompg_go(group, note, &tasks[i]), 0);
}

static void added_before_the_wait_in_that_order(void)
{
    static order all;
    static numbered tasks[MANY];
    all.count = 0;
    number_all(tasks, MANY, &all);
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    go_all(group, tasks, MANY);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    check_rising(&all, MANY);
}

static int go_few(ompg_group *group, void *arg)
{
    go_all(group, arg, FEW);
    return 0;
}

static void added_by_a_task_newest_first(void)
{
    order all = {.count = 0};
    numbered tasks[FEW];
    number_all(tasks, FEW, &all);
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, go_few, tasks, NULL), 0);
    CHECK_INT(all.count, FEW);
    for (size_t i = 0; i < all.count; i++)
        CHECK_INT(all.numbers[i], FEW - 1 - i);
}

/* The others have been there before it, and run when it has come to its end. */
static void added_again_keeps_older_ones_waiting(void)
{
    order all = {.count = 0};
    numbered tasks[FEW];
    number_all(tasks, FEW, &all);
    tasks[FEW - 1].again = 100;
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, go_few, tasks, NULL), 0);
    CHECK_INT(all.count, FEW + 100);
    for (size_t i = 0; i < all.count && i <= 100; i++)
        CHECK_INT(all.numbers[i], FEW - 1);
}

/* A limit of one, filled outside of tasks or in one. */
static void run_one_at_a_time(void)
{
    order *all = calloc(1, sizeof *all);
    numbered *tasks = calloc(MANY, sizeof *tasks);
    if (CHECK(all && tasks)) {
        number_all(tasks, MANY, all);
        ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
        go_all(group, tasks, MANY);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
        check_rising(all, MANY);
    }
    free(tasks);
    free(all);
}

static int run_nested(ompg_group *group, void *arg)
{
    (void)arg;
    for (int i = 0; i < MANY; i++) /* the deque is full, and others come to steal */
        CHECK_INT(ompg_go(group, do_nothing, NULL), 0);
    run_one_at_a_time();
    return 0;
}

static void limit_of_one_keeps_the_order(void)
{
    for (int round = 0; round < 10; round++) {
        run_one_at_a_time();
        CHECK_INT(ompg_run(NULL, run_nested, NULL, NULL), 0);
    }
}

CHECK_MAIN("order", {"added before the wait: in that order", added_before_the_wait_in_that_order},
           {"added by a task: newest first", added_by_a_task_newest_first},
           {"added again keeps older ones waiting", added_again_keeps_older_ones_waiting},
           {"limit of one keeps the order", limit_of_one_keeps_the_order})
