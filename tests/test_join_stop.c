/*
 * Joins that fail or are stopped: the code is that of a serial execution; a stop skips what has not started;
 * collecting groups lose no error; deterministic groups report the error of a serial execution for any number of
 * threads. Random trees of calls against a serial model.
 *
 * OMPGROUP_TEST_SEED and OMPGROUP_TEST_ROUNDS: see stress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0] };

/* ---- two calls ---- */

struct two {
    item a, b;
    int code; /* of the join */
};

static int join_items(ompg_group *group, void *arg)
{
    struct two *self = arg;
    self->code = ompg_join(group, item_run, &self->a, item_run, &self->b);
    return self->code;
}

static struct two two_run(const ompg_options *options, int a, int b, ompg_error *error)
{
    struct two self = {.a.code = a, .b.code = b};
    ompg_run(options, join_items, &self, error);
    return self;
}

static void the_code_of_the_first_else_of_the_second(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int deterministic = 0; deterministic <= 1; deterministic++) {
            ompg_options options = {.threads = teams[team], .deterministic = deterministic};
            ompg_error error = {0};
            CHECK_INT(two_run(&options, 0, 0, &error).code, 0);
            CHECK_INT(error.code, 0);
            CHECK_INT(two_run(&options, EIO, 0, &error).code, EIO);
            CHECK_INT(error.code, EIO);
            CHECK_INT(two_run(&options, 0, EDOM, &error).code, EDOM);
            CHECK_INT(error.code, EDOM);
            CHECK_INT(two_run(&options, EIO, EDOM, &error).code, EIO);
            CHECK_INT(error.code, EIO);
            CHECK_INT(error.index, 0);
        }
    }
}

static void the_second_call_does_not_follow_an_error(void)
{
    struct two self = two_run(&(ompg_options){.threads = 1}, EIO, 0, NULL);
    CHECK_INT(atomic_load(&self.a.runs), 1);
    CHECK_INT(atomic_load(&self.b.runs), 0);
}

static void both_errors_are_collected(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        struct two self = {.a.code = EIO, .b.code = EDOM};
        const ompg_error *list;
        ompg_group *group =
            ompg_new(&(ompg_options){.on_error = OMPG_COLLECT, .threads = teams[team]});
        ompg_go(group, join_items, &self);
        CHECK(ompg_wait(group) != 0);
        CHECK_INT(self.code, EIO);
        CHECK_INT(atomic_load(&self.a.runs), 1);
        CHECK_INT(atomic_load(&self.b.runs), 1);
        if (CHECK_INT(ompg_get_errors(group, &list), 2))
            CHECK_INT(list[0].code + list[1].code, EIO + EDOM);
        CHECK_STATS(group, 1, 0, 1, 0);
        ompg_free(group);
    }
}

/* A code that is handled is no error of the group. */
static int join_and_recover(ompg_group *group, void *arg)
{
    return join_items(group, arg) == EIO ? 0 : EPROTO;
}

static void a_code_can_be_handled(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        struct two self = {.a.code = EIO, .b.code = EDOM};
        ompg_options options = {.threads = teams[team]};
        CHECK_INT(ompg_run(&options, join_and_recover, &self, NULL), 0);
    }
}

/* ---- stops ---- */

enum stop_kind { FAIL, CANCEL, TOKEN, DEADLINE, STOPS };

struct stopping {
    ompg_token token;
    int kind;        /* enum stop_kind */
    atomic_int late; /* calls after their thread had seen the stop */
    unsigned round;
    int depth;
};

static _Thread_local unsigned round_seen_stopped;

static int stop_group(ompg_group *group, void *arg)
{
    struct stopping *self = arg;
    if (self->kind == FAIL)
        ompg_fail(group, EIO, "stop");
    else if (self->kind == CANCEL)
        ompg_cancel(group, EINTR);
    else if (self->kind == TOKEN)
        ompg_token_cancel(&self->token, EPIPE);
    CHECK(poll_until_stopped(group));
    round_seen_stopped = self->round;
    return self->round % 2 == 0 ? ECANCELED : 0;
}

struct stop_call {
    struct stopping *all;
    int depth;
    bool stops; /* where the first calls end */
};

