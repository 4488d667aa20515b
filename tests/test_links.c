/*
 * What encloses a group, and what follows from that: deadlines of waits that begin later, lives of groups
 * that are over, waits for a group whose task lies below on the same stack.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>

enum { THREADS = 2, DEEP = 3, MANY = 5000 };

/* ---- deadlines ---- */

/* Groups within each other, the innermost one with a task that polls. */
typedef struct nest {
    int left; /* levels to come */
    event polls;
    atomic_int stopped;
    double timeout;
} nest;

static int poll_inside(ompg_group *group, void *arg)
{
    nest *self = arg;
    event_post(&self->polls);
    if (CHECK(poll_until_stopped(group)))
        atomic_fetch_add(&self->stopped, 1);
    return ECANCELED;
}

static int descend(ompg_group *group, void *arg)
{
    nest *self = arg;
    (void)group;
    ompg_group *inner = ompg_new(NULL);
    ompg_go(inner, --self->left > 0 ? descend : poll_inside, self);
    int code = ompg_wait(inner);
    ompg_free(inner);
    return code;
}

/* Another thread is to be in the nest before this one waits. */
static int wait_when_it_polls(ompg_group *root, void *arg)
{
    nest *self = arg;
    ompg_group *timed = ompg_new(&(ompg_options){.timeout = self->timeout});
    ompg_go(timed, descend, self);
    while (atomic_load(&self->polls.count) == 0) {
        ompg_go(root, do_nothing, NULL);
        sched_yield();
    }
    CHECK_INT(ompg_wait(timed), ETIMEDOUT);
    CHECK_INT(atomic_load(&self->stopped), 1);
    ompg_free(timed);
    return 0;
}

static void a_deadline_reaches_groups_that_were_made_before_its_wait(void)
{
    for (int depth = 1; depth <= DEEP; depth++) {
        nest it = {.left = depth, .timeout = 0.02};
        CHECK_INT(ompg_run(&(ompg_options){.threads = THREADS}, wait_when_it_polls, &it, NULL), 0);
    }
}

/* Each level has a timeout of its own, longer than the outermost one's. */
static int descend_in_time(ompg_group *group, void *arg)
{
    nest *self = arg;
    (void)group;
    ompg_group *inner = ompg_new(&(ompg_options){.timeout = 1000.0 + self->left});
    ompg_go(inner, --self->left > 0 ? descend_in_time : poll_inside, self);
    int code = ompg_wait(inner);
    ompg_free(inner);
    return code;
}

static void the_earliest_of_many_deadlines_counts(void)
{
    nest it = {.left = 100};
    ompg_options options = {.timeout = 0.2, .threads = THREADS}; /* time to get down there */
    CHECK_INT(ompg_run(&options, descend_in_time, &it, NULL), ETIMEDOUT);
    CHECK_INT(atomic_load(&it.stopped), 1);
}

/* ---- lives that are over ---- */

static int make_group(ompg_group *group, void *arg)
{
    ompg_group **made = arg;
    (void)group;
    *made = ompg_new(NULL);
    return 0;
}

/* The group that its task made is left behind; its record is the next group's. */
static int leave_behind(ompg_group *root, void *arg)
{
    ompg_group *left = NULL;
    const bool *cancels = arg;
    (void)root;
    ompg_group *gone = ompg_new(NULL);
    ompg_go(gone, make_group, &left);
    CHECK_INT(ompg_wait(gone), 0);
    if (*cancels)
        ompg_cancel(gone, EIO);
    CHECK_INT(ompg_stopped(left), *cancels);
    if (*cancels)
        ompg_reset(left);
    ompg_free(gone);
    CHECK(!ompg_stopped(left));
    ompg_group *next = ompg_new(NULL);
    CHECK(!ompg_stopped(left));
    ompg_cancel(next, EIO);
    CHECK(!ompg_stopped(left));
    ompg_free(next);
    ompg_free(left);
    return 0;
}

static void a_group_that_is_gone_encloses_nothing(void)
{
    for (int cancels = 0; cancels < 2; cancels++) {
        bool it = cancels != 0;
        CHECK_INT(ompg_run(NULL, leave_behind, &it, NULL), 0);
    }
}

/* ---- stops in a nest ---- */

typedef struct stopped_nest {
    ompg_group *top;
    int left;
    atomic_int not_stopped; /* groups that did not hear of it */
} stopped_nest;

/* The innermost task stops the outermost group: each level finds its own stopped then. */
static int stop_at_the_bottom(ompg_group *group, void *arg)
{
    stopped_nest *self = arg;
    if (!self->top)
        self->top = group;
    if (self->left-- == 0)
        return ompg_cancel(self->top, EIO);
    ompg_group *inner = ompg_new(NULL);
    int code = ompg_go(inner, stop_at_the_bottom, self);
    if (code == 0)
        code = ompg_wait(inner);
    if (!ompg_stopped(inner) || !ompg_stopped(group))
        atomic_fetch_add(&self->not_stopped, 1);
    ompg_free(inner);
    return code;
}

static void a_stop_reaches_every_level(void)
{
    stopped_nest it = {.left = 500};
    CHECK_INT(ompg_run(NULL, stop_at_the_bottom, &it, NULL), EIO);
    CHECK_INT(atomic_load(&it.not_stopped), 0);
}

/* ---- a group that another task waits for than the one that made it ---- */

enum { MOVES = 300 };

