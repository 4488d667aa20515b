/*
 * Reductions: bitwise the same answer for any number of threads, wherever they run; combined in the
 * order of the iterations; accumulators of any size on cache lines of their own; sub-ranges that
 * depend on range and grain only; misuse.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "contest.h"
#include "tasks.h"
#include "tiles.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], MOST_TILES = 1 << 20, LINE = 64 };

/* ---- doubles ---- */

enum { TERMS = 20011 };

static double terms[TERMS];

/* Of very different sizes and both signs: each order of additions rounds to another sum. */
static void draw_terms(void)
{
    unsigned seed = 12345;
    for (int i = 0; i < TERMS; i++) {
        double value = (double)random_next(&seed) - (double)(1 << 23);
        terms[i] = ldexp(value, (int)(random_next(&seed) % 80) - 40);
    }
}

static int sum_terms(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    double sum = *(double *)accumulator;
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        sum += terms[i];
    *(double *)accumulator = sum;
    return 0;
}

static int add_sums(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    *(double *)accumulator += *(const double *)other;
    return 0;
}

static double sum_of(ompg_group *group, size_t grain)
{
    double sum = 0.0;
    CHECK_INT(ompg_reduce(group, 0, TERMS, grain, &sum, sizeof sum, sum_terms, add_sums, NULL), 0);
    return sum;
}

static const size_t grains[] = {0, 1, 7, 1000, TERMS, SIZE_MAX};

enum { GRAINS = sizeof grains / sizeof grains[0] };

static double answers[GRAINS]; /* of one thread */

static void find_answers(void)
{
    if (terms[0] == 0.0) {
        draw_terms();
        ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
        for (int i = 0; i < GRAINS; i++)
            answers[i] = sum_of(group, grains[i]);
        ompg_free(group);
    }
}

static bool same_bits(double a, double b)
{
    uint64_t bits[2];
    memcpy(&bits[0], &a, sizeof a);
    memcpy(&bits[1], &b, sizeof b);
    return bits[0] == bits[1];
}

static void check_sums(ompg_group *group)
{
    for (int i = 0; i < GRAINS; i++) {
        double sum = sum_of(group, grains[i]);
        if (!CHECK(same_bits(sum, answers[i])))
            fprintf(stderr, "grain %zu: %a, on one thread %a\n", grains[i], sum, answers[i]);
    }
}

/* Otherwise equal sums would say nothing about the order of the additions. */
static void order_of_additions_matters_here(void)
{
    find_answers();
    CHECK(answers[0] != answers[2]);
    CHECK(answers[1] != answers[2]);
    CHECK(answers[2] != answers[3]);
    CHECK(answers[3] != answers[4]);
    CHECK(answers[4] == answers[5]);
}

static void same_bits_for_1_to_64_threads(void)
{
    find_answers();
    for (int threads = 1; threads <= 64; threads++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        check_sums(group);
        ompg_free(group);
    }
}

static void same_bits_in_every_run(void)
{
    find_answers();
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (int run = 0; run < 10; run++)
            check_sums(group);
        ompg_free(group);
    }
}

static void same_bits_whatever_the_options(void)
{
    find_answers();
    const ompg_options kinds[] = {
        {.limit = 1},
        {.limit = 3, .threads = 7},
        {.deterministic = true, .threads = 3},
        {.on_error = OMPG_COLLECT, .threads = 2},
        {.timeout = 1e6},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ompg_group *group = ompg_new(&kinds[i]);
        check_sums(group);
        ompg_free(group);
    }
    check_sums(OMPG_DEFAULT);
}

/* ---- where they run ---- */

static int sums_in_task(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    check_sums(OMPG_DEFAULT);
    return 0;
}

static void same_bits_inside_tasks(void)
{
    find_answers();
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .limit = 5});
        for (int i = 0; i < 10; i++)
            ompg_go(group, sums_in_task, NULL);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

