/*
 * Flow: a pipeline whose items know where they have been. Each stage checks that an item comes from
 * the stage before, once, in its turn; afterwards each item must have left the last stage, or have
 * been filtered out, or have been dropped once by the stage that it was in or waited for.
 *
 * What a stage writes is not atomic: the pipeline hands it over with the item.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_H
#define FLOW_H

#include "check.h"

#include <ompgroup.h>

#include <stdint.h>

enum { NOWHERE = -1, MOST_STAGES = 12 };

/* How an item fails. */
typedef enum failure {
    RETURN_CODE,
    FAIL,           /* ompg_fail, returned */
    FAIL_AND_GO_ON, /* ompg_fail, 0 returned */
    TAKE_AND_FAIL,  /* sets *piece to NULL */
    FAILURES
} failure;

typedef struct flow flow;

typedef struct parcel {
    flow *all;
    size_t number;
    int fails_at, filtered_at; /* stages, by the plan */
    int stage;                 /* the stage that it came to last */
    bool left;                 /* it has left that one */
    bool done, filtered, taken;
    int dropped_by;
    atomic_int drops;
} parcel;

typedef struct step {
    flow *all;
    int stage;
    atomic_int inside;
    size_t next; /* in order: no lower number may come any more */
} step;

struct flow {
    size_t count; /* items that the source makes */
    size_t live;
    int stages;
    failure kind;
    size_t source_fails_at; /* SIZE_MAX: it does not */
    /* Called in each stage but the source; NULL: nothing happens there. */
    int (*visit)(ompg_group *group, parcel *at, int stage);
    void *context;   /* of visit */
    size_t made;     /* the source's */
    bool ended;      /* the source's */
    event made_many; /* posted for each item made */
    atomic_size_t alive;
    atomic_int over; /* sightings of more than `live` */
    parcel *parcels; /* [count] */
    step steps[MOST_STAGES];
    ompg_stage pipeline[MOST_STAGES];
};

static inline int flow_code(size_t number)
{
    return 1000 + (int)(number % 1000);
}

/* ---- drops: one function for each stage ---- */

static inline void flow_drop(void *piece, int stage)
{
    parcel *self = piece;
    atomic_fetch_add(&self->drops, 1);
    self->dropped_by = stage;
}

#define FLOW_DROP(stage)                                                                           \
    static inline void flow_drop_##stage(void *piece)                                              \
    {                                                                                              \
        flow_drop(piece, stage);                                                                   \
    }
FLOW_DROP(0)
FLOW_DROP(1)
FLOW_DROP(2)
FLOW_DROP(3)
FLOW_DROP(4)
FLOW_DROP(5)
FLOW_DROP(6)
FLOW_DROP(7)
FLOW_DROP(8)
FLOW_DROP(9)
FLOW_DROP(10)
FLOW_DROP(11)
#undef FLOW_DROP

/* ---- stages ---- */

static inline int flow_fail(ompg_group *group, failure kind, size_t number)
{
    int code = flow_code(number);
    if (kind == FAIL || kind == FAIL_AND_GO_ON)
        ompg_fail(group, code, "item %zu", number);
    return kind == FAIL_AND_GO_ON ? 0 : code;
}

static inline void flow_enter(step *self)
{
    int others = atomic_fetch_add(&self->inside, 1);
    if (self->stage == 0 || self->all->pipeline[self->stage].mode != OMPG_PARALLEL)
        CHECK_INT(others, 0);
}

static inline void flow_leave(step *self)
{
    atomic_fetch_sub(&self->inside, 1);
}

static inline int flow_source(ompg_group *group, void *arg, void **piece)
{
    step *self = arg;
    flow *all = self->all;
    size_t number = all->made;
    int code = 0;
    flow_enter(self);
    CHECK(*piece == NULL);
    CHECK(!all->ended);
    if (number == all->count || number == all->source_fails_at) {
        all->ended = true;
        code = number == all->source_fails_at ? flow_fail(group, all->kind, number) : 0;
    } else {
        parcel *made = &all->parcels[number];
        if (atomic_fetch_add(&all->alive, 1) >= all->live)
            atomic_fetch_add(&all->over, 1);
        made->stage = 0;
        made->left = true;
        made->done = all->stages == 1;
        if (made->done)
            atomic_fetch_sub(&all->alive, 1);
        all->made++;
        *piece = made;
        event_post(&all->made_many);
    }
    flow_leave(self);
    return code;
}

/* The item leaves the stage, and the pipeline where this is the last one or filters it out. */
static inline void flow_pass(const step *self, parcel *at, void **piece)
{
    at->left = true;
    at->filtered = at->filtered_at == self->stage;
    at->done = !at->filtered && self->stage == self->all->stages - 1;
    if (at->filtered)
        *piece = NULL;
    if (at->filtered || at->done)
        atomic_fetch_sub(&self->all->alive, 1);
}

