/*
 * Pipelines that end early: errors, cancellation, deadlines, tokens and outer stops; what has left
 * the last stage stays done, all else is dropped once, by the stage that it was in or waited for.
 * Random pipelines against a serial model.
 *
 * OMPGROUP_TEST_SEED and OMPGROUP_TEST_ROUNDS: see stress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "flow.h"
#include "gauge.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

/* ---- one item fails ---- */

static bool check_error(const flow *all, const ompg_group *group, int code, size_t failing)
{
    ompg_error error = error_of(group);
    bool right = CHECK_INT(code, flow_code(failing)) && CHECK_INT(error.code, code) &&
                 CHECK_INT(error.index, failing) && CHECK_INT(error.kind, OMPG_ERROR_TASK) &&
                 CHECK_INT(ompg_get_errors(group, NULL), 1);
    if (all->kind == FAIL || all->kind == FAIL_AND_GO_ON)
        CHECK_CONTAINS(error.message, "item ");
    return right;
}

/* The group of a failed pipeline is as good as new. */
static void check_usable(ompg_group *group)
{
    flow *again = flow_new("ipi", 20, 4);
    CHECK_ADDS_UP(group);
    CHECK_INT(ompg_reset(group), 0);
    CHECK_INT(flow_run(again, group), 0);
    CHECK(flow_check_done(again, 20));
    CHECK_INT(ompg_reset(group), 0);
    flow_free(again);
}

/* A deterministic group's pipeline does all that comes before the failing item. */
static void check_failure(ompg_group *group, flow *all, int stage, size_t failing,
                          bool deterministic)
{
    if (stage == 0)
        all->source_fails_at = failing;
    else
        all->parcels[failing].fails_at = stage;
    int code = flow_run(all, group);
    bool right = check_error(all, group, code, failing) && flow_check(all);
    if (right && deterministic)
        right = flow_check_done(all, failing);
    if (!right)
        fprintf(stderr, "item %zu fails in stage %d, kind %d, %zu at once\n", failing, stage,
                (int)all->kind, all->live);
    CHECK_ADDS_UP(group);
    CHECK_INT(ompg_reset(group), 0);
}

static void an_item_fails(bool deterministic)
{
    static const char *const shapes[] = {"i",    "ip", "pi", "ipi", "ippi",
                                         "ipip", "is", "ps", "sps", "ipsi"};
    enum { SHAPES = sizeof shapes / sizeof shapes[0] };
    static const size_t failing[] = {0, 1, 17, 39};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_options options = {.threads = teams[team], .deterministic = deterministic};
        ompg_group *group = ompg_new(&options);
        unsigned stride =
            (teams[team] > 7 ? 7U : 1U) * (SANITIZED ? 5U : 1U); /* crowds take time */
        for (unsigned round = 0; round < 4U * SHAPES * FAILURES; round += stride) {
            const char *modes = shapes[round % SHAPES];
            for (int stage = 0; modes[stage] != '\0'; stage++) {
                flow *all = flow_new(modes, 40, 1 + round * round % 9);
                all->kind = (failure)(round / (4 * SHAPES));
                check_failure(group, all, stage, failing[round / SHAPES % 4], deterministic);
                flow_free(all);
            }
            check_usable(group);
        }
        ompg_free(group);
    }
}

static void an_item_fails_in_a_stage(void)
{
    an_item_fails(false);
}

static void a_deterministic_pipeline_does_what_comes_before(void)
{
    an_item_fails(true);
}

/* Several items fail, later ones in earlier stages. */
static void the_lowest_failing_item_is_reported(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t live = 1; live <= 65; live *= 4) {
            flow *all = flow_new("ipspip", 100, live);
            ompg_options options = {.threads = teams[team], .deterministic = true};
            ompg_group *group = ompg_new(&options);
            for (size_t i = 0; i < 4; i++)
                all->parcels[50 + 2 * i].fails_at = 4 - (int)i;
            all->source_fails_at = 60;
            check_error(all, group, flow_run(all, group), 50);
            CHECK(flow_check_done(all, 50));
            check_usable(group);
            ompg_free(group);
            flow_free(all);
        }
    }
}

/* Collect: errors are kept, and no in-order stage passes over one. */
static void an_error_ends_a_collecting_pipeline_too(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        flow *all = flow_new("ipi", 100, 8);
        ompg_options options = {.threads = teams[team], .on_error = OMPG_COLLECT};
        ompg_group *group = ompg_new(&options);
        const ompg_error *list;
        for (size_t i = 30; i < 100; i += 3)
            all->parcels[i].fails_at = 1;
        int code = flow_run(all, group);
        CHECK_INT(code, error_of(group).code);
        size_t kept = ompg_get_errors(group, &list);
        CHECK(kept >= 1 && kept <= 8);
        for (size_t i = 0; i < kept; i++)
            CHECK_INT(list[i].code, flow_code(list[i].index));
        CHECK_INT(list[0].index, 30);
        CHECK(flow_check_done(all, 30));
        check_usable(group);
        ompg_free(group);
        flow_free(all);
    }
}

