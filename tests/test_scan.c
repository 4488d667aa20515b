/*
 * Scans: each iteration once, with what comes before it, in order; in place; the same bits for any number of
 * threads; errors of folds, combinations and emits; stops; misuse. Random scans against a serial one.
 *
 * OMPGROUP_TEST_SEED and OMPGROUP_TEST_ROUNDS: see stress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <time.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

/* ---- an operator that does not commute ---- */

/* x -> factor * x + offset, modulo 2^64. */
typedef struct affine {
    uint64_t factor, offset;
} affine;

static affine after(affine first, affine then)
{
    return (affine){then.factor * first.factor, then.factor * first.offset + then.offset};
}

static affine map_of(size_t i)
{
    return (affine){2 * i + 3, i ^ 0x55};
}

typedef enum where { NOWHERE, IN_FOLD, IN_COMBINE, IN_EMIT } where;

typedef struct plan {
    size_t begin, count, grain;
    affine *values; /* the maps, and in place of them what they come to */
    atomic_char *emitted;
    where where;        /* it fails, */
    size_t at;          /* in the call that has this iteration, from 0 */
    bool first_is_last; /* the fold of the first iteration waits for the others */
    atomic_size_t folded;
} plan;

static int fold_plan(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    plan *self = arg;
    affine *sum = accumulator;
    (void)group;
    if (self->first_is_last && begin == self->begin)
        while (atomic_load(&self->folded) < self->count - (end - begin))
            sched_yield();
    atomic_fetch_add(&self->folded, end - begin);
    for (size_t i = begin - self->begin; i < end - self->begin; i++) {
        if (self->where == IN_FOLD && i == self->at)
            return EIO;
        *sum = after(*sum, self->values[i]);
    }
    return 0;
}

static int combine_plan(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    plan *self = arg;
    affine *sum = accumulator;
    (void)group;
    *sum = after(*sum, *(const affine *)other);
    return self->where == IN_COMBINE ? EDOM : 0;
}

static int emit_plan(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    plan *self = arg;
    affine *sum = accumulator;
    (void)group;
    for (size_t i = begin - self->begin; i < end - self->begin; i++) {
        if (self->where == IN_EMIT && i == self->at)
            return ERANGE;
        atomic_fetch_add(&self->emitted[i], 1);
        self->values[i] = *sum = after(*sum, self->values[i]);
    }
    *sum = (affine){0, 0}; /* a copy of its own */
    return 0;
}

static plan plan_new(size_t begin, size_t count, size_t grain)
{
    plan self = {.begin = begin, .count = count, .grain = grain};
    self.values = calloc(count + 1, sizeof self.values[0]);
    self.emitted = calloc(count + 1, sizeof self.emitted[0]);
    for (size_t i = 0; i < count; i++)
        self.values[i] = map_of(i);
    return self;
}

static void plan_free(plan *self)
{
    free(self->values);
    free(self->emitted);
}

static int plan_scan(plan *self, ompg_group *group, affine *total)
{
    *total = (affine){1, 0};
    return ompg_scan(group, self->begin, self->begin + self->count, self->grain, total,
                     sizeof *total, fold_plan, combine_plan, emit_plan, self);
}

static bool same_map(affine a, affine b)
{
    return a.factor == b.factor && a.offset == b.offset;
}

static bool check_plan(plan *self, ompg_group *group)
{
    affine total, so_far = {1, 0};
    size_t wrong = 0;
    CHECK_INT(plan_scan(self, group, &total), 0);
    for (size_t i = 0; i < self->count; i++) {
        so_far = after(so_far, map_of(i));
        wrong += !same_map(self->values[i], so_far) || atomic_load(&self->emitted[i]) != 1;
    }
    if (CHECK_INT(wrong, 0) && CHECK(same_map(total, so_far)))
        return true;
    fprintf(stderr, "%zu from %zu by %zu\n", self->count, self->begin, self->grain);
    return false;
}

static void every_iteration_has_what_comes_before_it(void)
{
    static const size_t counts[] = {0, 1, 2, 7, 1000, 1024, 1025, 2049, 5000, 30000};
    static const size_t by[] = {0, 1, 3, 1000, SIZE_MAX};
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            ompg_group *group = ompg_new(&options);
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
                for (size_t g = 0; g < sizeof by / sizeof by[0]; g++) {
                    plan self = plan_new(77 * c, counts[c], by[g]);
                    check_plan(&self, group);
                    plan_free(&self);
                }
            }
            CHECK_ADDS_UP(group);
            ompg_free(group);
        }
    }
}

static int scan_in_task(ompg_group *group, void *arg)
{
    plan self = plan_new(5, 3000, 7);
    affine total;
    (void)arg;
    check_plan(&self, OMPG_DEFAULT);
    CHECK_INT(plan_scan(&self, group, &total), EDEADLK);
    plan_free(&self);
    return 0;
}