static void same_bits_in_every_region(void)
{
    find_answers();
#pragma omp parallel
    check_sums(OMPG_DEFAULT);
#pragma omp parallel
#pragma omp single
    check_sums(OMPG_DEFAULT);
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < 10; i++)
        check_sums(OMPG_DEFAULT);
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 5; i++) {
#pragma omp task
        check_sums(OMPG_DEFAULT);
    }
}

/* Adds the whole sum once for each iteration. */
static int sum_of_sums(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    ompg_group *inner = begin % 2 == 0 ? OMPG_DEFAULT : ompg_new(&(ompg_options){.limit = 2});
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        *(double *)accumulator += sum_of(inner, 7);
    ompg_free(inner);
    return 0;
}

static void reductions_nest(void)
{
    double first = 0.0;
    find_answers();
    for (size_t team = 0; team < TEAMS; team++) {
        double sum = 0.0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_reduce(group, 0, 20, 1, &sum, sizeof sum, sum_of_sums, add_sums, NULL), 0);
        ompg_free(group);
        first = team == 0 ? sum : first;
        CHECK(sum == first);
        CHECK(sum != 0.0);
    }
}

static void *sums_in_thread(void *arg)
{
    check_sums(OMPG_DEFAULT);
    return arg;
}

static void reductions_in_several_threads(void)
{
    pthread_t threads[4];
    find_answers();
    for (int i = 0; i < 4; i++) {
        if (pthread_create(&threads[i], NULL, sums_in_thread, NULL) != 0)
            abort();
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* ---- order ---- */

/* A text that the iterations append their letters to. */
typedef struct text {
    size_t length;
    char letters[4000];
} text;

static char letter_of(size_t i)
{
    return (char)('a' + i * i % 26);
}

static int append_letters(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    text *self = accumulator;
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        self->letters[self->length++] = letter_of(i);
    return 0;
}

static int append_text(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    text *self = accumulator;
    const text *next = other;
    (void)group;
    (void)arg;
    if (!CHECK(next->length > 0) || !CHECK(self->length + next->length <= sizeof self->letters))
        return 0;
    memcpy(self->letters + self->length, next->letters, next->length);
    self->length += next->length;
    return 0;
}

static void check_text(ompg_group *group, size_t begin, size_t count, size_t grain)
{
    text all = {0};
    size_t wrong = 0;
    bool right = CHECK_INT(ompg_reduce(group, begin, begin + count, grain, &all, sizeof all,
                                       append_letters, append_text, NULL),
                           0) &&
                 CHECK_INT(all.length, count);
    for (size_t i = 0; i < count && right; i++)
        wrong += all.letters[i] != letter_of(begin + i);
    if (!CHECK_INT(wrong, 0) || !right)
        fprintf(stderr, "%zu from %zu by %zu\n", count, begin, grain);
}

static void strings_are_joined_in_order(void)
{
    static const size_t counts[] = {1, 2, 3, 5, 64, 1023, 1024, 1025, 2049, 4000};
    static const size_t by[] = {0, 1, 2, 7, 1000};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (size_t g = 0; g < sizeof by / sizeof by[0]; g++)
                check_text(group, 11 * team, counts[c], by[g]);
        }
        ompg_free(group);
    }
}

typedef struct matrix {
    uint64_t a, b, c, d;
} matrix;

static matrix product(matrix x, matrix y)
{
    return (matrix){x.a * y.a + x.b * y.c, x.a * y.b + x.b * y.d, x.c * y.a + x.d * y.c,
                    x.c * y.b + x.d * y.d};
}

static matrix matrix_of(size_t i)
{
    return (matrix){i + 1, 3 * i, 7, i ^ 5};
}

static int multiply(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    matrix *self = accumulator;
    (void)group;
    (void)arg;
    for (size_t i = begin; i < end; i++)
        *self = product(*self, matrix_of(i));
    return 0;
}

