/*
 * The deque (src/store/deque.c) against arrays, one operation at a time. test_deque_threads has the
 * same with an owner and thieves at once.
 *
 * The positions count from near SIZE_MAX in every second round: they may wrap.
 *
 * Fails for: a push over the oldest task of a full ring; a ring that is copied to other positions when it
 * grows; half that is rounded down; a border that is not lowered, or by too much, when the newest
 * shared task is popped or skipped; a gap that is closed from the wrong side; a border that stays where
 * it was when a private task is removed; positions that are compared as if they never wrapped; a series of
 * fewer than 8 tasks, or beside what is shared already; a series that is given back in the wrong order, or
 * all of it; has_series that is left behind; skipped tasks of another kind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "base/membarrier.h"
#include "model.h"
#include "store/deque.h"

enum {
    MOST = 4 * DEQUE_CAPACITY,
    SMALL = 64,
    STEPS = 600,
    SERIES_LEAST = 8,
    SERIES_RECLAIMED = 64
};

static struct deque deque;

/* The model: older tasks that are shared as a series, and those in the ring, both oldest first. */
static struct task series[MOST], ring[MOST];
static size_t series_count, ring_count, shared, capacity, next_index;
static size_t purity; /* per cent of the tasks that continue a series */

static bool same(const struct task *a, const struct task *b)
{
    return a->fn == b->fn && a->arg == b->arg && a->tagged == b->tagged && a->index == b->index;
}

static void check_tasks(const struct task *tasks, const struct task *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!CHECK(same(&tasks[i], &expected[i])))
            return;
}

/* ---- the model ---- */

static void model_remove(struct task *tasks, size_t *count, size_t at, size_t n)
{
    *count -= n;
    memmove(tasks + at, tasks + at + n, (*count - at) * sizeof *tasks);
}

/* The owner has taken tasks from the top, perhaps shared ones: half of what is left stays shared. */
static void model_lower(void)
{
    if (shared > ring_count)
        shared = membarrier_works() ? (ring_count + 1) / 2 : ring_count;
}

/* How many of the oldest tasks in the ring have equal distances. */
static size_t model_series_length(size_t most)
{
    size_t n = 1;
    uintptr_t stride = ring_count > 1 ? (uintptr_t)ring[1].arg - (uintptr_t)ring[0].arg : 0;
    while (n < most && ring[n].tagged == ring[0].tagged && ring[n].fn == ring[0].fn &&
           ring[n].index == ring[0].index + n &&
           (uintptr_t)ring[n].arg == (uintptr_t)ring[0].arg + n * stride)
        n++;
    return n;
}

static void model_share(bool all)
{
    size_t mine = ring_count - shared;
    all = all || !membarrier_works();
    size_t n = all ? mine : (mine + 1) / 2;
    size_t length = all || shared > 0 || series_count > 0 || n == 0 ? 0 : model_series_length(n);
    if (length < SERIES_LEAST) {
        shared += n;
        return;
    }
    memcpy(series, ring, length * sizeof *series);
    series_count = length;
    model_remove(ring, &ring_count, 0, length);
}

/* The oldest half of the series goes back to the empty ring, its first task on top. */
static void model_reclaim(void)
{
    size_t n = (series_count + 1) / 2;
    n = n < SERIES_RECLAIMED ? n : SERIES_RECLAIMED;
    for (size_t i = 0; i < n; i++)
        ring[i] = series[n - 1 - i];
    ring_count = n;
    model_remove(series, &series_count, 0, n);
}

/* What is in the deque is what is in the model. */
static void check_deque(void)
{
    size_t tail = load_relaxed(&deque.tail), top = load_relaxed(&deque.top);
    CHECK_INT(top - tail, ring_count);
    CHECK_INT(load_relaxed(&deque.split) - tail, shared);
    CHECK_INT(deque_private(&deque), ring_count - shared);
    CHECK_INT(deque_is_empty(&deque), ring_count + series_count == 0);
    CHECK_INT(deque_has_shared(&deque), shared + series_count > 0);
    CHECK_INT(deque.series.count, series_count);
    CHECK_INT(deque.mask, capacity - 1);
    bool equal = true;
    for (size_t i = 0; i < ring_count; i++)
        equal &= same(&deque.ring[(tail + i) & deque.mask], &ring[i]);
    for (size_t i = 0; i < series_count; i++) {
        struct task task = series_at(&deque.series, i);
        equal &= same(&task, &series[i]);
    }
    CHECK(equal);
}

