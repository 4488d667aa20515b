/*
 * OMPG_FOR_STEP goes where a `for` with that step goes, upwards and downwards, with each type of index;
 * OMPG_FOR2 does each pair of indices once. Also compiled without -fopenmp and without optimisation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loops.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

enum { MOST = 200 };

static ompg_group *group;
static atomic_uchar times[MOST + 1];

static void on_all_teams(void (*check)(void))
{
    for (size_t team = 0; team < TEAMS; team++) {
        group = group_of(teams[team]);
        check();
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

/* ---- steps ---- */

/* The visits of base + at are counted at `at`; a `for` takes back what the macro did. */
#define CHECK_STEP(type, base, first, past, step)                                                  \
    do {                                                                                           \
        type begin = (first);                                                                      \
        type end = (past);                                                                         \
        long long by = (long long)(step);                                                          \
        size_t wrong = 0;                                                                          \
        for (size_t at = 0; at <= MOST; at++)                                                      \
            atomic_store(&times[at], 0);                                                           \
        OMPG_FOR_STEP(group, i, begin, end, step) {                                                \
            _Static_assert(_Generic(i, type: 1, default: 0), #type);                               \
            atomic_fetch_add(&times[i - (base)], 1);                                               \
        }                                                                                          \
        size_t left = (size_t)(begin - (base)), stop = (size_t)(end - (base));                     \
        for (long long at = (long long)left;                                                       \
             by > 0 ? at < (long long)stop : at > (long long)stop; at += by)                       \
            atomic_fetch_sub(&times[at], 1);                                                       \
        for (size_t at = 0; at <= MOST; at++)                                                      \
            wrong += atomic_load(&times[at]) != 0;                                                 \
        CHECK_INT(wrong, 0);                                                                       \
    } while (0)

#define CHECK_STEPS(type, base)                                                                    \
    do {                                                                                           \
        for (int step = 1; step < 120; step = 2 * step + 1) {                                      \
            for (int n = 0; n < MOST; n = 3 * n + 1) {                                             \
                CHECK_STEP(type, base, base, (base) + n, step);                                    \
                CHECK_STEP(type, base, (base) + n, base, -step);                                   \
                CHECK_STEP(type, base, (base) + n, base, step);                                    \
                CHECK_STEP(type, base, base, (base) + n, -step);                                   \
            }                                                                                      \
        }                                                                                          \
        CHECK_STEP(type, base, (base) + 3, (base) + 80, 1);                                        \
        CHECK_STEP(type, base, (base) + 3, (base) + 80, 2);                                        \
        CHECK_STEP(type, base, (base) + 80, (base) + 3, -1);                                       \
        CHECK_STEP(type, base, (base) + 80, (base) + 3, -3L);                                      \
    } while (0)

/* NOLINTBEGIN(readability-function-size): each line is a loop of many */
ORDERED_BY_OPENMP static void check_steps(void)
{
    static double values[MOST + 1];
    CHECK_STEPS(int, 0);
    CHECK_STEPS(int, -100);
    CHECK_STEPS(long, 0L);
    CHECK_STEPS(long long, -50LL);
    CHECK_STEPS(double *, values);
}

/* As near to the last value of the type as a `for` may come, and to the first. */
ORDERED_BY_OPENMP static void check_limits(void)
{
    CHECK_STEPS(int, INT_MIN + 63);
    CHECK_STEP(int, INT_MAX - 100, INT_MAX - 100, INT_MAX - 6, 7);
    CHECK_STEP(int, INT_MAX - 100, INT_MAX - 100, INT_MAX, 1);
    CHECK_STEP(long long, LLONG_MIN, LLONG_MIN + 100, LLONG_MIN + 8, -9);
    CHECK_STEP(long long, LLONG_MIN, LLONG_MIN + 100, LLONG_MIN, -1);
    CHECK_STEP(unsigned, 0U, 90U, 3U, -3);
    CHECK_STEP(unsigned, UINT_MAX - 100, UINT_MAX - 100, UINT_MAX, 9);
    CHECK_STEP(size_t, SIZE_MAX - 100, SIZE_MAX - 100, SIZE_MAX, 9U);
    CHECK_STEP(size_t, SIZE_MAX - 100, SIZE_MAX, SIZE_MAX - 100, -1);
}
/* NOLINTEND(readability-function-size) */

/* From n - 1 down to 0, as loops that go backwards are written. */
ORDERED_BY_OPENMP static void check_backwards(void)
{
    int n = 50, next = 0;
    OMPG_FOR_STEP(group, i, n - 1, -1, -1, reduction(+ : next))
        next += i + 1;
    CHECK_INT(next, 25 * 51);
    size_t none = 0;
    OMPG_FOR_STEP(group, i, 1, none - 1, 2)
        next += (int)i;
    CHECK_INT(next, 25 * 51);
}

static void steps(void)
{
    on_all_teams(check_steps);
}

static void limits_of_types(void)
{
    on_all_teams(check_limits);
}

static void backwards(void)
{
    on_all_teams(check_backwards);
}

ORDERED_BY_OPENMP static void no_step_is_an_error(void)
{
    int runs = 0, none = 0;
    ompg_group *one = ompg_new(NULL);
    OMPG_FOR_STEP(one, i, 0, 10, none)
        runs++;
    CHECK_INT(runs, 0);
    CHECK_INT(ompg_wait(one), EINVAL);
    CHECK_CONTAINS(error_of(one).message, "step");
    ompg_free(one);
}

/* In the order of the iterations; the index is i where that goes upwards. */
ORDERED_BY_OPENMP static void errors_of_steps(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_options options = {.threads = teams[team], .deterministic = true};
        ompg_group *one = ompg_new(&options);
        OMPG_FOR_STEP(one, i, 10, 1000, 3) {
            if (i >= 100)
                ompg_fail_at(one, (size_t)i, i, NULL);
        }
        CHECK_INT(ompg_wait(one), 100);
        CHECK_INT(error_of(one).index, 100);
        CHECK_INT(ompg_reset(one), 0);
        OMPG_FOR_STEP(one, i, 1000, 0, -5) {
            if (i <= 500)
                ompg_fail_at(one, (size_t)(1000 - i) / 5, i, NULL);
        }
        CHECK_INT(ompg_wait(one), 500);
        CHECK_INT(error_of(one).index, 100);
        ompg_free(one);
    }
}

