/*
 * Loops that end early: random loops with random failing iterations against the serial loop, under
 * every policy; errors, ECANCELED, deadlines, tokens, cancellations and outer groups.
 *
 * OMPGROUP_TEST_SEED sets the seed (it is printed; a loop that fails prints its own, for
 * OMPGROUP_TEST_ROUNDS=1), OMPGROUP_TEST_ROUNDS twice the number of loops on each team.
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

static void check_usable(ompg_group *group)
{
    tiles all = tiles_new(0, 200, 200);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK_INT(ompg_for(group, 0, 200, 3, tiles_run, &all), 0);
    CHECK(tiles_check(&all, 3));
    CHECK_INT(stats_of(group).failed + stats_of(group).skipped, 0);
    tiles_free(&all);
}

/* ---- random loops ---- */

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
        check_usable(group);
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
        unsigned count = teams[t] > 7 ? 1 + rounds / 8 : 1 + rounds / 2;
        for (unsigned round = 0; round < count; round++)
            random_loop(base_seed + round, teams[t]);
    }
    CHECK_INT(failures_so_far(), 0);
}

/* ---- which error ---- */

/* A loop that fails from iteration `from` on; the serial one stops there. */
typedef struct wall {
    size_t from;
    int code;
    bool nested; /* does each iteration run a loop of its own? */
    atomic_size_t done;
} wall;

static int run_into_wall(ompg_group *group, size_t begin, size_t end, void *arg)
{
    wall *self = arg;
    (void)group;
    if (end > self->from)
        return self->code;
    atomic_fetch_add(&self->done, end - begin);
    return 0;
}

static void one_thread_stops_at_the_next_sub_range(void)
{
    for (size_t grain = 1; grain <= 100; grain *= 10) {
        wall all = {.from = 500, .code = EIO};
        ompg_group *group = ompg_new(&(ompg_options){.name = "wall", .threads = 1});
        CHECK_INT(ompg_for(group, 0, 1000, grain, run_into_wall, &all), EIO);
        ompg_error error = error_of(group);
        CHECK_INT(atomic_load(&all.done), 500);
        CHECK_INT(error.index, 500);
        CHECK_STR(error.group, "wall");
        CHECK_STATS(group, 1, 0, 1, 0);
        CHECK_INT(ompg_for(group, 0, 1000, grain, run_into_wall, &all), EIO);
        CHECK_INT(atomic_load(&all.done), 500);
        check_usable(group);
        ompg_free(group);
    }
}

/* ECANCELED is an error like others where nothing has stopped. */
static void ecanceled_can_be_a_cause(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            wall all = {.from = 40, .code = ECANCELED};
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_for(group, 0, 1000, 10, run_into_wall, &all), ECANCELED);
            ompg_error error = error_of(group);
            CHECK_INT(error.kind, OMPG_ERROR_TASK);
            CHECK(deterministic ? error.index == 40 : error.index >= 40 && error.index % 10 == 0);
            CHECK(!deterministic || atomic_load(&all.done) == 40);
            CHECK_ADDS_UP(group);
            ompg_free(group);
        }
    }
}

/* The first sub-range fails when `others` others wait for that, and say ECANCELED then. */
typedef struct chorus {
    event waiting;
    int others;
    atomic_bool failed;
} chorus;

static int fail_or_follow(ompg_group *group, size_t begin, size_t end, void *arg)
{
    chorus *self = arg;
    (void)end;
    if (begin == 0) {
        CHECK_AWAIT(&self->waiting, self->others);
        return EPROTO;
    }
    event_post(&self->waiting);
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void ecanceled_is_no_cause_after_the_stop(void)
{
    for (int threads = 2; threads <= 8; threads++) {
        for (int kind = 0; kind <= 2; kind++) {
            chorus all = {.others = threads - 1};
            ompg_options options = {.threads = threads, .deterministic = kind == 1};
            options.on_error = kind == 2 ? OMPG_COLLECT : OMPG_FAIL_FAST;
            options.max_errors = kind == 2 ? 1 : 0;
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_for(group, 0, (size_t)threads, 1, fail_or_follow, &all), EPROTO);
            CHECK_INT(error_of(group).index, 0);
            CHECK_INT(ompg_get_errors(group, NULL), 1);
            CHECK_STATS(group, threads, 0, 1, threads - 1);
            ompg_free(group);
        }
    }
}

/* Iterations of the outer loop run loops, of which the last iteration fails from `from` on. */
static int run_inner_loop(ompg_group *outer, size_t begin, size_t end, void *arg)
{
    wall *self = arg;
    for (size_t i = begin; i < end; i++) {
        wall below = {.from = i >= self->from ? 29 : SIZE_MAX, .code = (int)(100 + i)};
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
        int code = ompg_for(group, 0, 30, i % 4, run_into_wall, &below);
        CHECK(code == 0 || code == below.code || (code == ECANCELED && ompg_stopped(outer)));
        ompg_free(group);
        if (code == below.code)
            return ompg_fail_at(outer, i, code, "iteration %zu", i);
        if (code != 0)
            return code;
        CHECK_INT(atomic_load(&below.done), 30);
        atomic_fetch_add(&self->done, i < self->from);
    }
    return 0;
}

