/*
 * OMPG_FOR and its like: the threads of the parallel region that the macro opens, or of the team that
 * comes to it, take ranges of the loop. See ompgroup/loop_macro.h for what the macros promise.
 *
 * A loop is handed out in one of three ways:
 * - by units that are stolen (loop_units.h): a dynamic loop of the macro's own region. The state is the
 *   opening thread's, and the others read it.
 * - by blocks (loop_blocks.h): a static loop. Each share is one block, which is handed out bit by bit for a
 *   stop to be seen.
 * - by pieces: a dynamic loop of a team, to whose threads OpenMP deals them out.
 * In a team each thread has a state of its own, which says the same: they share nothing but OpenMP's loop.
 *
 * Discipline. All is written before the threads come, or by the thread whose state it is; units are
 * loop_units.h's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "parallel/loop_blocks.h"
#include "parallel/loop_report.h"
#include "parallel/loop_units.h"

#include "api/group_wait.h"
#include "base/float_control.h"
#include "base/openmp.h"
#include "base/room.h"
#include "group/stop.h"
#include "ompgroup/loop_macro.h"

#include <errno.h>
#include <stdlib.h>

enum {
    BITS_OF_BLOCK = 16,   /* at least, where no grain is given */
    MOST_PIECES = 1 << 16 /* libomp wants them to be dealt out to the last, also after an error */
};

/* The state of a macro's loop, at the first cache line of the macro's room; shares follow it there. */
struct macro_loop {
    struct loop loop;
    alignas(CACHE_LINE) size_t origin; /* the index of an iteration is origin + number * step */
    size_t step;
    int shares;
    long pieces;
    bool waits;   /* it is a wait of the group: outside of the group's own tasks */
    void *memory; /* of shares that have no room; NULL: none */
};

enum { SHARES_IN_ROOM_LEAST = 8 };

_Static_assert(CACHE_LINE + sizeof(struct macro_loop) +
                       SHARES_IN_ROOM_LEAST * sizeof(struct share) <=
                   OMPG_LOOP_ROOM,
               "programs that are compiled have this much room");

/* What the macro asks for. */
struct request {
    ompg_group *group; /* NULL: none */
    ompg_loop_options options;
    size_t count;
    unsigned flags;
};

/* ---- opening ---- */

/* What is wrong with the call; NULL: nothing. */
static const char *complaint(const ompg_loop_options *options, ompg_loop_span span, unsigned flags)
{
    if (span.step == 0)
        return "a step of 0";
    if (span.count > PTRDIFF_MAX)
        return "more than PTRDIFF_MAX iterations";
    if (options->threads < 0)
        return "a negative .threads";
    if (options->threads > 0 && (flags & OMPG_LOOP_IS_TEAM))
        return ".threads for a team that is there";
    if ((unsigned)options->schedule > OMPG_STATIC)
        return "an unknown .schedule";
    return ROOM_IS_ZERO(options) ? NULL : "a field of a later version";
}

/* Once for a team. */
static void complain(ompg_group *group, const char *what, unsigned flags)
{
    if (group && !((flags & OMPG_LOOP_IS_TEAM) && openmp_thread() > 0))
        ompg_fail(group, EINVAL, "a loop with %s", what);
}

static int at_most(int threads, size_t most)
{
    return (size_t)threads > most ? (int)most : threads;
}

static int within_limit(ompg_group *group, int threads)
{
    int limit = group ? gate_least_limit(&group->gate) : 0;
    return limit > 0 && limit < threads ? limit : threads;
}

/*
 * As the region would have that the macro opens: never more than the caller inside another region,
 * even where OpenMP would open one (a team of one thread, nested parallelism).
 */
static int parallel_threads(const struct request *request)
{
    if (!(request->flags & OMPG_LOOP_IS_OPENMP) || openmp_level() > 0)
        return 1;
    int wanted = request->options.threads;
    if (wanted == 0 && request->group)
        wanted = request->group->threads;
    return within_limit(request->group, session_threads_outermost(wanted));
}

/* Behind the state where there is room. */
static int make_shares(struct macro_loop *macro, const char *room_end, int threads)
{
    struct share *behind = (void *)(macro + 1);
    size_t fit = (size_t)(room_end - (char *)behind) / sizeof(struct share);
    return loop_make_shares(&macro->loop, behind, (int)fit, threads, &macro->memory);
}

static void open_parallel(struct macro_loop *macro, const char *room_end,
                          const struct request *request)
{
    struct loop *loop = &macro->loop;
    int threads = parallel_threads(request);
    macro->waits = loop->group && wait_share(loop->group, self);
    macro->loop.float_control = float_control_get();
    if (request->options.schedule == OMPG_STATIC) {
        macro->loop.hand_out = BY_BLOCKS;
        macro->shares = at_most(threads, request->count);
    } else {
        macro->loop.hand_out = BY_UNITS;
        macro->shares = at_most(threads, loop->plan.units);
        loop_deal(loop, make_shares(macro, room_end, macro->shares));
    }
}

