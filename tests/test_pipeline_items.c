/*
 * Items of a pipeline: those that come back to the source, what they take of the group's budget while they
 * exist, and stages that the group's limit does not count.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "gauge.h"
#include "tasks.h"

#include <errno.h>
#include <math.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], ITEMS = 200, NEVER = -1 };

/* What a pipeline of items does. */
typedef struct plan {
    int items, filter, fail_at, source_fails_at; /* filter: each n-th item, 0: none */
    double cost;
    int made, given_back;   /* the source's */
    atomic_int alive, most; /* items between the source and the end */
    atomic_int created, freed, dropped_by_source, dropped_by_stage;
    bool holds;  /* the first item is in `compute` until nothing else goes on */
    int at_rest; /* items that were alive then */
    int made_then;
    gauge *limited;
    event computed;
    bool first_waits;
} plan;

typedef struct parcel {
    plan *of;
    int number;
} parcel;

static void parcel_free(parcel *self)
{
    atomic_fetch_add(&self->of->freed, 1);
    free(self);
}

static void drop_by_source(void *arg)
{
    parcel *self = arg;
    atomic_fetch_add(&self->of->dropped_by_source, 1);
    parcel_free(self);
}

static void drop_by_stage(void *arg)
{
    parcel *self = arg;
    atomic_fetch_add(&self->of->dropped_by_stage, 1);
    parcel_free(self);
}

static int make(ompg_group *group, void *arg, void **piece)
{
    plan *self = arg;
    parcel *made = *piece;
    (void)group;
    if (made)
        self->given_back++;
    if (self->made == self->items) {
        *piece = NULL;
        return 0;
    }
    if (self->made == self->source_fails_at)
        return EIO;
    if (!made) {
        made = malloc(sizeof *made);
        atomic_fetch_add(&self->created, 1);
    }
    *made = (parcel){.of = self, .number = self->made++};
    raise_to(&self->most, atomic_fetch_add(&self->alive, 1) + 1);
    *piece = made;
    return 0;
}

/* Until the task that runs here is the only one that is not over: then all wait for this item. */
static void wait_for_rest(ompg_group *group, plan *self)
{
    ompg_stats stats;
    do
        ompg_get_stats(group, &stats);
    while (stats.submitted - stats.done - stats.failed - stats.skipped > 1);
    self->at_rest = atomic_load(&self->alive);
    self->made_then = self->made;
}

static int compute(ompg_group *group, void *arg, void **piece)
{
    plan *self = arg;
    parcel *at = *piece;
    if (self->limited)
        gauge_enter(self->limited, 0);
    if (at->number == 0 && self->holds)
        wait_for_rest(group, self);
    int code = at->number == self->fail_at ? EDOM : 0;
    if (code == 0 && self->filter > 0 && at->number > 0 && at->number % self->filter == 0) {
        atomic_fetch_sub(&self->alive, 1);
        parcel_free(at);
        *piece = NULL;
    }
    if (self->limited)
        gauge_leave(self->limited, 0);
    event_post(&self->computed);
    return code;
}

/* Without .recycle the end of an item is the last stage's. */
static int end_and_free(ompg_group *group, void *arg, void **piece)
{
    plan *self = arg;
    (void)group;
    atomic_fetch_sub(&self->alive, 1);
    parcel_free(*piece);
    return 0;
}

static int end_and_keep(ompg_group *group, void *arg, void **piece)
{
    plan *self = arg;
    (void)group;
    (void)piece;
    atomic_fetch_sub(&self->alive, 1);
    return 0;
}

static double cost_of(void *piece, void *arg)
{
    const plan *self = arg;
    return ((parcel *)piece)->of == self ? self->cost : NAN;
}

