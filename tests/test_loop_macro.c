/*
 * OMPG_FOR and OMPG_FOR_OPT: every iteration exactly once, `continue`, what stops them, where they
 * may stand, how many threads they have. Also compiled without -fopenmp: then all of it is serial.
 *
 * OMPGROUP_TEST_SEED sets the seed of the random loops (it is printed), OMPGROUP_TEST_ROUNDS how
 * many of them run on each team.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gauge.h"
#include "loops.h"
#include "sanitizers.h"
#include "stress.h"

#include <errno.h>
#include <stdint.h>

enum { N = 5000 };

static const size_t MANY = 1000000000; /* iterations that only a stop ends in time */

/* How many threads a loop of a group with `threads` has, outside of parallel regions. */
static int expected_threads(int threads, size_t units)
{
    int most = PARALLEL ? threads : 1;
    return units < (size_t)most ? (int)units : most;
}

/* ---- coverage ---- */

static size_t count_wrong(const unsigned char *runs, size_t count, unsigned char expected)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++)
        wrong += runs[i] != expected;
    return wrong;
}

ORDERED_BY_OPENMP static void check_cover(ompg_group *group, size_t begin, size_t count,
                                          size_t grain)
{
    unsigned char *runs = calloc(count + 64, 1);
    OMPG_FOR_OPT(group, i, begin, begin + count, grained(grain)) {
        runs[i - begin]++;
    }
    if (group != OMPG_DEFAULT)
        CHECK_INT(ompg_wait(group), 0);
    if (!CHECK_INT(count_wrong(runs, count, 1), 0) || !CHECK_INT(runs[count], 0))
        fprintf(stderr, "%zu from %zu by %zu\n", count, begin, grain);
    free(runs);
}

static void every_iteration_once(void)
{
    static const size_t counts[] = {0, 1, 2, 7, 64, 65, 1000, 4099};
    static const size_t grains[] = {0, 1, 3, 64, 1000, SIZE_MAX};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = group_of(teams[team]);
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++)
                check_cover(group, c % 2 == 0 ? 0 : 54321, counts[c], grains[g]);
            check_cover(group, SIZE_MAX - counts[c], counts[c], c % 3);
        }
        ompg_free(group);
    }
}

ORDERED_BY_OPENMP static void without_a_grain(void)
{
    static unsigned char runs[N];
    ompg_group *group = group_of(7);
    memset(runs, 0, N);
    OMPG_FOR(group, i, 0, N)
        runs[i]++;
    for (size_t from = 0; from < N; from += N / 10)
        OMPG_FOR(group, i, from, from + N / 10)
            runs[i]++;
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(count_wrong(runs, N, 2), 0);
    ompg_free(group);
}

static void default_is_a_plain_loop(void)
{
    for (size_t grain = 0; grain <= 10; grain += 5) {
        check_cover(OMPG_DEFAULT, 0, 1000, grain);
        check_cover(OMPG_DEFAULT, 7, 0, grain);
    }
}

static void no_group_runs_nothing(void)
{
    int runs = 0;
    OMPG_FOR(NULL, i, 0, 10)
        runs++;
    OMPG_FOR_OPT(NULL, i, 0, 10, (ompg_loop_options){.threads = -1})
        runs++;
    CHECK_INT(runs, 0);
}

ORDERED_BY_OPENMP static void backwards_is_empty(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    size_t none = 0;
    OMPG_FOR(group, i, 9, 3)
        atomic_fetch_add(&runs, 1);
    OMPG_FOR(group, i, 1, none - 1)
        atomic_fetch_add(&runs, 1);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), 0);
    check_cover(group, 3, 9, 0);
    ompg_free(group);
}

