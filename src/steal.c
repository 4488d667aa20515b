/*
 * Stealing. See steal.h, and deque.h for the protocol with the owner.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "steal.h"

enum {
    STEAL_BATCH = 128, /* tasks taken at once: 4 KiB */
    RUN_BATCH = 512,   /* tasks of a run taken at once */
    PRY_NS = 2000,     /* longer than most owners take to answer */
    PAUSE_LEAST = 8,   /* turns; 10 to 40 ns each */
    PAUSE_MOST = 256
};

static unsigned next_random(struct worker *worker)
{
    unsigned x = worker->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return worker->random = x;
}

static bool is_single_thief(const struct worker *thief)
{
    return load_relaxed(&thief->region->threads) == 2;
}

/*
 * The oldest becomes *task; the others go to the thief's deque, the next oldest on top. A single thief
 * leaves nothing for others. Not inlined: the batch must not be in the frames of nested waits.
 */
static __attribute__((noinline)) bool steal_batch(struct worker *thief, struct worker *victim,
                                                  struct task *task)
{
    struct task batch[STEAL_BATCH];
    size_t n = deque_steal(&victim->deque, batch, STEAL_BATCH, is_single_thief(thief));
    if (n == 0)
        return false;
    if (!deque_has_shared(&victim->deque))
        steal_ask(victim);
    thief->loot = (int64_t)n;
    *task = batch[0];
    while (n > 1)
        deque_push(&thief->deque, &batch[--n]);
    return true;
}

/* Takes tasks of the victim's run for the thief, who gets them once it has let go of the lock. */
static struct run steal_run(struct worker *thief, struct worker *victim)
{
    size_t most = RUN_BATCH, half = (victim->deque.run.count + 1) / 2;
    if (load_relaxed(&thief->region->threads) > 2 && half < most)
        most = half;
    struct run loot = deque_steal_run(&victim->deque, most);
    if (!deque_has_shared(&victim->deque))
        steal_ask(victim);
    thief->loot = 1; /* one cache line */
    return loot;
}

/* Tasks that are pried may not have been counted yet: see group_is_done. */
static void mark_pried(struct deque *deque, size_t split)
{
    size_t raised = load_relaxed(&deque->split);
    for (size_t i = split; i != raised; i++)
        store_release(&task_group(&deque->ring[i & deque->mask])->pried, true);
}

static void pry(struct deque *deque)
{
    size_t split = load_relaxed(&deque->split);
    if (deque_pry(deque))
        mark_pried(deque, split);
}

/* Half of a batch goes on to whoever is hungry next. Once the victim's lock is released. */
static void share_loot(struct worker *thief)
{
    if (deque_private(&thief->deque) > 0)
        deque_share(&thief->deque, false);
}

/* From one victim. A thief that waits for a group takes a single task, which belongs to it. */
static bool steal_from(struct worker *thief, struct worker *victim, const ompg_group *group,
                       enum look look, struct task *task)
{
    struct deque *deque = &victim->deque;
    bool shared = deque_has_shared(deque);
    if (!shared) {
        bool unanswered = load_relaxed(&deque->attention);
        steal_ask(victim);
        thief->asked = deque;
        if (look < (unanswered ? LOOK_PRIVATE : LOOK_FOR_SURE) || deque_private(deque) == 0)
            return false;
    }
    if (look == LOOK_FOR_SURE)
        spin_lock(&deque->lock);
    else if (!spin_trylock(&deque->lock))
        return false;
    bool found = false;
    struct run loot = {.count = 0};
    if (victim->region == thief->region) {
        if (!shared)
            pry(deque);
        if (group)
            found = deque_steal_match(deque, task, may_run, group);
        else if (load_relaxed(&deque->has_run))
            loot = steal_run(thief, victim);
        else
            found = steal_batch(thief, victim, task);
    }
    spin_unlock(&deque->lock);
    if (loot.count > 0) {
        deque_push_run(&thief->deque, &loot);
        return deque_pop(&thief->deque, task);
    }
    if (found && !group)
        share_loot(thief);
    return found;
}

bool steal(struct worker *thief, const ompg_group *group, enum look look, struct task *task)
{
    struct region *region = thief->region;
    unsigned threads = (unsigned)load_relaxed(&region->threads);
    unsigned first = threads > 2 ? next_random(thief) % threads : 0;
    for (unsigned i = 0; i < threads; i++) {
        unsigned slot = first + i < threads ? first + i : first + i - threads;
        struct worker *victim = load_acquire(&region->slots[slot]);
        if (victim && victim != thief && steal_from(thief, victim, group, look, task))
            return true;
    }
    return false;
}

/* Short when there is nothing to wait for any more. */
void steal_pause(const struct region *region, struct idle *idle, const struct deque *watched)
{
    if (idle->pause < PAUSE_MOST)
        idle->pause = idle->pause ? 2 * idle->pause : PAUSE_LEAST;
    for (int i = 0; i < idle->pause; i++) {
        if (idle->awaited ? group_pending(idle->awaited) == 0 : load_relaxed(&region->closing))
            return;
        if (watched && deque_has_shared(watched))
            break;
        cpu_relax();
    }
    if (region->oversubscribed)
        sched_yield();
}

/* Since when nobody has answered: a single thief has asked the only other worker at its last theft. */
static int64_t last_asked(const struct worker *worker, const ompg_group *group, int64_t now)
{
    bool at_theft = !group && worker->robbed != 0 && is_single_thief(worker);
    return at_theft ? worker->robbed : now;
}

int64_t steal_look(struct worker *worker, const ompg_group *group, struct idle *idle,
                   struct task *task)
{
    if (steal(worker, group, LOOK_SHARED, task))
        return 0;
    if (idle->since == 0) {
        idle->since = clock_now();
        idle->pry_at = last_asked(worker, group, idle->since) + PRY_NS;
    }
    /* Who waits for a group must not look again and again at what it may not run. */
    steal_pause(worker->region, idle, group ? NULL : worker->asked);
    int64_t now = clock_now();
    if (now >= idle->pry_at) {
        idle->pry_at = now + PRY_NS + (now - idle->since) / 8;
        if (steal(worker, group, LOOK_PRIVATE, task))
            return 0;
    }
    return now - idle->since + 1;
}
