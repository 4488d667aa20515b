/*
 * The record of an error: when and on which thread it was made, whoever reports it; and that whoever
 * reads it meanwhile never sees a part of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "rivals.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>

/* ---- ways in which a group gets its error, each from within one of its tasks ---- */

static const double pause_length = 0.003;          /* seconds */
static const double pause_recorded = 0.003 - 1e-6; /* with room for what doubles round */

/* By the clock, so that no less than this has passed, however busy the machine is. */
static void pause_a_little(void)
{
    double start = seconds_now();
    while (seconds_now() - start < pause_length)
        sched_yield();
}

typedef struct way {
    const char *name;
    ompg_task_fn *fail; /* of the group that is to get the error; arg: the stop to use */
    int code;
} way;

/* What a group can be stopped by from around it; also a pause for each task that has one. */
typedef struct stop {
    ompg_token token;
    ompg_group *outer;
    bool pauses;
} stop;

static void stop_pause(const stop *self)
{
    if (self->pauses)
        pause_a_little();
}

static int way_return(ompg_group *group, void *arg)
{
    (void)group;
    stop_pause(arg);
    return EDOM;
}

static int way_fail(ompg_group *group, void *arg)
{
    stop_pause(arg);
    return ompg_fail(group, EDOM, "fails");
}

static int way_fail_at(ompg_group *group, void *arg)
{
    stop_pause(arg);
    return ompg_fail_at(group, 7, EDOM, "fails at 7");
}

static int way_cancel(ompg_group *group, void *arg)
{
    stop_pause(arg);
    CHECK_INT(ompg_cancel(group, EDOM), 0);
    return ECANCELED;
}

static int way_token(ompg_group *group, void *arg)
{
    stop *self = arg;
    stop_pause(self);
    CHECK_INT(ompg_token_cancel(&self->token, EDOM), 0);
    CHECK(ompg_stopped(group));
    return ECANCELED;
}

static int way_outer(ompg_group *group, void *arg)
{
    stop *self = arg;
    stop_pause(self);
    CHECK_INT(ompg_cancel(self->outer, EDOM), 0);
    CHECK(ompg_stopped(group));
    return ECANCELED;
}

/* The deadline comes when the pause has passed, or sooner where the task is late. */
static int way_deadline(ompg_group *group, void *arg)
{
    (void)arg;
    CHECK(poll_until_stopped(group));
    return ECANCELED;
}

static const way ways[] = {{"return", way_return, EDOM},         {"fail", way_fail, EDOM},
                           {"fail_at", way_fail_at, EDOM},       {"cancel", way_cancel, EDOM},
                           {"token", way_token, EDOM},           {"outer", way_outer, ECANCELED},
                           {"deadline", way_deadline, ETIMEDOUT}};

enum { WAYS = sizeof ways / sizeof ways[0] };

static double timeout_of(const way *how)
{
    return how->fail == way_deadline ? pause_length : 0.0;
}

/* ---- seconds ---- */

/* A first wait, with nothing that fails, is not what they count from. */
static void wait_before(ompg_group *group, const way *how)
{
    if (how->fail == way_deadline)
        return; /* it could run out here */
    CHECK_INT(ompg_go(group, do_nothing, NULL), 0);
    CHECK_INT(ompg_wait(group), 0);
    pause_a_little();
}

static void check_seconds(const way *how, stop *stopping, ompg_options options)
{
    options.token = &stopping->token;
    options.timeout = timeout_of(how);
    ompg_group *group = ompg_new(&options);
    wait_before(group, how);
    CHECK_INT(ompg_go(group, how->fail, stopping), 0);
    double start = seconds_now();
    CHECK_INT(ompg_wait(group), how->code);
    double passed = seconds_now() - start;
    ompg_error error = error_of(group);
    bool right = CHECK_INT(error.code, how->code) && CHECK(error.seconds >= pause_recorded) &&
                 CHECK(error.seconds <= passed);
    if (!right)
        fprintf(stderr, "%s: %f of %f s\n", how->name, error.seconds, passed);
    ompg_free(group);
}

static int check_seconds_in_a_task(ompg_group *outer, void *arg)
{
    stop stopping = {.token = OMPG_TOKEN_INIT, .outer = outer, .pauses = true};
    check_seconds(arg, &stopping, (ompg_options){0});
    return 0;
}