/* All of a sub-range is one thread's. */
ORDERED_BY_OPENMP static void grains_stay_together(void)
{
    static int threads[N];
    for (size_t grain = 1; grain < N; grain = 3 * grain + 1) {
        ompg_group *group = group_of(7);
        size_t torn = 0;
        OMPG_FOR_OPT(group, i, 0, N, grained(grain)) {
            threads[i] = omp_get_thread_num();
        }
        for (size_t i = 1; i < N; i++)
            torn += i % grain != 0 && threads[i] != threads[i - 1];
        CHECK_INT(torn, 0);
        ompg_free(group);
    }
}

ORDERED_BY_OPENMP static void continue_goes_on(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        atomic_size_t sum = 0;
        ompg_group *group = group_of(teams[team]);
        OMPG_FOR(group, i, 0, 1001) {
            if (i % 2 == 1)
                continue;
            atomic_fetch_add(&sum, i);
        }
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&sum), 500 * 501);
        ompg_free(group);
    }
}

/* ---- threads ---- */

/* All of the team come before the first is allowed to go on. */
ORDERED_BY_OPENMP static void all_threads_take_part(void)
{
    static const size_t counts[] = {1, 6, 7, 64, 65, 1000, 100000};
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            int expected = expected_threads(teams[team], counts[c]);
            atomic_bool came[64] = {false};
            event arrived = {0};
            ompg_group *group = group_of(teams[team]);
            OMPG_FOR(group, i, 0, counts[c]) {
                if (!atomic_exchange(&came[omp_get_thread_num()], true)) {
                    event_post(&arrived);
                    CHECK_AWAIT(&arrived, expected);
                }
            }
            CHECK_INT(atomic_load(&arrived.count), expected);
            ompg_free(group);
        }
    }
}

ORDERED_BY_OPENMP static void limit_bounds_threads(void)
{
    for (int limit = 1; limit <= 8; limit++) {
        gauge all = {.limit = limit};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 7, .limit = limit});
        int expected = expected_threads(limit < 7 ? limit : 7, 100);
        OMPG_FOR_OPT(group, i, 0, 100, grained(1)) {
            gauge_enter(&all, 0);
            CHECK_INT(omp_get_num_threads(), expected);
            sched_yield();
            gauge_leave(&all, 0);
        }
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.runs), 100);
        CHECK_INT(atomic_load(&all.over), 0);
        ompg_free(group);
    }
}

/* ---- errors ---- */

/* Sub-ranges that begin after the failure is known: one for each other thread that just began. */
ORDERED_BY_OPENMP static void check_failure(int threads, size_t grain, bool with_index)
{
    atomic_size_t late = 0;
    atomic_bool known = false;
    ompg_group *group = group_of(threads);
    OMPG_FOR_OPT(group, i, 0, MANY, grained(grain)) {
        if (i % grain == 0 && atomic_load_explicit(&known, memory_order_relaxed))
            atomic_fetch_add(&late, 1);
        if (i == 1000 && with_index)
            ompg_fail_at(group, i, EIO, "iteration %zu", i);
        else if (i == 1000)
            ompg_fail(group, EIO, "iteration %zu", i);
        if (i == 1000)
            atomic_store(&known, true);
    }
    CHECK_INT(ompg_wait(group), EIO);
    ompg_error error = error_of(group);
    CHECK_INT(error.index, with_index ? 1000 : OMPG_NO_INDEX);
    CHECK_INT(error.kind, OMPG_ERROR_TASK);
    CHECK_STR(error.message, "iteration 1000");
    CHECK(atomic_load(&late) <= (size_t)expected_threads(threads, MANY) - 1);
    CHECK_INT(ompg_reset(group), 0);
    check_cover(group, 0, 1000, 0);
    ompg_free(group);
}

static void failures_stop_the_hand_out(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        check_failure(teams[team], 1, false);
        check_failure(teams[team], 1, true);
        check_failure(teams[team], 10, true);
    }
}

