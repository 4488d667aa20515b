/*
 * Pipelines: every item through every stage, in order where it is asked for; never more than `live`
 * items; filters and replacements; no thread waits for an item's turn; where they run; misuse.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "contest.h"
#include "flow.h"
#include "gauge.h"
#include "tasks.h"

#include <errno.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

static const char *const shapes[] = {"i",   "p",    "ii",   "ip",          "pi",           "pp",
                                     "ipi", "iiii", "pppp", "ippi",        "ipipppiipipi", "s",
                                     "is",  "pss",  "spsi", "ipsspissppsi"};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* ---- all items through all stages ---- */

static void check_flow(ompg_group *group, const char *modes, size_t count, size_t live)
{
    flow *all = flow_new(modes, count, live);
    bool right = CHECK_INT(flow_run(all, group), 0) && CHECK_INT(all->made, count) &&
                 CHECK(all->ended) && flow_check_done(all, count);
    if (!right)
        fprintf(stderr, "%zu items through %s, %zu at once\n", count, modes, live);
    flow_free(all);
}

static void check_flows(ompg_group *group)
{
    check_flow(group, "ipi", 60, 3);
    check_flow(group, "pipi", 40, 10);
    check_flow(group, "ppp", 30, 1);
}

static void every_item_passes_every_stage(void)
{
    static const size_t counts[] = {0, 1, 2, 90};
    static const size_t lives[] = {1, 2, 5, 64, 1000};
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t shape = 0; shape < SHAPES; shape++) {
            for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
                for (size_t l = 0; l < sizeof lives / sizeof lives[0]; l++)
                    check_flow(group, shapes[shape], counts[c], lives[l]);
        }
        ompg_free(group);
    }
}

static void many_items(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        check_flow(group, "ipi", 5000, 16);
        check_flow(group, "iii", 2000, 1);
        check_flow(group, "pppp", 2000, 100000);
        check_flow(group, "psps", 5000, 16);
        ompg_free(group);
    }
}

static void whatever_the_options(void)
{
    static const ompg_options kinds[] = {
        {.limit = 1, .threads = 3}, {.limit = 2},   {.deterministic = true},
        {.on_error = OMPG_COLLECT}, {.budget = 1.}, {.timeout = 1e6},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ompg_group *group = ompg_new(&kinds[i]);
        for (size_t shape = 0; shape < SHAPES; shape++)
            check_flow(group, shapes[shape], 50, 7);
        ompg_free(group);
    }
    for (size_t shape = 0; shape < SHAPES; shape++)
        check_flow(OMPG_DEFAULT, shapes[shape], 50, 7);
}

/* The stages are on their way in any order; that of the source is kept, with gaps. */
static void filtered_items_go_no_further(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (size_t shape = 2; shape < SHAPES; shape++) {
            for (size_t live = 1; live <= 9; live += 4) {
                flow *all = flow_new(shapes[shape], 100, live);
                ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
                for (size_t i = 0; i < all->count; i++)
                    all->parcels[i].filtered_at = (int)(i * i % 7) % (2 * all->stages);
                for (size_t i = 20; i < 40; i++)
                    all->parcels[i].filtered_at = 1;
                CHECK_INT(flow_run(all, group), 0);
                CHECK(flow_check_done(all, all->count));
                ompg_free(group);
                flow_free(all);
            }
        }
    }
}

/* ---- items that are replaced ---- */

/* Items are numbers in memory of their own; each stage gives the next one another. */
typedef struct counter {
    size_t next, count;
    size_t sum;
} counter;

static int make_number(ompg_group *group, void *arg, void **piece)
{
    counter *self = arg;
    (void)group;
    if (self->next == self->count)
        return 0;
    size_t *number = malloc(sizeof *number);
    *number = self->next++;
    *piece = number;
    return 0;
}

static int square_number(ompg_group *group, void *arg, void **piece)
{
    size_t *square = malloc(sizeof *square);
    size_t *number = *piece;
    (void)group;
    (void)arg;
    *square = *number * *number;
    free(number);
    *piece = square;
    return 0;
}

/* Takes the odd ones out. */
static int halve_number(ompg_group *group, void *arg, void **piece)
{
    size_t number = *(size_t *)*piece;
    (void)group;
    (void)arg;
    if (number % 2 == 0) {
        *(size_t *)*piece = number / 2;
        return 0;
    }
    free(*piece);
    *piece = NULL;
    return 0;
}

