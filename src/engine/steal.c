/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/steal.h"

enum {
    STEAL_BATCH = 128,  /* tasks taken at once: 4 KiB */
    SERIES_BATCH = 512, /* tasks of a series taken at once */
    PROBE_BATCH = 32,   /* tasks with blocks, by a thief whose last loot was poor */
    BLOCK_WEIGHT = 4,   /* of a task with a block; one without weighs 1 */
    PRY_NS = 2000,      /* longer than most owners take to answer */
    PAUSE_LEAST = 8,    /* turns; 10 to 40 ns each */
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
 * Whether tasks like this one have blocks: the victim gets each back from the thief's cache, which costs it as much as
 * to run a few small tasks.
 */
static bool has_block(const struct task *task)
{
    return (task->tagged & TASK_BESIDE) != 0;
}

/* How many tasks like this one a thief takes at once, where it may take `most` without blocks. */
static size_t most_of(const struct worker *thief, const struct task *task, size_t most)
{
    if (!has_block(task))
        return most;
    return thief->hold_back > 0 ? PROBE_BATCH : STEAL_BATCH;
}

/*
 * The oldest becomes *task; the others go to the thief's deque, the next oldest on top. A single thief
 * leaves nothing for others. Not inlined: the batch must not be in the frames of nested waits.
 */
static __attribute__((noinline)) bool steal_batch(struct worker *thief, struct worker *victim,
                                                  struct task *task)
{
    struct task batch[STEAL_BATCH];
    const struct task *oldest = deque_oldest(&victim->deque);
    if (!oldest)
        return false;
    size_t most = most_of(thief, oldest, STEAL_BATCH);
    size_t n = deque_steal(&victim->deque, batch, most, is_single_thief(thief));
    if (!deque_has_shared(&victim->deque))
        steal_ask(victim);
    thief->loot = (int64_t)(has_block(&batch[0]) ? n * BLOCK_WEIGHT : n);
    *task = batch[0];
    while (n > 1)
        deque_push(&thief->deque, &batch[--n]);
    return true;
}

/* Takes tasks of the victim's series for the thief, who gets them once it has let go of the lock. */
static struct series steal_series(struct worker *thief, struct worker *victim)
{
    const struct series *series = &victim->deque.series;
    size_t most = most_of(thief, &series->first, SERIES_BATCH), half = (series->count + 1) / 2;
    if (load_relaxed(&thief->region->threads) > 2 && half < most)
        most = half;
    struct series loot = deque_steal_series(&victim->deque, most);
    if (!deque_has_shared(&victim->deque))
        steal_ask(victim);
    thief->loot = has_block(&loot.first) ? (int64_t)loot.count * BLOCK_WEIGHT : 1; /* cache line */
    return loot;
}

/* Tasks that are pried may not have been counted yet: see group_is_done. */
static void mark_pried(struct deque *deque, size_t split)
{
    size_t raised = load_relaxed(&deque->split);
    for (size_t i = split; i != raised; i++) {
        const struct task *task = &deque->ring[i & deque->mask];
        if (!(task->tagged & TASK_BRANCH)) /* a part of a task that is not over, and not counted */
            store_release(&task_group(task)->pried, true);
    }
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

/* False where the look takes nothing from this deque: nothing is shared, and its owner is only asked. */
static bool is_worth_locking(struct worker *thief, struct worker *victim, enum look look)
{
    struct deque *deque = &victim->deque;
    if (deque_has_shared(deque))
        return true;
    bool unanswered = load_relaxed(&deque->attention);
    steal_ask(victim);
    thief->asked = deque;
    return look >= (unanswered ? LOOK_PRIVATE : LOOK_FOR_SURE) && deque_private(deque) > 0;
}

/* Locks the victim's deque, if it is in the thief's region, and sees that there is something shared. */
static bool lock_victim(struct worker *thief, struct worker *victim, enum look look)
{
    struct deque *deque = &victim->deque;
    if (look == LOOK_FOR_SURE)
        spin_lock(&deque->lock);
    else if (!spin_trylock(&deque->lock))
        return false;
    if (victim->region != thief->region) {
        spin_unlock(&deque->lock);
        return false;
    }
    if (look != LOOK_SHARED && !deque_has_shared(deque))
        pry(deque);
    return true;
}

/* Some tasks for a thief that may run any. */
static bool steal_some(struct worker *thief, struct worker *victim, enum look look,
                       struct task *task)
{
    struct deque *deque = &victim->deque;
    if (!lock_victim(thief, victim, look))
        return false;
    bool found = false;
    struct series loot = {.count = 0};
    if (load_relaxed(&deque->has_series))
        loot = steal_series(thief, victim);
    else
        found = steal_batch(thief, victim, task);
    spin_unlock(&deque->lock);
    if (loot.count > 0) {
        deque_push_series(&thief->deque, &loot);
        return deque_pop(&thief->deque, task);
    }
    if (found)
        share_loot(thief);
    return found;
}

/* Whether the task is the group's or may lie in it. */
static bool may_lie_in(const struct task *task, const ompg_group *group)
{
    return group_may_enclose(group, task_group(task));
}

/* The group's life: as long as one of its tasks lies in a deque, it is the same. */
static size_t life_of(const struct sighting *seen)
{
    const struct task task = {.tagged = seen->tagged};
    return load_relaxed(&task_group(&task)->serial);
}

/* What lies in the victim's deque and may lie in the group, with the lives of these tasks' groups. */
static size_t sight(struct worker *thief, struct worker *victim, const ompg_group *group,
                    enum look look, struct sighting *seen, size_t *lives)
{
    if (!lock_victim(thief, victim, look))
        return 0;
    size_t n = deque_sight(&victim->deque, seen, next_random(thief), may_lie_in, group);
    for (size_t i = 0; i < n; i++)
        lives[i] = life_of(&seen[i]);
    spin_unlock(&victim->deque.lock);
    return n;
}

/*
 * One task for a thief that waits for the group. Whether a task lies in the group takes a step for each
 * level between them: the thief asks that while it does not hold the lock.
 */
static bool steal_for(struct worker *thief, struct worker *victim, const ompg_group *group,
                      enum look look, struct task *task)
{
    struct sighting seen[SIGHTINGS];
    size_t lives[SIGHTINGS];
    size_t n = sight(thief, victim, group, look, seen, lives);
    bool found = false;
    for (size_t i = 0; i < n && !found; i++) {
        if (!may_run(&(struct task){.tagged = seen[i].tagged}, group))
            continue;
        if (!lock_victim(thief, victim, LOOK_SHARED))
            return false;
        found = life_of(&seen[i]) == lives[i] &&
                deque_steal_sighted(&victim->deque, &seen[i], task);
        spin_unlock(&victim->deque.lock);
    }
    return found;
}

/* From one victim. */
static bool steal_from(struct worker *thief, struct worker *victim, const ompg_group *group,
                       enum look look, struct task *task)
{
    if (!is_worth_locking(thief, victim, look))
        return false;
    return group ? steal_for(thief, victim, group, look, task)
                 : steal_some(thief, victim, look, task);
}

bool steal(struct worker *thief, const ompg_group *group, enum look look, struct task *task)
{
    struct region *region = thief->region;
    unsigned threads = (unsigned)load_relaxed(&region->threads);
    unsigned first = threads > 2 ? next_random(thief) % threads : 0;
    for (unsigned i = 0; i < threads; i++) {
        unsigned slot = first + i < threads ? first + i : first + i - threads;
        struct worker *victim = load_acquire(&region->slots[slot].worker);
        if (victim && victim != thief && steal_from(thief, victim, group, look, task))
            return true;
    }
    return false;
}

/* A task of the victim's that lies in the branch. */
static bool steal_from_within(struct worker *thief, struct worker *victim,
                              const struct branch *branch, enum look look, struct task *task)
{
    if (!is_worth_locking(thief, victim, look) || !lock_victim(thief, victim, look))
        return false;
    bool found = deque_steal_within(&victim->deque, task, branch_is_within, branch);
    spin_unlock(&victim->deque.lock);
    return found;
}

bool steal_within(struct worker *thief, const struct branch *branch, enum look look,
                  struct task *task)
{
    struct region *region = thief->region;
    int threads = load_relaxed(&region->threads);
    for (int i = 0; i < threads; i++) {
        struct worker *victim = load_acquire(&region->slots[i].worker);
        if (victim && victim != thief && steal_from_within(thief, victim, branch, look, task))
            return true;
    }
    return false;
}

bool steal_is_over(const struct region *region, const struct idle *idle)
{
    if (idle->until)
        return load_relaxed(idle->until);
    return idle->awaited ? group_unfinished(idle->awaited) == 0
                         : parking_is_closed(&region->parking);
}

void steal_pause(const struct region *region, struct idle *idle, const struct deque *watched)
{
    if (idle->pause < PAUSE_MOST)
        idle->pause = idle->pause ? 2 * idle->pause : PAUSE_LEAST;
    for (int i = 0; i < idle->pause; i++) {
        if (steal_is_over(region, idle))
            return;
        if (watched && deque_has_shared(watched))
            break;
        cpu_relax();
    }
    if (region->oversubscribed)
        sched_yield();
}

/* Since when nobody has answered: a single thief has asked the only other worker at its last theft. */
static int64_t last_asked(const struct worker *worker, const ompg_group *group,
                          const struct idle *idle, int64_t now)
{
    bool at_theft = !group && !idle->until && worker->robbed != 0 && is_single_thief(worker);
    return at_theft ? worker->robbed : now;
}

/* After a look in vain: pauses; true when it is time to pry. */
static bool pause_until_pry(struct worker *worker, const ompg_group *group, struct idle *idle,
                            int64_t *now)
{
    if (idle->since == 0) {
        idle->since = clock_now();
        idle->pry_at = last_asked(worker, group, idle, idle->since) + PRY_NS;
    }
    /* Whoever waits for a group must not look again and again at what it may not run. */
    steal_pause(worker->region, idle, group || idle->until ? NULL : worker->asked);
    *now = clock_now();
    if (*now < idle->pry_at)
        return false;
    idle->pry_at = *now + PRY_NS + (*now - idle->since) / 8;
    return true;
}

int64_t steal_look(struct worker *worker, const ompg_group *group, struct idle *idle,
                   struct task *task)
{
    if (steal(worker, group, LOOK_SHARED, task))
        return 0;
    int64_t now;
    if (pause_until_pry(worker, group, idle, &now) && steal(worker, group, LOOK_PRIVATE, task))
        return 0;
    return now - idle->since + 1;
}

int64_t steal_look_within(struct worker *worker, const struct branch *branch, struct idle *idle,
                          struct task *task)
{
    if (steal_within(worker, branch, LOOK_SHARED, task))
        return 0;
    int64_t now;
    if (pause_until_pry(worker, NULL, idle, &now) &&
        steal_within(worker, branch, LOOK_PRIVATE, task))
        return 0;
    return now - idle->since + 1;
}
