/*
 * Combinations that fail, or stop the group: the index is where the right neighbour begins; nothing
 * that the failed one was to be a part of is combined; deterministic groups report what a serial execution
 * reports; random failures of folds and combinations against a serial model.
 *
 * OMPGROUP_TEST_SEED and OMPGROUP_TEST_ROUNDS: see stress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], MOST = 1024 };

typedef enum failure { RETURN_CODE, FAIL, FAIL_AND_GO_ON, FAILURES } failure;

/* Of a reduction by 1, so that each iteration is a block. */
typedef struct plan {
    size_t begin, count;
    failure kind;
    bool fold_fails[MOST],
        combine_fails[MOST];   /* by the iteration, from 0; a combination's by its right
                                                   neighbour's first one */
    atomic_int combined[MOST]; /* by the same */
    atomic_int wrong;          /* combinations of what are no neighbours */
} plan;

/* What an accumulator has seen; padded, so that it has memory of its own. */
typedef struct span {
    size_t begin, end; /* begin == end: nothing yet */
    char padding[4096];
} span;

static int fold_code(size_t i)
{
    return 1000 + (int)i % 1000;
}

static int combine_code(size_t i)
{
    return 3000 + (int)i % 1000;
}

static int report(ompg_group *group, const plan *self, int code)
{
    if (self->kind == RETURN_CODE)
        return code;
    ompg_fail(group, code, "as planned");
    return self->kind == FAIL ? code : 0;
}

static int fold_plan(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    const plan *self = arg;
    span *seen = accumulator;
    seen->begin = begin;
    seen->end = end;
    return self->fold_fails[begin - self->begin] ? report(group, self, fold_code(begin)) : 0;
}

static int combine_plan(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    plan *self = arg;
    span *left = accumulator;
    const span *right = other;
    size_t at = right->begin - self->begin;
    if (left->end != right->begin || left->begin >= left->end || right->begin >= right->end)
        atomic_fetch_add(&self->wrong, 1);
    left->end = right->end;
    atomic_fetch_add(&self->combined[at], 1);
    return self->combine_fails[at] ? report(group, self, combine_code(right->begin)) : 0;
}

static plan *plan_new(size_t begin, size_t count, failure kind)
{
    plan *self = calloc(1, sizeof *self);
    if (self == NULL)
        abort();
    self->begin = begin;
    self->count = count;
    self->kind = kind;
    return self;
}

static int plan_reduce(plan *self, ompg_group *group)
{
    span whole = {0};
    int code = ompg_reduce(group, self->begin, self->begin + self->count, 1, &whole, sizeof whole,
                           fold_plan, combine_plan, self);
    CHECK_INT(atomic_load(&self->wrong), 0);
    if (code == 0)
        CHECK(whole.begin == self->begin && whole.end == self->begin + self->count);
    else
        CHECK(whole.begin == 0 && whole.end == 0);
    return code;
}

/*
 * A serial model, one node after another: which errors a reduction has in which everything runs that can.
 * errors[i]: the code that iteration i is reported with. True when the node has an accumulator.
 */
static bool model_node(const plan *self, size_t first, size_t past, size_t length, int *errors)
{
    if (length == 1) {
        errors[first] = self->fold_fails[first] ? fold_code(self->begin + first) : 0;
        return !self->fold_fails[first];
    }
    size_t half = length / 2;
    if (first + half >= past)
        return model_node(self, first, past, half, errors);
    bool left = model_node(self, first, first + half, half, errors);
    bool right = model_node(self, first + half, past, half, errors);
    if (!left || !right)
        return false;
    if (self->combine_fails[first + half])
        errors[first + half] = combine_code(self->begin + first + half);
    return !self->combine_fails[first + half];
}

static size_t model_errors(const plan *self, int errors[MOST])
{
    size_t count = 0;
    model_node(self, 0, self->count, MOST, errors);
    for (size_t i = 0; i < self->count; i++)
        count += errors[i] != 0;
    return count;
}

