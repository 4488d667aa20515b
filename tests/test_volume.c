/*
 * Many tasks: millions from the waiter, from one producer task and from a tree of tasks, in bounded
 * memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "sanitizers.h"
#include "tasks.h"

#include <errno.h>
#include <unistd.h>

enum { MILLION = SANITIZED ? 100000 : 1000000 }; /* a lesser one where all is slow */

static int add_one(ompg_group *group, void *arg)
{
    (void)group;
    atomic_fetch_add_explicit((atomic_size_t *)arg, 1, memory_order_relaxed);
    return 0;
}

static void million_before_the_wait(void)
{
    atomic_size_t runs = 0;
    size_t accepted = 0;
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < MILLION; i++)
        accepted += ompg_go(group, add_one, &runs) == 0;
    CHECK_INT(accepted, MILLION);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_INT(atomic_load(&runs), MILLION);
    CHECK_STATS(group, MILLION, MILLION, 0, 0);
    ompg_free(group);
}

typedef struct producer {
    size_t count;
    atomic_size_t runs;
} producer;

static int produce(ompg_group *group, void *arg)
{
    producer *self = arg;
    size_t accepted = 0;
    for (size_t i = 0; i < self->count; i++)
        accepted += ompg_go(group, add_one, &self->runs) == 0;
    CHECK_INT(accepted, self->count);
    return 0;
}

static void million_from_a_task(void)
{
    static const ompg_options kinds[] = {{0}, {.on_error = OMPG_COLLECT}, {.deterministic = true}};
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        producer all = {.count = MILLION};
        ompg_group *group = ompg_new(&kinds[kind]);
        ompg_go(group, produce, &all);
        CHECK_INT(ompg_wait(group), 0);
        CHECK_INT(atomic_load(&all.runs), MILLION);
        CHECK_STATS(group, MILLION + 1, MILLION + 1, 0, 0);
        ompg_free(group);
    }
}

typedef struct branch {
    int height;
    int fan;
    atomic_size_t *leaves;
} branch;

static int grow(ompg_group *group, void *arg)
{
    const branch *self = arg;
    if (self->height == 0)
        return add_one(group, self->leaves);
    branch next = {self->height - 1, self->fan, self->leaves};
    for (int i = 0; i < self->fan; i++) {
        int code = ompg_go_copy(group, grow, &next, sizeof next);
        if (code != 0)
            return code;
    }
    return 0;
}

static void tasks_that_add_tasks(void)
{
    atomic_size_t leaves = 0;
    branch binary = {14, 2, &leaves};
    branch chain = {50000, 1, &leaves};
    branch broad = {2, 300, &leaves};
    CHECK_INT(ompg_run(NULL, grow, &binary, NULL), 0);
    CHECK_INT(atomic_exchange(&leaves, 0), 1 << 14);
    CHECK_INT(ompg_run(NULL, grow, &chain, NULL), 0);
    CHECK_INT(atomic_exchange(&leaves, 0), 1);
    CHECK_INT(ompg_run(NULL, grow, &broad, NULL), 0);
    CHECK_INT(atomic_exchange(&leaves, 0), 90000);
}

