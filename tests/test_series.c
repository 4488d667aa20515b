/*
 * Series: tasks that a task adds in a loop and that thieves get as one piece where their arguments lie
 * at equal distances. Whatever the arguments, each task runs once, with its own argument and index.
 *
 * OMPGROUP_TEST_SEED sets the seed of the producers (it is printed), OMPGROUP_TEST_ROUNDS how many
 * there are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>

enum { CELLS = 6000, STRETCH = 700, INNER = 20 };

/* What is known of an argument. */
typedef struct cell {
    atomic_int runs, drops;
    int expected, dropping; /* runs and drops */
    size_t order;           /* of the first task that has it */
    bool fails;
} cell;

/* How the arguments of a stretch of tasks lie. */
typedef enum layout {
    FORWARDS,
    BACKWARDS,
    WIDE,
    SHUFFLED,
    SAME,
    TWO_FUNCTIONS,
    COPIES,
    DROPS,
    NESTING,
    LAYOUTS
} layout;

typedef struct producer {
    cell cells[CELLS];
    size_t used;       /* cells */
    size_t added;      /* tasks */
    size_t cancels_at; /* order of the task that stops the group; SIZE_MAX: none */
    unsigned seed;
    unsigned state; /* of the random numbers */
    int work;       /* of each task */
    event begun;
} producer;

static producer all;

static void work(void)
{
    for (volatile int i = 0; i < all.work; i++)
        ;
}

static int run_cell(ompg_group *group, void *arg)
{
    cell *self = arg;
    atomic_fetch_add(&self->runs, 1);
    work();
    if (self->order == all.cancels_at)
        ompg_cancel(group, EPIPE);
    return self->fails ? ompg_fail(group, 1 + (int)(self - all.cells), NULL) : 0;
}

static int run_cell_otherwise(ompg_group *group, void *arg)
{
    return run_cell(group, arg);
}

static int run_copied_cell(ompg_group *group, void *arg)
{
    cell *self;
    memcpy(&self, arg, sizeof self);
    return run_cell(group, self);
}

static void drop_cell(void *arg)
{
    cell *self = arg;
    atomic_fetch_add(&self->drops, 1);
}

/* A wait among the tasks of the others, which picks its own out of them. */
static int run_nesting_cell(ompg_group *group, void *arg)
{
    atomic_int inner[INNER] = {0};
    ompg_group *nested = ompg_new(NULL);
    int wrong = 0;
    int code = 0;
    for (int i = 0; i < INNER && code == 0; i++)
        code = ompg_go(nested, count_run, &inner[i]);
    if (code == 0)
        code = ompg_wait(nested);
    for (int i = 0; i < INNER; i++)
        wrong += atomic_load(&inner[i]) != 1;
    CHECK(code == ECANCELED || (code == 0 && wrong == 0));
    ompg_free(nested);
    return run_cell(group, arg);
}

static int add_cell(ompg_group *group, layout how, cell *one)
{
    switch (how) {
    case TWO_FUNCTIONS:
        return ompg_go(group, random_next(&all.state) % 5 == 0 ? run_cell_otherwise : run_cell,
                       one);
    case COPIES:
        return ompg_go_copy(group, run_copied_cell, &one, sizeof one);
    case DROPS:
        return ompg_go_with(group, run_cell, one, &(ompg_task_options){.drop = drop_cell});
    case NESTING:
        return ompg_go(group, one->order % 8 == 0 ? run_nesting_cell : run_cell, one);
    default:
        return ompg_go(group, run_cell, one);
    }
}

/* The cell of the i-th of `count` tasks: no two have one, except in SAME (1009 is a prime). */
static size_t place_in(layout how, size_t i, size_t count)
{
    switch (how) {
    case BACKWARDS:
        return count - 1 - i;
    case WIDE:
        return 3 * i;
    case SHUFFLED:
        return 1009 * i % count;
    case SAME:
        return 0;
    default:
        return i;
    }
}