static void check_error(const ompg_group *group, int code, size_t index)
{
    CHECK_INT(error_of(group).code, code);
    CHECK_INT(error_of(group).index, index);
    CHECK_INT(error_of(group).kind, OMPG_ERROR_TASK);
    CHECK_INT(ompg_get_errors(group, NULL), 1);
}

/* ---- one failure ---- */

static void the_index_is_where_the_right_neighbour_begins(void)
{
    static const size_t counts[] = {2, 3, 10, 1000, 1024};
    for (size_t team = 0; team < TEAMS; team++) {
        for (int kind = 0; kind < FAILURES; kind++) {
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
                plan *self = plan_new(77, counts[c], (failure)kind);
                size_t failing = 1 + (counts[c] - 1) * 2 / 3;
                self->combine_fails[failing] = true;
                CHECK_INT(plan_reduce(self, group), combine_code(77 + failing));
                check_error(group, combine_code(77 + failing), 77 + failing);
                CHECK_ADDS_UP(group);
                CHECK_INT(ompg_reset(group), 0);
                self->combine_fails[failing] = false;
                CHECK_INT(plan_reduce(self, group), 0);
                free(self);
            }
            ompg_free(group);
        }
    }
}

/* By 3, more sub-ranges than blocks: a block has several of them. */
static int fold_span(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    span *seen = accumulator;
    (void)group;
    (void)arg;
    if (seen->begin == seen->end)
        seen->begin = begin;
    seen->end = end;
    return 0;
}

static int combine_fails_at(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    const size_t *failing = arg;
    span *left = accumulator;
    const span *right = other;
    (void)group;
    left->end = right->end;
    return right->begin <= *failing && *failing < right->end ? ERANGE : 0;
}

static void the_index_of_blocks_of_several_sub_ranges(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        size_t failing = 8999; /* the last one, which is an odd block's */
        span whole = {0};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_reduce(group, 0, 9000, 3, &whole, sizeof whole, fold_span, combine_fails_at,
                              &failing),
                  ERANGE);
        /* 1000 blocks of three sub-ranges; 998 and 999 meet first */
        check_error(group, ERANGE, 8991);
        ompg_free(group);
    }
}

static void no_group_is_needed(void)
{
    plan *self = plan_new(0, 100, RETURN_CODE);
    self->combine_fails[50] = true;
    CHECK_INT(plan_reduce(self, OMPG_DEFAULT), combine_code(50));
    free(self);
}

/* ---- policies ---- */

/* Everything that can run does, and each error is kept. */
static void all_errors_are_collected(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int kind = 0; kind < FAILURES; kind++) {
            plan *self = plan_new(5, 1000, (failure)kind);
            int expected[MOST] = {0};
            const ompg_error *list;
            for (size_t i = 3; i < self->count; i += 50)
                self->combine_fails[i] = self->combine_fails[i + 1] = true;
            size_t count = model_errors(self, expected);
            ompg_group *group =
                ompg_new(&(ompg_options){.on_error = OMPG_COLLECT, .threads = teams[team]});
            CHECK(plan_reduce(self, group) != 0);
            if (CHECK_INT(ompg_get_errors(group, &list), count)) {
                for (size_t i = 0; i < count; i++)
                    CHECK_INT(list[i].code, expected[list[i].index - 5]);
            }
            CHECK_ADDS_UP(group);
            ompg_free(group);
            free(self);
        }
    }
}

static plan *plan_draw(unsigned *seed)
{
    plan *self = plan_new(random_next(seed) % 1000,
                          1 + (random_next(seed) % MOST >> random_next(seed) % 8),
                          (failure)(random_next(seed) % FAILURES));
    for (unsigned i = random_next(seed) % 4; i > 0; i--)
        self->fold_fails[random_next(seed) % self->count] = true;
    for (unsigned i = random_next(seed) % 6; i > 0; i--)
        self->combine_fails[random_next(seed) % self->count] = true;
    return self;
}