/* The sum depends on the order. Takes the item, although it need not. */
static int sum_number(ompg_group *group, void *arg, void **piece)
{
    counter *self = arg;
    (void)group;
    self->sum = 31 * self->sum + *(size_t *)*piece;
    free(*piece);
    *piece = NULL;
    return 0;
}

static void items_may_be_replaced(void)
{
    size_t expected = 0;
    for (size_t i = 0; i < 1000; i += 2)
        expected = 31 * expected + i * i / 2;
    for (size_t team = 0; team < TEAMS; team++) {
        counter all = {.count = 1000};
        const ompg_stage stages[] = {
            {.mode = OMPG_IN_ORDER, .fn = make_number, .arg = &all},
            {.mode = OMPG_PARALLEL, .fn = square_number, .drop = free},
            {.mode = OMPG_PARALLEL, .fn = halve_number, .drop = free},
            {.mode = OMPG_IN_ORDER, .fn = sum_number, .arg = &all, .drop = free},
        };
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        CHECK_INT(ompg_pipeline(group, stages, 4, 8), 0);
        CHECK(all.sum == expected);
        ompg_free(group);
    }
}

/* ---- nobody waits ---- */

/* One item stays in its stage until others have got where they can get. */
typedef struct hold {
    size_t held;   /* number */
    int stage;     /* its stage */
    event arrived; /* later items that have come to that stage */
    int expected;
    bool source; /* the source is waited for instead */
} hold;

static int visit_hold(ompg_group *group, parcel *at, int stage)
{
    hold *self = at->all->context;
    (void)group;
    if (stage != self->stage)
        return 0;
    if (at->number > self->held)
        event_post(&self->arrived);
    if (at->number == self->held)
        CHECK_AWAIT(self->source ? &at->all->made_many : &self->arrived, self->expected);
    return 0;
}

static void check_hold(const char *modes, size_t live, int threads, hold *self)
{
    flow *all = flow_new(modes, 50, live);
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    all->visit = visit_hold;
    all->context = self;
    CHECK_INT(flow_run(all, group), 0);
    CHECK(flow_check_done(all, all->count));
    ompg_free(group);
    flow_free(all);
}

/* All that may exist besides the held one pass its parallel stage meanwhile, on the other thread. */
static void a_slow_item_holds_up_no_thread(void)
{
    static const size_t lives[] = {2, 3, 16, 40};
    for (size_t team = 1; team < TEAMS; team++) {
        for (size_t l = 0; l < sizeof lives / sizeof lives[0]; l++) {
            hold first = {.stage = 1, .expected = (int)lives[l] - 1};
            hold later = {.stage = 1, .held = 9, .expected = (int)lives[l] - 1};
            hold deeper = {.stage = 3, .held = 5, .expected = (int)lives[l] - 1};
            check_hold("ipi", lives[l], teams[team], &first);
            check_hold("ppi", lives[l], teams[team], &later);
            check_hold("ipppi", lives[l], teams[team], &deeper);
        }
    }
}

/* Those that wait for their turn do not keep the source from making all that may exist. */
static void an_item_in_its_turn_holds_up_no_source(void)
{
    static const size_t lives[] = {2, 3, 16, 40};
    for (size_t team = 1; team < TEAMS; team++) {
        for (size_t l = 0; l < sizeof lives / sizeof lives[0]; l++) {
            int live = (int)lives[l];
            hold first = {.stage = 1, .expected = live, .source = true};
            hold later = {.stage = 2, .held = 9, .expected = 9 + live, .source = true};
            check_hold("ii", lives[l], teams[team], &first);
            check_hold("ipip", lives[l], teams[team], &later);
        }
    }
}

/* Every thread of the team has an item in the parallel stage at the same time. */
static int visit_meeting(ompg_group *group, parcel *at, int stage)
{
    event *arrived = at->all->context;
    (void)group;
    CHECK_INT(stage, 1);
    event_post(arrived);
    CHECK_AWAIT(arrived, (int)at->all->live);
    return 0;
}

static void all_threads_take_part(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        event arrived = {0};
        flow *all = flow_new("ip", 3 * (size_t)teams[team], (size_t)teams[team]);
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        all->visit = visit_meeting;
        all->context = &arrived;
        CHECK_INT(flow_run(all, group), 0);
        CHECK(flow_check_done(all, all->count));
        ompg_free(group);
        flow_free(all);
    }
}

/* ---- limits ---- */

