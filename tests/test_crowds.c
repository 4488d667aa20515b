/*
 * Crowds: very many regions, many regions at once, more threads than cores, and cancellation of all
 * that at random moments.
 *
 * OMPGROUP_TEST_SEED sets the seed of the random moments, OMPGROUP_TEST_ROUNDS how many there are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "stress.h"
#include "stress_plan.h"

#include <ompgroup.h>

#include <errno.h>

enum { CANCEL_CODE = 7000 };

/*
 * Regions.
 */

static int count_task(ompg_group *group, void *arg)
{
    atomic_uint *counter = arg;
    (void)group;
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    return 0;
}

/* Opens and closes `count` regions of `tasks` tasks, half of them with a group of their own. */
static void tiny_regions(unsigned count, unsigned tasks, int threads)
{
    ompg_options options = {.threads = threads};
    ompg_group *kept = ompg_new(&options);
    atomic_uint ran = 0;
    bool passed = kept != NULL;
    for (unsigned i = 0; i < count && passed; i++) {
        ompg_group *group = i % 2 == 0 ? kept : ompg_new(&options);
        for (unsigned j = 0; j < tasks; j++)
            passed &= ompg_go(group, count_task, &ran) == 0;
        passed &= ompg_wait(group) == 0 && atomic_load(&ran) == (i + 1) * tasks;
        if (group != kept)
            ompg_free(group);
    }
    CHECK(passed);
    CHECK_INT(atomic_load(&ran), count * tasks);
    ompg_free(kept);
}

static void many_regions(void)
{
    tiny_regions(80000 / SHARE, 1, 1);
    tiny_regions(10000 / SHARE, 2, 2);
    tiny_regions(10000 / SHARE, 3, 0);
    tiny_regions(100 / SHARE, 5, 64);
}

static void *regions_of_pthread(void *arg)
{
    const unsigned *thread = arg;
    tiny_regions(2000 / SHARE, 1 + *thread, 1 + (int)*thread);
    return NULL;
}

static void regions_in_pthreads(void)
{
    in_pthreads(regions_of_pthread);
}

/*
 * Producers and consumers: 64 threads on whatever cores there are.
 */

enum { PRODUCERS = 16, ITEMS = 4000 / SHARE };

typedef struct market {
    atomic_ullong sum;
    atomic_int open; /* items produced and not yet consumed */
    atomic_int most;
} market;

typedef struct item {
    market *at;
    unsigned value;
} item;

static int consume(ompg_group *group, void *arg)
{
    const item *goods = arg;
    atomic_fetch_add(&goods->at->sum, goods->value);
    atomic_fetch_sub(&goods->at->open, 1);
    return ompg_stopped(group) ? ECANCELED : 0;
}

/* Every tenth item takes a group of its own. */
static int consume_nested(ompg_group *group, void *arg)
{
    ompg_group *nested = ompg_new(&(ompg_options){.limit = 1});
    const item *goods = arg;
    (void)group;
    item part = {goods->at, goods->value};
    atomic_fetch_add(&goods->at->open, 1);
    int code = ompg_go_copy(nested, consume, &part, sizeof part);
    part.value = 0;
    if (code == 0)
        code = ompg_go_copy(nested, consume, &part, sizeof part);
    if (code == 0)
        code = ompg_wait(nested);
    ompg_free(nested);
    return code;
}

static int produce(ompg_group *group, void *arg)
{
    market *at = arg;
    for (unsigned i = 1; i <= ITEMS; i++) {
        item goods = {at, i};
        atomic_fetch_add(&at->open, 1);
        int code =
            ompg_go_copy(group, i % 10 == 0 ? consume_nested : consume, &goods, sizeof goods);
        if (code != 0)
            return code;
    }
    return 0;
}

static void trade(int limit)
{
    market at = {.sum = 0};
    ompg_stats stats;
    ompg_group *group = ompg_new(&(ompg_options){.threads = 64, .limit = limit});
    for (unsigned i = 0; i < PRODUCERS; i++)
        CHECK_INT(ompg_go(group, produce, &at), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&at.sum), (unsigned long long)PRODUCERS * ITEMS * (ITEMS + 1) / 2);
    CHECK_INT(atomic_load(&at.open), 0);
    ompg_get_stats(group, &stats);
    CHECK_INT(stats.done, PRODUCERS + PRODUCERS * ITEMS);
    ompg_free(group);
}

