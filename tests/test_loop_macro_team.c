/*
 * OMPG_FOR_TEAM and its relatives where `omp for` stood: in a region and in functions that it calls, on the
 * blocks that `omp for` has, also in chains without barriers, with its clauses; steps, two loops as one,
 * dynamic loops; what stops them. Also compiled without -fopenmp, when there is no team, and without optimisation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gauge.h"
#include "loops.h"
#include "sanitizers.h"

#include <errno.h>

enum { N = 1000 };

static atomic_int times[N];
static int owners[N], expected[N];

static const ompg_loop_options dynamic = {.schedule = OMPG_DYNAMIC};

static void forget(void)
{
    for (int i = 0; i < N; i++)
        atomic_store(&times[i], 0);
}

/* Iterations [0, count) have run once, and no other. */
static void check_times(int count)
{
    int wrong = 0;
    for (int i = 0; i < N; i++)
        wrong += atomic_load(&times[i]) != (i < count);
    CHECK_INT(wrong, 0);
}

/* Calls check(group, team) on all threads of teams of each size. */
ORDERED_BY_OPENMP static void in_teams(void (*check)(ompg_group *group, int team))
{
    for (size_t t = 0; t < TEAMS; t++) {
        ompg_group *group = ompg_new(NULL);
#if defined(_OPENMP)
#pragma omp parallel num_threads(teams[t])
#endif
        check(group, PARALLEL ? teams[t] : 1);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

/* ---- coverage ---- */

static void barrier(void)
{
#if defined(_OPENMP)
#pragma omp barrier
#endif
}

/* In a function that the region calls. At the end of each loop the threads meet. */
ORDERED_BY_OPENMP static void cover_once(ompg_group *group, int team)
{
    (void)team;
    for (int count = 0; count <= N; count = 2 * count + 1) {
        ompg_loop_options options = {.schedule = OMPG_DYNAMIC, .grain = (size_t)count % 5};
        for (int kind = 0; kind < 2; kind++) {
            OMPG_FOR_TEAM(group, i, 0, N)
                atomic_store(&times[i], 0);
            if (kind == 0)
                OMPG_FOR_TEAM(group, i, 0, count)
                    atomic_fetch_add(&times[i], 1);
            else
                OMPG_FOR_TEAM_OPT(group, i, -count, 0, options)
                    atomic_fetch_add(&times[i + count], 1);
            if (omp_get_thread_num() == 0)
                check_times(count);
            barrier();
        }
    }
}

ORDERED_BY_OPENMP static void in_the_region_itself(void)
{
    ompg_group *group = ompg_new(NULL);
    forget();
#if defined(_OPENMP)
#pragma omp parallel num_threads(7)
#endif
    {
        OMPG_FOR_TEAM(group, i, 0, N / 2)
            atomic_fetch_add(&times[i], 1);
        OMPG_FOR_TEAM_OPT(group, i, N / 2, N, dynamic)
            atomic_fetch_add(&times[i], 1);
    }
    check_times(N);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* The macros need no variable of the region except the group. */
ORDERED_BY_OPENMP static void in_a_region_that_names_its_variables(void)
{
    int all = 0, odd = 0, pairs = 0;
    ompg_group *group = ompg_new(NULL);
#if defined(_OPENMP)
#pragma omp parallel num_threads(3) default(none) shared(group, all, odd, pairs, dynamic)
#endif
    {
        OMPG_FOR_TEAM(group, i, 0, N, reduction(+ : all))
            all++;
        OMPG_FOR_TEAM_STEP(group, i, 1, N, 2, reduction(+ : odd))
            odd++;
        OMPG_FOR2_TEAM(group, i, 0, N, j, 0, 2, reduction(+ : pairs))
            pairs++;
        OMPG_FOR_TEAM_OPT(OMPG_DEFAULT, i, 0, N, dynamic, reduction(+ : all))
            all++;
    }
    CHECK_INT(all, 2 * N);
    CHECK_INT(odd, N / 2);
    CHECK_INT(pairs, 2 * N);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

static void every_iteration_once(void)
{
    in_teams(cover_once);
    in_the_region_itself();
    in_a_region_that_names_its_variables();
}

/* No team: a serial loop. No group: none. */
ORDERED_BY_OPENMP static void outside_of_regions(void)
{
    int next = 0;
    ompg_group *group = ompg_new(NULL);
    OMPG_FOR_TEAM(group, i, 0, N)
        next += i == next;
    OMPG_FOR_TEAM_OPT(group, i, N, 2 * N, dynamic)
        next += i == next;
    CHECK_INT(next, 2 * N);
    OMPG_FOR_TEAM(OMPG_DEFAULT, i, 0, 10)
        next -= i >= 0;
    CHECK_INT(next, 2 * N - 10);
    OMPG_FOR_TEAM(NULL, i, 0, 10)
        next -= i >= 0;
    CHECK_INT(next, 2 * N - 10);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

/* ---- blocks ---- */

/* Each thread finds its own in the next loop, which it comes to without waiting for the others. */
ORDERED_BY_OPENMP static void check_chain(ompg_group *group, int team)
{
    int wrong = 0, me = omp_get_thread_num();
    (void)team;
    for (int count = 0; count <= N; count = 3 * count + 2) {
#if defined(_OPENMP)
#pragma omp for schedule(static)
#endif
        for (int i = 0; i < count; i++)
            expected[i] = me;
        for (int round = 0; round < 5; round++) {
            OMPG_FOR_TEAM(group, i, 0, count, nowait) {
                wrong += round > 0 && owners[i] != me + 100 * (round - 1);
                owners[i] = me + 100 * round;
            }
            ompg_loop_options options = {.grain = (size_t)round};
            OMPG_FOR_TEAM_OPT(group, i, 0, count, options, nowait)
                wrong += owners[i] != me + 100 * round;
        }
        OMPG_FOR_TEAM(group, i, 0, count)
            wrong += expected[i] != me;
    }
    CHECK_INT(wrong, 0);
}

static void chains_of_equal_blocks(void)
{
    in_teams(check_chain);
}

/* The number of the iteration is its place in `expected`. */
ORDERED_BY_OPENMP static int check_steps_of(ompg_group *group, int from, int past, int step)
{
    int wrong = 0, me = omp_get_thread_num();
#if defined(_OPENMP)
#pragma omp for schedule(static)
#endif
    for (int i = from; i < past; i += step)
        expected[(i - from) / step] = me;
    OMPG_FOR_TEAM_STEP(group, i, from, past, step, nowait)
        wrong += expected[(i - from) / step] != me || (i - from) % step != 0;
    /* As many, downwards: the same blocks. */
    OMPG_FOR_TEAM_STEP(group, i, past - 1, from - 1, -step)
        wrong += expected[(past - 1 - i) / step] != me;
    return wrong;
}

ORDERED_BY_OPENMP static int check_pairs_of(ompg_group *group, int rows, int columns)
{
    int wrong = 0, me = omp_get_thread_num();
#if defined(_OPENMP)
#pragma omp for schedule(static) collapse(2)
#endif
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            expected[y * columns + x] = me;
    OMPG_FOR2_TEAM(group, y, 0, rows, x, 0, columns, nowait) {
        wrong += expected[y * columns + x] != me;
        atomic_fetch_add(&times[y * columns + x], 1);
    }
    barrier();
    return wrong;
}

ORDERED_BY_OPENMP static void check_steps_and_pairs(ompg_group *group, int team)
{
    int wrong = 0;
    (void)team;
    for (int step = 1; step < 40; step = 3 * step + 1)
        for (int from = -7; from < 8; from += 7)
            for (int count = 0; count <= N; count = 4 * count + 3)
                wrong += check_steps_of(group, from, from + count, step);
    for (int rows = 0; rows < 30; rows = 2 * rows + 1) {
        OMPG_FOR_TEAM(group, i, 0, N)
            atomic_store(&times[i], 0);
        wrong += check_pairs_of(group, rows, 33 - rows);
        if (omp_get_thread_num() == 0)
            check_times(rows * (33 - rows));
        barrier();
    }
    CHECK_INT(wrong, 0);
}

/* The threads meet where there are no pairs. */
ORDERED_BY_OPENMP static void check_no_pairs(ompg_group *group, int team)
{
    int pairs = 0;
    (void)team;
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): nothing is divided where it is empty */
    OMPG_FOR2_TEAM(group, y, 0, N, x, 0, 0)
        pairs++;
    OMPG_FOR2_TEAM(group, y, 0, 0, x, 0, N, nowait)
        pairs++;
    CHECK_INT(pairs, 0);
}

static void steps_and_pairs(void)
{
    in_teams(check_steps_and_pairs);
    in_teams(check_no_pairs);
}

/* ---- clauses ---- */

static long sum;
static int least, last, scratch = -1, mine = 5;

ORDERED_BY_OPENMP static void check_clauses(ompg_group *group, int team)
{
    int wrong = 0;
    (void)team;
    OMPG_FOR_TEAM(group, i, 0, 1)
        least = N;
    OMPG_FOR_TEAM(group, i, 3, N, reduction(min : least))
        least = i < least ? i : least;
    wrong += least != 3;
    OMPG_FOR_TEAM(group, i, 0, N, private(scratch), firstprivate(mine)) {
        scratch = mine + i;
        wrong += scratch != 5 + i;
    }
    wrong += PARALLEL && scratch != -1;
    for (int count = 1; count < 200; count = 2 * count + 1) {
        OMPG_FOR_TEAM(group, i, 0, count, lastprivate(last))
            last = i;
        wrong += last != count - 1;
        barrier();
    }
    OMPG_FOR_TEAM(group, i, 0, N, firstprivate(mine) allocate(mine) nowait)
        wrong += mine != 5 && i >= 0;
    CHECK_INT(wrong, 0);
}

ORDERED_BY_OPENMP static void check_sum(ompg_group *group, int team)
{
    (void)team;
    OMPG_FOR_TEAM(group, i, 0, 1)
        sum = 7;
    OMPG_FOR_TEAM(group, i, 0, N, reduction(+ : sum))
        sum += i;
    CHECK_INT(sum, 7 + N * (N - 1) / 2);
    barrier();
    OMPG_FOR_TEAM_OPT(group, i, 0, N, dynamic, reduction(- : sum))
        sum -= i;
    CHECK_INT(sum, 7);
    barrier();
}

static void clauses(void)
{
    in_teams(check_clauses);
    in_teams(check_sum);
}

/* ---- dynamic loops ---- */

static event done;

/* The first iteration ends after all others, which so must have gone to other threads. */
ORDERED_BY_OPENMP static void check_dynamic(ompg_group *group, int team)
{
    ompg_loop_options options = {.schedule = OMPG_DYNAMIC, .grain = 1};
    OMPG_FOR_TEAM(group, i, 0, 1)
        atomic_store(&done.count, 0);
    OMPG_FOR_TEAM_OPT(group, i, 0, 100, options) {
        if (i == 0 && team > 1)
            CHECK_AWAIT(&done, 99);
        else
            event_post(&done);
    }
}

/* Each round takes half of what is left: with no grain the last ranges are single iterations. */
ORDERED_BY_OPENMP static void check_last_ranges(ompg_group *group, int team)
{
    OMPG_FOR_TEAM(group, i, 0, 1)
        atomic_store(&done.count, 0);
    OMPG_FOR_TEAM_OPT(group, i, 0, N, dynamic) {
        if (i == N - 1 && team > 1)
            CHECK_AWAIT(&done, N - 1 - N / team);
        else
            event_post(&done);
    }
}

static void dynamic_loops(void)
{
    in_teams(check_dynamic);
    in_teams(check_last_ranges);
}

/* ---- stops ---- */

enum { FAILS_AT = 300 };

static event failed;
static atomic_int after; /* iterations that end after the failure */

/* What comes after the failing iteration does so in time as well. */
ORDERED_BY_OPENMP static void fail_in(ompg_group *group, ompg_loop_options options)
{
    OMPG_FOR_TEAM_OPT(group, i, 0, 100 * N, options) {
        if (i == FAILS_AT) {
            ompg_fail_at(group, FAILS_AT, ERANGE, "iteration %d", i);
            event_post(&failed);
        } else if (i > FAILS_AT) {
            CHECK_AWAIT(&failed, 1);
            atomic_fetch_add(&after, 1);
        }
    }
    OMPG_FOR_TEAM(group, i, 0, N)
        atomic_fetch_add(&after, 100 * N + i);
}

/* Ranges that are out end; they are a part of what there is. */
ORDERED_BY_OPENMP static void check_failure(int team, ompg_loop_options options)
{
    int most = options.grain > 0 ? team * (int)(options.grain + 1) : 50 * N + team;
    ompg_group *group = ompg_new(NULL);
    atomic_store(&failed.count, 0);
    atomic_store(&after, 0);
#if defined(_OPENMP)
#pragma omp parallel num_threads(team)
#endif
    fail_in(group, options);
    CHECK(atomic_load(&after) <= most);
    CHECK_INT(ompg_wait(group), ERANGE);
    CHECK_INT(error_of(group).index, FAILS_AT);
    ompg_free(group);
}

static void failures_stop_the_team(void)
{
    for (size_t t = 0; t < TEAMS; t++) {
        for (size_t grain = 0; grain < 200; grain = 10 * grain + 1) {
            for (int kind = OMPG_SCHEDULE_DEFAULT; kind <= OMPG_STATIC; kind++) {
                ompg_loop_options options = {.grain = grain, .schedule = (ompg_schedule)kind};
                check_failure(teams[t], options);
            }
        }
    }
}

/* The error of the serial loop, and all below it is done. */
ORDERED_BY_OPENMP static void fail_often(ompg_group *group, ompg_loop_options options)
{
    OMPG_FOR_TEAM_OPT(group, i, 0, N, options) {
        if (i >= FAILS_AT && i % 7 == 3)
            ompg_fail_at(group, (size_t)i, 1 + i, NULL);
        else
            atomic_fetch_add(&times[i], 1);
    }
}

ORDERED_BY_OPENMP static void the_lowest_error_is_reported(void)
{
    for (size_t t = 0; t < TEAMS; t++) {
        for (size_t grain = 0; grain < 200; grain = 10 * grain + 1) {
            for (int kind = OMPG_SCHEDULE_DEFAULT; kind <= OMPG_STATIC; kind++) {
                ompg_loop_options options = {.grain = grain, .schedule = (ompg_schedule)kind};
                ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
                int missing = 0;
                forget();
#if defined(_OPENMP)
#pragma omp parallel num_threads(teams[t])
#endif
                fail_often(group, options);
                for (int i = 0; i < 304; i++)
                    missing += atomic_load(&times[i]) != 1;
                CHECK_INT(missing, 0);
                CHECK_INT(ompg_wait(group), 305);
                CHECK_INT(error_of(group).index, 304);
                ompg_free(group);
            }
        }
    }
}

/* The clock starts with the loop; the region before it may be long. */
ORDERED_BY_OPENMP static void a_deadline_stops_the_team(void)
{
    for (size_t t = 0; t < TEAMS - THREAD_SANITIZED; t++) {
        ompg_group *group = ompg_new(&(ompg_options){.timeout = 0.003});
#if defined(_OPENMP)
#pragma omp parallel num_threads(teams[t])
#endif
        {
            OMPG_FOR_TEAM(group, i, 0, (size_t)1000000000) {
                if (ompg_stopped(group))
                    continue;
            }
        }
        CHECK_INT(ompg_wait(group), ETIMEDOUT);
        CHECK_INT(error_of(group).kind, OMPG_ERROR_DEADLINE);
        ompg_free(group);
    }
}

static gauge running;

ORDERED_BY_OPENMP static void stay_below(ompg_group *group)
{
    OMPG_FOR_TEAM(group, i, 0, 100) {
        gauge_enter(&running, 0);
        sched_yield();
        gauge_leave(&running, 0);
    }
    OMPG_FOR_TEAM_OPT(group, i, 0, 100, dynamic) {
        gauge_enter(&running, 0);
        sched_yield();
        gauge_leave(&running, 0);
    }
}

ORDERED_BY_OPENMP static void limit_bounds_threads(void)
{
    for (int limit = 1; limit < 10; limit++) {
        running = (gauge){.limit = limit};
        ompg_group *group = ompg_new(&(ompg_options){.limit = limit});
#if defined(_OPENMP)
#pragma omp parallel num_threads(7)
#endif
        stay_below(group);
        CHECK_INT(atomic_load(&running.runs), 200);
        CHECK_INT(atomic_load(&running.over), 0);
        ompg_free(group);
    }
}

/* Told once, whatever the team; its threads still meet at the end of the loop. */
ORDERED_BY_OPENMP static void nonsense_is_refused(void)
{
    ompg_loop_options wrong = {.threads = 2};
    ompg_group *group = ompg_new(&(ompg_options){.on_error = OMPG_COLLECT});
    atomic_int runs = 0;
#if defined(_OPENMP)
#pragma omp parallel num_threads(7)
#endif
    {
        OMPG_FOR_TEAM_OPT(group, i, 0, N, wrong)
            atomic_fetch_add(&runs, 1);
    }
    CHECK_INT(ompg_wait(group), EINVAL);
    CHECK_INT(ompg_get_errors(group, NULL), 1);
    CHECK_CONTAINS(error_of(group).message, ".threads");
    CHECK_INT(atomic_load(&runs), 0);
    ompg_free(group);
}

CHECK_MAIN("OMPG_FOR_TEAM", {"every iteration once", every_iteration_once},
           {"outside of regions", outside_of_regions},
           {"chains of equal blocks", chains_of_equal_blocks}, {"steps and pairs", steps_and_pairs},
           {"clauses", clauses}, {"dynamic loops", dynamic_loops},
           {"failures stop the team", failures_stop_the_team},
           {"the lowest error is reported", the_lowest_error_is_reported},
           {"a deadline stops the team", a_deadline_stops_the_team},
           {"limit bounds threads", limit_bounds_threads},
           {"nonsense is refused", nonsense_is_refused})