/* Resident memory now, in bytes; 0 where the system does not say. */
static size_t resident(void)
{
    char line[256];
    char *rest = NULL;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL)
        return 0;
    bool there = fgets(line, sizeof line, statm) != NULL;
    fclose(statm);
    if (!there)
        return 0;
    strtoul(line, &rest, 10);
    return strtoul(rest, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

typedef struct flood {
    size_t count;
    size_t before;
    size_t most;
    atomic_size_t runs;
} flood;

/* Looks at the memory while the tasks are there: after the wait it may have been given back. */
static int produce_flood(ompg_group *group, void *arg)
{
    flood *self = arg;
    for (size_t i = 0; i < self->count; i++) {
        if (ompg_go(group, add_one, &self->runs) != 0)
            return EIO;
        if (i % (self->count / 64) == 0) {
            size_t now = resident();
            self->most = now > self->most ? now : self->most;
        }
    }
    return 0;
}

static void ten_million_from_one_producer(void)
{
    flood all = {.count = (size_t)10 * MILLION};
    CHECK_INT(ompg_run(NULL, do_nothing, NULL, NULL), 0); /* OpenMP's own threads are there now */
    all.before = resident();
    all.most = all.before;
    CHECK_INT(ompg_run(NULL, produce_flood, &all, NULL), 0);
    CHECK_INT(atomic_load(&all.runs), all.count);
    if (!SANITIZED) /* whose shadow memory is not the library's */
        CHECK(all.most - all.before < 8u << 20);
}

/* ---- tasks that wait take what group.h says: 56 bytes, or nothing in a loop ---- */

enum { TASK_BYTES = 56, ROOM = 4 << 20 }; /* for all that does not grow with the tasks */

/* Tasks that are all the same, or each unlike its neighbours. */
typedef struct waiting {
    bool alike;
    size_t before, most;
    atomic_size_t runs;
} waiting;

static int add_one_too(ompg_group *group, void *arg)
{
    return add_one(group, arg);
}

static void add_waiting(ompg_group *group, waiting *self)
{
    size_t accepted = 0;
    self->before = resident();
    for (size_t i = 0; i < MILLION; i++)
        accepted += ompg_go(group, self->alike || i % 2 ? add_one : add_one_too, &self->runs) == 0;
    self->most = resident();
    CHECK_INT(accepted, MILLION);
}

static void check_waiting(const waiting *self)
{
    size_t expected = self->alike ? 0 : (size_t)TASK_BYTES * MILLION;
    CHECK_INT(atomic_load(&self->runs), MILLION);
    if (SANITIZED) /* whose shadow memory is not the library's */
        return;
    if (!CHECK(self->most - self->before < expected + expected / 16 + ROOM))
        fprintf(stderr, "%zu bytes, not %zu\n", self->most - self->before, expected);
}

static void million_before_the_wait_take_little(void)
{
    for (int alike = 0; alike <= 1; alike++) {
        waiting all = {.alike = alike};
        ompg_group *group = ompg_new(NULL);
        add_waiting(group, &all);
        CHECK_INT(ompg_wait(group), 0);
        check_waiting(&all);
        ompg_free(group);
    }
}

/* While this one task runs, all others wait behind it. */
static int produce_limited(ompg_group *group, void *arg)
{
    add_waiting(group, arg);
    return 0;
}

static void million_behind_a_limit(void)
{
    for (int alike = 0; alike <= 1; alike++) {
        waiting all = {.alike = alike};
        CHECK_INT(ompg_run(&(ompg_options){.limit = 1}, produce_limited, &all, NULL), 0);
        check_waiting(&all);
    }
}

static void refused(void)
{
    size_t refusals = 0;
    atomic_size_t runs = 0;
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, EIO, "before all");
    for (size_t i = 0; i < MILLION; i++)
        refusals += ompg_go(group, add_one, &runs) == ECANCELED;
    CHECK_INT(refusals, MILLION);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(atomic_load(&runs), 0);
    CHECK_STATS(group, 0, 0, 0, 0);
    ompg_free(group);
}

static void skipped(void)
{
    atomic_size_t runs = 0;
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < MILLION; i++)
        ompg_go(group, add_one, &runs);
    ompg_fail(group, EIO, "before all");
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(atomic_load(&runs), 0);
    CHECK_STATS(group, MILLION, 0, 0, MILLION);
    ompg_free(group);
}

static int fail_then_produce(ompg_group *group, void *arg)
{
    producer *self = arg;
    size_t refusals = 0;
    ompg_fail(group, EIO, "first");
    for (size_t i = 0; i < self->count; i++)
        refusals += ompg_go(group, add_one, &self->runs) == ECANCELED;
    CHECK_INT(refusals, self->count);
    return EIO;
}

static void refused_in_a_task(void)
{
    producer all = {.count = MILLION};
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, fail_then_produce, &all);
    CHECK_INT(ompg_wait(group), EIO);
    CHECK_INT(atomic_load(&all.runs), 0);
    CHECK_STATS(group, 1, 0, 1, 0);
    ompg_free(group);
}

static void many_groups(void)
{
    atomic_size_t runs = 0;
    for (int i = 0; i < 20000; i++) {
        ompg_group *group = ompg_new(NULL);
        ompg_go(group, add_one, &runs);
        if (i % 2 == 0)
            ompg_wait(group);
        ompg_free(group);
    }
    CHECK_INT(atomic_load(&runs), 10000);
}

CHECK_MAIN("volume", {"a million before the wait", million_before_the_wait},
           {"a million from a task", million_from_a_task},
           {"tasks that add tasks", tasks_that_add_tasks},
           {"ten million from one producer", ten_million_from_one_producer},
           {"a million before the wait take little", million_before_the_wait_take_little},
           {"a million behind a limit", million_behind_a_limit}, {"a million refused", refused},
           {"a million skipped", skipped}, {"a million refused in a task", refused_in_a_task},
           {"many groups", many_groups})