/* Also where no stage is in order: nothing new is begun behind the failed item. */
static void a_collecting_pipeline_ends_without_an_order(void)
{
    for (size_t live = 1; live <= 16; live *= 4) {
        flow *all = flow_new("ppp", 500, live);
        ompg_options options = {.threads = 1, .on_error = OMPG_COLLECT};
        ompg_group *group = ompg_new(&options);
        all->parcels[100].fails_at = 2;
        check_error(all, group, flow_run(all, group), 100);
        CHECK(all->made <= 100 + live);
        CHECK(flow_check_done(all, 100));
        ompg_free(group);
        flow_free(all);
    }
}

/* ECANCELED that nothing stopped is an error like any other. */
static int visit_returns_canceled(ompg_group *group, parcel *at, int stage)
{
    (void)group;
    at->fails_at = at->number == 7 ? stage : NOWHERE;
    return at->number == 7 ? ECANCELED : 0;
}

static void canceled_is_an_error_where_nothing_stopped(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        flow *all = flow_new("ipi", 30, 4);
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        all->visit = visit_returns_canceled;
        CHECK_INT(flow_run(all, group), ECANCELED);
        CHECK_INT(error_of(group).index, 7);
        CHECK_INT(error_of(group).kind, OMPG_ERROR_TASK);
        CHECK(flow_check(all));
        check_usable(group);
        ompg_free(group);
        flow_free(all);
    }
}

/* A source that fails keeps what it has made: its stage's drop is never called. */
static int make_and_fail(ompg_group *group, void *arg, void **piece)
{
    int *kept = arg;
    (void)group;
    *piece = kept;
    return ++*kept < 3 ? 0 : EIO;
}

static int let_pass(ompg_group *group, void *arg, void **piece)
{
    (void)group;
    (void)arg;
    CHECK(*piece != NULL);
    return 0;
}

static void never_drop(void *piece)
{
    CHECK(piece == NULL);
}

static void the_source_drops_nothing(void)
{
    for (size_t live = 1; live <= 3; live++) {
        int made = 0;
        const ompg_stage stages[] = {
            {.fn = make_and_fail, .arg = &made, .drop = never_drop},
            {.mode = OMPG_IN_ORDER, .fn = let_pass},
        };
        ompg_group *group = ompg_new(&(ompg_options){.deterministic = true});
        CHECK_INT(ompg_pipeline(group, stages, 2, live), EIO);
        CHECK_INT(made, 3);
        CHECK_INT(error_of(group).index, 2);
        ompg_free(group);
    }
}

/* A stage without a drop loses its items, and no other's. */
static void a_stage_without_a_drop(void)
{
    for (int stage = 1; stage < 3; stage++) {
        flow *all = flow_new("ipi", 100, 8);
        ompg_group *group = ompg_new(NULL);
        all->pipeline[stage].drop = NULL;
        all->parcels[50].fails_at = 1;
        check_error(all, group, flow_run(all, group), 50);
        size_t wrong = 0;
        for (size_t i = 0; i < all->made; i++) {
            const parcel *at = &all->parcels[i];
            bool lost = at->stage + at->left == stage;
            wrong += atomic_load(&at->drops) != (!at->done && !lost);
        }
        CHECK_INT(wrong, 0);
        ompg_free(group);
        flow_free(all);
    }
}

/* Stages see the deterministic group's stop for their own item only. */
static int visit_asks(ompg_group *group, parcel *at, int stage)
{
    (void)stage;
    if (at->number < 20)
        CHECK(!ompg_stopped(group));
    return 0;
}

static void items_before_the_failing_one_are_not_stopped(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        flow *all = flow_new("ippi", 60, 30);
        ompg_options options = {.threads = teams[team], .deterministic = true};
        ompg_group *group = ompg_new(&options);
        all->visit = visit_asks;
        for (size_t i = 20; i < 60; i++)
            all->parcels[i].fails_at = 1;
        check_error(all, group, flow_run(all, group), 20);
        CHECK(flow_check_done(all, 20));
        ompg_free(group);
        flow_free(all);
    }
}

static void another_tasks_error_ends_the_pipeline(void)
{
    int code = EDOM;
    for (size_t team = 0; team < TEAMS; team++) {
        flow *all = flow_new("ipi", 1000, 8);
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        ompg_go(group, return_code, &code);
        CHECK_INT(flow_run(all, group), EDOM);
        CHECK(flow_check(all));
        check_usable(group);
        ompg_free(group);
        flow_free(all);
    }
}

