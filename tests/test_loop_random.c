/*
 * Random loops with random failing iterations against the serial loop, under every policy: the error
 * that is reported, what is done and what is left out.
 *
 * OMPGROUP_TEST_SEED sets the seed (it is printed; a loop that fails prints its own, for
 * OMPGROUP_TEST_ROUNDS=1), OMPGROUP_TEST_ROUNDS six times the number of loops on each team.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "stress.h"
#include "tasks.h"
#include "tiles.h"

#include <errno.h>
#include <stdint.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

enum { MOST = 3000, FIRST_CODE = 1000 };

typedef enum policy { FAST, LOWEST, COLLECT, POLICIES } policy;

/* How a sub-range says that an iteration failed. */
typedef enum style { FAIL_AT, FAIL, RETURN, STYLES } style;

typedef struct plan {
    uint64_t seed;
    int team;
    policy policy;
    style style;
    int limit, max_errors;
    bool nested; /* in a task of another group */
    size_t begin, count, grain;
    size_t parts;  /* 1: one ompg_for; more: that many ompg_go_for, then the wait */
    size_t lowest; /* failing iteration, counted from begin as all that follows; count: none */
    size_t failing;
    unsigned yields; /* one in so many iterations gives its core away */
    bool fails[MOST];
    atomic_uchar touched[MOST]; /* how often its sub-range ran */
    atomic_bool done[MOST];
    atomic_bool hit[MOST]; /* it failed */
    size_t range_of[MOST]; /* first of its sub-range */
    atomic_size_t known;   /* lowest whose failure has been recorded */
    atomic_size_t late;    /* sub-ranges above it that were started then */
} plan;

static size_t draw_below(unsigned *state, size_t past)
{
    return past == 0 ? 0 : random_next(state) % past;
}

static size_t draw_grain(unsigned *state, size_t count)
{
    static const size_t some[] = {0, 0, 1, 2, 3, 64, SIZE_MAX};
    size_t drawn = draw_below(state, 10);
    return drawn < 7 ? some[drawn] : 1 + draw_below(state, count);
}

static void draw_failures(plan *all, unsigned *state)
{
    size_t one_in = (size_t)1 << draw_below(state, 13);
    bool none = draw_below(state, 8) == 0;
    for (size_t i = 0; i < all->count; i++) {
        all->fails[i] = !none && draw_below(state, one_in) == 0;
        all->failing += all->fails[i];
        if (all->fails[i] && all->lowest == all->count)
            all->lowest = i;
    }
}

static void plan_draw(plan *all, uint64_t seed, int team)
{
    unsigned state = (unsigned)(seed ^ seed >> 32);
    random_next(&state);
    memset(all, 0, sizeof *all);
    all->seed = seed;
    all->team = team;
    all->policy = (policy)draw_below(&state, POLICIES);
    all->style = (style)draw_below(&state, STYLES);
    all->limit = draw_below(&state, 2) == 0 ? 0 : (int)draw_below(&state, 6);
    all->max_errors = draw_below(&state, 2) == 0 ? 0 : (int)draw_below(&state, 20);
    all->nested = draw_below(&state, 4) == 0;
    all->count = draw_below(&state, draw_below(&state, 4) == 0 ? 10 : MOST + 1);
    size_t begins[] = {0, draw_below(&state, 1 << 20), SIZE_MAX - all->count};
    all->begin = begins[draw_below(&state, 3)];
    all->grain = draw_grain(&state, all->count);
    all->parts = draw_below(&state, 3) == 0 ? 2 + draw_below(&state, 3) : 1;
    all->yields = 16U << draw_below(&state, 8);
    all->lowest = all->count;
    atomic_init(&all->known, all->count);
    draw_failures(all, &state);
}

static void note_known(plan *all, size_t i)
{
    size_t known = atomic_load(&all->known);
    while (i < known && !atomic_compare_exchange_weak(&all->known, &known, i)) {
    }
}