static void deterministic_loops_nest(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t from = 0; from <= 200; from += 40) {
            wall all = {.from = from};
            ompg_options options = {.threads = teams[team], .deterministic = true};
            ompg_group *group = ompg_new(&options);
            int expected = from < 200 ? 100 + (int)from : 0;
            CHECK_INT(ompg_for(group, 0, 200, from % 3, run_inner_loop, &all), expected);
            CHECK_INT(atomic_load(&all.done), from);
            CHECK_INT(error_of(group).index, from < 200 ? from : 0);
            ompg_free(group);
        }
    }
}

/* ---- stops ---- */

/* Only a stop ends it: too many sub-ranges, or each goes on until it sees the stop. */
typedef struct endless {
    void (*stop)(ompg_group *group, struct endless *self); /* called once; NULL: a deadline */
    int code;                                              /* of the wait */
    ompg_error_kind kind;
    bool polls;
    ompg_token token;
    ompg_group *outer;
    atomic_bool stopped;
} endless;

static int run_endless(ompg_group *group, size_t begin, size_t end, void *arg)
{
    endless *self = arg;
    (void)begin;
    (void)end;
    if (!atomic_load_explicit(&self->stopped, memory_order_relaxed) &&
        !atomic_exchange(&self->stopped, true) && self->stop)
        self->stop(group, self);
    if (!self->polls)
        return 0;
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static void stop_by_cancel(ompg_group *group, endless *self)
{
    CHECK_INT(ompg_cancel(group, self->code == ECANCELED ? 0 : self->code), 0);
}

static void stop_by_token(ompg_group *group, endless *self)
{
    (void)group;
    CHECK_INT(ompg_token_cancel(&self->token, self->code), 0);
}

static void stop_by_failure(ompg_group *group, endless *self)
{
    CHECK_INT(ompg_fail_at(group, 0, self->code, NULL), self->code);
}

static void stop_by_outer_group(ompg_group *group, endless *self)
{
    (void)group;
    CHECK_INT(ompg_fail(self->outer, EIO, NULL), EIO);
}

static void *cancel_from_outside(void *arg)
{
    CHECK_INT(ompg_cancel(arg, EINTR), 0);
    return NULL;
}

static void stop_by_stranger(ompg_group *group, endless *self)
{
    pthread_t stranger;
    (void)self;
    if (CHECK_INT(pthread_create(&stranger, NULL, cancel_from_outside, group), 0))
        pthread_join(stranger, NULL);
}

static const endless stops[] = {
    {.code = ETIMEDOUT, .kind = OMPG_ERROR_DEADLINE},
    {.stop = stop_by_cancel, .code = ECANCELED, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_cancel, .code = 77, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_token, .code = 78, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_stranger, .code = EINTR, .kind = OMPG_ERROR_CANCEL},
    {.stop = stop_by_failure, .code = 79, .kind = OMPG_ERROR_TASK},
};

static ompg_options options_for(endless *self)
{
    ompg_options options = {.token = &self->token};
    options.timeout = self->stop ? 0.0 : 0.002;
    return options;
}

static void check_stopped(const endless *self, const ompg_group *group, int code)
{
    bool failed = self->kind == OMPG_ERROR_TASK;
    ompg_error error = error_of(group);
    CHECK_INT(code, self->code);
    CHECK_INT(error.code, self->code);
    CHECK_INT(error.kind, self->kind);
    CHECK_INT(error.index, failed ? 0 : OMPG_NO_INDEX);
    CHECK_INT(stats_of(group).failed, failed ? 1 : 0);
    CHECK_ADDS_UP(group);
}

static void check_stop(const endless *how, ompg_options options, size_t grain, bool polls)
{
    endless all = *how;
    all.polls = polls;
    options.token = &all.token;
    options.timeout = options_for(&all).timeout;
    ompg_group *group = ompg_new(&options);
    check_stopped(&all, group, ompg_for(group, 0, SIZE_MAX, grain, run_endless, &all));
    if (!ompg_token_stopped(&all.token) && options.timeout == 0.0)
        check_usable(group);
    ompg_free(group);
}

static void every_stop_ends_a_loop(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
            ompg_options plain = {.threads = teams[team]};
            ompg_options limited = {.threads = teams[team], .limit = 3};
            ompg_options lowest = {.threads = teams[team], .deterministic = true};
            ompg_options collecting = {.threads = teams[team], .on_error = OMPG_COLLECT};
            collecting.max_errors = 1;
            check_stop(&stops[i], plain, 0, true);
            check_stop(&stops[i], plain, 1, true);
            check_stop(&stops[i], plain, 1, false);
            check_stop(&stops[i], limited, 1, true);
            check_stop(&stops[i], limited, 1, false);
            if (stops[i].kind != OMPG_ERROR_TASK)
                check_stop(&stops[i], lowest, 1, false);
            check_stop(&stops[i], collecting, 1, false);
        }
    }
}

