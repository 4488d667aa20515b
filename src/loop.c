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
 * come late find nothing. Where ompg_for opens the region, each member of its team is a participant
 * from the start. OMPG_FOR has the threads of its own parallel region do the same.
 *
 * Discipline. share.units: compare-exchange by anyone; relaxed, for nothing else is published by
 * it: what the loop reads was written before its participants began. task_loop.shared: the last
 * participant frees the loop; a loop that opens its region lies in its caller's frame.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loop.h"

#include "openmp.h"
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

/* Read by all, in one cache line. */
struct loop {
    struct loop_plan plan;
    ompg_group *group;
    struct share *elsewhere; /* the shares, NULL: they follow */
    void *memory;            /* what was allocated, NULL: nothing */
    int threads;             /* number of shares */
    bool waits;              /* OMPG_FOR outside of the group's own tasks */
};

_Static_assert(sizeof(struct loop) == CACHE_LINE, "a thread that comes misses one line for it");

/* A loop that tasks take part in. */
struct task_loop {
    struct task_shared shared; /* of its participants' tasks; first */
    ompg_range_fn *fn;
    void *arg;
    struct loop *loop;
};

/* Both in one piece of memory; the shares follow. */
struct task_loop_memory {
    alignas(CACHE_LINE) struct task_loop tasks;
    alignas(CACHE_LINE) struct loop loop;
};

static struct share *shares_of(struct loop *loop)
{
    return loop->elsewhere ? loop->elsewhere : (void *)(loop + 1);
}

/* Two threads have the same share where the team is larger than was expected. */
static struct share *share_of(struct loop *loop, int thread)
{
    return &shares_of(loop)[thread < loop->threads ? thread : thread % loop->threads];
}

static uint64_t pack(uint64_t first, uint64_t past)
{
    return first << 32 | past;
}

static struct units unpack(uint64_t word)
{
    return (struct units){.first = (uint32_t)(word >> 32), .past = (uint32_t)word};
}

static bool is_empty(struct units units)
{
    return units.first == units.past;
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
    uint64_t first = 0;
    for (int i = 0; i < loop->threads; i++) {
        uint64_t past = units * (uint64_t)(i + 1) / threads;
        store_relaxed(&shares_of(loop)[i].units, pack(first, past));
        first = past;
    }
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

static bool has_units(struct share *share)
{
    return !is_empty(unpack(load_relaxed(&share->units)));
}

static bool take_front(struct loop *loop, struct share *share, size_t least, struct units *units)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (is_empty(left))
            return false;
        uint32_t n = loop->plan.whole ? units_to_take(left.past - left.first, least) : 1;
        *units = (struct units){.first = left.first, .past = left.first + n};
        if (cas_weak_relaxed(&share->units, &word, pack(units->past, left.past)))
            return true;
    }
}

/* Half of what is left; all, where that would be too little. */
static bool take_back(struct share *share, size_t least, struct units *units)
{
    uint64_t word = load_relaxed(&share->units);
    for (;;) {
        struct units left = unpack(word);
        if (is_empty(left))
            return false;
        uint32_t n = left.past - left.first;
        if (least / 2 < n)
            n = n / 2 + n % 2;
        *units = (struct units){.first = left.past - n, .past = left.past};
        if (cas_weak_relaxed(&share->units, &word, pack(left.first, units->first)))
            return true;
    }
}

/*
 * Takes the back of another's share: its first unit or units now, the others into the thief's own
 * share for others to steal. Where two threads have the same share the one that comes second keeps
 * all.
 */
static bool steal_units(struct loop *loop, struct share *own, size_t least, struct units *units)
{
    struct share *shares = shares_of(loop), *past = shares + loop->threads;
    for (int i = 1; i < loop->threads; i++) {
        struct share *victim = own + i < past ? own + i : own + i - loop->threads;
        if (!take_back(victim, least, units))
            continue;
        uint64_t word = load_relaxed(&own->units);
        if (is_empty(unpack(word)) &&
            cas_weak_relaxed(&own->units, &word, pack(units->first, units->past)) &&
            !take_front(loop, own, least, units))
            return steal_units(loop, own, least, units); /* all stolen at once */
        return true;
    }
    return false;
}

