/*
 * State of its own for whatever runs: tasks, ranges, stage calls, one inside another. Each state counts its
 * users, so that two at once find each other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

enum { MANY = SANITIZED ? 2000 : 20000, CACHE_LINE = 64 };

typedef struct state {
    atomic_int users; /* 0 or 1 */
    size_t uses;      /* not atomic: only one has it */
    int index;        /* + 1; 0: not known yet */
    void *self;
} state;

static ompg_local *states_new(void)
{
    return ompg_local_new(&(ompg_local_options){.size = sizeof(state)});
}

/* To be left by the same; NULL where there is none. */
static state *enter(ompg_local *local)
{
    state *mine = ompg_local_get(local);
    if (!CHECK(mine != NULL))
        return NULL;
    CHECK_INT(atomic_fetch_add(&mine->users, 1), 0);
    CHECK(mine->self == NULL || mine->self == mine);
    mine->self = mine;
    mine->uses++;
    int index = ompg_local_index(local);
    CHECK(index >= 0 && (mine->index == 0 || mine->index == index + 1));
    mine->index = index + 1;
    return mine;
}

static void leave(ompg_local *local, state *mine)
{
    CHECK(ompg_local_get(local) == mine);
    CHECK_INT(atomic_fetch_sub(&mine->users, 1), 1);
}

static int add_uses(void *a_state, void *arg)
{
    const state *one = a_state;
    *(size_t *)arg += one->uses;
    return 0;
}

static size_t uses_of(ompg_local *local)
{
    size_t sum = 0;
    CHECK_INT(ompg_local_each(local, add_uses, &sum), 0);
    return sum;
}

/* How many states there are; they come in the order of their indices. */
static int count_states(void *a_state, void *arg)
{
    const state *one = a_state;
    CHECK_INT(one->index, ++*(int *)arg);
    return 0;
}

static int states_of(ompg_local *local)
{
    int count = 0;
    CHECK_INT(ompg_local_each(local, count_states, &count), 0);
    return count;
}

/* ---- tasks ---- */

static int use(ompg_group *group, void *arg)
{
    state *mine = enter(arg);
    (void)group;
    leave(arg, mine);
    return 0;
}

static void each_task_has_one(void)
{
    ompg_local *local = states_new();
    ompg_group *group = ompg_new(NULL);
    for (int wait = 1; wait <= 3; wait++) {
        for (int i = 0; i < MANY; i++)
            CHECK_INT(ompg_go(group, use, local), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(uses_of(local), wait * MANY);
        CHECK(states_of(local) <= ompg_get_threads(group));
    }
    ompg_free(group);
    ompg_local_free(local);
}

/* A full deque runs tasks inside ompg_go(), on the adding task's stack. */
static int use_and_add(ompg_group *group, void *arg)
{
    state *mine = enter(arg);
    for (int i = 0; i < 5000; i++)
        CHECK_INT(ompg_go(group, use, arg), 0);
    leave(arg, mine);
    return 0;
}

static void not_shared_with_those_that_run_inside(void)
{
    ompg_local *local = states_new();
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 3; i++)
        CHECK_INT(ompg_go(group, use_and_add, local), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(uses_of(local), 3 * 5001);
    ompg_free(group);
    ompg_local_free(local);
}

typedef struct nest {
    ompg_local *local;
    int depth;
} nest;

static int use_and_wait(ompg_group *group, void *arg)
{
    const nest *here = arg;
    nest below = {here->local, here->depth - 1};
    state *mine = enter(here->local);
    (void)group;
    ompg_group *nested = ompg_new(NULL);
    for (int i = 0; i < 3 && here->depth > 0; i++)
        CHECK_INT(ompg_go(nested, use_and_wait, &below), 0);
    CHECK_INT(ompg_wait(nested), 0);
    ompg_free(nested);
    leave(here->local, mine);
    return 0;
}

static void not_shared_with_nested_waits(void)
{
    ompg_local *local = states_new();
    CHECK_INT(ompg_run(NULL, use_and_wait, &(nest){local, 5}, NULL), 0);
    CHECK_INT(uses_of(local), (3 * 3 * 3 * 3 * 3 * 3 - 1) / 2);
    if (omp_get_max_threads() == 1)
        CHECK_INT(states_of(local), 6);
    ompg_local_free(local);
}

/* One that did not ask does not give away what the one around it has. */
static int only_add(ompg_group *group, void *arg)
{
    nest below = {arg, 2};
    (void)group;
    return ompg_run(NULL, use_and_wait, &below, NULL);
}

static int use_around(ompg_group *group, void *arg)
{
    state *mine = enter(arg);
    ompg_group *nested = ompg_new(NULL);
    (void)group;
    for (int i = 0; i < 20; i++)
        CHECK_INT(ompg_go(nested, only_add, arg), 0);
    CHECK_INT(ompg_wait(nested), 0);
    ompg_free(nested);
    leave(arg, mine);
    return 0;
}

static void kept_around_others(void)
{
    ompg_local *local = states_new();
    CHECK_INT(ompg_run(NULL, use_around, local, NULL), 0);
    CHECK_INT(uses_of(local), 1 + 20 * 13);
    ompg_local_free(local);
}

/* ---- indices ---- */

typedef struct numbered {
    ompg_local *local;
    int limit;
} numbered;

static int use_number(ompg_group *group, void *arg)
{
    const numbered *self = arg;
    int index = ompg_local_index(self->local);
    (void)group;
    if (!CHECK(index >= 0 && index < self->limit))
        fprintf(stderr, "index %d, limit %d\n", index, self->limit);
    state *mine = enter(self->local);
    leave(self->local, mine);
    return 0;
}

static int use_number_in_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return use_number(group, arg);
}