static int run(ompg_group *group, plan *self, bool recycle, bool costs, size_t live)
{
    const ompg_stage stages[] = {
        {.fn = make,
         .arg = self,
         .drop = drop_by_source,
         .recycle = recycle,
         .cost = costs ? cost_of : NULL},
        {.mode = OMPG_PARALLEL, .fn = compute, .arg = self, .drop = drop_by_stage},
        {.fn = recycle ? end_and_keep : end_and_free, .arg = self, .drop = drop_by_stage},
    };
    return ompg_pipeline(group, stages, 3, live);
}

static plan plan_of(int items)
{
    return (plan){.items = items, .fail_at = NEVER, .source_fails_at = NEVER};
}

/* ---- items that come back ---- */

static void check_recycled(ompg_group *group, plan self, size_t live, int code)
{
    CHECK_INT(run(group, &self, true, false, live), code);
    CHECK(atomic_load(&self.created) <= (int)live || self.filter > 0);
    CHECK_INT(atomic_load(&self.freed), atomic_load(&self.created));
    if (code == 0) {
        CHECK_INT(self.made, self.items);
        CHECK_INT(atomic_load(&self.alive), 0);
        CHECK_INT(atomic_load(&self.dropped_by_stage), 0);
    }
    if (code == 0 && live < ITEMS && self.filter == 0)
        CHECK(self.given_back >= ITEMS - (int)live);
}

static void items_come_back_to_the_source(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t live = 1; live <= 64; live *= 4) {
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
            plan self = plan_of(ITEMS);
            check_recycled(group, self, live, 0);
            self.filter = 3;
            check_recycled(group, self, live, 0);
            ompg_free(group);
        }
    }
}

static void what_is_kept_is_dropped_after_an_error(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        plan stage_fails = plan_of(ITEMS), source_fails = plan_of(ITEMS);
        stage_fails.fail_at = 100;
        check_recycled(group, stage_fails, 8, EDOM);
        CHECK_INT(ompg_reset(group), 0);
        source_fails.source_fails_at = 100;
        check_recycled(group, source_fails, 8, EIO);
        ompg_free(group);
    }
}

/* ---- budget ---- */

enum { BUDGET = 35, COST = 10, LIVE = 64, FIT = 4 /* items: the last one exceeds the budget */ };

/* Where another thread is there, the first item is held: as many exist as may then. */
static void check_budget(ompg_group *group, plan self, int fit)
{
    if (self.cost <= 0.0)
        self.cost = COST;
    self.holds = ompg_get_threads(group) > 1;
    CHECK_INT(run(group, &self, true, true, LIVE), 0);
    CHECK(atomic_load(&self.most) <= fit);
    if (self.holds)
        CHECK_INT(self.at_rest, fit);
    CHECK_INT(self.made, self.items);
    CHECK_INT(atomic_load(&self.freed), atomic_load(&self.created));
}

static void items_keep_to_the_budget(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .budget = BUDGET});
        plan self = plan_of(ITEMS), dear = plan_of(ITEMS);
        check_budget(group, self, FIT);
        dear.cost = 2 * BUDGET;
        check_budget(group, dear, 1);
        check_budget(group, self, FIT); /* all of it came back */
        ompg_free(group);
    }
}

/* Their records wait behind the first item, which costs nobody anything. */
static void filtered_items_cost_nothing(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3, .budget = BUDGET});
    plan self = plan_of(ITEMS);
    self.filter = 1;
    self.cost = COST;
    self.holds = true;
    CHECK_INT(run(group, &self, true, true, LIVE), 0);
    CHECK_INT(self.at_rest, 1);
    CHECK_INT(self.made_then, LIVE);
    ompg_free(group);
}

/* Without a budget the cost is not asked for. */
static void without_a_budget_nothing_costs(void)
{
    plan self = plan_of(ITEMS);
    ompg_group *group = ompg_new(NULL);
    self.cost = NAN;
    CHECK_INT(run(group, &self, true, true, 8), 0);
    CHECK_INT(self.made, ITEMS);
    ompg_free(group);
}