static bool any_has_units(struct loop *loop)
{
    struct share *shares = shares_of(loop);
    for (int i = 0; i < loop->threads; i++)
        if (has_units(&shares[i]))
            return true;
    return false;
}

/* *last: the sub-range that this thread had before, all zero when it had none. */
static bool take_units(struct loop *loop, struct share *own, ompg_loop_range *last,
                       struct units *units)
{
    if (!has_units(own) && !any_has_units(loop))
        return false; /* without a look at the clock */
    size_t least = least_units(&loop->plan, last);
    return take_front(loop, own, least, units) || steal_units(loop, own, least, units);
}

/* The group has stopped from this unit on: gives up the rest of a share that lies above it. */
static void abandon_above(struct share *share, uint32_t unit)
{
    uint64_t word = load_relaxed(&share->units);
    while (unpack(word).first >= unit && !cas_weak_relaxed(&share->units, &word, 0U))
        ;
}

/* ---- making ---- */

static void loop_init(struct loop *loop, ompg_group *group, struct loop_plan plan, int threads)
{
    loop->group = group;
    loop->plan = plan;
    loop->threads = threads;
    deal(loop);
}

/* With room to align: aligned_alloc takes ten times as long. NULL when memory is short. */
static void *allocate(size_t size)
{
    int saved = errno;
    void *memory = malloc(size + CACHE_LINE);
    errno = saved;
    return memory;
}

/* The first cache line in memory that was allocated so. */
static void *first_line(void *memory)
{
    size_t past = (uintptr_t)memory % CACHE_LINE;
    return (char *)memory + (CACHE_LINE - past);
}

static size_t shares_size(int threads)
{
    return (size_t)threads * sizeof(struct share);
}

/* In the handle, which stays where it is while the loop runs. */
static struct loop *state_of(const ompg_loop *handle)
{
    return (void *)handle->room;
}

/* The shares: behind the loop in the handle, if there is room. False when memory is short. */
static bool place_shares(struct loop *loop, int threads)
{
    bool fits = sizeof *loop + shares_size(threads) <= sizeof((ompg_loop *)NULL)->room;
    loop->memory = fits ? NULL : allocate(shares_size(threads));
    loop->elsewhere = loop->memory ? first_line(loop->memory) : NULL;
    return fits || loop->memory;
}

/* ---- participants ---- */

struct participant {
    struct task_loop *tasks;
    struct loop *loop;     /* of these tasks */
    struct frame *frame;   /* of its own */
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
    frame->failed = frame->refused = false;
    int code = participant->tasks->fn(loop->group, range.begin, range.end, participant->tasks->arg);
    size_t at = frame->task->index; /* a reduction's moves with the parts of the sub-range */
    if (frame->failed || (code != 0 && !is_consequence(loop->group, frame, code)))
        record(participant, at, code);
    else if (code != 0)
        participant->cut_at = at;
    return participant->cut_at != at;
}

/* Units that were taken at once; the later ones are in the share. */
static void run_units(struct participant *participant, struct units units, struct share *own)
{
    struct loop *loop = participant->loop;
    uint32_t n = loop->plan.whole ? units.past - units.first : 1;
    for (; units.first != units.past; units.first += n) {
        if (!run_range(participant, (struct units){units.first, units.first + n})) {
            abandon_above(own, units.first);
            return;
        }
    }
}

/* A group that has stopped for all iterations, not only for those from an index on. */
static bool nothing_left(const struct participant *participant)
{
    return participant->cut_at != OMPG_NO_INDEX && group_stopped_hard(participant->loop->group);
}

static int participate(ompg_group *group, void *arg);