/* Is a sub-range started of which the group could know that it is not needed? */
static void note_start(plan *all, size_t first)
{
    size_t known = atomic_load(&all->known);
    if (known < all->count && (all->policy == FAST || (all->policy == LOWEST && first > known)))
        atomic_fetch_add(&all->late, 1);
}

static int fail_iteration(ompg_group *group, plan *all, size_t i)
{
    int code = FIRST_CODE + (int)i;
    atomic_store(&all->hit[i], true);
    if (all->style == RETURN)
        return code;
    if (all->style == FAIL_AT)
        ompg_fail_at(group, all->begin + i, code, "iteration %zu", i);
    else
        ompg_fail(group, code, "iteration %zu", i);
    note_known(all, i);
    return code;
}

/* As the serial loop: up to the first iteration that fails. */
static int run_planned(ompg_group *group, size_t begin, size_t end, void *arg)
{
    plan *all = arg;
    size_t first = begin - all->begin;
    size_t past = end - all->begin;
    note_start(all, first);
    for (size_t i = first; i < past; i++) {
        atomic_fetch_add_explicit(&all->touched[i], 1, memory_order_relaxed);
        all->range_of[i] = first;
    }
    for (size_t i = first; i < past; i++) {
        if (i % all->yields == 0)
            sched_yield();
        if (all->fails[i])
            return fail_iteration(group, all, i);
        atomic_store_explicit(&all->done[i], true, memory_order_relaxed);
    }
    return 0;
}

/* The error is that of iteration i. */
static void check_error_of(const plan *all, const ompg_error *error, size_t i)
{
    char message[64] = "";
    if (all->style != RETURN)
        snprintf(message, sizeof message, "iteration %zu", i);
    size_t index = all->style == FAIL_AT ? i : all->range_of[i];
    CHECK_INT(error->code, FIRST_CODE + (int)i);
    CHECK_INT(error->index, all->begin + index);
    CHECK_INT(error->kind, OMPG_ERROR_TASK);
    CHECK(error->thread >= 0);
    CHECK_STR(error->message, message);
    if (all->grain > 0 && all->parts == 1)
        CHECK_INT(all->range_of[i], i / all->grain * all->grain);
}

/* What holds under every policy: none twice, and all below `past` once. */
static void check_iterations(plan *all, size_t past)
{
    size_t wrong = 0;
    for (size_t i = 0; i < all->count; i++) {
        unsigned touched = atomic_load(&all->touched[i]);
        wrong += touched > 1 || (touched == 0 && i < past);
        wrong += atomic_load(&all->done[i]) && touched == 0;
    }
    CHECK_INT(wrong, 0);
}

/* As the serial loop would report, and all that comes before is done. */
static void check_lowest(plan *all, const ompg_group *group, int code)
{
    ompg_error error = error_of(group);
    size_t undone = 0;
    CHECK_INT(code, FIRST_CODE + (int)all->lowest);
    check_error_of(all, &error, all->lowest);
    for (size_t i = 0; i < all->lowest; i++)
        undone += !atomic_load(&all->done[i]);
    CHECK_INT(undone, 0);
    CHECK_INT(ompg_get_errors(group, NULL), 1);
}

static void check_fast(plan *all, const ompg_group *group, int code)
{
    ompg_error error = error_of(group);
    size_t i = (size_t)(error.code - FIRST_CODE);
    CHECK_INT(code, error.code);
    if (!CHECK(i < all->count && all->fails[i] && atomic_load(&all->hit[i])))
        return;
    check_error_of(all, &error, i);
    CHECK_INT(ompg_get_errors(group, NULL), 1);
}

/* Each sub-range that failed, once, in the order of the iterations; and all sub-ranges ran. */
static void check_collected(plan *all, const ompg_group *group, int code)
{
    const ompg_error *list;
    size_t count = ompg_get_errors(group, &list);
    size_t hits = 0;
    for (size_t i = 0; i < all->count; i++)
        hits += atomic_load(&all->hit[i]);
    if (all->max_errors > 0 && hits >= (size_t)all->max_errors) {
        CHECK_INT(count, all->max_errors);
        return;
    }
    check_iterations(all, all->count);
    CHECK(code >= FIRST_CODE);
    if (!CHECK_INT(count, hits))
        return;
    for (size_t i = 0, at = 0; i < all->count; i++) {
        if (atomic_load(&all->hit[i]))
            check_error_of(all, &list[at++], i);
    }
    for (size_t at = 1; at < count; at++)
        CHECK(list[at - 1].index < list[at].index);
}

