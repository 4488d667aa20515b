/*
 * Reductions that end early: errors, cancellation, deadlines, tokens and outer stops leave the
 * result as it was; limits; random ranges, grains and failures against a serial model.
 *
 * OMPGROUP_TEST_SEED and OMPGROUP_TEST_ROUNDS: see stress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

/* ---- an operator that does not commute ---- */

/* x -> factor * x + offset, modulo 2^64. */
typedef struct affine {
    uint64_t factor, offset;
} affine;

static const affine identity = {1, 0};

/* First `first`, then `then`. */
static affine after(affine first, affine then)
{
    return (affine){then.factor * first.factor, then.factor * first.offset + then.offset};
}

static affine map_of(size_t i)
{
    return (affine){2 * i + 3, i ^ 0x55};
}

static int combine_maps(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    affine *self = accumulator;
    (void)group;
    (void)arg;
    *self = after(*self, *(const affine *)other);
    return 0;
}

static bool same_map(affine a, affine b)
{
    return a.factor == b.factor && a.offset == b.offset;
}

/* ---- a plan of failures ---- */

typedef enum failure {
    RETURN_CODE,
    FAIL,           /* ompg_fail, returned */
    FAIL_AT,        /* names the iteration */
    FAIL_AND_GO_ON, /* ompg_fail_at, 0 returned */
    FAILURES
} failure;

typedef struct plan {
    size_t begin, count, grain;
    failure kind;
    bool *fails;       /* [count] */
    atomic_char *done; /* [count] */
} plan;

static int code_of(size_t i)
{
    return 1000 + (int)(i % 1000);
}

static int report(ompg_group *group, const plan *self, size_t i)
{
    int code = code_of(i);
    if (self->kind == FAIL)
        return ompg_fail(group, code, "iteration %zu", i);
    if (self->kind == FAIL_AT)
        return ompg_fail_at(group, i, code, "iteration %zu", i);
    if (self->kind == FAIL_AND_GO_ON) {
        ompg_fail_at(group, i, code, "iteration %zu", i);
        return 0;
    }
    return code;
}

static int fold_plan(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    plan *self = arg;
    affine *sum = accumulator;
    for (size_t i = begin; i < end; i++) {
        atomic_fetch_add(&self->done[i - self->begin], 1);
        if (self->fails[i - self->begin])
            return report(group, self, i);
        *sum = after(*sum, map_of(i));
    }
    return 0;
}

static plan plan_new(size_t begin, size_t count, size_t grain, failure kind)
{
    plan self = {.begin = begin, .count = count, .grain = grain, .kind = kind};
    self.fails = calloc(count, sizeof self.fails[0]);
    self.done = calloc(count, sizeof self.done[0]);
    if (self.fails == NULL || self.done == NULL)
        abort();
    return self;
}

static void plan_free(plan *self)
{
    free(self->fails);
    free(self->done);
}

/* The lowest that fails; count: none. */
static size_t plan_lowest(const plan *self)
{
    size_t at = 0;
    while (at < self->count && !self->fails[at])
        at++;
    return at;
}

static affine plan_serial(const plan *self)
{
    affine all = identity;
    for (size_t i = 0; i < self->count; i++)
        all = after(all, map_of(self->begin + i));
    return all;
}

static int plan_reduce(plan *self, ompg_group *group, affine *result)
{
    *result = identity;
    return ompg_reduce(group, self->begin, self->begin + self->count, self->grain, result,
                       sizeof *result, fold_plan, combine_maps, self);
}

/* The index of what an iteration reports: itself where it is named, else its sub-range's first. */
static size_t index_of(const plan *self, size_t i)
{
    size_t at = i - self->begin;
    return self->kind == FAIL_AT || self->kind == FAIL_AND_GO_ON ? i : i - at % self->grain;
}

/* ---- errors ---- */

/* Sub-ranges both fewer and more than the reduction folds at once. */
static const size_t counts[] = {1, 10, 1000, 5000};