static void an_error_gives_the_budget_back(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3, .budget = BUDGET});
    for (int round = 0; round < 10; round++) {
        plan self = plan_of(ITEMS);
        self.fail_at = 20;
        self.cost = COST;
        CHECK_INT(run(group, &self, false, true, 64), EDOM);
        CHECK_INT(atomic_load(&self.freed), atomic_load(&self.created));
        CHECK_INT(ompg_reset(group), 0);
        check_budget(group, plan_of(ITEMS), FIT);
    }
    ompg_free(group);
}

static void a_cost_is_a_number(void)
{
    static const double wrong[] = {-1.0, NAN, INFINITY};
    for (size_t i = 0; i < 3; i++) {
        plan self = plan_of(ITEMS);
        ompg_group *group = ompg_new(&(ompg_options){.budget = BUDGET});
        self.cost = wrong[i];
        CHECK_INT(run(group, &self, true, true, 8), EINVAL);
        CHECK_INT(error_of(group).index, 0);
        CHECK(strstr(error_of(group).message, "the cost of item 0 is ") != NULL);
        CHECK_INT(atomic_load(&self.created), 1);
        CHECK_INT(atomic_load(&self.dropped_by_stage), 1);
        ompg_free(group);
    }
}

/* Where no stage waits for the item, it is the source's. */
static void a_cost_is_a_number_of_one_stage_too(void)
{
    plan self = plan_of(ITEMS);
    ompg_group *group = ompg_new(&(ompg_options){.budget = BUDGET});
    const ompg_stage source = {.fn = make, .arg = &self, .drop = drop_by_source, .cost = cost_of};
    self.cost = -1.0;
    CHECK_INT(ompg_pipeline(group, &source, 1, 8), EINVAL);
    CHECK_INT(atomic_load(&self.created), 1);
    CHECK_INT(atomic_load(&self.dropped_by_source), 1);
    ompg_free(group);
}

static int costly(ompg_group *group, void *arg)
{
    (void)group;
    gauge_enter(arg, COST);
    gauge_leave(arg, COST);
    return 0;
}

/* What tasks cost, and what items cost, is one sum: both go on. */
static void tasks_share_the_budget(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        gauge tasks = {.budget = BUDGET};
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .budget = BUDGET});
        for (int i = 0; i < ITEMS; i++)
            CHECK_INT(ompg_go_with(group, costly, &tasks, &(ompg_task_options){.cost = COST}), 0);
        plan self = plan_of(ITEMS);
        self.cost = COST;
        CHECK_INT(run(group, &self, true, true, LIVE), 0);
        CHECK_INT(self.made, ITEMS);
        CHECK(atomic_load(&self.most) <= FIT);
        CHECK_INT(atomic_load(&tasks.runs), ITEMS);
        CHECK_INT(atomic_load(&tasks.over), 0);
        ompg_free(group);
    }
}

/* A task and the first item have used the budget up. The item waits for the second one, the task for the item. */
typedef struct handover {
    int made;
    event first_is_here, second_is_made;
} handover;

static int occupy(ompg_group *group, void *arg)
{
    handover *self = arg;
    (void)group;
    CHECK_AWAIT(&self->first_is_here, 1);
    return 0;
}

static int make_two(ompg_group *group, void *arg, void **piece)
{
    handover *self = arg;
    (void)group;
    if (self->made < 2)
        *piece = self;
    if (self->made++ == 1)
        event_post(&self->second_is_made);
    return 0;
}

static int await_second(ompg_group *group, void *arg, void **piece)
{
    handover *self = arg;
    (void)group;
    (void)piece;
    event_post(&self->first_is_here);
    CHECK_AWAIT(&self->second_is_made, 1);
    return 0;
}

static double cost_of_each(void *piece, void *arg)
{
    (void)piece;
    (void)arg;
    return COST;
}