static void a_limit_bounds_the_index(void)
{
    for (int limit = 1; limit <= 4; limit++) {
        numbered self = {.local = states_new(), .limit = limit};
        ompg_group *group = ompg_new(&(ompg_options){.limit = limit});
        for (int i = 0; i < MANY; i++)
            CHECK_INT(ompg_go(group, use_number, &self), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(ompg_for(group, 0, MANY, 1, use_number_in_range, &self), 0);
        CHECK_INT(uses_of(self.local), 2 * MANY);
        CHECK(states_of(self.local) <= limit);
        ompg_free(group);
        ompg_local_free(self.local);
    }
}

/* Two tasks that need one another at once: two states, and no third one for those that follow. */
typedef struct meeting {
    ompg_local *local;
    event came;
} meeting;

static int meet(ompg_group *group, void *arg)
{
    meeting *self = arg;
    state *mine = enter(self->local);
    (void)group;
    event_post(&self->came);
    CHECK_AWAIT(&self->came, 2);
    leave(self->local, mine);
    return 0;
}

static void as_many_as_run_at_once(void)
{
    meeting self = {.local = states_new()};
    if (omp_get_max_threads() > 1) {
        ompg_group *group = ompg_new(&(ompg_options){.limit = 2});
        CHECK_INT(ompg_go(group, meet, &self), 0);
        CHECK_INT(ompg_go(group, meet, &self), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(states_of(self.local), 2);
        ompg_free(group);
    }
    ompg_group *one = ompg_new(&(ompg_options){.limit = 1});
    numbered first = {.local = states_new(), .limit = 1};
    for (int i = 0; i < 100; i++)
        CHECK_INT(ompg_go(one, use_number, &first), 0);
    CHECK_INT(ompg_wait(one), 0);
    CHECK_INT(states_of(first.local), 1);
    ompg_free(one);
    ompg_local_free(first.local);
    ompg_local_free(self.local);
}

/* ---- ranges and stages ---- */

static int use_in_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return use(group, arg);
}

static int loop_in_a_task(ompg_group *group, void *arg)
{
    state *mine = enter(arg);
    (void)group;
    CHECK_INT(ompg_for(OMPG_DEFAULT, 0, 1000, 3, use_in_range, arg), 0);
    leave(arg, mine);
    return 0;
}

static void in_loops(void)
{
    ompg_local *local = states_new();
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_for(group, 0, MANY, 2, use_in_range, local), 0);
    CHECK_INT(uses_of(local), MANY / 2);
    CHECK(states_of(local) <= ompg_get_threads(group));
    for (int i = 0; i < 5; i++)
        CHECK_INT(ompg_go(group, loop_in_a_task, local), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(uses_of(local), MANY / 2 + 5 * (1 + 334));
    ompg_free(group);
    ompg_local_free(local);
}

static int fold_one(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    *(size_t *)accumulator += end - begin;
    return use(group, arg);
}

static int combine_one(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    *(size_t *)accumulator += *(const size_t *)other;
    return use(group, arg);
}

static void in_reductions(void)
{
    ompg_local *local = states_new();
    for (int limit = 0; limit <= 1; limit++) {
        size_t sum = 0;
        ompg_group *group = ompg_new(&(ompg_options){.limit = limit});
        CHECK_INT(ompg_reduce(group, 0, 5000, 1, &sum, sizeof sum, fold_one, combine_one, local),
                  0);
        CHECK_INT(sum, 5000);
        CHECK(states_of(local) <= ompg_get_threads(group));
        ompg_free(group);
    }
    CHECK(uses_of(local) > (size_t)2 * 5000);
    ompg_local_free(local);
}

typedef struct stream {
    ompg_local *local;
    int left;
} stream;

static int source(ompg_group *group, void *arg, void **slot)
{
    stream *self = arg;
    *slot = self->left > 0 ? self : NULL;
    self->left--;
    return use(group, self->local);
}

static int pass(ompg_group *group, void *arg, void **slot)
{
    const stream *self = arg;
    (void)slot;
    return use(group, self->local);
}

static void in_pipelines(void)
{
    stream self = {states_new(), 2000};
    ompg_stage stages[] = {{.fn = source, .arg = &self},
                           {.mode = OMPG_PARALLEL, .fn = pass, .arg = &self},
                           {.fn = pass, .arg = &self}};
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_pipeline(group, stages, 3, 10), 0);
    CHECK_INT(uses_of(self.local), 3 * 2000 + 1);
    CHECK(states_of(self.local) <= ompg_get_threads(group));
    ompg_free(group);
    ompg_local_free(self.local);
}