/* The group was given a limit, or a lower one, and this participant has no place under it. */
static bool has_lost_place(const struct participant *participant)
{
    ompg_group *group = participant->loop->group;
    if (LIKELY(!load_relaxed(&group->gated)))
        return false;
    bool admitted = (participant->frame->task->tagged & TASK_ADMITTED) != 0;
    return admitted ? gate_is_over(&group->gate) : load_relaxed(&group->gate.limit) > 0;
}

/* Has another participant go on in its stead, who waits for a place; false when memory is short. */
static bool hand_over(const struct participant *participant)
{
    struct task_loop *tasks = participant->tasks;
    struct task task = {.fn = participate, .arg = tasks};
    task.tagged = participant->frame->task->tagged & ~(uintptr_t)TASK_ADMITTED;
    bool shared = (task.tagged & TASK_SHARED) != 0;
    if (shared)
        add_relaxed(&tasks->shared.references, 1U);
    bool added = task_add(&task, true) == 0;
    if (shared && !added)
        sub_relaxed(&tasks->shared.references, 1U); /* this participant has one */
    return added;
}

static int participate(ompg_group *group, void *arg)
{
    struct task_loop *tasks = arg;
    struct loop *loop = tasks->loop;
    struct participant participant = {
        .tasks = tasks, .loop = loop, .frame = frame_of(self, group), .cut_at = OMPG_NO_INDEX};
    struct units units;
    struct share *own = share_of(loop, self->thread);
    while (!nothing_left(&participant) &&
           !(has_lost_place(&participant) && hand_over(&participant)) &&
           take_units(loop, own, &participant.range, &units))
        run_units(&participant, units, own);
    participant.frame->failed = participant.failed;
    if (participant.cut_at == OMPG_NO_INDEX)
        return 0;
    participant.frame->task->index = participant.cut_at; /* where ECANCELED is a consequence */
    return ECANCELED;
}

static void release(struct task_shared *shared)
{
    struct task_loop *tasks = (void *)shared; /* its first member */
    free(tasks->loop->memory);
}

static struct task_loop *task_loop_new(ompg_group *group, struct loop_plan plan, int threads)
{
    void *memory = allocate(sizeof(struct task_loop_memory) + shares_size(threads));
    if (!memory)
        return NULL;
    struct task_loop_memory *made = first_line(memory);
    made->tasks.shared.release = release;
    store_relaxed(&made->tasks.shared.references, (size_t)threads);
    made->tasks.loop = &made->loop;
    made->loop.memory = memory;
    made->loop.elsewhere = NULL;
    loop_init(&made->loop, group, plan, threads);
    return &made->tasks;
}

/* Adds the participants. Once there is one, the loop will be done. */
static int add_participants(struct task_loop *tasks)
{
    struct loop *loop = tasks->loop;
    int threads = loop->threads;
    int code = 0;
    int added = 0;
    for (; added < threads && code == 0; added += code == 0) {
        struct task task = {.fn = participate, .arg = tasks};
        task.tagged = (uintptr_t)loop->group | TASK_SHARED | TASK_PARTIAL;
        code = task_add(&task, true);
    }
    size_t missing = (size_t)(threads - added);
    if (missing > 0 && sub_acq_rel(&tasks->shared.references, missing) == missing)
        release(&tasks->shared);
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
    struct task_loop *tasks = task_loop_new(group, plan, threads_for(group, plan));
    if (!tasks)
        return ENOMEM;
    tasks->fn = fn;
    tasks->arg = arg;
    return add_participants(tasks);
}

/* The participants as tasks, into whatever the group has. */
static int add_and_wait(ompg_group *group, size_t begin, size_t end, size_t grain,
                        ompg_range_fn *fn, void *arg)
{
    struct reserved reserved = {0};
    int code = region_reserve(group, &reserved) ? 0 : ENOMEM;
    if (code == 0)
        code = ompg_go_for(group, begin, end, grain, fn, arg);
    if (code == 0 || code == ECANCELED)
        code = wait_reserved(group, &reserved);
    region_unreserve(&reserved);
    return code;
}

