/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/leave.h"

#include "base/membarrier.h"
#include "engine/mail.h"
#include "engine/steal.h"

/* The worker of a slot, NULL: none, or the one that looks. */
static struct worker *other_in(const struct worker *worker, int slot)
{
    struct worker *other = load_acquire(&worker->region->slots[slot].worker);
    return other == worker ? NULL : other;
}

static bool all_are_armed(const struct worker *worker)
{
    int threads = load_relaxed(&worker->region->threads);
    for (int i = 0; i < threads; i++) {
        struct worker *other = other_in(worker, i);
        if (other && load_acquire(&other->deque.attention) != ATTENTION_ARMED)
            return false;
    }
    return true;
}

/* Runs a step for all others that are in the region and not armed; true when all are armed then. */
static bool each_unarmed(const struct worker *worker, bool (*step)(struct deque *deque))
{
    bool armed = true;
    int threads = load_relaxed(&worker->region->threads);
    for (int i = 0; i < threads; i++) {
        struct worker *other = other_in(worker, i);
        if (!other || load_acquire(&other->deque.attention) == ATTENTION_ARMED)
            continue;
        spin_lock(&other->deque.lock);
        if (other->region == worker->region && !step(&other->deque))
            armed = false;
        spin_unlock(&other->deque.lock);
    }
    return armed;
}

static bool begin_to_arm(struct deque *deque)
{
    store_relaxed(&deque->attention, ATTENTION_ARMING);
    return false;
}

static bool arm(struct deque *deque)
{
    int present = ATTENTION_ARMING;
    return cas_release(&deque->attention, &present, ATTENTION_ARMED) || present == ATTENTION_ARMED;
}

/* Without a barrier that would say when its owner sees it. */
static bool arm_for_good(struct deque *deque)
{
    store_relaxed(&deque->attention, ATTENTION_ARMED);
    return false;
}

/* False where another one is arming, an owner has answered meanwhile, or there is no barrier any more. */
static bool arm_all(const struct worker *worker)
{
    struct region *region = worker->region;
    if (load_relaxed(&region->arming) || exchange_acquire(&region->arming, true))
        return false;
    each_unarmed(worker, begin_to_arm);
    bool armed = each_unarmed(worker, membarrier_all() ? arm : arm_for_good);
    store_release(&region->arming, false);
    return armed;
}

enum leave_verdict leave(struct worker *worker, struct task *task)
{
    struct region *region = worker->region;
    sub_relaxed(&region->active, 1);
    fence_seq_cst(); /* with those in region_attend and region_enter */
    bool goes = all_are_armed(worker) || arm_all(worker);
    bool found = goes &&
                 (steal(worker, NULL, LOOK_FOR_SURE, task) || mail_find(worker, NULL, task));
    if (goes && !found)
        return LEAVE_GO;
    add_relaxed(&region->active, 1);
    return found ? LEAVE_FOUND : LEAVE_STAY;
}