static int join_until_stopped(ompg_group *group, void *arg)
{
    struct stop_call *self = arg;
    struct stop_call a = {self->all, self->depth - 1, self->stops};
    struct stop_call b = {self->all, self->depth - 1, false};
    if (round_seen_stopped == self->all->round)
        atomic_fetch_add(&self->all->late, 1);
    if (self->depth > 0)
        return ompg_join(group, join_until_stopped, &a, join_until_stopped, &b);
    return self->stops ? stop_group(group, self->all) : 0;
}

static void a_stop_skips_what_has_not_started(void)
{
    static const int codes[] = {EIO, EINTR, EPIPE, ETIMEDOUT};
    static unsigned round;
    for (size_t team = 0; team < TEAMS; team++) {
        for (int kind = 0; kind < STOPS; kind++) {
            for (int deterministic = 0; deterministic <= 1; deterministic++) {
                struct stopping self = {.token = OMPG_TOKEN_INIT, .kind = kind, .round = ++round};
                struct stop_call first = {&self, 8, true};
                ompg_options options = {.threads = teams[team],
                                        .deterministic = deterministic,
                                        .token = kind == TOKEN ? &self.token : NULL,
                                        .timeout = kind == DEADLINE ? 0.002 : 0};
                CHECK_INT(ompg_run(&options, join_until_stopped, &first, NULL), codes[kind]);
                CHECK_INT(atomic_load(&self.late), 0);
            }
        }
    }
}

/* The cause is returned, not what it makes of the first call. */
static int first_sees_the_stop(ompg_group *group, void *arg)
{
    (void)arg;
    return poll_until_stopped(group) ? ECANCELED : EPROTO;
}

static int second_fails(ompg_group *group, void *arg)
{
    (void)arg;
    return ompg_fail(group, EIO, "cause");
}

static int join_cause(ompg_group *group, void *arg)
{
    int code = ompg_join(group, first_sees_the_stop, NULL, second_fails, NULL);
    *(int *)arg = code;
    return code;
}

static void a_cause_is_not_masked_by_its_consequence(void)
{
    for (size_t team = 1; team < TEAMS; team++) {
        int code = 0;
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        ompg_go(group, join_cause, &code);
        CHECK_INT(ompg_wait(group), EIO);
        CHECK_INT(code, EIO);
        CHECK_STR(error_of(group).message, "cause");
        CHECK_STATS(group, 1, 0, 1, 0);
        ompg_free(group);
    }
}

/*
 * The second call is stolen after the stop. The other thread is held until then; then it takes the branch,
 * which is the oldest, and after it a task of the outer group, which does not stop.
 */
struct late {
    ompg_group *outer;
    held_task other;
    event passed;
    item second;
};

static int post_passed(ompg_group *group, void *arg)
{
    struct late *self = arg;
    (void)group;
    event_post(&self->passed);
    return 0;
}

static int stop_before_the_theft(ompg_group *group, void *arg)
{
    struct late *self = arg;
    CHECK_INT(ompg_cancel(group, EINTR), 0);
    CHECK_INT(ompg_go(self->outer, post_passed, self), 0);
    event_post(&self->other.let_go);
    CHECK_AWAIT(&self->passed, 1);
    return 0;
}

static int join_late(ompg_group *group, void *arg)
{
    struct late *self = arg;
    CHECK_INT(ompg_join(group, stop_before_the_theft, self, item_run, &self->second), ECANCELED);
    return ECANCELED;
}

static int run_late(ompg_group *group, void *arg)
{
    struct late *self = arg;
    self->outer = group;
    CHECK_AWAIT(&self->other.begun, 1);
    CHECK_INT(ompg_run(NULL, join_late, self, NULL), EINTR);
    return 0;
}

static void a_stolen_call_is_skipped_too(void)
{
    for (int i = 0; i < 20; i++) {
        struct late self = {0};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 2});
        ompg_go(group, held_task_run, &self.other);
        ompg_go(group, run_late, &self);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&self.second.runs), 0);
        ompg_free(group);
    }
}

/* A task that the second call adds is refused, because its index is above the failing one. */
static int add_until_refused(ompg_group *group, void *arg)
{
    int code = 0;
    event_post(arg);
    while (code == 0) {
        code = ompg_go(group, do_nothing, NULL);
        sched_yield();
    }
    return code;
}

