/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE 1 /* nanosleep() with C11 */

#include "engine/idle.h"

#include "engine/leave.h"
#include "engine/steal.h"
#include "group/tally.h"

#include <sched.h>
#include <time.h>

enum {
    IDLE_NS = 50000,    /* about what it costs to wake a thread */
    WORTH_NS = 1000,    /* of work that make up for a theft to both, */
    WORTH_TASK_NS = 20, /* and for each task of it */
    HOLD_LEAST_NS = 1000,
    HOLD_MOST_NS = 32000,
    NAP_AFTER_NS = 1000000,
    NAP_MOST_NS = 500000
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
    while (!load_relaxed(&worker->region->closing) && clock_now() < until)
        steal_pause(worker->region, &region_end, NULL);
}

bool idle_find_task(struct worker *worker, struct task *task)
{
    struct region *region = worker->region;
    struct idle idle = {0};
    tally_flush(worker);
    hold_back(worker);
    while (!load_acquire(&region->closing)) {
        int64_t idle_ns = steal_look(worker, NULL, &idle, task);
        if (idle_ns == 0) {
            worker->robbed = clock_now();
            return true;
        }
        if (idle_ns <= IDLE_NS)
            continue;
        enum leave_verdict verdict = leave(worker, task);
        if (verdict != LEAVE_STAY)
            return verdict == LEAVE_FOUND;
        idle = (struct idle){0};
    }
    return false;
}

void idle_rest(int64_t idle_ns)
{
    if (idle_ns <= IDLE_NS)
        return;
    if (idle_ns <= NAP_AFTER_NS) {
        sched_yield();
        return;
    }
    int64_t nap = idle_ns / 16 < NAP_MOST_NS ? idle_ns / 16 : NAP_MOST_NS;
    nanosleep(&(struct timespec){.tv_nsec = (long)nap},
              NULL); /* a signal may end it; see caller.h */
}