static void seconds_count_from_the_wait_on(void)
{
    static const ompg_options kinds[] = {{0}, {.on_error = OMPG_COLLECT}, {.deterministic = true}};
    for (int i = 0; i < WAYS; i++) {
        way how = ways[i];
        for (int kind = 0; kind < 3 && how.fail != way_outer; kind++) {
            stop stopping = {.token = OMPG_TOKEN_INIT, .pauses = true};
            check_seconds(&how, &stopping, kinds[kind]);
        }
        /* One thread, so that no other one takes the task before the wait begins. */
        int code = ompg_run(&(ompg_options){.threads = 1}, check_seconds_in_a_task, &how, NULL);
        CHECK_INT(code, how.fail == way_outer ? EDOM : 0);
    }
}

static int way_in_default_group(ompg_group *outer, void *arg)
{
    const way *how = arg;
    stop stopping = {.token = OMPG_TOKEN_INIT, .outer = outer, .pauses = true};
    ompg_group *group = ompg_new(NULL);
    CHECK_INT(ompg_go(group, how->fail, &stopping), 0);
    CHECK_INT(ompg_wait(group), how->code);
    CHECK(error_of(group).seconds >= pause_recorded);
    ompg_free(group);
    return 0;
}

/* Whose wait has no clock of its own: the region's counts. */
static void seconds_of_a_default_group(void)
{
    for (int i = 0; i < WAYS; i++) {
        way how = ways[i];
        if (how.fail != way_token && how.fail != way_deadline)
            ompg_run(NULL, way_in_default_group, &how, NULL);
    }
}

/* ---- thread ---- */

enum { TEAM = 3 };

/* All threads of the region meet; one of them reports, and the others do nothing meanwhile. */
typedef struct team {
    const way *how;
    int wanted; /* the thread that reports */
    event arrived, reported;
    stop stopping;
} team;

/* True on the thread that is to report; on the others it returns when that is over. */
static bool meet_and_choose(team *self)
{
    event_post(&self->arrived);
    CHECK_AWAIT(&self->arrived, TEAM);
    if (omp_get_thread_num() == self->wanted)
        return true;
    CHECK_AWAIT(&self->reported, 1);
    return false;
}

static void check_thread(const ompg_group *group, const team *self)
{
    ompg_error error = error_of(group);
    bool right = CHECK_INT(error.code, self->how->code) && CHECK_INT(error.thread, self->wanted);
    if (!right)
        fprintf(stderr, "%s\n", self->how->name);
}

static void end_report(void *arg)
{
    team *self = arg;
    event_post(&self->reported);
}

/* A group of its own: one thread alone adds, runs and waits. */
static int report_in_an_inner_group(ompg_group *outer, void *arg)
{
    team *self = arg;
    if (!meet_and_choose(self))
        return 0;
    self->stopping.outer = outer;
    ompg_options options = {.token = &self->stopping.token, .timeout = timeout_of(self->how)};
    ompg_group *group = ompg_new(&options);
    CHECK_INT(ompg_go(group, self->how->fail, &self->stopping), 0);
    CHECK_INT(ompg_wait(group), self->how->code);
    check_thread(group, self);
    ompg_free(group);
    end_report(self);
    return 0;
}

static void thread_is_the_reporters_in_an_inner_group(void)
{
    for (int i = 0; i < WAYS; i++) {
        for (int wanted = 0; wanted < TEAM; wanted++) {
            team self = {.how = &ways[i], .wanted = wanted, .stopping.token = OMPG_TOKEN_INIT};
            ompg_group *group = ompg_new(&(ompg_options){.threads = TEAM});
            for (int k = 0; k < TEAM; k++)
                CHECK_INT(ompg_go(group, report_in_an_inner_group, &self), 0);
            CHECK_INT(ompg_wait(group), self.how->fail == way_outer ? EDOM : 0);
            ompg_free(group);
        }
    }
}

/* The region's own group. What the task returns is recorded before its drop is called. */
static int report_in_the_group(ompg_group *group, void *arg)
{
    team *self = arg;
    return meet_and_choose(self) ? self->how->fail(group, &self->stopping) : 0;
}

static void end_report_of_the_reporter(void *arg)
{
    team *self = arg;
    if (omp_get_thread_num() == self->wanted)
        end_report(self);
}