/* With a limit of 1 nobody has a state while a range, a fold or a stage runs that has none itself. */
static int look_at_all(ompg_group *group, void *arg)
{
    (void)group;
    return states_of(arg) <= 1 ? 0 : EPROTO;
}

static int use_or_look(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)end;
    return begin % 2 == 0 ? use(group, arg) : look_at_all(group, arg);
}

static int fold_or_look(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    return use_or_look(group, begin, end, arg);
}

static int combine_and_look(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)accumulator;
    (void)other;
    return look_at_all(group, arg);
}

static int look_in_stage(ompg_group *group, void *arg, void **slot)
{
    const stream *self = arg;
    (void)slot;
    return look_at_all(group, self->local);
}

static void given_back_by_each_part(void)
{
    size_t sum = 0;
    stream self = {states_new(), 100};
    ompg_stage stages[] = {{.fn = source, .arg = &self},
                           {.mode = OMPG_PARALLEL, .fn = look_in_stage, .arg = &self},
                           {.fn = pass, .arg = &self},
                           {.fn = look_in_stage, .arg = &self}};
    ompg_group *group = ompg_new(&(ompg_options){.limit = 1});
    CHECK_INT(ompg_for(group, 0, 100, 1, use_or_look, self.local), 0);
    CHECK_INT(ompg_reduce(group, 0, 5000, 1, &sum, sizeof sum, fold_or_look, combine_and_look,
                          self.local),
              0);
    CHECK_INT(ompg_pipeline(group, stages, 4, 10), 0);
    ompg_free(group);
    ompg_local_free(self.local);
}

/* ---- the calls of a join ---- */

static int join_below(ompg_group *group, void *arg)
{
    const nest *here = arg;
    nest below = {here->local, here->depth - 1};
    state *before = here->depth % 2 == 0 ? enter(here->local) : NULL;
    if (here->depth > 0)
        CHECK_INT(ompg_join(group, join_below, &below, join_below, &below), 0);
    if (before)
        leave(here->local, before);
    else
        CHECK_INT(use(group, here->local), 0);
    return 0;
}