static int multiply_by(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    matrix *self = accumulator;
    (void)group;
    (void)arg;
    *self = product(*self, *(const matrix *)other);
    return 0;
}

static void matrices_are_multiplied_in_order(void)
{
    static const size_t by[] = {0, 1, 3, 500, SIZE_MAX};
    matrix expected = {1, 0, 0, 1};
    for (size_t i = 0; i < 5003; i++)
        expected = product(expected, matrix_of(i));
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t g = 0; g < sizeof by / sizeof by[0]; g++) {
            matrix all = {1, 0, 0, 1};
            CHECK_INT(
                ompg_reduce(group, 0, 5003, by[g], &all, sizeof all, multiply, multiply_by, NULL),
                0);
            CHECK(memcmp(&all, &expected, sizeof all) == 0);
        }
        ompg_free(group);
    }
}

/* ---- accumulators ---- */

static unsigned char identity_of(size_t at)
{
    return (unsigned char)(77 + at);
}

static unsigned char term_of(size_t i, size_t at)
{
    return (unsigned char)(i * (2 * at + 1));
}

/* Every byte is a sum of its own, with an identity of its own. arg: the size. */
static int sum_bytes(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    unsigned char *bytes = accumulator;
    const size_t *size = arg;
    size_t wrong = 0;
    (void)group;
    for (size_t at = 0; at < *size; at++) {
        wrong += bytes[at] != identity_of(at);
        for (size_t i = begin; i < end; i++)
            bytes[at] = (unsigned char)(bytes[at] + term_of(i, at));
    }
    CHECK_INT((uintptr_t)accumulator % LINE, 0);
    CHECK_INT(wrong, 0);
    return 0;
}

static int add_bytes(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    unsigned char *bytes = accumulator;
    const unsigned char *more = other;
    const size_t *size = arg;
    (void)group;
    CHECK_INT((uintptr_t)accumulator % LINE, 0);
    CHECK_INT((uintptr_t)other % LINE, 0);
    for (size_t at = 0; at < *size; at++)
        bytes[at] = (unsigned char)(bytes[at] + more[at] - identity_of(at));
    return 0;
}

static void check_bytes(ompg_group *group, size_t size, size_t count, size_t grain)
{
    enum { FENCE = 100 };
    unsigned char *bytes = malloc(size + FENCE);
    size_t wrong = 0;
    for (size_t at = 0; at < size + FENCE; at++)
        bytes[at] = identity_of(at);
    CHECK_INT(ompg_reduce(group, 0, count, grain, bytes, size, sum_bytes, add_bytes, &size), 0);
    for (size_t at = 0; at < size + FENCE; at++) {
        unsigned char expected = identity_of(at);
        for (size_t i = 0; i < count && at < size; i++)
            expected = (unsigned char)(expected + term_of(i, at));
        wrong += bytes[at] != expected;
    }
    if (!CHECK_INT(wrong, 0))
        fprintf(stderr, "size %zu, %zu by %zu\n", size, count, grain);
    free(bytes);
}

/* At most 1024 sub-ranges: each fold then begins with the identity. */
static void accumulators_of_any_size(void)
{
    static const size_t sizes[] = {1, 3, 8, 63, 64, 65, 100, 5000};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            check_bytes(group, sizes[s], 200, 1);
            check_bytes(group, sizes[s], 200, 7);
            check_bytes(group, sizes[s], 1, 0);
        }
        ompg_free(group);
    }
}

/* ---- sub-ranges ---- */

/* What an accumulator has seen: neighbours only, so it is one range. */
typedef struct span {
    size_t begin, end; /* begin == end: nothing yet */
} span;

static int cover(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    span *self = accumulator;
    (void)group;
    CHECK(begin < end);
    CHECK(self->begin == self->end || self->end == begin);
    *self = (span){self->begin == self->end ? begin : self->begin, end};
    tiles_add(arg, begin, end);
    return 0;
}