static int visit_gauged(ompg_group *group, parcel *at, int stage)
{
    gauge *self = at->all->context;
    (void)group;
    (void)stage;
    gauge_enter(self, 0);
    sched_yield();
    gauge_leave(self, 0);
    return 0;
}

static void limits_hold(void)
{
    for (int limit = 1; limit <= 3; limit++) {
        for (size_t team = 0; team < TEAMS; team++) {
            gauge now = {.limit = limit};
            flow *all = flow_new("ipipp", 100, 20);
            ompg_options options = {.limit = limit, .threads = teams[team]};
            ompg_group *group = ompg_new(&options);
            all->visit = visit_gauged;
            all->context = &now;
            CHECK_INT(flow_run(all, group), 0);
            CHECK_INT(atomic_load(&now.runs), 400);
            CHECK_INT(atomic_load(&now.over), 0);
            CHECK(flow_check_done(all, all->count));
            ompg_free(group);
            flow_free(all);
        }
    }
}

/* ---- beside tasks, in them, in regions ---- */

static int visit_adds(ompg_group *group, parcel *at, int stage)
{
    if (stage == 1)
        CHECK_INT(ompg_go(group, count_run, at->all->context), 0);
    return 0;
}

static void stages_add_tasks_and_tasks_are_waited_for(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        atomic_int runs = 0;
        item items[20] = {{0}};
        flow *all = flow_new("ipi", 200, 8);
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        all->visit = visit_adds;
        all->context = &runs;
        for (int i = 0; i < 20; i++)
            item_go(group, &items[i]);
        CHECK_INT(flow_run(all, group), 0);
        CHECK(flow_check_done(all, all->count));
        CHECK_INT(atomic_load(&runs), 200);
        CHECK_INT(items_check_dropped(items, 20), 20);
        CHECK_ADDS_UP(group);
        ompg_free(group);
        flow_free(all);
    }
}

static int flows_in_task(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    check_flows(OMPG_DEFAULT);
    ompg_group *own = ompg_new(&(ompg_options){.limit = 2});
    check_flows(own);
    ompg_free(own);
    return 0;
}

static void pipelines_run_in_tasks(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (int i = 0; i < 12; i++)
            CHECK_INT(ompg_go(group, flows_in_task, NULL), 0);
        CHECK_INT(ompg_wait(group), 0);
        ompg_free(group);
    }
}

static int visit_nested(ompg_group *group, parcel *at, int stage)
{
    (void)group;
    if (stage == 1 && at->number % 4 == 0)
        check_flow(OMPG_DEFAULT, "ipi", 20, 1 + at->number % 5);
    return 0;
}

static void pipelines_run_in_stages(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        flow *all = flow_new("ipi", 40, 6);
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        all->visit = visit_nested;
        CHECK_INT(flow_run(all, group), 0);
        CHECK(flow_check_done(all, all->count));
        ompg_free(group);
        flow_free(all);
    }
}

static void pipelines_run_in_every_region(void)
{
#pragma omp parallel
    check_flows(OMPG_DEFAULT);
#pragma omp parallel
#pragma omp single
    check_flows(OMPG_DEFAULT);
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < 6; i++)
        check_flows(OMPG_DEFAULT);
#pragma omp parallel
#pragma omp single
    for (int i = 0; i < 6; i++) {
#pragma omp task
        check_flows(OMPG_DEFAULT);
    }
}

static void *flows_in_thread(void *arg)
{
    check_flows(OMPG_DEFAULT);
    return arg;
}

