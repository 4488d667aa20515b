/*
 * Each clause that OMPG_FOR and OMPG_FOR_OPT let pass does what it does in `omp parallel for`, alone and
 * with others, with any number of threads, also where OpenMP gives fewer than are asked for; the options.
 * Also compiled without -fopenmp, where clauses say nothing, and without optimisation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loops.h"

#include <errno.h>

enum { N = 1000 };

static ompg_group *group;

/* What a check does on each team. */
static void on_all_teams(void (*check)(int threads))
{
    for (size_t team = 0; team < TEAMS; team++) {
        group = group_of(teams[team]);
        check(teams[team]);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

/* ---- reductions ---- */

ORDERED_BY_OPENMP static void check_sums(int threads)
{
    long sum = 5, product = 1, difference = 0;
    unsigned bits = ~0U, any = 0, odd = 0;
    (void)threads;
    OMPG_FOR(group, i, 0, N, reduction(+ : sum))
        sum += i;
    CHECK_INT(sum, 5 + N * (N - 1) / 2);
    OMPG_FOR(group, i, 0, 20, reduction(* : product) reduction(- : difference)) {
        product *= 1 + i % 2;
        difference -= i;
    }
    CHECK_INT(product, 1024);
    CHECK_INT(difference, -190);
    OMPG_FOR(group, i, 0U, 32U, reduction(& : bits), reduction(| : any), reduction(^ : odd)) {
        bits &= ~(i == 7 ? 1U << i : 0U);
        any |= 1U << i;
        odd ^= 1U << i / 2 * 2;
    }
    CHECK_INT(bits, ~(1U << 7));
    CHECK_INT(any, ~0U);
    CHECK_INT(odd, 0);
}

ORDERED_BY_OPENMP static void check_extremes(int threads)
{
    int least = 7, most = 7;
    bool all = true, any = false;
    (void)threads;
    OMPG_FOR(group, i, -N, N, reduction(min : least) reduction(max : most)) {
        least = i < least ? i : least;
        most = i > most ? i : most;
    }
    CHECK_INT(least, -N);
    CHECK_INT(most, N - 1);
    OMPG_FOR(group, i, 0, N, reduction(&& : all) reduction(|| : any)) {
        all = all && i != N - 1;
        any = any || i == N - 1;
    }
    CHECK(!all && any);
}

struct span {
    int least, most;
};

static struct span joined(struct span a, struct span b)
{
    return (struct span){a.least < b.least ? a.least : b.least, a.most > b.most ? a.most : b.most};
}

#if defined(_OPENMP)
#pragma omp declare reduction(join : struct span : omp_out = joined(omp_out, omp_in))              \
    initializer(omp_priv = (struct span){N, -N})
#endif

ORDERED_BY_OPENMP static void check_own_reductions(int threads)
{
    struct span span = {N, -N};
    int histogram[10] = {0};
    (void)threads;
    OMPG_FOR(group, i, 3, N, reduction(join : span) reduction(+ : histogram[:10])) {
        span = joined(span, (struct span){i, i});
        histogram[i % 10]++;
    }
    CHECK_INT(span.least, 3);
    CHECK_INT(span.most, N - 1);
    for (int digit = 0; digit < 10; digit++)
        CHECK_INT(histogram[digit], digit < 3 ? N / 10 - 1 : N / 10);
}

/* What was done until then. Those beyond the error wait for it, or all of them might come before it. */
ORDERED_BY_OPENMP static void check_reduction_after_an_error(int threads)
{
    int done = 0;
    atomic_int counted = 0;
    event failed = {0};
    (void)threads;
    OMPG_FOR_OPT(group, i, 0, N * N, grained(1), reduction(+ : done)) {
        if (i == 10) {
            ompg_fail_at(group, 10, EIO, NULL);
            event_post(&failed);
        }
        if (i > 10)
            CHECK_AWAIT(&failed, 1);
        done++;
        atomic_fetch_add(&counted, 1);
    }
    CHECK_INT(done, atomic_load(&counted));
    CHECK(done > 0 && done < N * N);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(ompg_reset(group), 0);
}

static void reductions(void)
{
    on_all_teams(check_sums);
    on_all_teams(check_extremes);
    on_all_teams(check_own_reductions);
    on_all_teams(check_reduction_after_an_error);
}

/* ---- whose a variable is ---- */

static int of_thread = 0;
#if defined(_OPENMP)
#pragma omp threadprivate(of_thread)
#endif

ORDERED_BY_OPENMP static void check_private(int threads)
{
    atomic_int wrong = 0;
    int scratch = -1, offset = 4, common = 3;
    (void)threads;
    OMPG_FOR(group, i, 0, N, private(scratch)) {
        scratch = i;
        sched_yield();
        atomic_fetch_add(&wrong, scratch != i);
    }
    CHECK(!PARALLEL || scratch == -1);
    OMPG_FOR(group, i, 0, N, firstprivate(offset) shared(common)) {
        atomic_fetch_add(&wrong, i + offset - common != i + 1 && PARALLEL);
        /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): its own, which nobody reads */
        offset = common = 3;
        offset = 4;
    }
    CHECK_INT(offset, 4);
    OMPG_FOR(group, i, 0, N, default(none) shared(wrong, offset))
        atomic_fetch_add(&wrong, i + offset != i + 4);
    OMPG_FOR(group, i, 0, N, default(shared))
        atomic_fetch_add(&wrong, i + offset != i + 4);
    of_thread = 17;
    OMPG_FOR(group, i, 0, N, copyin(of_thread))
        atomic_fetch_add(&wrong, of_thread != 17 && i >= 0);
    of_thread = 0;
    CHECK_INT(atomic_load(&wrong), 0);
}

/* An index that was declared outside is the macro's inside; a clause that names it harms nothing. */
ORDERED_BY_OPENMP static void check_private_index(int threads)
{
    int outer = 42, sum = 0;
    (void)threads;
    OMPG_FOR(group, i, 0, N, private(outer) reduction(+ : sum)) {
        for (outer = 0; outer < 3; outer++)
            sum += outer;
        sum += i;
    }
    CHECK_INT(sum, 3 * N + N * (N - 1) / 2);
    CHECK(!PARALLEL || outer == 42);
}

ORDERED_BY_OPENMP static void check_lastprivate(int threads)
{
    ompg_loop_options fixed = {.schedule = OMPG_STATIC};
    (void)threads;
    for (int count = 1; count < 200; count = 3 * count + 1) {
        for (fixed.grain = 0; fixed.grain < 9; fixed.grain += 4) {
            int last = -1;
            OMPG_FOR_OPT(group, i, 0, count, fixed, lastprivate(last))
                last = 10 * i;
            CHECK_INT(last, 10 * (count - 1));
        }
    }
}

static void private_variables(void)
{
    on_all_teams(check_private);
    on_all_teams(check_private_index);
    on_all_teams(check_lastprivate);
}

/* ---- where and how many ---- */

ORDERED_BY_OPENMP static void check_places(int threads)
{
    atomic_int runs = 0;
    int copy = 1;
    (void)threads;
    OMPG_FOR(group, i, 0, N, proc_bind(close))
        atomic_fetch_add(&runs, i >= 0);
    OMPG_FOR(group, i, 0, N, firstprivate(copy) allocate(copy))
        atomic_fetch_add(&runs, copy);
    OMPG_FOR(group, i, 0, N, if (copy == 1))
        atomic_fetch_add(&runs, i >= 0);
    CHECK_INT(atomic_load(&runs), 3 * N);
}

/* The region has one thread, which does what was meant for all. */
ORDERED_BY_OPENMP static void check_fewer_threads(int threads)
{
    int sum = 0, runs = 0;
    ompg_loop_options fixed = {.schedule = OMPG_STATIC};
    (void)threads;
    OMPG_FOR(group, i, 0, N, if (N < 5)) {
        sum += i;
        runs++;
    }
    OMPG_FOR_OPT(group, i, 0, N, fixed, if (N < 5)) {
        sum += i;
        runs++;
    }
    CHECK_INT(sum, N * (N - 1));
    CHECK_INT(runs, 2 * N);
    int dynamic = omp_get_dynamic();
    omp_set_dynamic(1);
    OMPG_FOR(group, i, 0, N, reduction(+ : runs))
        runs += i >= 0;
    OMPG_FOR_OPT(group, i, 0, N, fixed, reduction(+ : runs))
        runs += i >= 0;
    atomic_int plain = 0; /* without a clause each thread counts its shares itself */
    OMPG_FOR(group, i, 0, N)
        atomic_fetch_add(&plain, i >= 0);
    OMPG_FOR_OPT(group, i, 0, N, fixed)
        atomic_fetch_add(&plain, i >= 0);
    omp_set_dynamic(dynamic);
    CHECK_INT(runs, 4 * N);
    CHECK_INT(atomic_load(&plain), 2 * N);
}

static void places_and_fewer_threads(void)
{
    on_all_teams(check_places);
    on_all_teams(check_fewer_threads);
}

/* ---- options ---- */

static int owners[N], expected[N];

/* As OpenMP cuts it. */
ORDERED_BY_OPENMP static void check_blocks(int threads)
{
    ompg_loop_options fixed = {.schedule = OMPG_STATIC, .threads = threads};
    for (int count = 0; count <= N; count = 2 * count + 1) {
        for (fixed.grain = 0; fixed.grain < 50; fixed.grain = 3 * fixed.grain + 1) {
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(threads)
#endif
            for (int i = 0; i < count; i++)
                expected[i] = omp_get_thread_num();
            OMPG_FOR_OPT(group, i, 0, count, fixed)
                owners[i] = omp_get_thread_num();
            CHECK(memcmp(owners, expected, sizeof(int) * (size_t)count) == 0);
        }
    }
}

static void static_blocks(void)
{
    on_all_teams(check_blocks);
}

ORDERED_BY_OPENMP static int team_with(ompg_loop_options options)
{
    int team = 0;
    OMPG_FOR_OPT(group, i, 0, N, options) {
        if (i == 0)
            team = omp_get_num_threads();
    }
    return team;
}

static void threads_of_the_options(void)
{
    group = ompg_new(&(ompg_options){.threads = 2, .limit = 5});
    CHECK_INT(team_with((ompg_loop_options){.grain = 0}), PARALLEL ? 2 : 1);
    CHECK_INT(team_with((ompg_loop_options){.threads = 4}), PARALLEL ? 4 : 1);
    CHECK_INT(team_with((ompg_loop_options){.threads = 64}), PARALLEL ? 5 : 1);
    CHECK_INT(team_with((ompg_loop_options){.schedule = OMPG_STATIC, .threads = 3}),
              PARALLEL ? 3 : 1);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
}

ORDERED_BY_OPENMP static void check_nonsense(ompg_loop_options options, const char *text)
{
    int runs = 0;
    group = ompg_new(NULL);
    OMPG_FOR_OPT(group, i, 0, N, options)
        runs++;
    OMPG_FOR_OPT(OMPG_DEFAULT, i, 0, N, options)
        runs++;
    CHECK_INT(runs, 0);
    CHECK_INT(ompg_wait(group), EINVAL);
    CHECK_CONTAINS(error_of(group).message, text);
    ompg_free(group);
}

static void nonsense_is_refused(void)
{
    check_nonsense((ompg_loop_options){.threads = -1}, ".threads");
    /* NOLINTBEGIN(clang-analyzer-optin.core.EnumCastOutOfRange): what is to be refused */
    check_nonsense((ompg_loop_options){.schedule = (ompg_schedule)3}, ".schedule");
    check_nonsense((ompg_loop_options){.schedule = (ompg_schedule)-1}, ".schedule");
    /* NOLINTEND(clang-analyzer-optin.core.EnumCastOutOfRange) */
    check_nonsense((ompg_loop_options){.reserved = {0, 1}}, "later version");
}

CHECK_MAIN("clauses and options of OMPG_FOR", {"reductions", reductions},
           {"private variables", private_variables},
           {"places and fewer threads", places_and_fewer_threads}, {"static blocks", static_blocks},
           {"threads of the options", threads_of_the_options},
           {"nonsense is refused", nonsense_is_refused})