static int await_begin(ompg_group *group, void *arg)
{
    (void)group;
    CHECK_AWAIT((event *)arg, 1);
    return 0;
}

static int join_refused(ompg_group *group, void *arg)
{
    return ompg_join(group, await_begin, arg, add_until_refused, arg);
}

static void a_refusal_is_a_consequence(void)
{
    for (int i = 0; i < 20; i++) {
        int code = EIO;
        event begun = {0};
        ompg_group *group = ompg_new(&(ompg_options){.threads = 3, .deterministic = true});
        ompg_go(group, join_refused, &begun);
        ompg_go(group, return_code, &code);
        CHECK_INT(ompg_wait(group), EIO);
        CHECK_INT(error_of(group).index, 1);
        ompg_free(group);
    }
}

static void a_stopped_group_makes_no_call(void)
{
    struct two self = {.a.code = 0};
    ompg_group *group = ompg_new(NULL);
    ompg_cancel(group, EINTR);
    CHECK_INT(ompg_join(group, item_run, &self.a, item_run, &self.b), EINTR);
    CHECK_INT(atomic_load(&self.a.runs) + atomic_load(&self.b.runs), 0);
    ompg_free(group);
}

/* ---- random trees of calls ---- */

typedef enum deed { NOTHING, RETURN, REPORT, REPORT_AND_GO_ON, DEEDS } deed;

struct tree {
    unsigned threshold; /* of 256: how many calls fail */
    deed most;          /* deeds that occur */
    atomic_int late;
};

struct node {
    struct tree *tree;
    unsigned seed;
    int depth;
};

static unsigned spread(unsigned x)
{
    x = (x ^ (x >> 16)) * 0x45d9f3bu;
    x = (x ^ (x >> 16)) * 0x45d9f3bu;
    return x ^ (x >> 16);
}

static struct node child(const struct node *self, unsigned number)
{
    return (struct node){self->tree, spread(self->seed + 7919 * number), self->depth - 1};
}

static bool is_leaf(const struct node *self)
{
    return self->depth == 0 || spread(self->seed ^ 1) % 8 == 0;
}

/* Of a call, once its parts are over. */
static deed deed_of(const struct node *self)
{
    unsigned draw = spread(self->seed ^ 2);
    if (draw % 256 >= self->tree->threshold)
        return NOTHING;
    return (deed)(1 + (draw >> 8) % (unsigned)self->tree->most);
}

static int code_of(const struct node *self)
{
    return 1000 + (int)(spread(self->seed ^ 3) % 100000);
}

static int tree_run(ompg_group *group, void *arg)
{
    const struct node *self = arg;
    int code = 0;
    if (!is_leaf(self)) {
        struct node a = child(self, 1), b = child(self, 2);
        code = ompg_join(group, tree_run, &a, tree_run, &b);
    } else if (self->seed % 16 == 0) {
        sched_yield();
    }
    if (code != 0)
        return code;
    deed what = deed_of(self);
    if (what == REPORT || what == REPORT_AND_GO_ON)
        ompg_fail(group, code_of(self), "%u", self->seed);
    return what == RETURN || what == REPORT ? code_of(self) : 0;
}

/* What a serial execution reports first; 0: nothing. With every code that it could report otherwise. */
struct model {
    int reported;
    unsigned seed; /* that reported it */
    size_t deeds;
};

static int model_run(const struct node *self, struct model *model)
{
    int code = 0;
    if (!is_leaf(self)) {
        struct node a = child(self, 1), b = child(self, 2);
        if (model->reported != 0)
            return ECANCELED;
        code = model_run(&a, model);
        if (code == 0)
            code = model->reported != 0 ? ECANCELED : model_run(&b, model);
    }
    if (code != 0)
        return code;
    deed what = deed_of(self);
    if (model->reported == 0 && (what == REPORT || what == REPORT_AND_GO_ON)) {
        model->reported = code_of(self);
        model->seed = self->seed;
    }
    return what == RETURN || what == REPORT ? code_of(self) : 0;
}

static struct node root_of(struct tree *tree, unsigned seed)
{
    return (struct node){tree, spread(seed), 9};
}