/* The index of ompg_fail is that of its range: here each range is one iteration. */
ORDERED_BY_OPENMP static void indices_of_steps(void)
{
    ompg_group *one = ompg_new(&(ompg_options){.deterministic = true});
    OMPG_FOR_STEP(one, i, 10, 40, 3) {
        if (i >= 22)
            ompg_fail(one, i, NULL);
    }
    CHECK_INT(ompg_wait(one), 22);
    CHECK_INT(error_of(one).index, 22);
    CHECK_INT(ompg_reset(one), 0);
    OMPG_FOR_STEP(one, i, 40, 10, -3) {
        if (i <= 22)
            ompg_fail(one, i, NULL);
    }
    CHECK_INT(ompg_wait(one), 22);
    CHECK_INT(error_of(one).index, 6);
    ompg_free(one);
}

/* ---- two loops ---- */

enum { SIDE = 70 };

static atomic_uchar squares[SIDE][SIDE];

static void check_squares(int top, int bottom, int left, int right)
{
    int wrong = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            wrong += atomic_exchange(&squares[y][x], 0) !=
                     (y >= top && y < bottom && x >= left && x < right);
    CHECK_INT(wrong, 0);
}

ORDERED_BY_OPENMP static void check_two(void)
{
    for (int rows = 0; rows <= SIDE; rows = 2 * rows + 1) {
        for (int columns = 0; columns <= SIDE; columns = 3 * columns + 1) {
            /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): nothing is divided where it is empty */
            OMPG_FOR2(group, y, 0, rows, x, 0, columns)
                atomic_fetch_add(&squares[y][x], 1);
            check_squares(0, rows, 0, columns);
        }
    }
    OMPG_FOR2(group, y, 5, 40, x, (size_t)7, (size_t)9)
        atomic_fetch_add(&squares[y][x], 1);
    check_squares(5, 40, 7, 9);
    OMPG_FOR2(group, y, -10, 10, x, -3, 3)
        atomic_fetch_add(&squares[y + 10][x + 3], 1);
    check_squares(0, 20, 0, 6);
    OMPG_FOR2(group, y, 10, 5, x, 0, 10)
        atomic_fetch_add(&squares[y][x], 1);
    OMPG_FOR2(group, y, 0, 5, x, 10, 0)
        atomic_fetch_add(&squares[y][x], 1);
    check_squares(0, 0, 0, 0);
}

ORDERED_BY_OPENMP static void check_clauses_of_two(void)
{
    static int table[SIDE][SIDE];
    long sum = 0;
    int offset = 2;
    OMPG_FOR2(group, row, table, table + SIDE, x, 0U, (unsigned)SIDE,
              reduction(+ : sum) firstprivate(offset)) {
        if (x % 2 == 1)
            continue;
        (*row)[x] = offset;
        sum += (*row)[x];
    }
    CHECK_INT(sum, 2 * SIDE * (SIDE / 2));
    /* No warning where the body needs neither index; a step that is named in a clause. */
    OMPG_FOR2(group, y, 0, SIDE, x, 0, SIDE, reduction(+ : sum) default(none))
        sum++;
    OMPG_FOR_STEP(group, i, 0, SIDE, offset, reduction(+ : sum) default(none) shared(offset))
        sum++;
    CHECK_INT(sum, 2 * SIDE * (SIDE / 2) + SIDE * SIDE + SIDE / 2);
}

static void two_loops(void)
{
    on_all_teams(check_two);
    on_all_teams(check_clauses_of_two);
}

ORDERED_BY_OPENMP static void errors_of_two_loops(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_options options = {.threads = teams[team], .deterministic = true};
        ompg_group *one = ompg_new(&options);
        OMPG_FOR2(one, y, 0, SIDE, x, 0, SIDE) {
            if (y >= 3 && x == 11)
                ompg_fail_at(one, (size_t)y * SIDE + (size_t)x, 1 + y, NULL);
        }
        CHECK_INT(ompg_wait(one), 4);
        CHECK_INT(error_of(one).index, 3 * SIDE + 11);
        ompg_free(one);
    }
}

/* Their product has more than 64 bits. */
ORDERED_BY_OPENMP static void too_many_pairs(void)
{
    int runs = 0;
    ompg_group *one = ompg_new(NULL);
    OMPG_FOR2(one, y, 0, LLONG_MAX, x, 0, LLONG_MAX)
        runs += x == y;
    CHECK_INT(runs, 0);
    CHECK_INT(ompg_wait(one), EINVAL);
    CHECK_CONTAINS(error_of(one).message, "PTRDIFF_MAX");
    ompg_free(one);
}

CHECK_MAIN("OMPG_FOR_STEP and OMPG_FOR2", {"steps", steps}, {"limits of types", limits_of_types},
           {"backwards", backwards}, {"no step is an error", no_step_is_an_error},
           {"errors of steps", errors_of_steps}, {"indices of steps", indices_of_steps},
           {"two loops", two_loops}, {"errors of two loops", errors_of_two_loops},
           {"too many pairs", too_many_pairs})