static void pipelines_in_several_threads(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        if (pthread_create(&threads[i], NULL, flows_in_thread, NULL) != 0)
            abort();
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

/* ---- misuse ---- */

static int never_called(ompg_group *group, void *arg, void **piece)
{
    (void)group;
    (void)arg;
    CHECK(piece == NULL);
    return EIO;
}

static const ompg_stage unused[] = {{.fn = never_called}, {.fn = never_called}};

static ompg_stage_mode mode_of(int value)
{
    ompg_stage_mode mode;
    _Static_assert(sizeof mode == sizeof value, "an enum of C is an int");
    memcpy(&mode, &value, sizeof mode);
    return mode;
}

static void check_misuse(ompg_group *group)
{
    const ompg_stage no_function[] = {{.fn = never_called}, {.mode = OMPG_PARALLEL}};
    const ompg_stage no_mode[] = {{.fn = never_called}, {.mode = mode_of(3), .fn = never_called}};
    const ompg_stage no_source[] = {{.mode = mode_of(-1), .fn = never_called}};
    CHECK_INT(ompg_pipeline(group, NULL, 1, 1), EINVAL);
    CHECK_INT(ompg_pipeline(group, NULL, 0, 1), EINVAL);
    CHECK_INT(ompg_pipeline(group, unused, 0, 1), EINVAL);
    CHECK_INT(ompg_pipeline(group, unused, 2, 0), EINVAL);
    CHECK_INT(ompg_pipeline(group, no_function, 2, 1), EINVAL);
    CHECK_INT(ompg_pipeline(group, no_mode, 2, 1), EINVAL);
    CHECK_INT(ompg_pipeline(group, no_source, 1, 1), EINVAL);
}

static void misuse(void)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, count_run, &runs);
    check_misuse(group);
    check_misuse(OMPG_DEFAULT);
    CHECK_INT(ompg_pipeline(NULL, unused, 2, 3), EINVAL);
    CHECK_INT(atomic_load(&runs), 0);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    CHECK_INT(stats_of(group).submitted, 1);
    check_flow(group, "ipi", 20, 4);
    CHECK_INT(atomic_load(&runs), 1);
    ompg_free(group);
}

static int pipeline_in_own_task(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK_INT(ompg_pipeline(group, unused, 2, 3), EDEADLK);
    return 0;
}

static int visit_deadlock(ompg_group *group, parcel *at, int stage)
{
    (void)at;
    (void)stage;
    CHECK_INT(ompg_wait(group), EDEADLK);
    return pipeline_in_own_task(group, NULL);
}

static void own_tasks_and_stages_cannot_wait(void)
{
    flow *all = flow_new("ipi", 10, 3);
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, pipeline_in_own_task, NULL);
    CHECK_INT(ompg_wait(group), 0);
    all->visit = visit_deadlock;
    CHECK_INT(flow_run(all, group), 0);
    CHECK(flow_check_done(all, all->count));
    ompg_free(group);
    flow_free(all);
}

static void *pipeline_from_outside(void *arg)
{
    CHECK_INT(ompg_pipeline(arg, unused, 2, 3), EBUSY);
    return NULL;
}

static int let_others_pipe(ompg_group *group, void *arg)
{
    pthread_t stranger;
    (void)arg;
    if (CHECK_INT(pthread_create(&stranger, NULL, pipeline_from_outside, group), 0))
        pthread_join(stranger, NULL);
    return 0;
}

static void strangers_are_refused(void)
{
    ompg_group *group = ompg_new(NULL);
    for (int i = 0; i < 5; i++)
        ompg_go(group, let_others_pipe, NULL);
    CHECK_INT(ompg_wait(group), 0);
    check_flows(group);
    ompg_free(group);
}

static int pipe_nothing_through(ompg_group *group)
{
    return ompg_pipeline(group, unused, 2, 3);
}

static void one_task_waits_at_a_time(void)
{
    contest_check(pipe_nothing_through);
}

static void errno_is_left_alone(void)
{
    errno = 1234;
    check_flows(OMPG_DEFAULT);
    CHECK_INT(ompg_pipeline(OMPG_DEFAULT, unused, 2, 0), EINVAL);
    CHECK_INT(errno, 1234);
}

CHECK_MAIN("pipeline", {"every item passes every stage", every_item_passes_every_stage},
           {"many items", many_items}, {"whatever the options", whatever_the_options},
           {"filtered items go no further", filtered_items_go_no_further},
           {"items may be replaced", items_may_be_replaced},
           {"a slow item holds up no thread", a_slow_item_holds_up_no_thread},
           {"an item in its turn holds up no source", an_item_in_its_turn_holds_up_no_source},
           {"all threads take part", all_threads_take_part}, {"limits hold", limits_hold},
           {"stages add tasks, and tasks are waited for",
            stages_add_tasks_and_tasks_are_waited_for},
           {"pipelines run in tasks", pipelines_run_in_tasks},
           {"pipelines run in stages", pipelines_run_in_stages},
           {"pipelines run in every region", pipelines_run_in_every_region},
           {"pipelines in several threads", pipelines_in_several_threads}, {"misuse", misuse},
           {"own tasks and stages cannot wait", own_tasks_and_stages_cannot_wait},
           {"strangers are refused", strangers_are_refused},
           {"one task waits at a time", one_task_waits_at_a_time},
           {"errno is left alone", errno_is_left_alone})
