/*
 * Loops. See ompgroup/loop.h for what they promise.
 *
 * A loop is cut into units of the grain. Each thread of the team has a share of the units, one word
 * {first, past} on a cache line of its own. The owner takes units from the front of its share, a
 * fraction of what is left; when it is empty it takes the back half of another's. All are
 * compare-exchanges of that word; a unit belongs to whoever has moved it out of a share.
 *
 * Who runs it: ompg_go_for adds one task (a participant) for each thread, at most one for each unit.
 * A participant works until no share holds a unit, so any of them can do all the work and those that
 * come late find nothing. OMPG_FOR has the threads of its own parallel region do the same.
 *
 * Discipline. share.units: compare-exchange by anyone; relaxed, for nothing else is published by
 * it: what the loop reads was written before its tasks were added. loop.references: the last
 * participant frees the loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

#include "region.h"
#include "wait.h"

#include <errno.h>
#include <omp.h>
#include <stdlib.h>

enum {
    OWNER_FRACTION = 8,        /* of its share that an owner takes at once */
    SHORT_TICKS = 2000,        /* about a microsecond: sub-ranges that take less are too small */
    DETERMINISTIC_UNITS = 1024 /* that a deterministic loop without a grain is cut into */
};

struct share {
    alignas(CACHE_LINE) _Atomic uint64_t units; /* first unit in the high half, past in the low */
};

struct loop {
    struct task_shared shared; /* of its participants' tasks; first */
    ompg_group *group;
    struct loop_plan plan;
    int threads;       /* number of shares */
    bool waits;        /* OMPG_FOR outside of the group's own tasks */
    ompg_range_fn *fn; /* and arg: not set for OMPG_FOR */
    void *arg;
    void *memory; /* that the loop stands in */
    struct share shares[];
};

static uint64_t pack(uint64_t first, uint64_t past)
{
    return first << 32 | past;
}

static struct units unpack(uint64_t word)
{
    return (struct units){.first = (uint32_t)(word >> 32), .past = (uint32_t)word};
}

/* ---- cutting ---- */

static size_t divide_up(size_t n, size_t by)
{
    return n / by + (n % by != 0);
}

/* Shares and their halves are counted with 32 bits. */
static size_t coarsest(size_t n, size_t grain)
{
    size_t least = divide_up(n, UINT32_MAX - 1);
    return grain < least ? least : grain;
}

static struct loop_plan plan_range(size_t begin, size_t end, size_t grain, bool deterministic)
{
    struct loop_plan plan = {.begin = begin, .end = end};
    size_t n = end - begin;
    plan.whole = grain == 0 && !deterministic;
    if (grain == 0)
        grain = deterministic ? divide_up(n, DETERMINISTIC_UNITS) : 1;
    plan.grain = n > 0 ? coarsest(n, grain) : 1;
    plan.units = (uint32_t)divide_up(n, plan.grain);
    return plan;
}

/* The iterations of units; the last unit of all may be shorter. */
static void set_range(ompg_loop_range *range, const struct loop_plan *plan, struct units units)
{
    range->begin = plan->begin + units.first * plan->grain;
    size_t left = plan->end - range->begin;
    size_t wanted = (size_t)(units.past - units.first) * plan->grain;
    range->end = range->begin + (units.past == plan->units || wanted > left ? left : wanted);
}

/* ---- handing out ---- */

static void deal(struct loop *loop)
{
    uint64_t units = loop->plan.units, threads = (uint64_t)loop->threads;
    for (uint64_t i = 0; i < threads; i++)
        store_relaxed(&loop->shares[i].units, pack(units * i / threads, units * (i + 1) / threads));
}

/*
 * The least number of units to take: twice as many as last time, when these took too little time.
 * *last is all zero where there was no last time.
 */