ORDERED_BY_OPENMP static void all_errors_are_collected(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        const ompg_error *list;
        size_t wrong = 0;
        ompg_options options = {.threads = teams[team], .on_error = OMPG_COLLECT};
        ompg_group *group = ompg_new(&options);
        OMPG_FOR(group, i, 0, (size_t)1000) {
            if (i % 7 == 0)
                ompg_fail_at(group, i, (int)i + 1, NULL);
        }
        CHECK(ompg_wait(group) % 7 == 1);
        if (CHECK_INT(ompg_get_errors(group, &list), 143)) {
            for (size_t at = 0; at < 143; at++)
                wrong += list[at].index != 7 * at || list[at].code != (int)(7 * at + 1);
        }
        CHECK_INT(wrong, 0);
        ompg_free(group);
    }
}

typedef struct lottery {
    size_t begin, count, grain;
    size_t lowest; /* count: none fails */
    bool fails[N];
    unsigned char done[N];
} lottery;

static void lottery_draw(lottery *all, unsigned *state)
{
    memset(all, 0, sizeof *all);
    all->begin = random_next(state) % 1000;
    all->count = random_next(state) % (N + 1);
    all->grain = random_next(state) % 3 == 0 ? 0 : random_next(state) % 200;
    all->lowest = all->count;
    unsigned one_in = 1U << random_next(state) % 14;
    for (size_t i = all->count; i-- > 0;) {
        all->fails[i] = random_next(state) % one_in == 0;
        if (all->fails[i])
            all->lowest = i;
    }
}

/* The error of the serial loop, and nothing below it is left out. */
ORDERED_BY_OPENMP static bool check_lottery(lottery *all, int threads)
{
    ompg_options options = {.deterministic = true};
    options.threads = threads;
    ompg_group *group = ompg_new(&options);
    OMPG_FOR_OPT(group, i, all->begin, all->begin + all->count, grained(all->grain)) {
        size_t at = i - all->begin;
        if (all->fails[at])
            ompg_fail_at(group, i, (int)(1 + at), "iteration %zu", at);
        else
            all->done[at]++;
    }
    bool any = all->lowest < all->count;
    bool right = CHECK_INT(ompg_wait(group), any ? 1 + all->lowest : 0);
    ompg_error error = error_of(group);
    right &= CHECK_INT(error.index, any ? all->begin + all->lowest : 0);
    right &= CHECK_INT(count_wrong(all->done, all->lowest, 1), 0);
    ompg_free(group);
    return right;
}

static void the_lowest_error_is_reported(void)
{
    static lottery all;
    settle_seed();
    for (size_t team = 0; team < TEAMS; team++) {
        unsigned count = teams[team] > 7 ? 1 + rounds / 20 : 1 + rounds / 4;
        for (unsigned round = 0; round < count; round++) {
            unsigned state = (unsigned)(base_seed + round);
            lottery_draw(&all, &state);
            if (!check_lottery(&all, teams[team]))
                printf("\nfailed: OMPGROUP_TEST_SEED=%" PRIu64 " on a team of %d\n",
                       base_seed + round, teams[team]);
        }
    }
}

/* ---- what a deterministic loop's body says and asks ---- */

enum { FAILS_AT = N / 2 };

typedef struct known {
    unsigned char done[N];
    event failed;
} known;

/*
 * Two iterations fail without an index of their own, and the first one ends after that where there
 * is another thread. Returns the error's index.
 */
ORDERED_BY_OPENMP static size_t check_body_knows(int threads, size_t grain)
{
    static known all;
    memset(&all, 0, sizeof all);
    bool beside = expected_threads(threads, N) > 1;
    ompg_options options = {.deterministic = true};
    options.threads = threads;
    ompg_group *group = ompg_new(&options);
    OMPG_FOR_OPT(group, i, 0, (size_t)N, grained(grain)) {
        if (i == 0 && beside)
            CHECK_AWAIT(&all.failed, 1);
        if (i < FAILS_AT - 200)
            CHECK(!ompg_stopped(group));
        if (i == FAILS_AT || i == N - 1) {
            ompg_fail(group, (int)i, "iteration %zu", i);
            CHECK(ompg_stopped(group));
            event_post(&all.failed);
        }
        if (!ompg_stopped(group))
            all.done[i]++;
    }
    ompg_error error = error_of(group);
    CHECK_INT(ompg_wait(group), FAILS_AT);
    CHECK_STR(error.message, "iteration 2500");
    CHECK_INT(count_wrong(all.done, FAILS_AT, 1), 0);
    ompg_free(group);
    return error.index;
}