static inline int flow_work(ompg_group *group, step *self, parcel *at, void **piece)
{
    flow *all = self->all;
    int code = all->visit != NULL ? all->visit(group, at, self->stage) : 0;
    if (code != 0)
        return code;
    if (at->fails_at != self->stage) {
        flow_pass(self, at, piece);
        return 0;
    }
    at->taken = all->kind == TAKE_AND_FAIL;
    if (at->taken)
        *piece = NULL;
    return flow_fail(group, all->kind, at->number);
}

static inline int flow_step(ompg_group *group, void *arg, void **piece)
{
    step *self = arg;
    parcel *at = *piece;
    flow_enter(self);
    CHECK(at->left);
    CHECK_INT(at->stage, self->stage - 1);
    at->stage = self->stage;
    at->left = false;
    if (self->all->pipeline[self->stage].mode == OMPG_IN_ORDER) {
        CHECK(at->number >= self->next);
        self->next = at->number + 1;
    }
    int code = flow_work(group, self, at, piece);
    flow_leave(self);
    return code;
}

/* ---- the whole ---- */

static inline ompg_stage_mode flow_mode(char letter)
{
    return letter == 'p' ? OMPG_PARALLEL : letter == 's' ? OMPG_SERIAL : OMPG_IN_ORDER;
}

/* modes: a letter for each stage, 'i' for in order, 'p' for parallel and 's' for serial. */
static inline flow *flow_new(const char *modes, size_t count, size_t live)
{
    static ompg_drop_fn *const drops[MOST_STAGES] = {
        flow_drop_0, flow_drop_1, flow_drop_2, flow_drop_3, flow_drop_4,  flow_drop_5,
        flow_drop_6, flow_drop_7, flow_drop_8, flow_drop_9, flow_drop_10, flow_drop_11,
    };
    flow *self = calloc(1, sizeof *self);
    parcel *parcels = calloc(count + 1, sizeof *parcels);
    if (self == NULL || parcels == NULL || strlen(modes) > MOST_STAGES)
        abort();
    self->count = count;
    self->live = live;
    self->stages = (int)strlen(modes);
    self->source_fails_at = SIZE_MAX;
    self->parcels = parcels;
    for (size_t i = 0; i < count; i++)
        parcels[i] = (parcel){.all = self,
                              .number = i,
                              .fails_at = NOWHERE,
                              .filtered_at = NOWHERE,
                              .stage = NOWHERE,
                              .dropped_by = NOWHERE};
    for (int i = 0; i < self->stages; i++) {
        self->steps[i] = (step){.all = self, .stage = i};
        self->pipeline[i] = (ompg_stage){.mode = flow_mode(modes[i]),
                                         .fn = i == 0 ? flow_source : flow_step,
                                         .arg = &self->steps[i],
                                         .drop = drops[i]};
    }
    return self;
}

static inline void flow_free(flow *self)
{
    free(self->parcels);
    free(self);
}

static inline int flow_run(flow *self, ompg_group *group)
{
    return ompg_pipeline(group, self->pipeline, (size_t)self->stages, self->live);
}

/* ---- what must hold afterwards ---- */

/* One that was made has one end; one that was dropped was dropped where it was. */
static inline bool parcel_is_right(const parcel *self, bool made)
{
    int drops = atomic_load(&self->drops);
    int ends = drops + self->done + self->filtered + self->taken;
    if (!made)
        return ends == 0 && self->stage == NOWHERE;
    if (drops == 1 && self->dropped_by != self->stage + self->left)
        return false;
    return ends == 1 && (!self->done || self->stage == self->all->stages - 1);
}

/* The last in-order stage saw nothing behind an item that failed before it. */
static inline bool flow_order_is_right(const flow *self)
{
    int last = self->stages - 1;
    while (last > 0 && self->pipeline[last].mode != OMPG_IN_ORDER)
        last--;
    bool failed = false;
    size_t wrong = 0;
    for (size_t i = 0; i < self->made && last > 0; i++) {
        const parcel *at = &self->parcels[i];
        wrong += failed && at->stage >= last;
        failed = failed ||
                 (at->fails_at != NOWHERE && at->stage == at->fails_at && at->fails_at <= last);
    }
    return CHECK_INT(wrong, 0);
}

static inline bool flow_check(const flow *self)
{
    size_t wrong = 0;
    for (size_t i = 0; i < self->count; i++) {
        bool right = parcel_is_right(&self->parcels[i], i < self->made);
        if (!right && wrong++ < 3)
            fprintf(stderr, "item %zu: stage %d, left %d, %d drops by stage %d\n", i,
                    self->parcels[i].stage, self->parcels[i].left,
                    atomic_load(&self->parcels[i].drops), self->parcels[i].dropped_by);
    }
    return CHECK_INT(wrong, 0) && CHECK_INT(atomic_load(&self->over), 0) &&
           flow_order_is_right(self);
}

/* All items below `past` went all the way. */
static inline bool flow_check_done(const flow *self, size_t past)
{
    size_t wrong = 0;
    for (size_t i = 0; i < past; i++)
        wrong += !self->parcels[i].done && !self->parcels[i].filtered;
    return CHECK(past <= self->made) && CHECK_INT(wrong, 0) && flow_check(self);
}

#endif