static size_t least_units(const struct loop_plan *plan, ompg_loop_range *last)
{
    if (!plan->whole)
        return 1;
    int64_t now = clock_ticks();
    bool was_short = last->began != 0 && now - last->began < SHORT_TICKS;
    last->began = now;
    size_t n = last->end - last->begin;
    size_t units = plan->grain == 1 ? n : divide_up(n, plan->grain);
    return was_short && units > 0 ? 2 * units : 1;
}

/* Leaves half of what is left for others to take, unless all of it would be too little. */
static uint32_t units_to_take(uint32_t left, size_t least)
{
    if (least / 2 >= left)
        return left;
    uint32_t fraction = left / OWNER_FRACTION;
    uint32_t half = left / 2 + left % 2;
    return least <= fraction ? fraction : least < half ? (uint32_t)least : half;
}

static bool take_front(struct loop *loop, struct share *share, size_t least, struct units *units)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (left.first == left.past)
            return false;
        uint32_t n = loop->plan.whole ? units_to_take(left.past - left.first, least) : 1;
        *units = (struct units){.first = left.first, .past = left.first + n};
        if (cas_weak_relaxed(&share->units, &word, pack(units->past, left.past)))
            return true;
    }
}

static bool take_back_half(struct share *share, struct units *units)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        uint32_t n = left.past - left.first;
        if (n == 0)
            return false;
        *units = (struct units){.first = left.past - (n / 2 + n % 2), .past = left.past};
        if (cas_weak_relaxed(&share->units, &word, pack(left.first, units->first)))
            return true;
    }
}

/*
 * Takes half of another's share: its first unit or units now, the others into the thief's own share
 * for others to steal. Two threads have the same share where the team is larger than was expected;
 * then the one that comes second keeps all.
 */
static bool steal_units(struct loop *loop, int thread, size_t least, struct units *units)
{
    for (int i = 1; i < loop->threads; i++) {
        int victim = thread + i < loop->threads ? thread + i : thread + i - loop->threads;
        if (!take_back_half(&loop->shares[victim], units))
            continue;
        struct share *own = &loop->shares[thread];
        uint64_t word = load_relaxed(&own->units);
        struct units left = unpack(word);
        if (left.first == left.past &&
            cas_weak_relaxed(&own->units, &word, pack(units->first, units->past)) &&
            !take_front(loop, own, least, units))
            return steal_units(loop, thread, least, units); /* all stolen at once */
        return true;
    }
    return false;
}

/* *last: the sub-range that this thread had before, all zero when it had none. */
static bool take_units(struct loop *loop, int thread, ompg_loop_range *last, struct units *units)
{
    size_t least = least_units(&loop->plan, last);
    return take_front(loop, &loop->shares[thread], least, units) ||
           steal_units(loop, thread, least, units);
}

/* The group has stopped from this unit on: gives up the rest of a share that lies above it. */
static void abandon_above(struct share *share, uint32_t unit)
{
    uint64_t word = load_relaxed(&share->units);
    while (unpack(word).first >= unit && !cas_weak_relaxed(&share->units, &word, 0U))
        ;
}

/* ---- making ---- */

static void release(struct task_shared *shared)
{
    struct loop *loop = (void *)shared; /* its first member */
    free(loop->memory);
}

static size_t loop_size(int threads)
{
    return sizeof(struct loop) + (size_t)threads * sizeof(struct share);
}

static void loop_init(struct loop *loop, ompg_group *group, struct loop_plan plan, int threads)
{
    loop->shared.release = release;
    store_relaxed(&loop->shared.references, (size_t)threads);
    loop->group = group;
    loop->plan = plan;
    loop->threads = threads;
    deal(loop);
}

/* The first cache line in memory of allocate_loop. */
static struct loop *loop_in(void *memory)
{
    size_t past = (uintptr_t)memory % CACHE_LINE;
    return (void *)((char *)memory + (CACHE_LINE - past));
}

/* NULL when memory is short. aligned_alloc takes ten times as long. */
static void *allocate_loop(int threads)
{
    int saved = errno;
    void *memory = malloc(loop_size(threads) + CACHE_LINE);
    errno = saved;
    return memory;
}