static void thread_is_the_reporters(void)
{
    const ompg_task_options options = {.drop = end_report_of_the_reporter};
    for (int i = 0; i < WAYS; i++) {
        for (int wanted = 0; wanted < TEAM; wanted++) {
            team self = {.how = &ways[i], .wanted = wanted, .stopping.token = OMPG_TOKEN_INIT};
            if (self.how->fail == way_outer || self.how->fail == way_deadline)
                break;
            ompg_group *group =
                ompg_new(&(ompg_options){.threads = TEAM, .token = &self.stopping.token});
            for (int k = 0; k < TEAM; k++)
                CHECK_INT(ompg_go_with(group, report_in_the_group, &self, &options), 0);
            CHECK_INT(ompg_wait(group), EDOM);
            check_thread(group, &self);
            ompg_free(group);
        }
    }
}

/* Threads of a region that is not the group's: their number is a failure's, and not a stop's. */
static ORDERED_BY_OPENMP void thread_of_a_raw_region(void)
{
    for (int wanted = 0; wanted < TEAM; wanted++) {
        ompg_group *failed = ompg_new(NULL);
        ompg_group *cancelled = ompg_new(NULL);
#pragma omp parallel num_threads(TEAM)
        if (omp_get_thread_num() == wanted) {
            ompg_fail(failed, EDOM, "in a raw region");
            ompg_cancel(cancelled, EDOM);
        }
        CHECK_INT(error_of(failed).thread, wanted);
        CHECK_INT(error_of(cancelled).thread, 0);
        ompg_free(failed);
        ompg_free(cancelled);
    }
}

/* ---- published whole ---- */

enum { READS = SANITIZED ? 1000 : 10000 };
static const double reads_end = 4.0; /* seconds, on a busy machine */

typedef struct reading {
    rivals pair;
    int round;
    int wrong;
} reading;

static reading race;

static int fail_this_round(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_fail(group, race.round, "round %d", race.round);
}

static int return_this_round(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return race.round;
}

/* By turns with a message and without, in the task `index` 1. */
static int run_failing(ompg_group *group, int side)
{
    (void)side;
    ompg_task_fn *task = race.round % 2 == 0 ? fail_this_round : return_this_round;
    CHECK_INT(ompg_go(group, do_nothing, NULL), 0);
    CHECK_INT(ompg_go_with(group, task, NULL, &(ompg_task_options){.name = "racer"}), 0);
    return ompg_wait(group);
}

static bool is_whole(const ompg_error *error)
{
    char message[32] = "";
    char group[32];
    if (race.round % 2 == 0)
        snprintf(message, sizeof message, "round %d", race.round);
    snprintf(group, sizeof group, "group %d", race.round);
    return error->code == race.round && error->index == 1 && error->kind == OMPG_ERROR_TASK &&
           strcmp(error->task, "racer") == 0 && strcmp(error->message, message) == 0 &&
           strcmp(error->group, group) == 0;
}

/* Looks as often as it can; the first record that is there must be whole. */
static int read_until_there(ompg_group *group, int side)
{
    ompg_error error;
    double start = seconds_now();
    (void)side;
    for (unsigned looks = 1; ompg_get_error(group, &error) == 0; looks++) {
        if (looks % 1024 == 0 && seconds_now() - start > CHECK_PATIENCE)
            return ETIMEDOUT;
    }
    return is_whole(&error) ? 0 : EILSEQ;
}

static void check_readings(ompg_options options)
{
    race = (reading){.pair.calls = {run_failing, read_until_there}};
    options.threads = 1;
    if (!rivals_start(&race.pair))
        return;
    bool met = true;
    double end = seconds_now() + reads_end;
    for (int round = 1; round <= READS && met && seconds_now() < end; round++) {
        char name[32];
        snprintf(name, sizeof name, "group %d", round);
        options.name = name;
        race.round = round;
        ompg_group *group = ompg_new(&options);
        met = rivals_meet(&race.pair, group) && CHECK_INT(race.pair.codes[0], round);
        race.wrong += race.pair.codes[1] != 0;
        ompg_free(group);
    }
    rivals_end(&race.pair);
    CHECK_INT(race.wrong, 0);
}

static void readers_see_whole_records(void)
{
    check_readings((ompg_options){0});
    check_readings((ompg_options){.deterministic = true});
    check_readings((ompg_options){.on_error = OMPG_COLLECT});
}

CHECK_MAIN("record", {"seconds count from the wait on", seconds_count_from_the_wait_on},
           {"seconds of a default group", seconds_of_a_default_group},
           {"thread is the reporter's in an inner group",
            thread_is_the_reporters_in_an_inner_group},
           {"thread is the reporter's", thread_is_the_reporters},
           {"thread of a raw region", thread_of_a_raw_region},
           {"readers see whole records", readers_see_whole_records})