/*
 * Claims the wait where the loop can have a team of its own, the members of which are its
 * participants.
 */
static bool claim_alone(ompg_group *group)
{
    if (!region_opens_team() || load_relaxed(&group->gated) || !wait_claim(group))
        return false;
    if (group_is_idle(NULL, group) && !group_stopped(group, 0))
        return true;
    wait_unclaim(group);
    return false;
}

static int run_claimed(ompg_group *group, struct loop_plan plan, ompg_range_fn *fn, void *arg)
{
    ompg_loop handle;
    struct loop *loop = state_of(&handle);
    struct reserved reserved = {0};
    int threads = threads_for(group, plan);
    if (!place_shares(loop, threads) || !region_reserve(group, &reserved)) {
        free(loop->memory);
        wait_unclaim(group);
        return ENOMEM;
    }
    loop_init(loop, group, plan, threads);
    struct task_loop tasks = {.fn = fn, .arg = arg, .loop = loop};
    struct task task = {.fn = participate, .arg = &tasks};
    task.tagged = (uintptr_t)group | TASK_PARTIAL;
    wait_begin(group, NULL);
    region_run_team(group, &reserved, &task, threads);
    wait_end(group);
    free(loop->memory);
    return wait_result(group);
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
    int code;
    if (begin < end && claim_alone(used))
        code = run_claimed(used, plan_range(begin, end, grain, used->deterministic), fn, arg);
    else
        code = add_and_wait(used, begin, end, grain, fn, arg);
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
    int threads = openmp_level() > 0 ? 1 : region_threads_outermost(group);
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

ompg_loop ompg_loop_begin(ompg_group *group, size_t begin, size_t end, size_t grain, bool parallel)
{
    ompg_loop handle;
    handle.open = false;
    if (!may_loop(group, begin, end))
        return handle;
    struct loop_plan plan = plan_range(begin, end, grain, group && group->deterministic);
    handle.threads = parallel ? parallel_threads(group, plan) : 1;
    struct loop *loop = state_of(&handle);
    if (!place_shares(loop, handle.threads)) {
        if (group)
            ompg_fail(group, ENOMEM, "OMPG_FOR");
        return handle;
    }
    loop_init(loop, group, plan, handle.threads);
    loop->waits = group && wait_share(group, self);
    handle.open = true;
    return handle;
}

/*
 * What the body says of a deterministic group, or asks it, belongs to the sub-range: these are the
 * same whatever the schedule.
 */
static void enter_place(const ompg_group *group, ompg_loop_range *range)
{
    if (!group || !group->deterministic)
        return;
    if (!range->entered) {
        range->entered = true;
        range->outer = place_in_loop.group;
        range->outer_index = place_in_loop.index;
    }
    place_in_loop = (struct place){.group = group, .index = range->begin};
}

static void leave_place(const ompg_loop_range *range)
{
    if (range->entered)
        place_in_loop = (struct place){.group = range->outer, .index = range->outer_index};
}

bool ompg_loop_next(const ompg_loop *handle, ompg_loop_range *range)
{
    struct loop *loop = state_of(handle);
    struct units units;
    struct share *own = share_of(loop, omp_get_thread_num());
    while (take_units(loop, own, range, &units)) {
        set_range(range, &loop->plan, units);
        if (!loop->group || !group_stopped(loop->group, range->begin)) {
            enter_place(loop->group, range);
            return true;
        }
        if (group_stopped_hard(loop->group))
            break;
        abandon_above(own, units.first);
    }
    leave_place(range);
    return false;
}

void ompg_loop_end(ompg_loop *handle)
{
    struct loop *loop = state_of(handle);
    if (loop->waits)
        wait_unshare(loop->group);
    free(loop->memory);
    handle->open = false;
}