static struct loop *loop_new(ompg_group *group, struct loop_plan plan, int threads)
{
    void *memory = allocate_loop(threads);
    if (!memory)
        return NULL;
    struct loop *loop = loop_in(memory);
    loop->memory = memory;
    loop_init(loop, group, plan, threads);
    return loop;
}

/* ---- participants ---- */

struct participant {
    struct loop *loop;
    struct frame *frame;   /* of its task */
    bool failed;           /* a sub-range has */
    ompg_loop_range range; /* that it runs */
    size_t cut_at;         /* where a sub-range was left out, for the group has stopped there;
                              OMPG_NO_INDEX: none was */
};

static void record(struct participant *participant, size_t index, int code)
{
    participant->failed = true;
    if (!participant->frame->failed)
        ompg_fail_at(participant->loop->group, index, code, NULL);
}

/* False when the group has stopped there. */
static bool run_range(struct participant *participant, struct units units)
{
    struct loop *loop = participant->loop;
    struct frame *frame = participant->frame;
    set_range(&participant->range, &loop->plan, units);
    ompg_loop_range range = participant->range;
    if (group_stopped(loop->group, range.begin)) {
        participant->cut_at = range.begin;
        return false;
    }
    frame->task->index = range.begin;
    frame->failed = false;
    int code = loop->fn(loop->group, range.begin, range.end, loop->arg);
    size_t at = frame->task->index; /* a reduction's moves with the parts of the sub-range */
    if (frame->failed || (code != 0 && !(code == ECANCELED && group_stopped(loop->group, at))))
        record(participant, at, code);
    else if (code != 0)
        participant->cut_at = at;
    return participant->cut_at != at;
}

/* Units that were taken at once; thread: whose share the later ones are in. */
static void run_units(struct participant *participant, struct units units, int thread)
{
    struct loop *loop = participant->loop;
    uint32_t n = loop->plan.whole ? units.past - units.first : 1;
    for (; units.first != units.past; units.first += n) {
        if (!run_range(participant, (struct units){units.first, units.first + n})) {
            abandon_above(&loop->shares[thread], units.first);
            return;
        }
    }
}

/* A group that has stopped for all iterations, not only for those from an index on. */
static bool nothing_left(const struct participant *participant)
{
    return participant->cut_at != OMPG_NO_INDEX && group_stopped_hard(participant->loop->group);
}

static int participate(ompg_group *group, void *arg)
{
    struct loop *loop = arg;
    struct participant participant = {
        .loop = loop, .frame = frame_of(self, group), .cut_at = OMPG_NO_INDEX};
    struct units units;
    int thread = self->thread % loop->threads;
    while (!nothing_left(&participant) && take_units(loop, thread, &participant.range, &units))
        run_units(&participant, units, thread);
    participant.frame->failed = participant.failed;
    if (participant.cut_at == OMPG_NO_INDEX)
        return 0;
    participant.frame->task->index = participant.cut_at; /* where ECANCELED is a consequence */
    return ECANCELED;
}

/* Adds the participants. Once there is one, the loop will be done. */
static int add_participants(struct loop *loop)
{
    int threads = loop->threads;
    int code = 0;
    int added = 0;
    for (; added < threads && code == 0; added += code == 0) {
        struct task task = {.fn = participate, .arg = loop};
        task.tagged = (uintptr_t)loop->group | TASK_SHARED | TASK_PARTIAL;
        code = task_add(&task, true);
    }
    size_t missing = (size_t)(threads - added);
    if (missing > 0 && sub_acq_rel(&loop->shared.references, missing) == missing)
        release(&loop->shared);
    return added > 0 ? 0 : code;
}

static int threads_for(const ompg_group *group, struct loop_plan plan)
{
    int threads = ompg_get_threads(group);
    return plan.units < (uint32_t)threads ? (int)plan.units : threads;
}