/* ---- the owner's operations ---- */

static struct task drawn_task(void)
{
    next_index++;
    bool ordinary = chance(purity);
    return (struct task){.arg = (void *)(uintptr_t)(ordinary ? 8 * next_index : draw(1000)),
                         .tagged = 64 * (ordinary ? 1 : 1 + draw(3)),
                         .index = next_index};
}

static void push(void)
{
    for (size_t n = draw(chance(5) ? capacity : 12); n > 0; n--) {
        struct task task = drawn_task();
        if (!CHECK_INT(deque_push(&deque, &task), ring_count < capacity))
            return;
        if (ring_count == capacity)
            return;
        ring[ring_count++] = task;
    }
}

static void push_series(void)
{
    struct series pushed = {.first = drawn_task(), .stride = 24};
    pushed.count = draw(capacity - ring_count + 1);
    deque_push_series(&deque, &pushed);
    for (size_t i = pushed.count; i > 0; i--)
        ring[ring_count++] = series_at(&pushed, i - 1);
    next_index += pushed.count;
}

static void pop(void)
{
    struct task task = {.fn = NULL};
    for (size_t n = draw(chance(5) ? capacity : 12); n > 0; n--) {
        if (!CHECK_INT(deque_pop(&deque, &task), ring_count + series_count > 0))
            return;
        if (ring_count + series_count == 0)
            return;
        if (ring_count == 0)
            model_reclaim();
        CHECK(same(&task, &ring[--ring_count]));
        model_lower();
    }
}

static void pop_private(void)
{
    struct task task = {.fn = NULL};
    if (CHECK_INT(deque_pop_private(&deque, &task), ring_count > shared) && ring_count > shared)
        CHECK(same(&task, &ring[--ring_count]));
}

static bool match(const struct task *task, const ompg_group *group)
{
    return task_group(task) == group;
}

static const ompg_group *drawn_group(void)
{
    return (const ompg_group *)(64 * (1 + draw(4)));
}

static void take(void)
{
    struct task task = {.fn = NULL};
    const ompg_group *group = drawn_group();
    size_t at = ring_count;
    while (at > 0 && !match(&ring[at - 1], group))
        at--;
    bool in_series = at == 0 && series_count > 0 && match(&series[0], group);
    size_t newest = draw(2) ? SIZE_MAX : draw(8);
    bool all = newest > ring_count;
    if (!all && (at == 0 || ring_count - at >= newest))
        at = 0;
    in_series = in_series && all;
    if (!CHECK_INT(deque_take(&deque, &task, newest, match, group), at > 0 || in_series))
        return;
    if (in_series) {
        CHECK(same(&task, &series[0]));
        model_remove(series, &series_count, 0, 1);
    } else if (at > 0) {
        CHECK(same(&task, &ring[at - 1]));
        shared -= at <= shared;
        model_remove(ring, &ring_count, at - 1, 1);
    }
}

static void skip(void)
{
    uintptr_t tagged = 64 * (1 + draw(3));
    size_t skipped = 0;
    for (; ring_count > 0 && ring[ring_count - 1].tagged == tagged; ring_count--)
        skipped++;
    if (ring_count == 0 && series_count > 0 && series[0].tagged == tagged) {
        skipped += series_count;
        series_count = 0;
    }
    model_lower();
    CHECK_INT(deque_skip(&deque, tagged), skipped);
}

static void share(void)
{
    bool all = chance(20);
    deque_share(&deque, all);
    model_share(all);
}

static void grow(void)
{
    if (2 * capacity > MOST || ring_count + 8 < capacity)
        return;
    CHECK(deque_grow(&deque));
    capacity *= 2;
}

/* ---- the thieves' ---- */

static void steal(void)
{
    struct task tasks[MOST];
    size_t most = 1 + draw(chance(50) ? 4 : 200);
    bool all = chance(50);
    size_t expected = all ? shared : (shared + 1) / 2;
    expected = expected < most ? expected : most;
    if (!CHECK_INT(deque_steal(&deque, tasks, most, all), expected))
        return;
    check_tasks(tasks, ring, expected);
    shared -= expected;
    model_remove(ring, &ring_count, 0, expected);
}

static void steal_series(void)
{
    size_t most = draw(chance(50) ? 4 : 200);
    struct series taken = deque_steal_series(&deque, most);
    if (!CHECK_INT(taken.count, most < series_count ? most : series_count))
        return;
    for (size_t i = 0; i < taken.count; i++) {
        struct task task = series_at(&taken, i);
        CHECK(same(&task, &series[i]));
    }
    model_remove(series, &series_count, 0, taken.count);
}