static void a_stopped_group_makes_nothing(void)
{
    flow *all = flow_new("ipi", 10, 2);
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, EDOM, NULL);
    CHECK_INT(flow_run(all, group), EDOM);
    CHECK_INT(all->made, 0);
    CHECK(flow_check(all));
    check_usable(group);
    ompg_free(group);
    flow_free(all);
}

static void default_group_has_errors_too(void)
{
    flow *all = flow_new("ipi", 30, 4);
    all->parcels[12].fails_at = 2;
    CHECK_INT(flow_run(all, OMPG_DEFAULT), flow_code(12));
    CHECK(flow_check(all));
    flow_free(all);
}

/* ---- stops ---- */

typedef struct stopping {
    ompg_token token;
    ompg_group *outer;
    enum { CANCEL, TOKEN, DEADLINE, OUTER } kind;
    size_t at; /* item that stops */
    int stage;
    atomic_bool stopped;
    atomic_int late; /* stages that began after the stop: a thread may have asked just before */
} stopping;

static int visit_stops(ompg_group *group, parcel *at, int stage)
{
    stopping *self = at->all->context;
    atomic_fetch_add(&self->late, atomic_load(&self->stopped));
    if (at->number != self->at || stage != self->stage)
        return 0;
    if (self->kind == CANCEL)
        CHECK_INT(ompg_cancel(group, EINTR), 0);
    else if (self->kind == TOKEN)
        ompg_token_cancel(&self->token, EPIPE);
    else if (self->kind == OUTER)
        ompg_cancel(self->outer, EDOM);
    CHECK(poll_until_stopped(group));
    atomic_store(&self->stopped, true);
    return ECANCELED;
}

static void check_stop(stopping *self, const ompg_options *options, int expected)
{
    static const char *const shapes[] = {"ip", "ii", "ipi", "ppp", "psp"};
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
        flow *all = flow_new(shapes[shape], 200, 6);
        self->token = (ompg_token)OMPG_TOKEN_INIT;
        self->stage = 1 + (int)shape / 3;
        self->at = 31 * shape;
        atomic_store(&self->stopped, false);
        atomic_store(&self->late, 0);
        all->visit = visit_stops;
        all->context = self;
        ompg_group *group = ompg_new(options);
        CHECK_INT(flow_run(all, group), expected);
        CHECK(flow_check(all));
        CHECK(!all->ended || strchr(shapes[shape] + self->stage, 'i') == NULL);
        CHECK(atomic_load(&self->late) < options->threads);
        CHECK_INT(error_of(group).index, OMPG_NO_INDEX);
        CHECK_INT(error_of(group).kind,
                  self->kind == DEADLINE ? OMPG_ERROR_DEADLINE : OMPG_ERROR_CANCEL);
        CHECK_ADDS_UP(group);
        ompg_free(group);
        flow_free(all);
    }
}

static void cancellation_token_and_deadline_stop_it(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            stopping self = {.kind = CANCEL};
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            check_stop(&self, &options, EINTR);
            options.token = &self.token;
            self.kind = TOKEN;
            check_stop(&self, &options, EPIPE);
            options.token = NULL;
            options.timeout = 0.005;
            self.kind = DEADLINE;
            check_stop(&self, &options, ETIMEDOUT);
        }
    }
}

static int stop_outer(ompg_group *group, void *arg)
{
    stopping *self = arg;
    self->outer = group;
    for (int named = 0; named <= 1; named++) {
        flow *all = flow_new("ipi", 200, 6);
        ompg_group *inner = named ? ompg_new(NULL) : OMPG_DEFAULT;
        all->visit = visit_stops;
        all->context = self;
        CHECK_INT(flow_run(all, inner), ECANCELED);
        CHECK(flow_check(all));
        CHECK(!all->ended);
        ompg_free(inner);
        flow_free(all);
    }
    return 0;
}

static void an_outer_stop_reaches_it(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        stopping self = {.kind = OUTER, .at = 15, .stage = 1};
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, stop_outer, &self, NULL), EDOM);
    }
}

/* Stopped by a thread that is none of OpenMP's, at any moment. */
static void *cancel_from_outside(void *arg)
{
    flow *all = ((void **)arg)[1];
    CHECK_AWAIT(&all->made_many, 100);
    CHECK_INT(ompg_cancel(((void **)arg)[0], EINTR), 0);
    return NULL;
}

static int visit_for_ever(ompg_group *group, parcel *at, int stage)
{
    if (at->number >= 99 && stage == 1)
        return CHECK(poll_until_stopped(group)) ? ECANCELED : 0;
    return 0;
}