/* Each failure can be missed once by each other thread that was just starting a sub-range. */
static void check_late(plan *all, const ompg_group *group)
{
    size_t others = (size_t)ompg_get_threads(group) - 1;
    CHECK(atomic_load(&all->late) <= (all->policy == FAST ? others : others * all->failing));
}

static void check_plan(plan *all, const ompg_group *group, int code)
{
    ompg_stats stats = stats_of(group);
    CHECK_ADDS_UP(group);
    if (all->lowest == all->count) {
        CHECK_INT(code, 0);
        CHECK_INT(ompg_get_error(group, NULL), 0);
        CHECK_INT(stats.failed + stats.skipped, 0);
        check_iterations(all, all->count);
        return;
    }
    CHECK(stats.failed > 0);
    check_iterations(all, all->policy == LOWEST ? all->lowest : 0);
    check_late(all, group);
    bool serial = ompg_get_threads(group) == 1 && all->parts == 1;
    if (all->policy == COLLECT)
        check_collected(all, group, code);
    else if (all->policy == LOWEST || serial)
        check_lowest(all, group, code);
    else
        check_fast(all, group, code);
}

/* The loop's parts are added from the first on: what is refused lies above what has failed. */
static int run_parts(ompg_group *group, plan *all)
{
    size_t end = all->begin + all->count;
    if (all->parts == 1)
        return ompg_for(group, all->begin, end, all->grain, run_planned, all);
    for (size_t part = 0; part < all->parts; part++) {
        size_t from = all->begin + all->count * part / all->parts;
        size_t past = all->begin + all->count * (part + 1) / all->parts;
        int code = ompg_go_for(group, from, past, all->grain, run_planned, all);
        bool stops = all->policy != COLLECT || all->max_errors > 0;
        CHECK(code == 0 || (code == ECANCELED && all->nested && stops));
    }
    return ompg_wait(group);
}

static int run_plan(ompg_group *outer, void *arg)
{
    plan *all = arg;
    ompg_options options = {.threads = all->team, .limit = all->limit};
    options.deterministic = all->policy == LOWEST;
    options.on_error = all->policy == COLLECT ? OMPG_COLLECT : OMPG_FAIL_FAST;
    options.max_errors = all->policy == COLLECT ? all->max_errors : 0;
    ompg_group *group = ompg_new(&options);
    (void)outer;
    check_plan(all, group, run_parts(group, all));
    if (all->seed % 8 == 0)
        tiles_check_reset(group);
    ompg_free(group);
    return 0;
}

static unsigned failures_so_far(void)
{
    return atomic_load(&check_failed);
}

static void random_loop(uint64_t seed, int team)
{
    static plan all;
    unsigned failures = failures_so_far();
    plan_draw(&all, seed, team);
    if (all.nested)
        CHECK_INT(ompg_run(&(ompg_options){.threads = team}, run_plan, &all, NULL), 0);
    else
        run_plan(NULL, &all);
    if (failures_so_far() > failures)
        printf("\nfailed: OMPGROUP_TEST_SEED=%" PRIu64 " on a team of %d\n", seed, team);
}

static void random_loops(void)
{
    settle_seed();
    for (size_t t = 0; t < TEAMS; t++) {
        unsigned count = teams[t] > 7 ? 1 + rounds / 20 : 1 + rounds / 6;
        for (unsigned round = 0; round < count; round++)
            random_loop(base_seed + round, teams[t]);
    }
    CHECK_INT(failures_so_far(), 0);
}

CHECK_MAIN("loop and chance", {"random loops", random_loops})
