/* SPDX-License-Identifier: Apache-2.0 */
#include "group/tally.h"

static size_t take_count(_Atomic size_t *count)
{
    size_t n = load_relaxed(count);
    store_release(count, 0U); /* after the addition to remote: see tallied_submissions */
    return n;
}

enum { HOLD_BACK_TURNS = 2000 }; /* 20 to 80 us; a reader needs one */

/* Whoever reads statistics while tallies are handed over all the time would never see a whole picture. */
static __attribute__((noinline)) void let_snapshots_pass(struct region *region)
{
    for (int i = 0; i < HOLD_BACK_TURNS && load_relaxed(&region->snapshots) > 0; i++)
        cpu_relax();
}

/*
 * Adds before it clears, submitted before what is over; the last addition may be the last touch of
 * the group, because its waiter may free it then.
 */
void tally_flush(struct worker *worker)
{
    ompg_group *group = load_relaxed(&worker->tally_group);
    if (!group)
        return;
    if (UNLIKELY(load_relaxed(&worker->region->snapshots) > 0))
        let_snapshots_pass(worker->region);
    struct counts *tally = &worker->tally;
    bump_relaxed(&worker->flushes, 1U); /* before the releases that follow */
    size_t submitted = load_relaxed(&worker->tally_submitted);
    if (submitted) {
        add_release(&group->submitted_elsewhere, submitted);
        store_release(&worker->tally_submitted, 0U);
    }
    size_t started = take_count(&tally->started);
    if (started)
        add_relaxed(&group->remote.started, started);
    size_t skipped = take_count(&tally->skipped);
    size_t returned = take_count(&tally->returned);
    store_release(&worker->tally_group, NULL);
    if (skipped)
        add_release(&group->remote.skipped, skipped);
    if (returned)
        add_release(&group->remote.returned, returned);
    bump_release(&worker->flushes, 1U);
}

void tally_turn_to(struct worker *worker, ompg_group *group)
{
    tally_flush(worker);
    store_release(&worker->tally_group, group); /* after the flush, for tallied_submissions */
}

void tally_before_start(struct worker *worker, ompg_group *group)
{
    if (load_relaxed(&group->owner) != worker) {
        tally_turn_to(worker, group);
        return;
    }
    /* The tallied group is waiting in any case where the new task interrupts one of its tasks. */
    ompg_group *tallied = load_relaxed(&worker->tally_group);
    if (!worker->frame || task_group(worker->frame->task) != tallied)
        tally_flush(worker);
}

size_t tallied_submissions(struct region *region, ompg_group *group)
{
    size_t sum = 0;
    for (int i = 0; i < load_relaxed(&region->threads); i++) {
        struct worker *worker = load_acquire(&region->slots[i].worker);
        if (worker && load_acquire(&worker->tally_group) == group)
            sum += load_acquire(&worker->tally_submitted);
    }
    return sum;
}

size_t group_left(struct region *region, ompg_group *group, size_t *holds)
{
    size_t over = group_over(group);
    *holds = load_acquire(&group->holds); /* as in group_unfinished */
    size_t tallied = region ? tallied_submissions(region, group) : 0;
    return tallied + group_submitted(group) - over;
}

bool group_is_done_slow(struct region *region, ompg_group *group)
{
    size_t holds, left = group_left(region, group, &holds);
    return left == 0 && holds == 0;
}