static int loop_until_outer_stops(ompg_group *outer, void *arg)
{
    endless all = {.stop = stop_by_outer_group, .outer = outer, .code = ECANCELED};
    const bool *polls = arg;
    all.kind = OMPG_ERROR_CANCEL;
    all.polls = *polls;
    ompg_group *group = ompg_new(NULL);
    check_stopped(&all, group, ompg_for(group, 0, SIZE_MAX, 1, run_endless, &all));
    ompg_free(group);
    CHECK_INT(ompg_for(NULL, 0, SIZE_MAX, 1, run_endless, &all), ECANCELED);
    return ECANCELED;
}

static void an_outer_stop_ends_a_loop(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int polls = 0; polls <= 1; polls++) {
            bool does = polls != 0;
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
            CHECK_INT(ompg_go(group, loop_until_outer_stops, &does), 0);
            CHECK_INT(ompg_wait(group), EIO);
            CHECK_ADDS_UP(group);
            check_usable(group);
            ompg_free(group);
        }
    }
}

static int never_runs(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    (void)arg;
    CHECK_INT(end - begin, 0);
    return EIO;
}

static void stops_before_the_loop(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *listening = ompg_new(&(ompg_options){.token = &token});
    ompg_group *cancelled = ompg_new(NULL);
    ompg_token_cancel(&token, 55);
    ompg_cancel(cancelled, 66);
    CHECK_INT(ompg_for(listening, 0, 100, 1, never_runs, NULL), 55);
    CHECK_INT(ompg_for(cancelled, 0, 100, 1, never_runs, NULL), 66);
    CHECK_STATS(cancelled, 0, 0, 0, 0);
    ompg_free(listening);
    ompg_free(cancelled);
}

/* A loop that was added while all was well, and meets a stop when it is waited for. */
static void stops_before_the_wait(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    item one = {0};
    ompg_group *group = ompg_new(&(ompg_options){.token = &token, .threads = 7});
    CHECK_INT(ompg_go_for(group, 0, 100, 0, never_runs, NULL), 0);
    CHECK_INT(item_go(group, &one), 0);
    CHECK_INT(ompg_go_for(group, 5, 6, 0, never_runs, NULL), 0);
    ompg_token_cancel(&token, 55);
    CHECK_INT(ompg_wait(group), 55);
    CHECK_INT(items_check_dropped(&one, 1), 0);
    CHECK_INT(stats_of(group).skipped, stats_of(group).submitted);
    CHECK_ADDS_UP(group);
    ompg_free(group);
}

/* ---- beside tasks ---- */

enum { TASKS = 100 };

/* A task fails once the loop runs, which ends by that alone. */
static int fail_when_loop_runs(ompg_group *group, void *arg)
{
    endless *self = arg;
    (void)group;
    while (!atomic_load(&self->stopped))
        sched_yield();
    return EPROTO;
}

static void a_task_stops_a_loop(void)
{
    for (int threads = 2; threads <= 64; threads *= 2) {
        endless all = {.polls = true};
        item items[TASKS] = {{0}};
        ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
        size_t others = (size_t)threads - 1; /* one thread is left for the task */
        CHECK_INT(ompg_go(group, fail_when_loop_runs, &all), 0);
        CHECK_INT(ompg_go_for(group, 0, others, 1, run_endless, &all), 0);
        for (int i = 0; i < TASKS; i++)
            CHECK_INT(item_go(group, &items[i]), 0);
        CHECK_INT(ompg_wait(group), EPROTO);
        CHECK_INT(error_of(group).index, 0);
        items_check_dropped(items, TASKS);
        CHECK_INT(stats_of(group).failed, 1);
        CHECK_ADDS_UP(group);
        check_usable(group);
        ompg_free(group);
    }
}

static void a_loop_stops_tasks_and_loops(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        wall low = {.from = 0, .code = EDOM};
        wall high = {.from = SIZE_MAX};
        item items[TASKS] = {{0}};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_go_for(group, 10, 20, 0, run_into_wall, &low), 0);
        CHECK_INT(ompg_go_for(group, 0, 100000, 1, run_into_wall, &high), 0);
        for (int i = 0; i < TASKS; i++)
            CHECK_INT(item_go(group, &items[i]), 0);
        CHECK_INT(ompg_wait(group), EDOM);
        items_check_dropped(items, TASKS);
        CHECK_ADDS_UP(group);
        check_usable(group);
        ompg_free(group);
    }
}

CHECK_MAIN("loop and stop", {"random loops", random_loops},
           {"one thread stops at the next sub-range", one_thread_stops_at_the_next_sub_range},
           {"ECANCELED can be a cause", ecanceled_can_be_a_cause},
           {"ECANCELED is no cause after the stop", ecanceled_is_no_cause_after_the_stop},
           {"deterministic loops nest", deterministic_loops_nest},
           {"every stop ends a loop", every_stop_ends_a_loop},
           {"an outer stop ends a loop", an_outer_stop_ends_a_loop},
           {"stops before the loop", stops_before_the_loop},
           {"stops before the wait", stops_before_the_wait},
           {"a task stops a loop", a_task_stops_a_loop},
           {"a loop stops tasks and loops", a_loop_stops_tasks_and_loops})