static void scans_inside_tasks(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .limit = 3});
        for (int i = 0; i < 8; i++)
            ompg_go(group, scan_in_task, NULL);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

/* ---- doubles ---- */

enum { TERMS = 20011 };

static double terms[TERMS], sums[TERMS], first_sums[TERMS];

static int sum_terms(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        *(double *)accumulator += terms[i];
    return 0;
}

static int add_sums(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(double *)accumulator += *(const double *)other;
    return 0;
}

static int put_sums(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    double sum = *(double *)accumulator;
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        sums[i] = sum += terms[i];
    return 0;
}

static void same_bits_for_any_number_of_threads(void)
{
    static const size_t by[] = {0, 1, 7, 1000};
    unsigned seed = 12345;
    for (int i = 0; i < TERMS; i++)
        terms[i] = ldexp((double)random_next(&seed) - (double)(1 << 23),
                         (int)(random_next(&seed) % 80) - 40);
    for (size_t g = 0; g < sizeof by / sizeof by[0]; g++) {
        double first_total = 0.0;
        for (int threads = 1; threads <= 64; threads *= 2) {
            double total = 0.0;
            ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
            CHECK_INT(ompg_scan(group, 0, TERMS, by[g], &total, sizeof total, sum_terms, add_sums,
                                put_sums, NULL),
                      0);
            if (threads == 1) {
                memcpy(first_sums, sums, sizeof sums);
                first_total = total;
            }
            /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): bits */
            CHECK(memcmp(first_sums, sums, sizeof sums) == 0);
            CHECK(total == first_total);
            ompg_free(group);
        }
    }
}

/* ---- errors and stops ---- */

/* By 3: the sub-range that has the iteration; a combination's is where its block begins. */
static void check_failure(ompg_group *group, where place, size_t at)
{
    static const int codes[] = {0, EIO, EDOM, ERANGE};
    affine total;
    plan self = plan_new(10, 2000, 3);
    self.where = place;
    self.at = at;
    CHECK_INT(plan_scan(&self, group, &total), codes[place]);
    CHECK(same_map(total, (affine){1, 0}));
    CHECK_INT(error_of(group).code, codes[place]);
    CHECK_INT(error_of(group).index, place == IN_COMBINE ? 13 : 10 + at / 3 * 3);
    CHECK_INT(ompg_get_errors(group, NULL), 1);
    CHECK_ADDS_UP(group);
    CHECK_INT(ompg_reset(group), 0);
    plan_free(&self);
    self = plan_new(10, 2000, 3);
    check_plan(&self, group);
    plan_free(&self);
}

static void errors_leave_the_result_untouched(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            ompg_group *group = ompg_new(&options);
            for (int place = IN_FOLD; place <= IN_EMIT; place++)
                check_failure(group, (where)place, 1003);
            ompg_free(group);
        }
    }
}

static int emit_cancels(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)accumulator;
    (void)arg;
    (void)end;
    if (begin == 500)
        ompg_cancel(group, EINTR);
    CHECK(begin != 500 || ompg_stopped(group));
    return 0;
}

static void a_stop_ends_it(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        double total = 0.0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_scan(group, 0, TERMS, 10, &total, sizeof total, sum_terms, add_sums,
                            emit_cancels, NULL),
                  EINTR);
        CHECK(total == 0.0);
        ompg_free(group);
    }
}

enum { NAPS = 4, NAP_NS = 50000000 };

static int nap(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)accumulator;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    return 0;
}

/* Folds and emits each take 200 ms. */
static void a_time_limit_holds_for_folds_and_emits_together(void)
{
    double total = 0.0;
    ompg_options options = {.threads = 1, .deterministic = true, .timeout = 0.3};
    ompg_group *group = ompg_new(&options);
    CHECK_INT(ompg_scan(group, 0, NAPS, 1, &total, sizeof total, nap, add_sums, nap, NULL),
              ETIMEDOUT);
    ompg_free(group);
}

/* The first fold ends last: what is left to emit then, almost all, is emitted whatever has failed. */
static void a_collecting_group_emits_all(void)
{
    for (size_t team = 1; team < TEAMS; team++) {
        affine total;
        size_t emitted = 0;
        ompg_options options = {.threads = teams[team], .on_error = OMPG_COLLECT};
        ompg_group *group = ompg_new(&options);
        plan self = plan_new(10, 1000, 1);
        self.first_is_last = true;
        self.where = IN_EMIT;
        CHECK_INT(plan_scan(&self, group, &total), ERANGE);
        for (size_t i = 0; i < self.count; i++)
            emitted += (size_t)atomic_load(&self.emitted[i]);
        CHECK_INT(emitted, self.count - 1);
        CHECK_INT(ompg_get_errors(group, NULL), 1);
        CHECK_ADDS_UP(group);
        ompg_free(group);
        plan_free(&self);
    }
}