static void check_failure(ompg_group *group, plan *self, size_t failing)
{
    affine result;
    self->fails[failing] = true;
    size_t i = self->begin + failing;
    bool right = CHECK_INT(plan_reduce(self, group, &result), code_of(i)) &&
                 CHECK(same_map(result, identity)) &&
                 CHECK_INT(error_of(group).index, index_of(self, i)) &&
                 CHECK_INT(error_of(group).code, code_of(i)) &&
                 CHECK_INT(error_of(group).kind, OMPG_ERROR_TASK) &&
                 CHECK_INT(ompg_get_errors(group, NULL), 1);
    if (self->kind != RETURN_CODE)
        CHECK_CONTAINS(error_of(group).message, "iteration ");
    if (!right)
        fprintf(stderr, "%zu by %zu, %zu fails by %d\n", self->count, self->grain, failing,
                (int)self->kind);
    CHECK_ADDS_UP(group);
    CHECK_INT(ompg_reset(group), 0);
}

/* The next reduction of the group is as good as new. */
static void check_success(ompg_group *group, plan *self)
{
    affine result;
    memset(self->fails, 0, self->count * sizeof self->fails[0]);
    CHECK_INT(plan_reduce(self, group, &result), 0);
    CHECK(same_map(result, plan_serial(self)));
}

static void an_error_leaves_the_result_untouched(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (int kind = 0; kind < FAILURES; kind++) {
                plan self = plan_new(77, counts[c], 1 + c % 3, (failure)kind);
                check_failure(group, &self, counts[c] / 2);
                check_success(group, &self);
                check_failure(group, &self, counts[c] - 1);
                plan_free(&self);
            }
        }
        ompg_free(group);
    }
}

static void an_error_stops_the_folding(void)
{
    plan self = plan_new(0, 100000, 1, RETURN_CODE);
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    affine result;
    size_t done = 0;
    self.fails[500] = true;
    CHECK_INT(plan_reduce(&self, group, &result), code_of(500));
    for (size_t i = 0; i < self.count; i++)
        done += (size_t)atomic_load(&self.done[i]);
    CHECK_INT(done, 501);
    ompg_free(group);
    plan_free(&self);
}

/* Collect: every sub-range is folded, however many there are, and each error is kept. */
static void all_errors_are_collected(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (int kind = 0; kind < FAILURES; kind++) {
                plan self = plan_new(5, counts[c], 1, (failure)kind);
                ompg_options options = {.on_error = OMPG_COLLECT, .threads = teams[team]};
                ompg_group *group = ompg_new(&options);
                const ompg_error *list;
                affine result;
                size_t wrong = 0;
                for (size_t i = 0; i < self.count; i += 3)
                    self.fails[i] = true;
                int code = plan_reduce(&self, group, &result);
                CHECK_INT(code, error_of(group).code);
                CHECK(same_map(result, identity));
                size_t kept = ompg_get_errors(group, &list);
                CHECK_INT(kept, (self.count + 2) / 3);
                for (size_t i = 0; i < kept; i++)
                    wrong += list[i].index != 5 + 3 * i || list[i].code != code_of(5 + 3 * i);
                for (size_t i = 0; i < self.count; i++)
                    wrong += atomic_load(&self.done[i]) != 1;
                if (!CHECK_INT(wrong, 0))
                    fprintf(stderr, "%zu iterations, kind %d\n", self.count, kind);
                CHECK_ADDS_UP(group);
                ompg_free(group);
                plan_free(&self);
            }
        }
    }
}

/* ECANCELED that nothing stopped is an error like any other. */
static int fold_cancels(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    const size_t *failing = arg;
    (void)group;
    (void)end;
    (void)accumulator;
    return begin == *failing ? ECANCELED : 0;
}

static void canceled_is_an_error_where_nothing_stopped(void)
{
    static const size_t points[] = {0, 7, 4321, 4999};
    for (size_t i = 0; i < 4; i++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            affine result = identity;
            size_t failing = points[i];
            ompg_group *group = ompg_new(&(ompg_options){.deterministic = deterministic});
            CHECK_INT(ompg_reduce(group, 0, 5000, 1, &result, sizeof result, fold_cancels,
                                  combine_maps, &failing),
                      ECANCELED);
            CHECK_INT(error_of(group).index, failing);
            CHECK_INT(error_of(group).kind, OMPG_ERROR_TASK);
            CHECK(same_map(result, identity));
            ompg_free(group);
        }
    }
}

/* Names an iteration that it does not fold, in the middle of a block. */
static int fold_names_ahead(ompg_group *group, size_t begin, size_t end, void *accumulator,
                            void *arg)
{
    const size_t *failing = arg;
    (void)end;
    (void)accumulator;
    if (begin == 0)
        ompg_fail_at(group, *failing, EIO, "ahead");
    return 0;
}