/* Something lies there that may be taken, or was not when it was seen. */
static void steal_sighted(void)
{
    struct sighting seen[SIGHTINGS];
    const ompg_group *group = drawn_group();
    size_t n = deque_sight(&deque, seen, (unsigned)draw(1000), match, group);
    size_t matching = series_count > 0 && match(&series[0], group);
    for (size_t i = 0; i < shared; i++)
        matching += match(&ring[i], group);
    if (shared <= SIGHT_LOOKS)
        CHECK_INT(n, matching < SIGHTINGS ? matching : SIGHTINGS);
    else
        CHECK(n <= matching);
    if (n == 0)
        return;
    struct task task = {.fn = NULL};
    const struct sighting *one = &seen[draw(n)];
    size_t at = one->position - load_relaxed(&deque.tail);
    if (!CHECK(deque_steal_sighted(&deque, one, &task)))
        return;
    CHECK(same(&task, one->in_series ? &series[0] : &ring[at]));
    CHECK(match(&task, group));
    if (one->in_series)
        model_remove(series, &series_count, 0, 1);
    else
        model_remove(ring, &ring_count, at, 1);
    shared -= !one->in_series;
    struct sighting gone = {.position = load_relaxed(&deque.split), .tagged = one->tagged};
    CHECK(!deque_steal_sighted(&deque, &gone, &task));
}

static void pry(void)
{
    size_t mine = membarrier_works() ? ring_count - shared : 0;
    CHECK_INT(deque_pry(&deque), mine > 0);
    shared += mine - mine / 8;
}

/* ---- rounds ---- */

/* The ring of one round in four has the size that the library gives it. */
static void begin(void)
{
    deque = (struct deque){.ring = NULL};
    size_t start = chance(50) ? draw(1000) : SIZE_MAX - draw(4096);
    store_relaxed(&deque.tail, start);
    store_relaxed(&deque.split, start);
    store_relaxed(&deque.top, start);
    if (!CHECK(deque_init(&deque)))
        abort();
    capacity = DEQUE_CAPACITY;
    if (chance(75)) {
        capacity = SMALL;
        deque.mask = SMALL - 1;
        deque.room = start + SMALL;
    }
    series_count = ring_count = shared = 0;
    next_index = draw(1000);
    purity = chance(50) ? 97 : 100;
}

static void step(size_t kind)
{
    static void (*const operations[])(void) = {
        push, push,  push,  push, pop,   pop,          pop_private,   push_series,   take,
        skip, share, share, grow, steal, steal_series, steal_sighted, steal_sighted, pry};
    operations[kind % (sizeof operations / sizeof operations[0])]();
}

static void round_of_steps(void)
{
    unsigned failed = atomic_load(&check_failed);
    begin();
    size_t favourite = draw(100);
    for (int i = 0; i < STEPS && atomic_load(&check_failed) == failed; i++) {
        step(chance(20) ? favourite : draw(100));
        check_deque();
    }
    free(deque.ring);
}

static void random_steps(void)
{
    in_rounds(round_of_steps);
}

static bool match_all(const struct task *task, const ompg_group *group)
{
    (void)task;
    (void)group;
    return true;
}

/* Strangers that lie in front must not hide what lies behind, however often a thief looks. */
static void every_shared_task_is_seen(void)
{
    static const size_t lie = 3 * (size_t)SIGHTINGS;
    bool was_seen[3 * SIGHTINGS] = {false};
    struct sighting seen[SIGHTINGS];
    deque = (struct deque){.ring = NULL};
    if (!CHECK(deque_init(&deque)))
        abort();
    for (size_t i = 0; i < lie; i++)
        CHECK(deque_push(&deque, &(struct task){.tagged = 64 * (1 + i)}));
    deque_share(&deque, true);
    for (unsigned start = 0; start < lie; start++) {
        CHECK_INT(deque_sight(&deque, seen, start, match_all, NULL), SIGHTINGS);
        for (int i = 0; i < SIGHTINGS; i++)
            was_seen[seen[i].tagged / 64 - 1] = true;
    }
    for (size_t i = 0; i < lie; i++)
        CHECK(was_seen[i]);
    free(deque.ring);
}

CHECK_MAIN("deque", {"random steps", random_steps},
           {"every shared task is seen", every_shared_task_is_seen})