static void bodies_know_their_sub_range(void)
{
    static const size_t grains[] = {1, 7, 150, 0};
    for (size_t g = 0; g < 4; g++) {
        size_t serial = check_body_knows(1, grains[g]);
        if (grains[g] > 0)
            CHECK_INT(serial, FAILS_AT / grains[g] * grains[g]);
        CHECK(serial <= FAILS_AT);
        for (size_t team = 1; team < 3; team++)
            CHECK_INT(check_body_knows(teams[team], grains[g]), serial);
    }
}

/* Fails at 19 and later, in the sub-range that begins with 18. */
ORDERED_BY_OPENMP static void check_inner_loop(const ompg_group *outer)
{
    unsigned char done[50] = {0};
    ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
    OMPG_FOR_OPT(group, j, 0, 50, grained(3)) {
        if (j % 20 == 19)
            ompg_fail(group, (int)(100 + j), NULL);
        done[j] = !ompg_stopped(group);
    }
    CHECK_INT(ompg_wait(group), 119);
    CHECK_INT(error_of(group).index, 18);
    CHECK_INT(count_wrong(done, 19, 1), 0);
    CHECK(!ompg_stopped(outer));
    ompg_free(group);
}

/* The outer sub-range is known again behind an inner loop. */
ORDERED_BY_OPENMP static void nested_bodies_know_their_sub_range(void)
{
    for (size_t team = 0; team < 3; team++) {
        unsigned char done[60] = {0};
        ompg_options options = {.deterministic = true};
        options.threads = teams[team];
        ompg_group *group = ompg_new(&options);
        OMPG_FOR_OPT(group, i, 0, 60, grained(2)) {
            if (i < 26)
                check_inner_loop(group);
            if (i % 20 > 6 && i >= 20)
                ompg_fail(group, (int)(1 + i), NULL);
            done[i] = !ompg_stopped(group);
        }
        CHECK_INT(ompg_wait(group), 28);
        CHECK_INT(error_of(group).index, 26);
        CHECK_INT(count_wrong(done, 27, 1), 0);
        ompg_free(group);
    }
}

/* ---- stops ---- */

typedef enum stop { BY_DEADLINE, BY_TOKEN, BY_CANCEL, STOPS } stop;

static void check_stopped_by(ompg_group *group, stop how)
{
    static const int codes[] = {ETIMEDOUT, 44, 55};
    ompg_error error = error_of(group);
    CHECK_INT(ompg_wait(group), codes[how]);
    CHECK_INT(error.code, codes[how]);
    CHECK_INT(error.kind, how == BY_DEADLINE ? OMPG_ERROR_DEADLINE : OMPG_ERROR_CANCEL);
    CHECK_INT(error.index, OMPG_NO_INDEX);
}

ORDERED_BY_OPENMP static void check_stop(int threads, stop how, size_t grain)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_options options = {.token = &token};
    options.threads = threads;
    options.timeout = how == BY_DEADLINE ? 0.003 : 0.0;
    ompg_group *group = ompg_new(&options);
    atomic_int after = 0;
    OMPG_FOR_OPT(group, i, 0, MANY, grained(grain)) {
        if (i == 0 && how == BY_TOKEN)
            ompg_token_cancel(&token, 44);
        if (i == 0 && how == BY_CANCEL)
            ompg_cancel(group, 55);
        if (ompg_stopped(group))
            continue;
    }
    check_stopped_by(group, how);
    OMPG_FOR(group, i, 0, 10) {
        atomic_fetch_add(&after, 1);
    }
    CHECK_INT(atomic_load(&after), 0);
    ompg_free(group);
}