static size_t team_grain(const struct loop_plan *plan)
{
    size_t least = plan->end / MOST_PIECES + 1;
    return plan->whole ? 0 : plan->grain < least ? least : plan->grain;
}

/* Each thread has one share. A limit below the team's size leaves blocks only. */
static void open_team(struct macro_loop *macro, const struct request *request)
{
    struct loop *loop = &macro->loop;
    int team = request->flags & OMPG_LOOP_IS_OPENMP ? openmp_threads() : 1;
    macro->shares = within_limit(loop->group, team);
    bool dynamic = request->options.schedule == OMPG_DYNAMIC && macro->shares == team && team > 1 &&
                   request->count > 0 && openmp_has_dealer();
    if (dynamic) {
        macro->loop.hand_out = BY_PIECES;
        loop->plan.grain = team_grain(&loop->plan);
        macro->pieces = (long)block_pieces(request->count, loop->plan.grain, (size_t)team);
    } else {
        macro->loop.hand_out = BY_BLOCKS;
        macro->shares = at_most(macro->shares, request->count);
    }
    macro->waits = loop->group && loop->group->timeout > 0.0 && wait_share(loop->group, self);
}

static void init(struct macro_loop *macro, const struct request *request, ompg_loop_span span)
{
    ompg_group *group = request->group;
    macro->loop.team = (request->flags & OMPG_LOOP_IS_TEAM) != 0;
    macro->origin = (size_t)span.origin;
    macro->step = (size_t)span.step;
    macro->loop.group = group;
    store_relaxed(&macro->loop.settled, 0U);
    macro->memory = NULL;
    loop_plan_range(&macro->loop.plan, 0, request->count, request->options.grain,
                    group && group->deterministic);
}

/* The first thread of a team speaks for all. */
static void expect(struct macro_loop *macro, size_t count)
{
    macro->loop.report_at = loop_report_at(count, macro->shares);
    if (macro->loop.group && !(macro->loop.team && openmp_thread() > 0))
        parts_expect(macro->loop.group, count);
}

/* What runs nothing is opened by a team all the same: each thread must come to OpenMP's loop. */
ompg_loop ompg_loop_open(void *room, size_t size, ompg_group *group,
                         const ompg_loop_options *options, ompg_loop_span span, unsigned flags)
{
    struct request request = {.group = group == OMPG_DEFAULT ? NULL : group, .flags = flags};
    struct macro_loop *macro = loop_first_line(room);
    bool team = (flags & OMPG_LOOP_IS_TEAM) != 0;
    if (options)
        request.options = *options;
    const char *wrong = group ? complaint(&request.options, span, flags) : NULL;
    if (wrong)
        complain(request.group, wrong, flags);
    if (group && !wrong)
        request.count = (size_t)span.count;
    if (!team && (request.count == 0 || (request.group && group_stopped(request.group, 0))))
        return (ompg_loop){.open = false};
    init(macro, &request, span);
    if (team)
        open_team(macro, &request);
    else
        open_parallel(macro, (char *)room + size, &request);
    expect(macro, request.count);
    return (ompg_loop){.state = macro,
                       .shares = macro->shares,
                       .open = true,
                       .stolen = macro->loop.hand_out == BY_UNITS};
}

void ompg_loop_close(ompg_loop *handle)
{
    struct macro_loop *macro = handle->state;
    struct loop *loop = &macro->loop;
    if (loop->group && macro->loop.hand_out == BY_UNITS)
        parts_add(loop->group, loop_unreported(loop));
    if (macro->waits)
        wait_unshare(loop->group);
    free(macro->memory);
    handle->open = false;
}

/* ---- handing out ---- */

static size_t index_of(const struct macro_loop *macro, size_t number)
{
    return macro->origin + number * macro->step;
}

/* The second line of the state is left where it is, unless the group has something to look at. */
static bool loop_has_stopped(const struct macro_loop *macro, size_t number)
{
    ompg_group *group = macro->loop.group;
    return group && UNLIKELY(!group_is_express(group)) &&
           group_stopped_slow(group, index_of(macro, number));
}

static bool take_units(struct macro_loop *macro, ompg_loop_range *range)
{
    struct loop *loop = &macro->loop;
    struct share *own = loop_share(loop, range->share);
    int64_t began = range->began;
    for (;;) {
        struct units units = loop_take(loop, own, range->end - range->begin, &began);
        if (units_are_none(units))
            return false;
        struct loop_range taken = loop_range_of(&loop->plan, units);
        range->begin = taken.begin;
        range->end = taken.end;
        range->began = began;
        if (!loop_has_stopped(macro, taken.begin))
            return true;
        loop_leave_out(loop, units);
        if (group_stopped_hard(loop->group))
            return false;
        loop_abandon_from(loop, own, units.first);
    }
}

