/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/idle.h"

#include "base/bell.h"
#include "engine/leave.h"
#include "engine/mail.h"
#include "engine/steal.h"
#include "group/stop.h"
#include "group/tally.h"

#include <sched.h>

enum {
    IDLE_NS = 50000,    /* about what it costs to wake a thread */
    WORTH_NS = 1000,    /* of work that make up for a theft to both, */
    WORTH_TASK_NS = 20, /* and for each task of it, times its weight */
    HOLD_LEAST_NS = 1000,
    HOLD_MOST_NS = 32000,
    NAP_AFTER_NS = 1000000,
    NAP_MOST_NS = 500000,
    HOLD_NAP_NS = 10000000 /* a look takes some 20 us */
};

/*
 * A thief whose loot took less time than stealing it disturbs more than it helps: it stays away for a
 * while, twice as long each time.
 */
static void hold_back(struct worker *worker)
{
    if (worker->robbed == 0)
        return;
    int64_t now = clock_now();
    if (now - worker->robbed > WORTH_NS + worker->loot * WORTH_TASK_NS) {
        worker->hold_back = 0;
        return;
    }
    int64_t pause = worker->hold_back > 0 ? worker->hold_back : HOLD_LEAST_NS;
    int64_t until = now + pause;
    worker->hold_back = pause < HOLD_MOST_NS ? 2 * pause : pause;
    struct idle region_end = {0};
    while (!parking_is_closed(&worker->region->parking) && clock_now() < until)
        steal_pause(worker->region, &region_end, NULL);
}

bool idle_find_task(struct worker *worker, struct task *task)
{
    struct region *region = worker->region;
    struct idle idle = {0};
    tally_flush(worker);
    hold_back(worker);
    while (!parking_is_closed(&region->parking)) {
        int64_t idle_ns = steal_look(worker, NULL, &idle, task);
        if (idle_ns == 0) {
            worker->robbed = clock_now();
            return true;
        }
        if (mail_find(worker, NULL, task))
            return true;
        if (idle_ns <= IDLE_NS)
            continue;
        enum leave_verdict verdict = leave(worker, task);
        if (verdict != LEAVE_STAY)
            return verdict == LEAVE_FOUND;
        idle = (struct idle){0};
    }
    return false;
}

static int idle_listen(const ompg_group *group)
{
    return bell_listen(bell_of(group));
}

/* Whoever put mail there before it saw that somebody waits did not ring. */
static bool has_mail(ompg_group *group)
{
    mailbox_lock(&group->mailbox);
    bool mail = mailbox_size(&group->mailbox) > 0;
    mailbox_unlock(&group->mailbox);
    return mail;
}

/*
 * What is left are holds: all that ends the wait, or gives it work, rings, except for a worker that adds
 * a task.
 */
static bool only_holds_are_left(ompg_group *group)
{
    return load_relaxed(&group->holds) > 0 && group_pending(group) == 0;
}

/* For long, because there is nothing to look for; but a deadline that passes stops the group. */
static int64_t hold_nap(ompg_group *group)
{
    int64_t earliest = group_earliest_deadline(group);
    if (group_stopped(group, OMPG_NO_INDEX) || earliest == CLOCK_NEVER)
        return HOLD_NAP_NS;
    int64_t left = earliest - clock_now();
    return left < 0 ? 0 : left < HOLD_NAP_NS ? left : HOLD_NAP_NS;
}

static int64_t short_nap(int64_t idle_ns)
{
    return idle_ns / 16 < NAP_MOST_NS ? idle_ns / 16 : NAP_MOST_NS;
}

static void rest(ompg_group *group, int heard, int64_t idle_ns)
{
    bool held = only_holds_are_left(group);
    if (idle_ns <= NAP_AFTER_NS && !held)
        sched_yield();
    else if (!has_mail(group))
        bell_sleep(bell_of(group), heard, held ? hold_nap(group) : short_nap(idle_ns));
}

/* What is to come rings. It yields at first, because whoever lets go may be about to begin. */
bool idle_await_task(ompg_group *group)
{
    int64_t begun = 0;
    while (group_pending(group) == 0) {
        int heard = idle_listen(group);
        if (group_pending(group) > 0)
            break;
        if (group_unfinished(group) == 0)
            return false;
        if (begun == 0)
            begun = clock_now();
        if (clock_now() - begun <= IDLE_NS)
            sched_yield();
        else
            bell_sleep(bell_of(group), heard, hold_nap(group));
    }
    return true;
}

void idle_rest(ompg_group *group, int *heard, int64_t idle_ns)
{
    if (idle_ns > IDLE_NS)
        rest(group, *heard, idle_ns);
    *heard = idle_listen(group);
}