/* ThreadSanitizer's own lock of a flag lets no writer in where so many threads read the flag. */
static void every_stop_ends_the_loop(void)
{
    size_t most = THREAD_SANITIZED ? TEAMS - 1 : TEAMS;
    for (size_t team = 0; team < most; team++) {
        for (stop how = BY_DEADLINE; how < STOPS; how++) {
            check_stop(teams[team], how, 1);
            check_stop(teams[team], how, 1000);
        }
    }
}

/* The deadline counts from the start of the loop, and is off when the loop is over. */
static void a_deadline_is_for_one_loop(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.timeout = 30.0});
    for (int round = 0; round < 3; round++)
        check_cover(group, 0, 100, 1);
    ompg_free(group);
}

ORDERED_BY_OPENMP static int loop_until_outer_stops(ompg_group *outer, void *arg)
{
    ompg_group *group = ompg_new(NULL);
    (void)arg;
    OMPG_FOR_OPT(group, i, 0, MANY, grained(1)) {
        if (i == 100)
            ompg_cancel(outer, EPROTO);
    }
    CHECK_INT(ompg_wait(group), ECANCELED);
    CHECK_INT(error_of(group).kind, OMPG_ERROR_CANCEL);
    ompg_free(group);
    return ECANCELED;
}

static void an_outer_stop_ends_the_loop(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, loop_until_outer_stops, NULL, NULL), EPROTO);
    }
}

/* ---- where it stands ---- */

/* All iterations are the caller's. */
ORDERED_BY_OPENMP static void check_serial(ompg_group *group, size_t count)
{
    pthread_t caller = pthread_self();
    size_t next = 0;
    size_t others = 0;
    OMPG_FOR(group, i, 0, count) {
        others += !pthread_equal(caller, pthread_self());
        next++;
    }
    CHECK_INT(others, 0);
    CHECK_INT(next, count);
}

static void check_serial_loops(void)
{
    ompg_group *group = ompg_new(NULL);
    check_serial(group, 1000);
    check_serial(OMPG_DEFAULT, 10);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static int loop_in_task(ompg_group *group, void *arg)
{
    (void)arg;
    check_serial(group, 100);
    check_serial_loops();
    return 0;
}

static void in_a_parallel_region(void)
{
#pragma omp parallel
    check_serial_loops();
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < 20; i++)
        check_serial_loops();
}

/* A team of one thread is no reason to open another region, nor is it that OpenMP would do so. */
static void in_regions_that_could_be_nested(void)
{
    int levels = omp_get_max_active_levels();
    omp_set_max_active_levels(4);
#pragma omp parallel num_threads(1)
    check_serial_loops();
#pragma omp parallel num_threads(2)
    check_serial_loops();
    CHECK_INT(ompg_run(&(ompg_options){.threads = 3}, loop_in_task, NULL, NULL), 0);
    omp_set_max_active_levels(levels);
}

static void in_tasks(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = group_of(teams[team]);
        for (int i = 0; i < 50; i++)
            CHECK_INT(ompg_go(group, loop_in_task, NULL), 0);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_STATS(group, 50, 50, 0, 0);
        ompg_free(group);
    }
}

ORDERED_BY_OPENMP static void in_another_loop(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        atomic_size_t leaves = 0;
        ompg_group *group = group_of(teams[team]);
        OMPG_FOR_OPT(group, i, 0, 30, grained(1)) {
            OMPG_FOR(OMPG_DEFAULT, j, 0, i) {
                OMPG_FOR_OPT(group, k, j, j + 3, grained(2)) {
                    atomic_fetch_add(&leaves, k - j);
                }
            }
            check_serial_loops();
        }
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&leaves), 3 * 29 * 30 / 2);
        ompg_free(group);
    }
}