static bool check_random(plan *self, ompg_group *group, bool deterministic)
{
    int errors[MOST] = {0};
    size_t count = model_errors(self, errors), lowest = 0;
    int code = plan_reduce(self, group);
    if (count == 0)
        return CHECK_INT(code, 0);
    ompg_error error = error_of(group);
    while (errors[lowest] == 0)
        lowest++;
    return CHECK_INT(code, error.code) && CHECK_INT(code, errors[error.index - self->begin]) &&
           (!deterministic || CHECK_INT(error.index, self->begin + lowest));
}

static void random_failures(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        plan *self = plan_draw(&seed);
        bool deterministic = random_next(&seed) % 4 != 0;
        bool crowd = random_next(&seed) % 16 == 0;
        ompg_options options = {.threads = teams[crowd ? TEAMS - 1 : random_next(&seed) % 3],
                                .limit = (int)(random_next(&seed) % 4),
                                .deterministic = deterministic};
        ompg_group *group = ompg_new(&options);
        if (!check_random(self, group, deterministic))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        ompg_free(group);
        free(self);
    }
}

/* ---- stops ---- */

/* The second one stops the group. arg: how many there were. */
static int combine_stops(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    atomic_int *combined = arg;
    (void)accumulator;
    (void)other;
    if (atomic_fetch_add(combined, 1) == 1)
        CHECK_INT(ompg_cancel(group, EINTR), 0);
    return 0;
}

static int fold_one(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    *(size_t *)accumulator += end - begin;
    return 0;
}

/* On one thread the third combination follows at once, of what the first two have left. */
static void a_stopped_group_combines_nothing(void)
{
    atomic_int combined = 0;
    size_t count = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    CHECK_INT(ompg_reduce(group, 0, 4, 1, &count, sizeof count, fold_one, combine_stops, &combined),
              EINTR);
    CHECK_INT(atomic_load(&combined), 2);
    CHECK_INT(count, 0);
    CHECK_INT(error_of(group).kind, OMPG_ERROR_CANCEL);
    ompg_free(group);
}

/* Even where all is folded: the last combination is not made. */
static int combine_stops_last(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    size_t *sum = accumulator;
    (void)arg;
    *sum += *(const size_t *)other;
    if (*sum == 2)
        CHECK_INT(ompg_cancel(group, EINTR), 0);
    CHECK(*sum < 3);
    return 0;
}

static void a_stop_between_two_combinations(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        size_t count = 0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(
            ompg_reduce(group, 0, 3, 1, &count, sizeof count, fold_one, combine_stops_last, NULL),
            EINTR);
        CHECK_INT(count, 0);
        ompg_free(group);
    }
}

/* ---- what combine may do ---- */

static int add_counts(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)arg;
    CHECK_INT(ompg_wait(group), EDEADLK);
    CHECK_INT(ompg_stopped(group), 0);
    *(size_t *)accumulator += *(const size_t *)other;
    return 0;
}

static int add_by_a_reduction(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    size_t sum = 0;
    (void)group;
    int code = ompg_reduce(OMPG_DEFAULT, 0, *(const size_t *)other, 1, &sum, sizeof sum, fold_one,
                           add_counts, arg);
    *(size_t *)accumulator += sum;
    return code;
}

static void combinations_nest(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        size_t count = 0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(
            ompg_reduce(group, 0, 40, 1, &count, sizeof count, fold_one, add_by_a_reduction, NULL),
            0);
        CHECK_INT(count, 40);
        ompg_free(group);
    }
}

CHECK_MAIN("reduce, combine",
           {"the index is where the right neighbour begins",
            the_index_is_where_the_right_neighbour_begins},
           {"the index of blocks of several sub-ranges", the_index_of_blocks_of_several_sub_ranges},
           {"no group is needed", no_group_is_needed},
           {"all errors are collected", all_errors_are_collected},
           {"random failures", random_failures},
           {"a stopped group combines nothing", a_stopped_group_combines_nothing},
           {"a stop between two combinations", a_stop_between_two_combinations},
           {"combinations nest", combinations_nest})