/*
 * Made in a task of `middle`, which lies in `outer`, and waited for in a task of `elsewhere`, while its maker looks
 * and `outer` stops: that is nothing to `elsewhere`.
 */
typedef struct moving {
    ompg_group *outer, *handed;
    event made, moved, left;
    int pause;
} moving;

static int look_while_it_moves(ompg_group *middle, void *arg)
{
    moving *self = arg;
    (void)middle;
    self->handed = ompg_new(NULL);
    ompg_go(self->handed, do_nothing, NULL);
    event_post(&self->made);
    while (atomic_load(&self->moved.count) == 0)
        ompg_stopped(self->handed);
    event_post(&self->left);
    return 0;
}

static int run_middle(ompg_group *outer, void *arg)
{
    (void)outer;
    ompg_run(NULL, look_while_it_moves, arg, NULL);
    return 0;
}

static int stop_and_wait(ompg_group *elsewhere, void *arg)
{
    moving *self = arg;
    CHECK_INT(ompg_cancel(self->outer, EIO), 0);
    for (volatile int i = 0; i < self->pause; i = i + 1)
        ;
    int code = ompg_wait(self->handed);
    CHECK(code == 0 || code == ECANCELED);
    event_post(&self->moved);
    CHECK_AWAIT(&self->left, 1);
    CHECK(!ompg_stopped(elsewhere));
    ompg_free(self->handed);
    return 0;
}

static int wait_elsewhere(ompg_group *root, void *arg)
{
    moving *self = arg;
    (void)root;
    CHECK_AWAIT(&self->made, 1);
    CHECK_INT(ompg_run(NULL, stop_and_wait, self, NULL), 0);
    return 0;
}

static int make_outer(ompg_group *root, void *arg)
{
    moving *self = arg;
    (void)root;
    self->outer = ompg_new(NULL);
    ompg_go(self->outer, run_middle, self);
    CHECK_INT(ompg_wait(self->outer), EIO);
    ompg_free(self->outer);
    return 0;
}

static void a_group_that_moves_takes_no_stop_along(void)
{
    for (int round = 0; round < MOVES; round++) {
        moving it = {.pause = round % 30};
        ompg_group *root = ompg_new(&(ompg_options){.threads = 2});
        ompg_go(root, make_outer, &it);
        ompg_go(root, wait_elsewhere, &it);
        CHECK_INT(ompg_wait(root), 0);
        ompg_free(root);
    }
}

/* ---- a task that runs inside ompg_go, on the stack of one that it has nothing to do with ---- */

static int fill_above(ompg_group *group, void *arg)
{
    circle *self = arg;
    (void)group;
    for (int i = 0; i < MANY; i++)
        CHECK_INT(ompg_go(self->above, wait_for_below, self), 0);
    return 0;
}

static int meet_strangers(ompg_group *root, void *arg)
{
    circle *self = arg;
    (void)root;
    self->above = ompg_new(NULL);
    self->below = ompg_new(NULL);
    ompg_go(self->below, fill_above, self);
    CHECK_INT(ompg_wait(self->below), 0);
    CHECK_INT(ompg_wait(self->above), 0);
    ompg_free(self->above);
    ompg_free(self->below);
    return 0;
}

static void a_wait_for_a_task_below_on_the_stack_is_refused(void)
{
    circle it = {0};
    CHECK_INT(ompg_run(&(ompg_options){.threads = 1}, meet_strangers, &it, NULL), 0);
    CHECK(it.deadlocks > 0);
}

/* The same, where nobody waits yet for the group of the task below: the one above may, so it has to run elsewhere. */
static int wait_for_it(ompg_group *group, void *arg)
{
    (void)group;
    CHECK_INT(ompg_wait(arg), 0);
    return 0;
}

static int hand_over_to_above(ompg_group *group, void *arg)
{
    circle *self = arg;
    (void)group;
    CHECK_INT(ompg_go(self->above, wait_for_it, self->below), 0);
    return 0;
}

static int hand_over(ompg_group *root, void *arg)
{
    circle *self = arg;
    self->above = root;
    self->below = ompg_new(NULL);
    ompg_hold(self->below);
    for (int i = 0; i < MANY; i++)
        CHECK_INT(ompg_go(self->below, i == MANY - 1 ? hand_over_to_above : do_nothing, self), 0);
    ompg_done(self->below, 0);
    return 0;
}

static void a_task_that_may_wait_for_those_below_does_not_run_there(void)
{
    for (int threads = 1; threads <= THREADS; threads++) {
        circle it = {0};
        CHECK_INT(ompg_run(&(ompg_options){.threads = threads}, hand_over, &it, NULL), 0);
        CHECK_STATS(it.below, MANY, MANY, 0, 0);
        ompg_free(it.below);
    }
}

CHECK_MAIN("links",
           {"a deadline reaches groups that were made before its wait",
            a_deadline_reaches_groups_that_were_made_before_its_wait},
           {"the earliest of many deadlines counts", the_earliest_of_many_deadlines_counts},
           {"a group that is gone encloses nothing", a_group_that_is_gone_encloses_nothing},
           {"a stop reaches every level", a_stop_reaches_every_level},
           {"a group that moves takes no stop along", a_group_that_moves_takes_no_stop_along},
           {"a wait for a task below on the stack is refused",
            a_wait_for_a_task_below_on_the_stack_is_refused},
           {"a task that may wait for those below does not run there",
            a_task_that_may_wait_for_those_below_does_not_run_there})