static void cancellation_from_outside(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        flow *all = flow_new("ipi", 1000, 5);
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        void *arg[] = {group, all};
        pthread_t canceller;
        all->visit = visit_for_ever;
        if (pthread_create(&canceller, NULL, cancel_from_outside, arg) != 0)
            abort();
        CHECK_INT(flow_run(all, group), EINTR);
        pthread_join(canceller, NULL);
        CHECK(flow_check(all));
        CHECK(!all->ended);
        check_usable(group);
        ompg_free(group);
        flow_free(all);
    }
}

/* ---- random pipelines ---- */

static flow *flow_draw(unsigned *seed)
{
    char modes[MOST_STAGES + 1] = "";
    unsigned stages = 1 + random_next(seed) % MOST_STAGES;
    for (unsigned i = 0; i < stages; i++)
        modes[i] = "ips"[random_next(seed) % 3];
    size_t count = random_next(seed) % 200;
    flow *all = flow_new(modes, count, 1 + random_next(seed) % (1u << random_next(seed) % 8));
    all->kind = (failure)(random_next(seed) % FAILURES);
    unsigned filtered = random_next(seed) % 3;
    unsigned failing = random_next(seed) % 3;
    for (size_t i = 0; i < count; i++) {
        if (random_next(seed) % 4 < filtered)
            all->parcels[i].filtered_at = (int)(random_next(seed) % stages);
        if (random_next(seed) % 80 < failing)
            all->parcels[i].fails_at = (int)(random_next(seed) % stages);
    }
    if (random_next(seed) % 8 == 0)
        all->source_fails_at = random_next(seed) % (count + 1);
    return all;
}

/* In the serial execution: stage 0 of the model neither filters nor lets an item fail. */
static bool fails(const parcel *self)
{
    return self->fails_at > 0 && (self->filtered_at <= 0 || self->filtered_at >= self->fails_at);
}

/* The first item that a serial execution fails at; SIZE_MAX: none. */
static size_t serial_failure(const flow *all)
{
    size_t i = 0;
    while (i < all->count && i != all->source_fails_at && !fails(&all->parcels[i]))
        i++;
    return i < all->count || i == all->source_fails_at ? i : SIZE_MAX;
}

static bool may_fail(const flow *all, size_t index)
{
    return index == all->source_fails_at || (index < all->count && fails(&all->parcels[index]));
}

static bool check_random(flow *all, ompg_group *group, bool deterministic)
{
    size_t lowest = serial_failure(all);
    int code = flow_run(all, group);
    ompg_error error = error_of(group);
    if (lowest == SIZE_MAX)
        return CHECK_INT(code, 0) && CHECK(all->ended) && flow_check_done(all, all->count);
    bool right = CHECK_INT(code, error.code) && CHECK_INT(code, flow_code(error.index)) &&
                 CHECK(may_fail(all, error.index)) && flow_check(all);
    if (right && deterministic)
        right = CHECK_INT(error.index, lowest) && flow_check_done(all, lowest);
    return right;
}

static void random_pipelines(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        flow *all = flow_draw(&seed);
        bool deterministic = random_next(&seed) % 2 == 0;
        bool crowd = random_next(&seed) % 16 == 0;
        ompg_options options = {.threads = teams[crowd ? TEAMS - 1 : random_next(&seed) % 3],
                                .limit = (int)(random_next(&seed) % 4),
                                .deterministic = deterministic};
        ompg_group *group = ompg_new(&options);
        if (!check_random(all, group, deterministic))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        CHECK_ADDS_UP(group);
        ompg_free(group);
        flow_free(all);
    }
}

CHECK_MAIN(
    "pipeline, stop", {"an item fails in a stage", an_item_fails_in_a_stage},
    {"a deterministic pipeline does what comes before",
     a_deterministic_pipeline_does_what_comes_before},
    {"the lowest failing item is reported", the_lowest_failing_item_is_reported},
    {"an error ends a collecting pipeline too", an_error_ends_a_collecting_pipeline_too},
    {"a collecting pipeline ends without an order", a_collecting_pipeline_ends_without_an_order},
    {"canceled is an error where nothing stopped", canceled_is_an_error_where_nothing_stopped},
    {"the source drops nothing", the_source_drops_nothing},
    {"a stage without a drop", a_stage_without_a_drop},
    {"items before the failing one are not stopped", items_before_the_failing_one_are_not_stopped},
    {"another task's error ends the pipeline", another_tasks_error_ends_the_pipeline},
    {"a stopped group makes nothing", a_stopped_group_makes_nothing},
    {"default group has errors too", default_group_has_errors_too},
    {"cancellation, token and deadline stop it", cancellation_token_and_deadline_stop_it},
    {"an outer stop reaches it", an_outer_stop_reaches_it},
    {"cancellation from outside", cancellation_from_outside},
    {"random pipelines", random_pipelines})
