/*
 * The index of OMPG_FOR: its type is that of the bounds, it goes where a `for` goes, also at the limits of
 * its type, and the bounds are evaluated once. Also compiled without -fopenmp and without optimisation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loops.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

enum { MOST = 100 };

static atomic_uchar times[MOST + 2];
static ompg_group *group;

static void forget(void)
{
    for (size_t i = 0; i < MOST + 2; i++)
        atomic_store(&times[i], 0);
}

/* The first `count` iterations have run once, and no other. */
static void check_times(size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < MOST + 2; i++)
        wrong += atomic_load(&times[i]) != (i < count);
    CHECK_INT(wrong, 0);
    CHECK_INT(ompg_wait(group), 0);
}

#define HAS_TYPE(value, type) _Static_assert(_Generic((value), type: 1, default: 0), #type)

/* From first to past, which are `count` iterations. */
#define CHECK_LOOP(type, first, past, count)                                                       \
    do {                                                                                           \
        type begin = (first);                                                                      \
        type end = (past);                                                                         \
        forget();                                                                                  \
        OMPG_FOR(group, i, begin, end) {                                                           \
            HAS_TYPE(i, type);                                                                     \
            atomic_fetch_add(&times[i < begin || i >= end ? MOST + 1 : (size_t)(i - begin)], 1);   \
        }                                                                                          \
        check_times(count);                                                                        \
    } while (0)

/* At the least and the greatest value, empty, and the wrong way round. */
#define CHECK_TYPE(type, least, greatest)                                                          \
    do {                                                                                           \
        CHECK_LOOP(type, least, (type)(least) + MOST, MOST);                                       \
        CHECK_LOOP(type, (type)(greatest) - MOST, greatest, MOST);                                 \
        CHECK_LOOP(type, (type)(greatest) - 1, greatest, 1);                                       \
        CHECK_LOOP(type, 7, 50, 43);                                                               \
        CHECK_LOOP(type, 7, 7, 0);                                                                 \
        CHECK_LOOP(type, 8, 7, 0);                                                                 \
        CHECK_LOOP(type, greatest, greatest, 0);                                                   \
        CHECK_LOOP(type, greatest, (type)(greatest) - 9, 0);                                       \
    } while (0)

/* NOLINTBEGIN(readability-function-size): each line is a loop of many */
ORDERED_BY_OPENMP static void check_signed(void)
{
    CHECK_TYPE(int, INT_MIN, INT_MAX);
    CHECK_TYPE(long, LONG_MIN, LONG_MAX);
    CHECK_TYPE(long long, LLONG_MIN, LLONG_MAX);
    CHECK_LOOP(int, -5, 5, 10);
    CHECK_LOOP(int, 0, -1, 0);
    CHECK_LOOP(int, INT_MAX, INT_MIN, 0);
    CHECK_LOOP(long, LONG_MAX, LONG_MIN, 0);
    CHECK_LOOP(long long, -5, 5, 10);
}

ORDERED_BY_OPENMP static void check_unsigned(void)
{
    CHECK_TYPE(unsigned, 0, UINT_MAX);
    CHECK_TYPE(unsigned long, 0, ULONG_MAX);
    CHECK_TYPE(unsigned long long, 0, ULLONG_MAX);
    CHECK_TYPE(size_t, 0, SIZE_MAX);
}

/* NOLINTEND(readability-function-size) */

ORDERED_BY_OPENMP static void check_pointers(void)
{
    static double values[MOST + 1];
    static const int rows[MOST + 1][3];
    CHECK_LOOP(double *, values, values + MOST, MOST);
    CHECK_LOOP(double *, values + 5, values + 5, 0);
    CHECK_LOOP(double *, values + 6, values + 5, 0);
    CHECK_LOOP(const double *, values + 1, values + 41, 40);
    const double *const from = values, *const past = values + 9;
    forget();
    OMPG_FOR(group, at, from, past) {
        HAS_TYPE(at, const double *);
        atomic_fetch_add(&times[at - values], 1);
    }
    check_times(9);
    forget();
    OMPG_FOR(group, row, rows, rows + MOST)
        atomic_fetch_add(&times[row - rows], 1);
    check_times(MOST);
}