static int join_spans(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    span *self = accumulator;
    const span *next = other;
    (void)group;
    (void)arg;
    CHECK(self->begin != self->end);
    CHECK(self->end == next->begin && next->begin != next->end);
    self->end = next->end;
    return 0;
}

static tiles cover_range(ompg_group *group, size_t begin, size_t end, size_t grain)
{
    tiles all = tiles_new(begin, end, MOST_TILES);
    span whole = {0};
    bool right = CHECK_INT(ompg_reduce(group, begin, end, grain, &whole, sizeof whole, cover,
                                       join_spans, &all),
                           0) &&
                 CHECK(whole.begin == begin && whole.end == end) && tiles_check(&all, grain);
    if (!right)
        fprintf(stderr, "from %zu to %zu by %zu\n", begin, end, grain);
    return all;
}

static void check_cover(ompg_group *group, size_t begin, size_t end, size_t grain)
{
    tiles all = cover_range(group, begin, end, grain);
    tiles_free(&all);
}

static void every_iteration_once(void)
{
    static const size_t counts[] = {1, 2, 7, 65, 1023, 1024, 1025, 2049, 4099};
    static const size_t by[] = {0, 1, 7, 1000, SIZE_MAX};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (size_t g = 0; g < sizeof by / sizeof by[0]; g++)
                check_cover(group, 999 * team, 999 * team + counts[c], by[g]);
        }
        ompg_free(group);
    }
}

static void every_iteration_once_where_numbers_end(void)
{
    static const size_t by[] = {0, 1, 7, 999, 1000, 1001, SIZE_MAX - 1, SIZE_MAX};
    for (size_t g = 0; g < sizeof by / sizeof by[0]; g++) {
        check_cover(OMPG_DEFAULT, SIZE_MAX - 1000, SIZE_MAX, by[g]);
        check_cover(OMPG_DEFAULT, SIZE_MAX - 5000, SIZE_MAX, by[g]);
        check_cover(OMPG_DEFAULT, SIZE_MAX - 1, SIZE_MAX, by[g]);
    }
}

static void the_whole_of_all_numbers(void)
{
    static const size_t by[] = {
        0,       SIZE_MAX / 3000, SIZE_MAX / 1000, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1,
        SIZE_MAX};
    for (size_t g = 0; g < sizeof by / sizeof by[0]; g++) {
        check_cover(OMPG_DEFAULT, 0, SIZE_MAX, by[g]);
        check_cover(OMPG_DEFAULT, 1, SIZE_MAX, by[g]);
        check_cover(OMPG_DEFAULT, 0, SIZE_MAX / 2 + 1, by[g]);
    }
}

static bool same_tiles(const tiles *a, const tiles *b)
{
    size_t count = atomic_load(&a->count);
    return CHECK_INT(count, atomic_load(&b->count)) &&
           CHECK(memcmp(a->list, b->list, count * sizeof a->list[0]) == 0);
}

static void the_default_grain_depends_on_the_range_only(void)
{
    static const size_t counts[] = {1, 100, 1023, 1024, 1025, 5000, 100003, 1000000};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        ompg_group *alone = ompg_new(&(ompg_options){.threads = 1});
        tiles first = cover_range(alone, 7, 7 + counts[c], 0);
        for (int threads = 2; threads <= 64; threads *= 2) {
            ompg_options options = {.threads = threads, .limit = threads % 3};
            ompg_group *group = ompg_new(&options);
            tiles all = cover_range(group, 7, 7 + counts[c], 0);
            same_tiles(&all, &first);
            tiles_free(&all);
            ompg_free(group);
        }
        tiles_free(&first);
        ompg_free(alone);
    }
}

/* ---- nothing to do, misuse ---- */

static int never_folds(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)group;
    (void)accumulator;
    (void)arg;
    CHECK_INT(end - begin, 0);
    return EIO;
}

static int never_combines(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    (void)group;
    (void)arg;
    CHECK(accumulator == other);
    return 0;
}