/* A part of the block, less where that should take long, or more where the last bit took too little. */
static size_t bit_size(ompg_loop_range *range, size_t block)
{
    size_t part = block / BITS_OF_BLOCK + 1;
    int64_t began = range->began;
    struct pace pace = loop_pace(range->end - range->begin, &began);
    bool first = range->began == 0;
    range->began = began;
    if (first)
        return part;
    if (pace.least > part)
        return pace.least;
    return pace.most < part ? pace.most : part;
}

/* Bits of a block end at multiples of the grain. */
static bool take_bit(struct macro_loop *macro, ompg_loop_range *range, bool first)
{
    const struct loop_plan *plan = &macro->loop.plan;
    struct block block = block_of(plan->end, (size_t)macro->shares, (size_t)range->share);
    size_t begin = first ? block.begin : range->end;
    size_t left = block.end - begin;
    if (left == 0)
        return false;
    size_t size = plan->whole ? bit_size(range, block.end - block.begin)
                              : plan->grain - begin % plan->grain;
    range->begin = begin;
    range->end = size < left ? begin + size : block.end;
    return true;
}

/* What the group has stopped for is dealt out as well, and left. */
static bool take_piece(const struct macro_loop *macro, ompg_loop_range *range, bool first)
{
    const struct loop_plan *plan = &macro->loop.plan;
    long at;
    bool taken = first ? openmp_deal_begin(macro->pieces, &at) : openmp_deal_next(&at);
    for (; taken; taken = openmp_deal_next(&at)) {
        struct block piece = block_piece(plan->end, plan->grain, (size_t)macro->shares, (size_t)at);
        range->begin = piece.begin;
        range->end = piece.end;
        if (piece.begin < piece.end && !loop_has_stopped(macro, piece.begin))
            return true;
    }
    openmp_deal_end();
    return false;
}

static bool take(struct macro_loop *macro, ompg_loop_range *range, bool first)
{
    switch (macro->loop.hand_out) {
    case BY_UNITS:
        return take_units(macro, range);
    case BY_PIECES:
        return take_piece(macro, range, first);
    default: /* blocks go upwards: where the group has stopped there is no more of this one to do */
        return take_bit(macro, range, first) && !loop_has_stopped(macro, range->begin);
    }
}

/* Its line comes while the state's does, which says where the share is. */
static void prefetch_share(struct macro_loop *macro, int share)
{
    struct share *behind = (void *)(macro + 1);
    if (share < SHARES_IN_ROOM_LEAST)
        prefetch_to_write(&behind[share]);
}

/* Before this thread's first range of a share. */
static void enter(struct macro_loop *macro, ompg_loop_range *range)
{
    prefetch_share(macro, range->share);
    range->entered = true;
    range->outer = loop_here.group;
    range->outer_index = loop_here.index;
    range->outer_within = loop_here.within;
    range->outer_range = range_here;
    range->task = self ? self->frame : NULL;
    range_here = range;
    if (!macro->loop.team)
        range->float_control = float_control_set(macro->loop.float_control);
}

/*
 * What the body says of a deterministic group, or asks it, belongs to the range: these are the same
 * whatever the schedule.
 */
static void set_loop_here(const struct macro_loop *macro, const ompg_loop_range *range)
{
    const ompg_group *group = macro->loop.group;
    if (!group)
        return;
    size_t index = macro->loop.plan.deterministic ? index_of(macro, range->begin) : OMPG_NO_INDEX;
    loop_here =
        (struct loop_here){.group = group, .index = index, .within = self ? self->frame : NULL};
}

static void leave_loop(const struct macro_loop *macro, ompg_loop_range *range)
{
    if (macro->loop.hand_out != BY_UNITS && macro->loop.group)
        loop_report_rest(macro->loop.group, &range->unreported);
    loop_here = (struct loop_here){
        .group = range->outer, .index = range->outer_index, .within = range->outer_within};
    range_here = range->outer_range;
    if (!macro->loop.team)
        float_control_set(range->float_control);
}

/* What an iteration has had. */
static void give_states_back(ompg_loop_range *range)
{
    states_give_back(range->states);
    range->states = NULL;
}

bool ompg_loop_next(void *state, ompg_loop_range *range)
{
    struct macro_loop *macro = state;
    bool first = !range->entered;
    if (UNLIKELY(range->states))
        give_states_back(range);
    if (first)
        enter(macro, range);
    int64_t before = range->began;
    range->unreported += range->end - range->begin; /* 0 at first */
    range->fresh = take(macro, range, first);
    if (range->fresh && macro->loop.group)
        loop_report(&macro->loop, &range->unreported, before, range->began);
    if (range->fresh)
        set_loop_here(macro, range);
    else
        leave_loop(macro, range);
    return range->fresh;
}