/* What is shorter than int becomes int, a literal takes the type of the other bound. */
ORDERED_BY_OPENMP static void check_mixed(void)
{
    short few = 30;
    unsigned char fewer = 10;
    size_t n = 20;
    long away = 40;
    forget();
    OMPG_FOR(group, i, fewer, few) {
        HAS_TYPE(i, int);
        atomic_fetch_add(&times[i - fewer], 1);
    }
    check_times(20);
    forget();
    OMPG_FOR(group, i, 0, n) {
        HAS_TYPE(i, size_t);
        atomic_fetch_add(&times[i], 1);
    }
    check_times(20);
    forget();
    OMPG_FOR(group, i, 10, away) {
        HAS_TYPE(i, long);
        atomic_fetch_add(&times[i - 10], 1);
    }
    check_times(30);
}

static int counted(int *calls, int value)
{
    ++*calls;
    return value;
}

static ompg_group *counted_group(int *calls)
{
    ++*calls;
    return group;
}

ORDERED_BY_OPENMP static void check_evaluated_once(void)
{
    int calls = 0;
    forget();
    OMPG_FOR_OPT(counted_group(&calls), i, counted(&calls, 10), counted(&calls, 50),
                 (ompg_loop_options){.grain = (size_t)counted(&calls, 3)})
        atomic_fetch_add(&times[i - 10], 1);
    check_times(40);
    CHECK_INT(calls, 4);
}

/* More than can be done: an error ends the one, the other is none at all. */
ORDERED_BY_OPENMP static void check_whole_types(void)
{
    OMPG_FOR(group, i, INT_MIN, INT_MAX) {
        if (i == INT_MIN)
            ompg_fail_at(group, 0, ERANGE, "the first");
    }
    CHECK_INT(ompg_wait(group), ERANGE);
    CHECK_INT(ompg_reset(group), 0);
    int runs = 0;
    OMPG_FOR(group, i, LLONG_MIN, LLONG_MAX)
        runs += i != 0;
    CHECK_INT(ompg_wait(group), EINVAL);
    CHECK_CONTAINS(error_of(group).message, "PTRDIFF_MAX");
    CHECK_INT(ompg_reset(group), 0);
    size_t none = 0;
    unsigned long long zero = 0;
    OMPG_FOR(group, i, 1, none - 1)
        runs += i != 0;
    OMPG_FOR(group, i, 0, zero - 1)
        runs += i != 0;
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(runs, 0);
}

static void on_all_teams(void (*check)(void))
{
    for (size_t team = 0; team < TEAMS; team++) {
        group = group_of(teams[team]);
        check();
        ompg_free(group);
    }
}

static void signed_integers(void)
{
    on_all_teams(check_signed);
}

static void unsigned_integers(void)
{
    on_all_teams(check_unsigned);
}

static void pointers(void)
{
    on_all_teams(check_pointers);
}

static void bounds_of_two_types(void)
{
    on_all_teams(check_mixed);
}

static void bounds_are_evaluated_once(void)
{
    on_all_teams(check_evaluated_once);
}

static void whole_types(void)
{
    on_all_teams(check_whole_types);
}

/* ---- indices of errors ---- */

/* The index of ompg_fail in the second of two ranges of five; the whole loop is [begin, begin + 10). */
#define CHECK_INDEX(first, past, second, expected)                                                 \
    do {                                                                                           \
        ompg_group *ordered = ompg_new(&(ompg_options){.deterministic = true});                    \
        OMPG_FOR_OPT(ordered, i, first, past, (ompg_loop_options){.grain = 5}) {                   \
            if (i >= (second))                                                                     \
                ompg_fail(ordered, EIO, NULL);                                                     \
        }                                                                                          \
        CHECK_INT(ompg_wait(ordered), EIO);                                                        \
        CHECK_INT(error_of(ordered).index, expected);                                              \
        ompg_free(ordered);                                                                        \
    } while (0)

/* The index itself where it counts from 0 or more; the number of the iteration elsewhere. */
ORDERED_BY_OPENMP static void indices_of_errors(void)
{
    static int values[10];
    CHECK_INDEX(0, 10, 5, 5);
    CHECK_INDEX(100, 110, 105, 105);
    CHECK_INDEX((size_t)7, (size_t)17, 12, 12);
    CHECK_INDEX(LLONG_MAX - 10, LLONG_MAX, LLONG_MAX - 5, LLONG_MAX - 5);
    CHECK_INDEX(-10, 0, -5, 5);
    CHECK_INDEX(-5, 5, 0, 5);
    CHECK_INDEX(values, values + 10, values + 5, 5);
}

CHECK_MAIN("the index of OMPG_FOR", {"signed integers", signed_integers},
           {"unsigned integers", unsigned_integers}, {"pointers", pointers},
           {"bounds of two types", bounds_of_two_types},
           {"bounds are evaluated once", bounds_are_evaluated_once}, {"whole types", whole_types},
           {"indices of errors", indices_of_errors})
