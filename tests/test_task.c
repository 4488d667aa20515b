/*
 * Tasks, and series of them (src/store/series.h), against arrays.
 *
 * Fails for: a distance that is not checked from the third task on; an index, a function or flags that
 * are not compared; a stride that is kept from a series before; a part that is taken from the wrong end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "store/series.h"

enum { MOST = 40 };

static int fn_a(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 0;
}

static int fn_b(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    return 1;
}

static bool same(const struct task *a, const struct task *b)
{
    return a->fn == b->fn && a->arg == b->arg && a->tagged == b->tagged && a->index == b->index;
}

static struct task drawn_task(void)
{
    return (struct task){.fn = chance(50) ? fn_a : fn_b,
                         .arg = (void *)(uintptr_t)draw_bits(),
                         .tagged = 64 * (1 + draw(3)) + draw(TASK_FLAGS + 1),
                         .index = (size_t)draw_bits()};
}

/* Continues the series in every respect but, sometimes, one. */
static struct task next_task(const struct task *tasks, size_t count, bool *continues)
{
    struct task next = tasks[count - 1];
    uintptr_t stride = count > 1 ? (uintptr_t)tasks[1].arg - (uintptr_t)tasks[0].arg
                                 : (uintptr_t)draw_bits() % 3;
    next.arg = (void *)((uintptr_t)next.arg + stride);
    next.index++;
    *continues = chance(90);
    if (*continues)
        return next;
    switch (draw(count > 1 ? 4 : 3)) {
    case 0:
        next.fn = next.fn == fn_a ? fn_b : fn_a;
        break;
    case 1:
        next.tagged ^= 1U << draw(8);
        break;
    case 2:
        next.index += 1 + draw(2);
        break;
    default:
        next.arg = (void *)((uintptr_t)next.arg + 1 + draw(64));
        break;
    }
    return next;
}

static void check_series_is(const struct series *series, const struct task *tasks, size_t count)
{
    CHECK_INT(series->count, count);
    for (size_t i = 0; i < count && i < series->count; i++) {
        struct task task = series_at(series, i);
        if (!CHECK(same(&task, &tasks[i])))
            return;
    }
}

static void grow_and_take(void)
{
    struct task tasks[MOST] = {drawn_task()};
    struct series series = {.first = tasks[0], .stride = (uintptr_t)draw_bits(), .count = 1};
    size_t count = 1;
    while (count < MOST) {
        bool continues;
        tasks[count] = next_task(tasks, count, &continues);
        if (!CHECK_INT(series_extend(&series, &tasks[count]), continues) || !continues)
            break;
        count++;
    }
    check_series_is(&series, tasks, count);
    for (size_t taken = 0; taken < count;) {
        struct series part = series_take(&series, draw(MOST));
        check_series_is(&part, tasks + taken, part.count);
        taken += part.count;
        check_series_is(&series, tasks + taken, count - taken);
    }
}

static void series(void)
{
    in_rounds(grow_and_take);
}

static void groups_and_flags(void)
{
    struct task_extra extra = {.arg = NULL, .cost = 2.5, .name = "named"};
    struct task task = {.arg = &extra, .tagged = 4096 + TASK_EXTRA + TASK_ADMITTED, .index = 7};
    CHECK((uintptr_t)task_group(&task) == 4096);
    CHECK(task_extra(&task) == &extra);
    CHECK(task_cost(&task) == 2.5);
    CHECK_STR(task_name(&task), "named");
    CHECK_INT(task_stop_index(&task), 7);
    task.tagged = 4096 + TASK_SHARED + TASK_PARTIAL;
    CHECK((uintptr_t)task_group(&task) == 4096);
    CHECK(task_extra(&task) == NULL);
    CHECK(task_cost(&task) == 0.0);
    CHECK_STR(task_name(&task), "");
    CHECK_INT(task_stop_index(&task), 0);
}

CHECK_MAIN("task", {"series", series}, {"groups and flags", groups_and_flags})