static int reduce_nothing(ompg_group *group, size_t begin, size_t end, size_t grain)
{
    int result = 4711;
    int code = ompg_reduce(group, begin, end, grain, &result, sizeof result, never_folds,
                           never_combines, NULL);
    CHECK_INT(result, 4711);
    return code;
}

static void empty_ranges_give_the_identity(void)
{
    static const size_t points[] = {0, 5, SIZE_MAX};
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(reduce_nothing(OMPG_DEFAULT, points[i], points[i], i), 0);
        CHECK_INT(reduce_nothing(group, points[i], points[i], i), 0);
    }
    ompg_go(group, count_run, &runs);
    CHECK_INT(reduce_nothing(group, 9, 9, 0), 0);
    CHECK_INT(atomic_load(&runs), 1);
    ompg_fail(group, EDOM, NULL);
    CHECK_INT(reduce_nothing(group, 9, 9, 0), EDOM);
    ompg_free(group);
}

/* A group that has stopped folds nothing. */
static void a_group_that_has_stopped_reduces_nothing(void)
{
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, EDOM, NULL);
    CHECK_INT(reduce_nothing(group, 0, 100, 1), EDOM);
    CHECK_INT(reduce_nothing(group, 0, 10000, 1), EDOM);
    CHECK_INT(ompg_reset(group), 0);
    check_cover(group, 0, 100, 1);
    ompg_free(group);
}

static void misuse(void)
{
    atomic_int runs = 0;
    int result = 4711;
    ompg_group *groups[] = {OMPG_DEFAULT, ompg_new(NULL)};
    ompg_go(groups[1], count_run, &runs);
    for (size_t i = 0; i < 2; i++) {
        ompg_group *group = groups[i];
        CHECK_INT(reduce_nothing(group, 1, 0, 0), EINVAL);
        CHECK_INT(reduce_nothing(group, SIZE_MAX, 0, 1), EINVAL);
        for (size_t end = 0; end <= 10; end += 10) {
            CHECK_INT(ompg_reduce(group, 0, end, 0, NULL, 1, never_folds, never_combines, NULL),
                      EINVAL);
            CHECK_INT(ompg_reduce(group, 0, end, 0, &result, 0, never_folds, never_combines, NULL),
                      EINVAL);
            CHECK_INT(
                ompg_reduce(group, 0, end, 0, &result, sizeof result, NULL, never_combines, NULL),
                EINVAL);
            CHECK_INT(
                ompg_reduce(group, 0, end, 0, &result, sizeof result, never_folds, NULL, NULL),
                EINVAL);
        }
    }
    CHECK_INT(result, 4711);
    CHECK_INT(atomic_load(&runs), 0);
    CHECK_INT(ompg_get_error(groups[1], NULL), 0);
    check_cover(groups[1], 0, 100, 3);
    CHECK_INT(atomic_load(&runs), 1);
    ompg_free(groups[1]);
}

/* Rounded up to cache lines it would be 0. */
static void an_accumulator_that_no_memory_holds(void)
{
    int result = 4711;
    CHECK_INT(
        ompg_reduce(OMPG_DEFAULT, 0, 10, 1, &result, SIZE_MAX, never_folds, never_combines, NULL),
        ENOMEM);
    CHECK_INT(result, 4711);
}

static int reduce_in_own_task(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK_INT(reduce_nothing(group, 0, 10, 1), EDEADLK);
    CHECK_INT(reduce_nothing(group, 5, 5, 1), EDEADLK);
    return 0;
}

static int fold_waits(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    (void)begin;
    (void)end;
    (void)accumulator;
    (void)arg;
    CHECK_INT(ompg_wait(group), EDEADLK);
    return reduce_in_own_task(group, NULL);
}

