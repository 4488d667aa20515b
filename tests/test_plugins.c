/*
 * Two plugins that each carry the static library: two copies in one process, which know nothing of
 * one another, on the same threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "plugin.h"

#include <dlfcn.h>
#include <errno.h>

static plugin_run_fn *first, *second;

static plugin_run_fn *load(const char *path)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fprintf(stderr, "%s\n", dlerror());
    void *symbol = plugin ? dlsym(plugin, "plugin_run") : NULL;
    plugin_run_fn *run = NULL;
    memcpy(&run, &symbol, sizeof run); /* ISO C has no cast for it */
    return run;
}

/* Two copies, or one that both names lead to. */
static bool load_both(void)
{
    first = first ? first : load(PLUGIN_1);
    second = second ? second : load(PLUGIN_2);
    return CHECK(first && second && first != second);
}

static void each_alone(void)
{
    if (!load_both())
        return;
    plugin_call one = {.tasks = 1000}, other = {.tasks = 1000};
    CHECK_INT(first(&one), 0);
    CHECK_INT(second(&other), 0);
    CHECK_INT(atomic_load(&one.ran), 1000);
    CHECK_INT(atomic_load(&other.ran), 1000);
}

/* A task of one waits for a group of the other: on the same team, no region within. */
static void one_within_the_other(void)
{
    if (!load_both())
        return;
    for (int tasks = 1; tasks <= 100; tasks *= 10) {
        plugin_call inner = {.tasks = 100};
        plugin_call outer = {.tasks = tasks, .inner = second, .arg = &inner};
        CHECK_INT(first(&outer), 0);
        CHECK_INT(atomic_load(&outer.ran), tasks);
        CHECK_INT(atomic_load(&inner.ran), 100 * tasks);
        CHECK_INT(atomic_load(&inner.level), 1);
    }
}

static void there_and_back_again(void)
{
    if (!load_both())
        return;
    plugin_call innermost = {.tasks = 10};
    plugin_call inner = {.tasks = 10, .inner = first, .arg = &innermost};
    plugin_call outer = {.tasks = 10, .inner = second, .arg = &inner};
    CHECK_INT(first(&outer), 0);
    CHECK_INT(atomic_load(&innermost.ran), 1000);
}

static int fail(void *arg)
{
    (void)arg;
    return EDOM;
}

static void codes_come_back(void)
{
    if (!load_both())
        return;
    plugin_call inner = {.tasks = 10, .inner = fail};
    plugin_call outer = {.tasks = 1, .inner = second, .arg = &inner};
    CHECK_INT(first(&outer), EDOM);
}

/* They are not nested: the copy does not know of the group around its own. */
static void a_stop_stays_in_its_copy(void)
{
    if (!load_both())
        return;
    plugin_call inner = {.tasks = 100};
    plugin_call outer = {.tasks = 1, .inner = second, .arg = &inner, .stop_first = true};
    CHECK_INT(first(&outer), EIO);
    CHECK_INT(atomic_load(&inner.ran), 100);
}

CHECK_MAIN("plugins", {"each alone", each_alone}, {"one within the other", one_within_the_other},
           {"there and back again", there_and_back_again}, {"codes come back", codes_come_back},
           {"a stop stays in its copy", a_stop_stays_in_its_copy})
