/*
 * Statistics of a group, while it runs too.
 *
 * Discipline. Reads what the owner, the tallies and the atomic counts hold, in an order in which no sum
 * exceeds the next one. A tally that is handed over meanwhile may be missed, or seen twice: each worker counts
 * these, and the reader begins again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "api/group_stats.h"

#include "base/clock.h"
#include "group/tally.h"

#include <sched.h>

enum {
    STATS_ALONE =
        16, /* tries at a snapshot before the workers are asked to hold their tallies back, */
    STATS_TRIES = 1000 /* and at all */
};

static size_t returned_in(struct counts *counts)
{
    return load_acquire(&counts->returned);
}

static size_t skipped_in(struct counts *counts)
{
    return load_acquire(&counts->skipped);
}

/* Exact where no task ends meanwhile. Less than 0, for the sum, where one ended that started elsewhere. */
static size_t running_in(struct counts *counts)
{
    size_t returned = load_acquire(&counts->returned), started = 0;
    for (int tries = 0; tries < 100; tries++) {
        size_t before = returned;
        started = load_acquire(&counts->started);
        returned = load_acquire(&counts->returned);
        if (returned == before)
            break;
    }
    return started - returned;
}

/*
 * Over the group's own counts and the tallies. Regions and workers are type-stable: one that is gone
 * has no tally for the group.
 */
static size_t sum_of(ompg_group *group, size_t (*count_in)(struct counts *counts))
{
    size_t sum = count_in(&group->local) + count_in(&group->remote);
    struct region *region = load_relaxed(&group->region);
    for (int i = 0; region && i < region->capacity; i++) {
        struct worker *worker = load_acquire(&region->slots[i].worker);
        if (worker && load_acquire(&worker->tally_group) == group)
            sum += count_in(&worker->tally);
    }
    return sum;
}

static size_t submitted_so_far(ompg_group *group)
{
    struct region *region = load_relaxed(&group->region);
    size_t tallied = region ? tallied_submissions(region, group) : 0;
    return tallied + group_submitted(group);
}

/* Changes with each tally that is flushed; *flushing: one is being flushed now. */
static size_t count_flushes(ompg_group *group, bool *flushing)
{
    size_t sum = 0;
    struct region *region = load_relaxed(&group->region);
    for (int i = 0; region && i < region->capacity; i++) {
        struct worker *worker = load_acquire(&region->slots[i].worker);
        size_t flushes = worker ? load_acquire(&worker->flushes) : 0;
        *flushing |= flushes % 2 == 1;
        sum += flushes;
    }
    return sum;
}

static size_t no_more_than(size_t value, size_t most)
{
    return value < most ? value : most;
}

/*
 * Tasks and parts, `returned` of which have returned, among them `parts_before` tasks of loops and pipelines:
 * false when that has changed meanwhile.
 */
static bool read_items(ompg_group *group, size_t parts_before, size_t returned, ompg_stats *stats)
{
    const struct parts *parts = &group->parts;
    stats->items = returned - no_more_than(parts_before, returned) + load_relaxed(&parts->items);
    if (load_acquire(&parts->sources) == 0)
        stats->total =
            stats->submitted - load_relaxed(&group->unnumbered) + load_relaxed(&parts->total);
    return load_relaxed(&parts->returned) == parts_before;
}

/*
 * In this order no sum exceeds the next one. A task is counted as failed or cancelled before it is
 * counted as returned: until then it is running. False when a flush came between.
 */
static bool read_counts(ompg_group *group, ompg_stats *stats)
{
    bool flushing = false;
    size_t flushes = count_flushes(group, &flushing);
    size_t failed = load_acquire(&group->failed);
    size_t cancelled = load_acquire(&group->cancelled);
    size_t parts_before = load_acquire(&group->parts.returned);
    size_t returned = sum_of(group, returned_in);
    stats->failed = no_more_than(failed, returned);
    cancelled = no_more_than(cancelled, returned - stats->failed);
    stats->done = returned - stats->failed - cancelled;
    stats->skipped = sum_of(group, skipped_in) + cancelled;
    size_t running = sum_of(group, running_in);
    stats->running = running > SIZE_MAX / 2 ? 0 : running;
    stats->submitted = submitted_so_far(group);
    bool changed = !read_items(group, parts_before, returned, stats);
    return !changed && flushes == count_flushes(group, &flushing) && !flushing;
}

/*
 * What was read while tallies were handed over may be missing, or counted twice where it was submitted:
 * still none is more than what was submitted.
 */
static void contain(ompg_stats *stats)
{
    size_t seen = stats->done + stats->failed + stats->skipped + stats->running;
    if (stats->submitted < seen)
        stats->submitted = seen;
}

/* A whole picture, unless tallies are handed over again and again, although all were asked to wait. */
static void read_snapshot(ompg_group *group, ompg_stats *stats)
{
    struct region *region = load_relaxed(&group->region);
    int tries = 1;
    while (!read_counts(group, stats) && tries < STATS_TRIES) {
        if (tries++ == STATS_ALONE && region)
            add_relaxed(&region->snapshots, 1);
        sched_yield();
    }
    if (tries > STATS_ALONE && region)
        sub_relaxed(&region->snapshots, 1);
    contain(stats);
}

static double seconds_waited(ompg_group *group)
{
    int64_t ticks = load_relaxed(&group->waited_ticks);
    if (ticks < 0) /* a wait lasts */
        ticks += clock_ticks();
    return clock_seconds_of_ticks(ticks);
}

void ompg_read_stats(const ompg_group *group, ompg_stats *stats)
{
    if (stats)
        *stats = (ompg_stats){0};
    if (!stats || !is_group(group))
        return;
    ompg_group *record = (ompg_group *)group;
    read_snapshot(record, stats);
    stats->seconds = seconds_waited(record);
}