static void own_tasks_cannot_reduce(void)
{
    int nothing = 0;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, reduce_in_own_task, NULL);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    group = ompg_new(NULL);
    CHECK_INT(
        ompg_reduce(group, 0, 1, 1, &nothing, sizeof nothing, fold_waits, never_combines, NULL), 0);
    ompg_free(group);
}

static void *reduce_from_outside(void *arg)
{
    CHECK_INT(reduce_nothing(arg, 0, 10, 1), EBUSY);
    CHECK_INT(reduce_nothing(arg, 4, 4, 1), EBUSY);
    return NULL;
}

static int let_others_reduce(ompg_group *group, void *arg)
{
    pthread_t stranger;
    (void)arg;
    if (CHECK_INT(pthread_create(&stranger, NULL, reduce_from_outside, group), 0))
        pthread_join(stranger, NULL);
    return 0;
}

static void strangers_are_refused(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 5; i++)
        ompg_go(group, let_others_reduce, NULL);
    CHECK_INT(ompg_wait(group), 0);
    check_cover(group, 0, 100, 1);
    ompg_free(group);
}

static int reduce_nothing_in(ompg_group *group)
{
    return reduce_nothing(group, 0, 10, 1);
}

static int loop_over_nothing(ompg_group *group)
{
    tiles none = {0};
    int code = ompg_for(group, 0, 10, 1, tiles_run, &none);
    CHECK_INT(atomic_load(&none.count), 0);
    return code;
}

static void one_task_waits_at_a_time(void)
{
    contest_check(reduce_nothing_in);
    contest_check(loop_over_nothing);
}

/* ---- with the group's tasks ---- */

static void it_waits_for_the_other_tasks_too(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        item items[30] = {{0}};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .limit = 2});
        for (int i = 0; i < 30; i++)
            item_go(group, &items[i]);
        check_text(group, 0, 2000, 1);
        CHECK_INT(items_check_dropped(items, 30), 30);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

static void errno_is_left_alone(void)
{
    find_answers();
    errno = 1234;
    check_sums(OMPG_DEFAULT);
    CHECK_INT(reduce_nothing(OMPG_DEFAULT, 1, 0, 0), EINVAL);
    CHECK_INT(reduce_nothing(NULL, 0, 10, 0), EINVAL);
    CHECK_INT(reduce_nothing(NULL, 5, 5, 0), EINVAL);
    CHECK_INT(errno, 1234);
}

CHECK_MAIN("reduce", {"order of additions matters here", order_of_additions_matters_here},
           {"same bits for 1 to 64 threads", same_bits_for_1_to_64_threads},
           {"same bits in every run", same_bits_in_every_run},
           {"same bits whatever the options", same_bits_whatever_the_options},
           {"same bits inside tasks", same_bits_inside_tasks},
           {"same bits in every region", same_bits_in_every_region},
           {"reductions nest", reductions_nest},
           {"reductions in several threads", reductions_in_several_threads},
           {"strings are joined in order", strings_are_joined_in_order},
           {"matrices are multiplied in order", matrices_are_multiplied_in_order},
           {"accumulators of any size", accumulators_of_any_size},
           {"every iteration once", every_iteration_once},
           {"every iteration once where numbers end", every_iteration_once_where_numbers_end},
           {"the whole of all numbers", the_whole_of_all_numbers},
           {"the default grain depends on the range only",
            the_default_grain_depends_on_the_range_only},
           {"empty ranges give the identity", empty_ranges_give_the_identity},
           {"a group that has stopped reduces nothing", a_group_that_has_stopped_reduces_nothing},
           {"misuse", misuse},
           {"an accumulator that no memory holds", an_accumulator_that_no_memory_holds},
           {"own tasks cannot reduce", own_tasks_cannot_reduce},
           {"strangers are refused", strangers_are_refused},
           {"one task waits at a time", one_task_waits_at_a_time},
           {"it waits for the other tasks too", it_waits_for_the_other_tasks_too},
           {"errno is left alone", errno_is_left_alone})
