/*
 * Random loops of every macro, with random bounds, options, groups and errors, beside a serial model: each
 * iteration once, unless an error or a limit of errors says otherwise; a deterministic group's error is the
 * serial one; reductions count what ran. Also compiled without -fopenmp and without optimisation.
 *
 * OMPGROUP_TEST_SEED sets the seed (it is printed), OMPGROUP_TEST_ROUNDS how many loops run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loops.h"
#include "stress.h"

#include <errno.h>

enum { MOST = 600 };

enum macro { FOR, FOR_OPT, STEP, TWO, TEAM, TEAM_OPT, MACROS };

static const char *const names[] = {"FOR", "FOR_OPT", "STEP", "TWO", "TEAM", "TEAM_OPT"};

/* One loop; an iteration is known by its number. */
static struct {
    enum macro macro;
    int begin, count, step, width; /* the pairs of TWO: count / width rows */
    int team;
    ompg_loop_options options;
    ompg_options of_group;
    int lowest; /* number of the first that fails; count: none does */
    bool fails[MOST];
    atomic_int times[MOST];
    long ran; /* by a reduction */
} loop;

static void draw_options(unsigned *state)
{
    loop.options =
        (ompg_loop_options){.grain = random_next(state) % 3 ? random_next(state) % 50 : 0};
    loop.options.schedule = (ompg_schedule)(random_next(state) % 3);
    if (loop.macro == FOR_OPT && random_next(state) % 2)
        loop.options.threads = 1 + (int)(random_next(state) % 9);
    loop.of_group = (ompg_options){.threads = loop.team};
    loop.of_group.limit = random_next(state) % 3 ? 0 : 1 + (int)(random_next(state) % 8);
    loop.of_group.deterministic = random_next(state) % 2;
    loop.of_group.on_error = random_next(state) % 3 ? OMPG_FAIL_FAST : OMPG_COLLECT;
}

static void draw_loop(unsigned *state)
{
    memset(&loop, 0, sizeof loop);
    loop.macro = (enum macro)(random_next(state) % MACROS);
    loop.team = teams[random_next(state) % (TEAMS - SANITIZED)];
    loop.begin = (int)(random_next(state) % 2000) - (random_next(state) % 2 ? 0 : 1000);
    loop.count = (int)(random_next(state) % (MOST + 1));
    loop.step = loop.macro == STEP ? (int)(random_next(state) % 50) - 25 : 1;
    loop.step += loop.step >= 0 && loop.macro == STEP;
    loop.width = 1 + (int)(random_next(state) % 40);
    if (loop.macro == TWO)
        loop.count -= loop.count % loop.width;
    loop.lowest = loop.count;
    unsigned one_in = 1U << random_next(state) % 14;
    for (int i = loop.count; i-- > 0;) {
        loop.fails[i] = random_next(state) % one_in == 0;
        if (loop.fails[i])
            loop.lowest = i;
    }
    draw_options(state);
}

/* Of the iteration with this number, as the header counts. */
static size_t index_of(int number)
{
    bool by_number = loop.macro == TWO || loop.begin < 0 || loop.step < 0;
    return by_number ? (size_t)number : (size_t)(loop.begin + number * loop.step);
}

/* Returns 1, for a reduction. */
static long visit(ompg_group *group, int number)
{
    if (!CHECK(number >= 0 && number < loop.count))
        return 1;
    atomic_fetch_add(&loop.times[number], 1);
    if (loop.fails[number])
        ompg_fail_at(group, index_of(number), 1 + number, "number %d", number);
    return 1;
}

ORDERED_BY_OPENMP static void run_parallel(ompg_group *group)
{
    int begin = loop.begin, past = loop.begin + loop.count, rows = loop.count / loop.width;
    long ran = 0;
    if (loop.macro == FOR)
        OMPG_FOR(group, i, begin, past, reduction(+ : ran))
            ran += visit(group, i - begin);
    if (loop.macro == FOR_OPT)
        OMPG_FOR_OPT(group, i, begin, past, loop.options, reduction(+ : ran))
            ran += visit(group, i - begin);
    if (loop.macro == STEP)
        OMPG_FOR_STEP(group, i, begin, begin + loop.step * loop.count, loop.step,
                      reduction(+ : ran))
            ran += visit(group, (i - begin) / loop.step);
    if (loop.macro == TWO)
        OMPG_FOR2(group, i, begin, begin + rows, j, -5, loop.width - 5, reduction(+ : ran))
            ran += visit(group, (i - begin) * loop.width + j + 5);
    loop.ran = ran;
}

ORDERED_BY_OPENMP static void run_in_team(ompg_group *group)
{
    int begin = loop.begin, past = loop.begin + loop.count;
    long ran = 0;
#if defined(_OPENMP)
#pragma omp parallel num_threads(loop.team) reduction(+ : ran)
#endif
    {
        if (loop.macro == TEAM)
            OMPG_FOR_TEAM(group, i, begin, past, nowait)
                ran += visit(group, i - begin);
        else
            OMPG_FOR_TEAM_OPT(group, i, begin, past, loop.options)
                ran += visit(group, i - begin);
    }
    loop.ran = ran;
}

/* How many iterations ran; none did twice, and none is missing below `must`. */
static long check_times(int must)
{
    long ran = 0, wrong = 0;
    for (int i = 0; i < loop.count; i++) {
        int times = atomic_load(&loop.times[i]);
        ran += times;
        wrong += times > 1 || (i < must && times != 1);
    }
    CHECK_INT(wrong, 0);
    return ran;
}

static void check_result(ompg_group *group)
{
    bool any = loop.lowest < loop.count;
    bool all = !any || loop.of_group.on_error == OMPG_COLLECT;
    int must = all ? loop.count : loop.of_group.deterministic ? loop.lowest + 1 : 0;
    long ran = check_times(must);
    CHECK_INT(loop.ran, ran);
    int code = ompg_wait(group);
    CHECK_INT(code != 0, any);
    if (!any)
        return;
    if (CHECK(code > 0 && code <= loop.count))
        CHECK(loop.fails[code - 1]);
    CHECK_INT(error_of(group).index, index_of(code - 1));
    if (loop.of_group.deterministic)
        CHECK_INT(code, 1 + loop.lowest);
}

static void random_loops(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned state = (unsigned)(base_seed + round);
        unsigned before = atomic_load(&check_failed);
        draw_loop(&state);
        ompg_group *group = ompg_new(&loop.of_group);
        if (loop.macro < TEAM)
            run_parallel(group);
        else
            run_in_team(group);
        check_result(group);
        ompg_free(group);
        if (atomic_load(&check_failed) != before)
            printf("\nfailed: OMPGROUP_TEST_SEED=%" PRIu64 ", OMPG_%s on a team of %d\n",
                   base_seed + round, names[loop.macro], loop.team);
    }
}

CHECK_MAIN("random loops of OMPG_FOR and its like", {"random loops", random_loops})