/* ---- accumulators that have memory of their own ---- */

typedef struct large {
    size_t count;
    char padding[3000];
} large;

static int count_large(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)arg;
    ((large *)accumulator)->count += end - begin;
    return 0;
}

static int add_large(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    ((large *)accumulator)->count += ((const large *)other)->count;
    return 0;
}

static int check_large(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)end;
    (void)arg;
    CHECK_INT(((large *)accumulator)->count, begin);
    return 0;
}

static void accumulators_of_any_size(void)
{
    static const size_t counts[] = {1, 200, 3000};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t c = 0; c < 3; c++) {
            large total = {0};
            CHECK_INT(ompg_scan(group, 0, counts[c], 1, &total, sizeof total, count_large,
                                add_large, check_large, NULL),
                      0);
            CHECK_INT(total.count, counts[c]);
        }
        ompg_free(group);
    }
}

/* ---- without a grain ---- */

typedef struct calls {
    atomic_size_t folds, emits;
} calls;

static int count_fold(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    atomic_fetch_add(&((calls *)arg)->folds, 1);
    *(double *)accumulator += (double)(end - begin);
    return 0;
}

static int count_emit(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)end;
    atomic_fetch_add(&((calls *)arg)->emits, 1);
    CHECK(*(double *)accumulator == (double)begin);
    return 0;
}

/* Few: threads disturb one another at the ends of blocks. Each is folded once. */
static void sub_ranges_are_few_without_a_grain(void)
{
    static const struct {
        size_t iterations, calls;
    } ranges[] = {{1, 1},         {256, 256},      {257, 129},       {1000000, 256},
                  {8388608, 256}, {10000000, 306}, {33554432, 1024}, {100000000, 1024}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        calls self = {0};
        double total = 0.0;
        CHECK_INT(ompg_scan(OMPG_DEFAULT, 0, ranges[i].iterations, 0, &total, sizeof total,
                            count_fold, add_sums, count_emit, &self),
                  0);
        CHECK(total == (double)ranges[i].iterations);
        CHECK_INT(atomic_load(&self.folds), ranges[i].calls);
        CHECK_INT(atomic_load(&self.emits), ranges[i].calls);
    }
}

/* ---- misuse, random scans ---- */

static void misuse(void)
{
    double total = 7.0;
    size_t size = sizeof total;
    ompg_group *d = OMPG_DEFAULT;
    CHECK_INT(ompg_scan(NULL, 0, 9, 1, &total, size, sum_terms, add_sums, put_sums, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 0, 9, 1, NULL, size, sum_terms, add_sums, put_sums, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 0, 9, 1, &total, 0, sum_terms, add_sums, put_sums, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 0, 9, 1, &total, size, NULL, add_sums, put_sums, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 0, 9, 1, &total, size, sum_terms, NULL, put_sums, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 0, 9, 1, &total, size, sum_terms, add_sums, NULL, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 9, 0, 1, &total, size, sum_terms, add_sums, put_sums, NULL), EINVAL);
    CHECK_INT(ompg_scan(d, 5, 5, 1, &total, size, sum_terms, add_sums, put_sums, NULL), 0);
    CHECK(total == 7.0);
}

static void random_scans(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        size_t count = random_next(&seed) % 16384 >> random_next(&seed) % 12;
        plan self = plan_new(random_next(&seed) % 1000, count, random_next(&seed) % 6);
        ompg_options options = {.threads = teams[round % 16 == 0 ? 3 : round % 3],
                                .limit = (int)(random_next(&seed) % 3),
                                .deterministic = random_next(&seed) % 4 == 0};
        ompg_group *group = ompg_new(&options);
        if (!check_plan(&self, group))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        ompg_free(group);
        plan_free(&self);
    }
}

CHECK_MAIN("scan",
           {"every iteration has what comes before it", every_iteration_has_what_comes_before_it},
           {"scans inside tasks", scans_inside_tasks},
           {"same bits for any number of threads", same_bits_for_any_number_of_threads},
           {"errors leave the result untouched", errors_leave_the_result_untouched},
           {"a stop ends it", a_stop_ends_it},
           {"a time limit holds for folds and emits together",
            a_time_limit_holds_for_folds_and_emits_together},
           {"a collecting group emits all", a_collecting_group_emits_all},
           {"accumulators of any size", accumulators_of_any_size},
           {"sub-ranges are few without a grain", sub_ranges_are_few_without_a_grain},
           {"misuse", misuse}, {"random scans", random_scans})