/* False when the group has stopped. */
static bool add_stretch(ompg_group *group, layout how, size_t count)
{
    cell *first = &all.cells[all.used];
    if (how == SAME)
        *first = (cell){.order = all.added};
    all.used += how == SAME ? 1 : how == WIDE ? 3 * count : count;
    for (size_t i = 0; i < count; i++) {
        cell *one = &first[place_in(how, i, count)];
        if (how != SAME) /* whose tasks read it already */
            one->order = all.added;
        if (random_next(&all.state) % 100 == 0)
            sched_yield(); /* on a busy machine too the others come and ask for tasks */
        int code = add_cell(group, how, one);
        if (code == ECANCELED)
            return false;
        CHECK_INT(code, 0);
        one->expected++;
        one->dropping += how == DROPS;
        all.added++;
    }
    return true;
}

static int produce(ompg_group *group, void *arg)
{
    (void)arg;
    event_post(&all.begun);
    for (;;) {
        layout how = random_next(&all.state) % LAYOUTS;
        size_t count = 1 + random_next(&all.state) % STRETCH;
        if (all.used + 3 * count > CELLS || !add_stretch(group, how, count))
            break;
    }
    return 0;
}

static bool check_cells(const ompg_group *group)
{
    bool stops = all.cancels_at != SIZE_MAX;
    size_t wrong = 0;
    size_t runs = 0;
    for (size_t i = 0; i < all.used; i++) {
        const cell *one = &all.cells[i];
        int ran = atomic_load(&one->runs);
        wrong += stops ? ran > one->expected : ran != one->expected;
        wrong += atomic_load(&one->drops) != one->dropping;
        runs += (size_t)ran;
    }
    ompg_stats stats = stats_of(group);
    CHECK_ADDS_UP(group);
    return CHECK_INT(wrong, 0) && CHECK_INT(stats.submitted, all.added + 1) &&
           CHECK_INT(stats.done + stats.failed, runs + 1);
}

/* Each error is a failing cell's, with its index: the producer is task 0. */
static bool check_indices(const ompg_group *group)
{
    const ompg_error *list;
    size_t wrong = 0;
    size_t count = ompg_get_errors(group, &list);
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind == OMPG_ERROR_CANCEL)
            continue;
        const cell *one = &all.cells[list[i].code - 1];
        wrong += !one->fails || list[i].index != one->order + 1;
    }
    return CHECK_INT(wrong, 0);
}

static void prepare(unsigned seed, bool cancels)
{
    memset(&all, 0, sizeof all);
    all.seed = all.state = seed;
    all.work = (int)(random_next(&all.state) % 300);
    all.cancels_at = cancels ? random_next(&all.state) % CELLS / 2 : SIZE_MAX;
    for (size_t i = 0; i < CELLS; i++)
        all.cells[i].fails = random_next(&all.state) % 50 == 0;
}

static ompg_group *group_of_producer(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    CHECK_INT(ompg_go(group, produce, NULL), 0);
    return group;
}

static void finish_producer(ompg_group *group)
{
    ompg_wait(group);
    if (!(check_cells(group) && check_indices(group)))
        printf("\nfailed: OMPGROUP_TEST_SEED=%u\n", all.seed);
    ompg_free(group);
}

/* Another thread gets the producer, if there is one: the wait here then picks tasks from its series. */
static int nest_producer(ompg_group *outer, void *arg)
{
    (void)outer;
    (void)arg;
    ompg_group *group = group_of_producer();
    for (int i = 0; i < 30 && atomic_load(&all.begun.count) == 0; i++)
        sched_yield();
    finish_producer(group);
    return 0;
}

static void check_producers(bool nested, bool cancels)
{
    settle_seed();
    for (unsigned round = 0; round < 1 + rounds / 10; round++) {
        prepare((unsigned)(base_seed + round), cancels);
        if (nested)
            CHECK_INT(ompg_run(NULL, nest_producer, NULL, NULL), 0);
        else
            finish_producer(group_of_producer());
    }
}

static void a_task_adds_in_loops(void)
{
    check_producers(false, false);
}

static void a_nested_wait_picks_its_tasks(void)
{
    check_producers(true, false);
}

static void a_stop_in_the_middle(void)
{
    check_producers(false, true);
    check_producers(true, true);
}

CHECK_MAIN("series", {"a task adds in loops", a_task_adds_in_loops},
           {"a nested wait picks its tasks", a_nested_wait_picks_its_tasks},
           {"a stop in the middle", a_stop_in_the_middle})