static void the_index_that_is_named_is_reported(void)
{
    for (size_t failing = 4000; failing < 4010; failing++) {
        affine result = identity;
        ompg_options options = {.deterministic = true, .threads = 1 + (int)failing % 3};
        ompg_group *group = ompg_new(&options);
        CHECK_INT(ompg_reduce(group, 0, 5000, 1, &result, sizeof result, fold_names_ahead,
                              combine_maps, &failing),
                  EIO);
        CHECK_INT(error_of(group).index, failing);
        CHECK(same_map(result, identity));
        ompg_free(group);
    }
}

static void an_error_of_another_task_is_the_reductions_too(void)
{
    int code = EDOM;
    for (int round = 0; round < 10; round++) {
        plan self = plan_new(0, 1000, 1, RETURN_CODE);
        affine result;
        ompg_group *group = ompg_new(NULL);
        ompg_go(group, return_code, &code);
        CHECK_INT(plan_reduce(&self, group, &result), EDOM);
        CHECK(same_map(result, identity));
        ompg_free(group);
        plan_free(&self);
    }
}

/* ---- stops ---- */

typedef struct stopping {
    ompg_token token;
    ompg_group *outer;
    size_t at; /* iteration in which it happens */
    enum { CANCEL, TOKEN, DEADLINE, OUTER } kind;
    unsigned round;  /* never the same */
    atomic_int late; /* folds that began after their thread had seen the stop */
} stopping;

static _Thread_local unsigned round_seen_stopped;

static unsigned round_new(void)
{
    static unsigned count;
    return ++count;
}

static int fold_stops(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    stopping *self = arg;
    (void)end;
    (void)accumulator;
    if (round_seen_stopped == self->round)
        atomic_fetch_add(&self->late, 1);
    if (begin != self->at)
        return 0;
    if (self->kind == CANCEL)
        CHECK_INT(ompg_cancel(group, EINTR), 0);
    else if (self->kind == TOKEN)
        ompg_token_cancel(&self->token, EPIPE);
    else if (self->kind == OUTER)
        ompg_cancel(self->outer, EDOM);
    CHECK(poll_until_stopped(group));
    round_seen_stopped = self->round;
    return ECANCELED;
}

static void check_stop(stopping *self, const ompg_options *options, int expected)
{
    static const size_t points[] = {0, 99, 4321};
    for (size_t i = 0; i < 3; i++) {
        affine result = identity;
        self->token = (ompg_token)OMPG_TOKEN_INIT;
        self->at = points[i];
        self->round = round_new();
        ompg_group *group = ompg_new(options);
        CHECK_INT(
            ompg_reduce(group, 0, 5000, 1, &result, sizeof result, fold_stops, combine_maps, self),
            expected);
        CHECK(same_map(result, identity));
        CHECK_INT(atomic_load(&self->late), 0);
        CHECK_INT(error_of(group).kind,
                  self->kind == DEADLINE ? OMPG_ERROR_DEADLINE : OMPG_ERROR_CANCEL);
        CHECK_INT(error_of(group).index, OMPG_NO_INDEX);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

static void cancellation_token_and_deadline_stop_it(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            stopping self = {.token = OMPG_TOKEN_INIT};
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            self.kind = CANCEL;
            check_stop(&self, &options, EINTR);
            options.token = &self.token;
            self.kind = TOKEN;
            check_stop(&self, &options, EPIPE);
            options.token = NULL;
            options.timeout = 0.005;
            self.kind = DEADLINE;
            check_stop(&self, &options, ETIMEDOUT);
        }
    }
}

static int stop_outer(ompg_group *group, void *arg)
{
    stopping *self = arg;
    affine result = identity;
    self->outer = group;
    ompg_group *inner = ompg_new(NULL);
    CHECK_INT(
        ompg_reduce(inner, 0, 5000, 1, &result, sizeof result, fold_stops, combine_maps, self),
        ECANCELED);
    CHECK(same_map(result, identity));
    ompg_free(inner);
    CHECK_INT(ompg_reduce(OMPG_DEFAULT, 0, 5000, 1, &result, sizeof result, fold_stops,
                          combine_maps, self),
              ECANCELED);
    CHECK(same_map(result, identity));
    return 0;
}

static void an_outer_stop_reaches_it(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        stopping self = {.token = OMPG_TOKEN_INIT, .kind = OUTER, .at = 77};
        self.round = round_new();
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, stop_outer, &self, NULL), EDOM);
    }
}

/* ---- limits ---- */