static void in_joins(void)
{
    for (int limit = 0; limit <= 2; limit += 2) {
        ompg_local *local = states_new();
        ompg_group *group = ompg_new(&(ompg_options){.limit = limit});
        nest top = {local, 6};
        for (int i = 0; i < 10; i++)
            CHECK_INT(ompg_go(group, join_below, &top), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(uses_of(local), 10 * 127);
        if (ompg_get_threads(group) == 1)
            CHECK(states_of(local) <= 7); /* calls, one inside the other */
        ompg_free(group);
        ompg_local_free(local);
    }
}

/* ---- OMPG_FOR ---- */

static ORDERED_BY_OPENMP void loop_over(ompg_group *group, ompg_local *local, int count)
{
    OMPG_FOR(group, i, 0, count) {
        state *mine = ompg_local_get(local);
        if (!CHECK(mine != NULL))
            continue;
        CHECK_INT(atomic_fetch_add(&mine->users, 1), 0);
        mine->uses++;
        mine->index = ompg_local_index(local) + 1;
        CHECK_INT(atomic_fetch_sub(&mine->users, 1), 1);
    }
}

static int macro_in_a_task(ompg_group *group, void *arg)
{
    state *mine = enter(arg);
    (void)group;
    loop_over(OMPG_DEFAULT, arg, 100);
    ompg_group *nested = ompg_new(NULL);
    loop_over(nested, arg, 100);
    CHECK_INT(ompg_wait(nested), 0);
    ompg_free(nested);
    leave(arg, mine);
    return 0;
}

static void in_macros(void)
{
    ompg_local *local = states_new();
    for (int limit = 0; limit <= 2; limit++) {
        ompg_local *own = states_new();
        ompg_group *group = ompg_new(&(ompg_options){.limit = limit});
        loop_over(group, own, MANY);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(uses_of(own), MANY);
        CHECK(states_of(own) <= (limit > 0 ? limit : omp_get_max_threads()));
        ompg_free(group);
        ompg_local_free(own);
    }
    loop_over(OMPG_DEFAULT, local, MANY);
    CHECK_INT(uses_of(local), MANY);
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 5; i++)
        CHECK_INT(ompg_go(group, macro_in_a_task, local), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(uses_of(local), MANY + 5 * 201);
    ompg_free(group);
    CHECK(ompg_local_get(local) == NULL);
    ompg_local_free(local);
}

/* The body waits for a group, whose tasks run on its thread among others, and asks again. */
static ORDERED_BY_OPENMP void groups_in_macros(void)
{
    ompg_local *local = states_new();
    OMPG_FOR(OMPG_DEFAULT, i, 0, 50) {
        state *mine = enter(local);
        ompg_group *group = ompg_new(NULL);
        for (int j = 0; j < 20; j++)
            CHECK_INT(ompg_go(group, use, local), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
        leave(local, mine);
    }
    CHECK_INT(uses_of(local), 50 * 21);
    ompg_local_free(local);
}

/* ---- making, failing, ending ---- */

enum { FAILURE = 4711 };

static atomic_int made, failures, ended;

/* Fails `failures` times. */
static int init(void *a_state, void *arg)
{
    unsigned char *bytes = a_state;
    CHECK(arg == &made);
    for (size_t i = 0; i < sizeof(state) + 1; i++)
        CHECK_INT(bytes[i], 0);
    errno = ERANGE;
    if (atomic_fetch_sub(&failures, 1) > 0) {
        memset(bytes, 0xee, sizeof(state) + 1);
        return FAILURE;
    }
    atomic_fetch_add(&made, 1);
    bytes[sizeof(state)] = 'i';
    return 0;
}

static void fini(void *a_state, void *arg)
{
    const unsigned char *bytes = a_state;
    CHECK(arg == &made);
    CHECK_INT(bytes[sizeof(state)], 'i');
    errno = ERANGE;
    atomic_fetch_add(&ended, 1);
}

static int use_or_fail(ompg_group *group, void *arg)
{
    errno = EILSEQ;
    unsigned char *mine = ompg_local_get(arg);
    (void)group;
    if (mine == NULL) {
        CHECK_INT(errno, FAILURE);
        errno = EILSEQ;
        CHECK(ompg_local_index(arg) >= 0);
        CHECK_INT(errno, EILSEQ);
        return 0;
    }
    CHECK_INT(errno, EILSEQ);
    CHECK_INT(mine[sizeof(state)], 'i');
    CHECK_INT((uintptr_t)mine % CACHE_LINE, 0);
    return 0;
}

static int count_one(void *a_state, void *arg)
{
    CHECK_INT(((unsigned char *)a_state)[sizeof(state)], 'i');
    ++*(int *)arg;
    return 0;
}

/* fini is for what init has made: not where it has always failed. */
static void init_and_fini(void)
{
    static const int failing[] = {0, 20, 40, 1 << 20};
    for (int i = 0; i < 4; i++) {
        int fail = failing[i];
        atomic_store(&made, 0);
        atomic_store(&ended, 0);
        atomic_store(&failures, fail);
        ompg_local *local = ompg_local_new(&(ompg_local_options){
            .size = sizeof(state) + 1, .init = init, .fini = fini, .arg = &made});
        ompg_group *group = ompg_new(NULL);
        for (int j = 0; j < 1000; j++)
            CHECK_INT(ompg_go(group, use_or_fail, local), 0);
        CHECK_INT(ompg_wait(group), 0);
        int count = 0;
        CHECK_INT(ompg_local_each(local, count_one, &count), 0);
        CHECK_INT(count, atomic_load(&made));
        CHECK((count > 0) == (fail < 1000) && count <= ompg_get_threads(group));
        ompg_free(group);
        errno = EILSEQ;
        ompg_local_free(local);
        CHECK_INT(errno, EILSEQ);
        CHECK_INT(atomic_load(&ended), count);
    }
}

/* ---- each ---- */

static int stop_at_the_second(void *a_state, void *arg)
{
    (void)a_state;
    return ++*(int *)arg == 2 ? FAILURE : 0;
}

static int each_while_in_use(ompg_group *group, void *arg)
{
    int count = 0;
    (void)group;
    CHECK_INT(ompg_local_each(arg, stop_at_the_second, &count), 0);
    CHECK(ompg_local_get(arg) != NULL);
    CHECK_INT(ompg_local_each(arg, stop_at_the_second, &count), EBUSY);
    CHECK_INT(count, 0);
    return 0;
}

static void each_ends_where_it_is_told_to(void)
{
    int count = 0;
    ompg_local *local = states_new();
    CHECK_INT(ompg_local_each(local, stop_at_the_second, &count), 0);
    CHECK_INT(ompg_run(NULL, each_while_in_use, local, NULL), 0);
    CHECK_INT(ompg_run(NULL, use_and_wait, &(nest){local, 2}, NULL), 0);
    count = 0;
    CHECK_INT(ompg_local_each(local, stop_at_the_second, &count), FAILURE);
    CHECK_INT(count, 2);
    ompg_local_free(local);
}

/* ---- several, and one after the other ---- */

enum { LOCALS = 10 };

static int use_several(ompg_group *group, void *arg)
{
    ompg_local *const *locals = arg;
    state *mine[LOCALS];
    (void)group;
    for (int i = 0; i < LOCALS; i++)
        mine[i] = enter(locals[i]);
    for (int i = 0; i < LOCALS; i++)
        leave(locals[i], mine[i]);
    return 0;
}

static void several_in_one_task(void)
{
    for (int round = 0; round < 20; round++) {
        ompg_local *locals[LOCALS];
        for (int i = 0; i < LOCALS; i++)
            locals[i] = states_new();
        ompg_group *group = ompg_new(NULL);
        for (int i = 0; i < 500; i++)
            CHECK_INT(ompg_go(group, use_several, locals), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
        for (int i = 0; i < LOCALS; i++) {
            CHECK_INT(uses_of(locals[i]), 500);
            ompg_local_free(locals[i]);
        }
    }
}

static int size_of_0(ompg_group *group, void *arg)
{
    (void)group;
    CHECK(ompg_local_get(arg) != NULL);
    CHECK_INT(ompg_local_index(arg), 0);
    return 0;
}

static int size_of_a_megabyte(ompg_group *group, void *arg)
{
    unsigned char *bytes = ompg_local_get(arg);
    (void)group;
    if (CHECK(bytes != NULL))
        memset(bytes, 1, 1 << 20);
    return 0;
}

static void sizes(void)
{
    ompg_local *none = ompg_local_new(NULL);
    ompg_local *large = ompg_local_new(&(ompg_local_options){.size = 1 << 20});
    CHECK_INT(ompg_run(NULL, size_of_0, none, NULL), 0);
    CHECK_INT(ompg_run(NULL, size_of_a_megabyte, large, NULL), 0);
    ompg_local_free(none);
    ompg_local_free(large);
    errno = 0;
    CHECK(ompg_local_new(&(ompg_local_options){.size = SIZE_MAX}) == NULL);
    CHECK_INT(errno, ENOMEM);
    errno = 0;
    CHECK(ompg_local_new(&(ompg_local_options){.size = SIZE_MAX / 2}) == NULL);
    CHECK_INT(errno, ENOMEM);
}

/* ---- misuse ---- */

static void misuse(void)
{
    int count = 0;
    ompg_local *local = states_new();
    errno = 0;
    CHECK(ompg_local_get(local) == NULL);
    CHECK_INT(errno, EPERM);
    CHECK(ompg_local_get(NULL) == NULL);
    CHECK_INT(errno, EINVAL);
    errno = EILSEQ;
    CHECK_INT(ompg_local_index(local), -1);
    CHECK_INT(ompg_local_index(NULL), -1);
    CHECK_INT(ompg_local_each(NULL, stop_at_the_second, &count), EINVAL);
    CHECK_INT(ompg_local_each(local, NULL, &count), EINVAL);
    CHECK_INT(errno, EILSEQ);
    ompg_local_free(NULL);
    ompg_local_options later = {.size = 8};
    later.reserved[7] = 1;
    CHECK(ompg_local_new(&later) == NULL);
    CHECK_INT(errno, EINVAL);
    ompg_local_free(local);
}

/* ---- given back whatever the end ---- */

static int use_and_end(ompg_group *group, void *arg)
{
    state *mine = enter(arg);
    size_t number = mine->uses % 3;
    leave(arg, mine);
    if (number == 0)
        return FAILURE;
    return number == 1 ? ompg_fail(group, FAILURE, NULL) : 0;
}

static int use_and_end_in_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return use_and_end(group, arg);
}

static void after_failures(void)
{
    ompg_local *local = states_new();
    ompg_group *group =
        ompg_new(&(ompg_options){.on_error = OMPG_COLLECT, .limit = 3, .max_errors = 0});
    for (int i = 0; i < 1000; i++)
        CHECK_INT(ompg_go(group, use_and_end, local), 0);
    CHECK_INT(ompg_wait(group), FAILURE);
    CHECK_INT(ompg_for(group, 0, 1000, 1, use_and_end_in_range, local), FAILURE);
    CHECK_INT(uses_of(local), 2000);
    CHECK(states_of(local) <= 3);
    ompg_free(group);
    group = ompg_new(&(ompg_options){.deterministic = true});
    CHECK_INT(ompg_for(group, 0, 1000, 1, use_and_end_in_range, local), FAILURE);
    ompg_free(group);
    CHECK(uses_of(local) > 2000);
    ompg_local_free(local);
}

CHECK_MAIN("local", {"each task has one", each_task_has_one},
           {"not shared with those that run inside", not_shared_with_those_that_run_inside},
           {"not shared with nested waits", not_shared_with_nested_waits},
           {"kept around others", kept_around_others},
           {"a limit bounds the index", a_limit_bounds_the_index},
           {"as many as run at once", as_many_as_run_at_once}, {"in loops", in_loops},
           {"in reductions", in_reductions}, {"in pipelines", in_pipelines},
           {"given back by each part", given_back_by_each_part}, {"in joins", in_joins},
           {"in macros", in_macros}, {"groups in macros", groups_in_macros},
           {"init and fini", init_and_fini},
           {"each ends where it is told to", each_ends_where_it_is_told_to},
           {"several in one task", several_in_one_task}, {"sizes", sizes}, {"misuse", misuse},
           {"after failures", after_failures})