/* The error of an inner loop of the same group stops the outer one. */
ORDERED_BY_OPENMP static void errors_of_inner_loops(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = group_of(teams[team]);
        OMPG_FOR_OPT(group, i, 0, MANY, grained(1)) {
            OMPG_FOR(group, j, 0, (size_t)10) {
                if (i == 500 && j == 5)
                    ompg_fail_at(group, 10 * i + j, ERANGE, NULL);
            }
        }
        CHECK_INT(ompg_wait(group), ERANGE);
        CHECK_INT(error_of(group).index, 5005);
        ompg_free(group);
    }
}

/* ---- beside tasks ---- */

ORDERED_BY_OPENMP static void tasks_wait_until_the_loop_is_over(void)
{
    for (int fails = 0; fails <= 1; fails++) {
        item before = {0};
        item after = {0};
        atomic_int early = 0, added = 0, ran = 0;
        ompg_group *group = group_of(7);
        CHECK_INT(item_go(group, &before), 0);
        OMPG_FOR_OPT(group, i, 0, 100, grained(1)) {
            atomic_fetch_add(&early, atomic_load(&before.runs) + atomic_load(&ran));
            int code = ompg_go(group, count_run, &ran);
            CHECK(code == 0 || (fails && code == ECANCELED));
            atomic_fetch_add(&added, code == 0);
            if (i == 99 && fails)
                ompg_fail(group, EDOM, NULL);
        }
        CHECK_INT(atomic_load(&early), 0);
        CHECK_INT(item_go(group, &after), fails ? ECANCELED : 0);
        CHECK_INT(ompg_wait(group), fails ? EDOM : 0);
        CHECK_INT(items_check_dropped(&before, 1), fails ? 0 : 1);
        CHECK_INT(atomic_load(&after.runs), fails ? 0 : 1);
        CHECK_INT(atomic_load(&ran), fails ? 0 : atomic_load(&added));
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

/* As any statement: without braces, before an else, twice in a function. */
ORDERED_BY_OPENMP static void it_is_a_statement(void)
{
    static unsigned char runs[100];
    memset(runs, 0, sizeof runs);
    errno = 1234;
    for (int round = 0; round < 2; round++)
        if (round == 0)
            OMPG_FOR(OMPG_DEFAULT, i, 0, 50)
                runs[i]++;
        else
            OMPG_FOR(OMPG_DEFAULT, i, 50, 100)
                runs[i]++;
    CHECK_INT(count_wrong(runs, 100, 1), 0);
    CHECK_INT(errno, 1234);
}

CHECK_MAIN("OMPG_FOR", {"every iteration once", every_iteration_once},
           {"without a grain", without_a_grain},
           {"default is a plain loop", default_is_a_plain_loop},
           {"no group runs nothing", no_group_runs_nothing},
           {"backwards is empty", backwards_is_empty},
           {"grains stay together", grains_stay_together}, {"continue goes on", continue_goes_on},
           {"all threads take part", all_threads_take_part},
           {"limit bounds threads", limit_bounds_threads},
           {"failures stop the hand-out", failures_stop_the_hand_out},
           {"all errors are collected", all_errors_are_collected},
           {"the lowest error is reported", the_lowest_error_is_reported},
           {"bodies know their sub-range", bodies_know_their_sub_range},
           {"nested bodies know their sub-range", nested_bodies_know_their_sub_range},
           {"every stop ends the loop", every_stop_ends_the_loop},
           {"a deadline is for one loop", a_deadline_is_for_one_loop},
           {"an outer stop ends the loop", an_outer_stop_ends_the_loop},
           {"in a parallel region", in_a_parallel_region},
           {"in regions that could be nested", in_regions_that_could_be_nested},
           {"in tasks", in_tasks}, {"in another loop", in_another_loop},
           {"errors of inner loops", errors_of_inner_loops},
           {"tasks wait until the loop is over", tasks_wait_until_the_loop_is_over},
           {"it is a statement", it_is_a_statement})