static void producers_and_consumers(void)
{
    trade(0);
    trade(40);
    trade(1);
}

/*
 * Cancellation at random moments.
 */

typedef struct flood {
    atomic_uint dropped;
    atomic_uint ran;
    unsigned accepted;
    int refusal;
} flood;

static void flood_drop(void *arg)
{
    flood *self = arg;
    atomic_fetch_add_explicit(&self->dropped, 1, memory_order_relaxed);
}

static int flood_task(ompg_group *group, void *arg)
{
    flood *self = arg;
    atomic_fetch_add_explicit(&self->ran, 1, memory_order_relaxed);
    return ompg_stopped(group) ? ECANCELED : 0;
}

/* Adds tasks until it is refused. */
static int flood_source(ompg_group *group, void *arg)
{
    flood *self = arg;
    ompg_task_options options = {.drop = flood_drop};
    while (self->refusal == 0) {
        self->refusal = ompg_go_with(group, flood_task, self, &options);
        self->accepted += self->refusal == 0;
    }
    return self->refusal;
}

/* The thread that stops a flood. */
typedef struct canceller {
    ompg_group *group; /* cancelled where there is no token */
    ompg_token *token;
    unsigned delay;
} canceller;

static void *cancel_late(void *arg)
{
    const canceller *self = arg;
    for (volatile unsigned i = 0; i < self->delay; i = i + 1)
        ;
    if (self->token != NULL)
        ompg_token_cancel(self->token, CANCEL_CODE);
    else
        ompg_cancel(self->group, CANCEL_CODE);
    return NULL;
}

static void cancel_flood(uint64_t seed, int threads)
{
    flood water = {.refusal = 0};
    pthread_t thread;
    ompg_stats stats;
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_options options = {.threads = threads, .limit = plan_chance(seed, 1, 30) ? 2 : 0};
    if (plan_chance(seed, 2, 50))
        options.token = &token;
    canceller outside = {ompg_new(&options), options.token,
                         plan_draw(seed, 3, 1U << plan_draw(seed, 4, 20))};
    CHECK_INT(ompg_go(outside.group, flood_source, &water), 0);
    if (pthread_create(&thread, NULL, cancel_late, &outside) != 0)
        abort();
    CHECK_INT(ompg_wait(outside.group), CANCEL_CODE);
    pthread_join(thread, NULL);
    ompg_get_stats(outside.group, &stats);
    CHECK_INT(atomic_load(&water.dropped), water.accepted);
    CHECK_INT(stats.submitted, water.accepted + 1);
    CHECK_INT(stats.done + stats.skipped, stats.submitted);
    CHECK(stats.done <= atomic_load(&water.ran));
    ompg_free(outside.group);
}

static void cancelled_from_outside(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds / 4; round++)
        cancel_flood(plan_hash(base_seed + round), 1 + (int)(round % 7));
}

/* One token, groups in several POSIX threads. The first thread cancels it. */
static ompg_token shared_token;
static atomic_uint shared_stopped;

static void *flood_of_pthread(void *arg)
{
    flood water = {.refusal = 0};
    const unsigned *thread = arg;
    ompg_group *group =
        ompg_new(&(ompg_options){.threads = 1 + (int)*thread % 3, .token = &shared_token});
    int added = ompg_go(group, flood_source, &water);
    if (*thread == 0)
        ompg_token_cancel(&shared_token, CANCEL_CODE);
    int code = ompg_wait(group);
    if ((added == 0 || added == ECANCELED) && code == CANCEL_CODE &&
        atomic_load(&water.dropped) == water.accepted)
        atomic_fetch_add(&shared_stopped, 1);
    ompg_free(group);
    return NULL;
}

static void one_token_stops_all(void)
{
    for (unsigned round = 0; round < 100 / SHARE; round++) {
        shared_token = (ompg_token)OMPG_TOKEN_INIT;
        atomic_store(&shared_stopped, 0);
        in_pthreads(flood_of_pthread);
        CHECK_INT(atomic_load(&shared_stopped), PTHREADS);
    }
}

CHECK_MAIN("crowds", {"regions, many and tiny", many_regions},
           {"regions in several POSIX threads", regions_in_pthreads},
           {"producers and consumers", producers_and_consumers},
           {"cancelled from outside", cancelled_from_outside},
           {"one token stops all", one_token_stops_all})