int ompg_go_for(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
                void *arg)
{
    if (!group || !fn || begin > end)
        return EINVAL;
    if (begin == end)
        return 0;
    struct loop_plan plan = plan_range(begin, end, grain, group->deterministic);
    struct loop *loop = loop_new(group, plan, threads_for(group, plan));
    if (!loop)
        return ENOMEM;
    loop->fn = fn;
    loop->arg = arg;
    return add_participants(loop);
}

int ompg_for(ompg_group *group, size_t begin, size_t end, size_t grain, ompg_range_fn *fn,
             void *arg)
{
    if (!fn || begin > end)
        return EINVAL;
    if (group && is_own_task(self, group))
        return EDEADLK;
    if (group && is_waited_for_here(self, group))
        return EBUSY;
    ompg_group *made = group ? NULL : group_new_default();
    if (!group && !made)
        return ENOMEM;
    ompg_group *used = group ? group : made;
    int code = region_reserve(used);
    if (code == 0)
        code = ompg_go_for(used, begin, end, grain, fn, arg);
    if (code == 0 || code == ECANCELED)
        code = ompg_wait(used);
    region_unreserve(used);
    ompg_free(made);
    return code;
}

/* ---- OMPG_FOR ---- */

/*
 * As the region would have that the macro opens: never more than the caller inside another region,
 * even where OpenMP would open one (a team of one thread, nested parallelism).
 */
static int parallel_threads(const ompg_group *group, struct loop_plan plan)
{
    int threads = omp_get_level() > 0 ? 1 : region_threads_outermost(group);
    int limit = group ? group->gate.limit : 0;
    if (limit > 0 && limit < threads)
        threads = limit;
    return plan.units < (uint32_t)threads ? (int)plan.units : threads;
}

/* Whether the macro's loop can be opened; otherwise the group knows why not. */
static bool may_loop(ompg_group *group, size_t begin, size_t end)
{
    if (begin > end && group)
        ompg_fail(group, EINVAL, "OMPG_FOR from %zu to %zu", begin, end);
    return begin < end && !(group && group_stopped(group, 0));
}

/* The state stays where the handle is while the loop runs: mostly in it. */
static struct loop *state_of(const ompg_loop *handle)
{
    return handle->memory ? loop_in(handle->memory) : (void *)handle->room;
}

ompg_loop ompg_loop_begin(ompg_group *group, size_t begin, size_t end, size_t grain, bool parallel)
{
    ompg_loop handle;
    handle.open = false;
    if (!may_loop(group, begin, end))
        return handle;
    struct loop_plan plan = plan_range(begin, end, grain, group && group->deterministic);
    handle.threads = parallel ? parallel_threads(group, plan) : 1;
    bool fits = loop_size(handle.threads) <= sizeof handle.room;
    handle.memory = fits ? NULL : allocate_loop(handle.threads);
    if (!fits && !handle.memory) {
        if (group)
            ompg_fail(group, ENOMEM, "OMPG_FOR");
        return handle;
    }
    struct loop *loop = state_of(&handle);
    loop_init(loop, group, plan, handle.threads);
    loop->waits = group && !load_relaxed(&group->waiting);
    if (loop->waits)
        wait_begin(group, self);
    handle.open = true;
    return handle;
}

bool ompg_loop_next(const ompg_loop *handle, ompg_loop_range *range)
{
    struct loop *loop = state_of(handle);
    struct units units;
    int thread = omp_get_thread_num() % loop->threads;
    while (take_units(loop, thread, range, &units)) {
        set_range(range, &loop->plan, units);
        if (!loop->group || !group_stopped(loop->group, range->begin))
            return true;
        if (group_stopped_hard(loop->group))
            return false;
        abandon_above(&loop->shares[thread], units.first);
    }
    return false;
}

void ompg_loop_end(ompg_loop *handle)
{
    struct loop *loop = state_of(handle);
    if (loop->waits)
        wait_end(loop->group);
    free(handle->memory);
    handle->open = false;
}