static int fold_gauged(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    affine *sum = accumulator;
    (void)group;
    gauge_enter(arg, 0);
    for (size_t i = begin; i < end; i++)
        *sum = after(*sum, map_of(i));
    sched_yield();
    gauge_leave(arg, 0);
    return 0;
}

static void limits_hold(void)
{
    plan model = plan_new(0, 3000, 1, RETURN_CODE);
    for (int limit = 1; limit <= 4; limit++) {
        for (size_t team = 0; team < TEAMS; team++) {
            gauge all = {.limit = limit};
            affine result = identity;
            ompg_options options = {.limit = limit, .threads = teams[team]};
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_reduce(group, 0, 3000, 2, &result, sizeof result, fold_gauged,
                                  combine_maps, &all),
                      0);
            CHECK(same_map(result, plan_serial(&model)));
            CHECK_INT(atomic_load(&all.runs), 1500);
            CHECK_INT(atomic_load(&all.over), 0);
            ompg_free(group);
        }
    }
    plan_free(&model);
}

/* ---- random reductions ---- */

static plan plan_draw(unsigned *seed)
{
    unsigned shift = random_next(seed) % 13;
    plan self = plan_new(random_next(seed) % 100000, 1 + (random_next(seed) % 8192 >> shift),
                         1 + random_next(seed) % 5, (failure)(random_next(seed) % FAILURES));
    unsigned failures = random_next(seed) % 4;
    for (unsigned i = 0; i < failures; i++)
        self.fails[random_next(seed) % self.count] = true;
    if (random_next(seed) % 8 == 0)
        self.grain = self.count + random_next(seed);
    return self;
}

/* What the serial loop would have done: everything below the failing sub-range, once. */
static bool done_below(const plan *self, size_t past)
{
    size_t wrong = 0;
    for (size_t i = 0; i < self->count; i++) {
        int times = atomic_load(&self->done[i]);
        wrong += times > 1 || (i < past && times != 1);
    }
    return CHECK_INT(wrong, 0);
}

static bool failed_rightly(const plan *self, const ompg_group *group, int code, size_t lowest)
{
    const ompg_error error = error_of(group);
    bool known = false;
    for (size_t at = lowest; at < self->count; at++) {
        size_t i = self->begin + at;
        known = known ||
                (self->fails[at] && error.index == index_of(self, i) && error.code == code_of(i));
    }
    return CHECK_INT(code, error.code) && CHECK(known);
}

static bool check_random(plan *self, ompg_group *group, bool deterministic)
{
    affine result;
    size_t lowest = plan_lowest(self);
    int code = plan_reduce(self, group, &result);
    if (lowest == self->count)
        return CHECK_INT(code, 0) && CHECK(same_map(result, plan_serial(self))) &&
               done_below(self, self->count);
    bool right = CHECK(same_map(result, identity)) && failed_rightly(self, group, code, lowest) &&
                 done_below(self, 0);
    if (right && deterministic)
        right = CHECK_INT(error_of(group).index, index_of(self, self->begin + lowest)) &&
                CHECK_INT(code, code_of(self->begin + lowest)) && done_below(self, lowest);
    return right;
}

static void random_reductions(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        plan self = plan_draw(&seed);
        bool deterministic = random_next(&seed) % 2 == 0;
        bool crowd = random_next(&seed) % 16 == 0;
        ompg_options options = {.threads = teams[crowd ? TEAMS - 1 : random_next(&seed) % 3],
                                .limit = (int)(random_next(&seed) % 4),
                                .deterministic = deterministic};
        ompg_group *group = ompg_new(&options);
        if (!check_random(&self, group, deterministic))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        ompg_free(group);
        plan_free(&self);
    }
}

CHECK_MAIN("reduce, stop",
           {"an error leaves the result untouched", an_error_leaves_the_result_untouched},
           {"an error stops the folding", an_error_stops_the_folding},
           {"all errors are collected", all_errors_are_collected},
           {"canceled is an error where nothing stopped",
            canceled_is_an_error_where_nothing_stopped},
           {"the index that is named is reported", the_index_that_is_named_is_reported},
           {"an error of another task is the reduction's too",
            an_error_of_another_task_is_the_reductions_too},
           {"cancellation, token and deadline stop it", cancellation_token_and_deadline_stop_it},
           {"an outer stop reaches it", an_outer_stop_reaches_it}, {"limits hold", limits_hold},
           {"random reductions", random_reductions})