static bool check_deterministic(struct tree *tree, unsigned seed, int threads, int limit)
{
    struct node root = root_of(tree, seed);
    struct model model = {0};
    char message[32] = "";
    int expected = model_run(&root, &model);
    if (model.reported != 0) {
        expected = model.reported;
        snprintf(message, sizeof message, "%u", model.seed);
    }
    ompg_options options = {.deterministic = true, .threads = threads, .limit = limit};
    ompg_group *group = ompg_new(&options);
    ompg_go(group, tree_run, &root);
    bool right = CHECK_INT(ompg_wait(group), expected) &&
                 CHECK_INT(error_of(group).code, expected) &&
                 CHECK_STR(error_of(group).message, message);
    CHECK_ADDS_UP(group);
    ompg_free(group);
    return right;
}

static void deterministic_errors_are_those_of_a_serial_run(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        struct tree tree = {.threshold = 1 + seed % 8, .most = REPORT_AND_GO_ON};
        for (size_t team = 0; team < TEAMS - (round % 16 != 0); team++) {
            if (!check_deterministic(&tree, seed, teams[team], (int)(round % 3)))
                fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                        base_seed + round);
        }
    }
}

/* ---- every error of a collecting group ---- */

static size_t count_deeds(const struct node *self, size_t *failed)
{
    size_t below = 0;
    if (!is_leaf(self)) {
        struct node a = child(self, 1), b = child(self, 2);
        below = count_deeds(&a, failed) + count_deeds(&b, failed);
    }
    if (below > 0) /* the join has returned a code: the call does nothing of its own */
        return below;
    bool fails = deed_of(self) != NOTHING;
    *failed += fails;
    return fails;
}

static void no_error_is_lost_where_all_are_collected(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        struct tree tree = {.threshold = 1 + seed % 16, .most = REPORT};
        struct node root = root_of(&tree, seed);
        size_t expected = 0;
        count_deeds(&root, &expected);
        ompg_options options = {.on_error = OMPG_COLLECT,
                                .threads = teams[round % 16 == 0 ? 3 : round % 3]};
        ompg_group *group = ompg_new(&options);
        ompg_go(group, tree_run, &root);
        int code = ompg_wait(group);
        CHECK_INT(code != 0, expected > 0);
        if (!CHECK_INT(ompg_get_errors(group, NULL), expected))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        ompg_free(group);
    }
}

/* ---- fail-fast ---- */

static bool has_code(const struct node *self, int code)
{
    struct node a = child(self, 1), b = child(self, 2);
    return (deed_of(self) != NOTHING && code_of(self) == code) ||
           (!is_leaf(self) && (has_code(&a, code) || has_code(&b, code)));
}

static void random_failures(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        struct tree tree = {.threshold = 1 + seed % 4, .most = REPORT_AND_GO_ON};
        struct node root = root_of(&tree, seed);
        struct model model = {0};
        int serial = model_run(&root, &model);
        ompg_options options = {.threads = teams[round % 16 == 0 ? 3 : round % 3],
                                .limit = (int)(seed % 4)};
        ompg_group *group = ompg_new(&options);
        ompg_go(group, tree_run, &root);
        int code = ompg_wait(group);
        bool fails = serial != 0 || model.reported != 0;
        if (!CHECK_INT(code != 0, fails) || !CHECK(code == 0 || has_code(&root, code)))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        CHECK_ADDS_UP(group);
        ompg_free(group);
    }
}

CHECK_MAIN("join, stop",
           {"the code of the first, else of the second", the_code_of_the_first_else_of_the_second},
           {"the second call does not follow an error", the_second_call_does_not_follow_an_error},
           {"both errors are collected", both_errors_are_collected},
           {"a code can be handled", a_code_can_be_handled},
           {"a stop skips what has not started", a_stop_skips_what_has_not_started},
           {"a cause is not masked by its consequence", a_cause_is_not_masked_by_its_consequence},
           {"a stolen call is skipped too", a_stolen_call_is_skipped_too},
           {"a refusal is a consequence", a_refusal_is_a_consequence},
           {"a stopped group makes no call", a_stopped_group_makes_no_call},
           {"deterministic errors are those of a serial execution",
            deterministic_errors_are_those_of_a_serial_run},
           {"no error is lost where all are collected", no_error_is_lost_where_all_are_collected},
           {"random failures", random_failures})