static void a_task_that_is_over_makes_room_for_the_source(void)
{
    for (int threads = 2; threads <= 3; threads++) {
        for (int unlimited = 0; unlimited <= 1; unlimited++) {
            handover self = {.made = 0};
            const ompg_stage stages[] = {
                {.fn = make_two, .arg = &self, .cost = cost_of_each, .unlimited = unlimited},
                {.mode = OMPG_PARALLEL, .fn = await_second, .arg = &self},
            };
            ompg_options options = {.threads = threads, .budget = BUDGET};
            ompg_group *group = ompg_new(&options);
            CHECK_INT(ompg_go_with(group, occupy, &self, &(ompg_task_options){.cost = BUDGET - 1}),
                      0);
            CHECK_INT(ompg_pipeline(group, stages, 2, LIVE), 0);
            CHECK_INT(self.made, 3);
            ompg_free(group);
        }
    }
}

/* ---- stages that are not counted ---- */

/* The first item stays here until later ones were computed. */
static int write_out(ompg_group *group, void *arg, void **piece)
{
    plan *self = arg;
    parcel *at = *piece;
    (void)group;
    if (at->number == 0 && self->first_waits)
        CHECK_AWAIT(&self->computed, 5);
    atomic_fetch_sub(&self->alive, 1);
    parcel_free(at);
    return 0;
}

static void check_unlimited(ompg_group *group, gauge *limited, bool source, bool first_waits)
{
    plan self = plan_of(ITEMS);
    self.limited = limited;
    self.first_waits = first_waits;
    const ompg_stage stages[] = {
        {.fn = make, .arg = &self, .unlimited = source},
        {.mode = OMPG_PARALLEL, .fn = compute, .arg = &self, .drop = drop_by_stage},
        {.fn = write_out, .arg = &self, .drop = drop_by_stage, .unlimited = true},
    };
    CHECK_INT(ompg_pipeline(group, stages, 3, 10), 0);
    CHECK_INT(atomic_load(&self.freed), ITEMS);
    CHECK_INT(atomic_load(&limited->over), 0);
}

static void a_stage_that_waits_keeps_no_place(void)
{
    for (int limit = 1; limit <= 3; limit++) {
        for (int source = 0; source <= 1; source++) {
            gauge limited = {.limit = limit};
            ompg_options options = {.threads = limit + 1, .limit = limit};
            ompg_group *group = ompg_new(&options);
            check_unlimited(group, &limited, source, true);
            check_unlimited(group, &limited, source, true);
            ompg_free(group);
        }
    }
}

static void on_any_number_of_threads(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        gauge limited = {.limit = 1};
        ompg_options options = {.threads = teams[team], .limit = 1};
        ompg_group *group = ompg_new(&options);
        check_unlimited(group, &limited, false, false);
        check_unlimited(group, &limited, true, false);
        ompg_free(group);
    }
}

static void only_the_source_has_them(void)
{
    plan self = plan_of(1);
    const ompg_stage recycles[] = {{.fn = make, .arg = &self},
                                   {.fn = compute, .arg = &self, .recycle = true}};
    const ompg_stage costs[] = {{.fn = make, .arg = &self},
                                {.fn = compute, .arg = &self, .cost = cost_of}};
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, recycles, 2, 1), EINVAL);
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, costs, 2, 1), EINVAL);
    CHECK_INT(self.made, 0);
}

CHECK_MAIN("pipeline items", {"items come back to the source", items_come_back_to_the_source},
           {"what is kept is dropped after an error", what_is_kept_is_dropped_after_an_error},
           {"items keep to the budget", items_keep_to_the_budget},
           {"filtered items cost nothing", filtered_items_cost_nothing},
           {"without a budget nothing costs", without_a_budget_nothing_costs},
           {"an error gives the budget back", an_error_gives_the_budget_back},
           {"a cost is a number", a_cost_is_a_number},
           {"a cost is a number of one stage too", a_cost_is_a_number_of_one_stage_too},
           {"tasks share the budget", tasks_share_the_budget},
           {"a task that is over makes room for the source",
            a_task_that_is_over_makes_room_for_the_source},
           {"a stage that waits keeps no place", a_stage_that_waits_keeps_no_place},
           {"on any number of threads", on_any_number_of_threads},
           {"only the source has them", only_the_source_has_them})
