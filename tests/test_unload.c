/*
 * The library's end: what it keeps for the next use is given back when it is unloaded, and a process
 * may end while tasks run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WINDOWS = 4, CYCLES = 30, TASKS = 1000, MOST_BYTES = 2048, STATUS = 77, HUNG_AFTER = 30 };

/* Loads the plugin, which carries the library, and calls it. Returns the handle. */
static void *load_and_call(plugin_call *call)
{
    void *plugin = dlopen(PLUGIN_1, RTLD_NOW | RTLD_LOCAL);
    void *symbol = plugin ? dlsym(plugin, "plugin_run") : NULL;
    plugin_run_fn *run = NULL;
    memcpy(&run, &symbol, sizeof run); /* ISO C has no cast for it */
    if (CHECK(run != NULL))
        CHECK_INT(run(call), 0);
    return plugin;
}

static int exit_task(void *arg)
{
    (void)arg;
    exit(STATUS);
}

/* In a process that has not used OpenMP yet. */
static void exit_from_a_task(void)
{
    for (int i = 0; i < 20; i++) {
        int status = -1;
        fflush(NULL);
        pid_t child = fork();
        if (child == 0) {
            alarm(HUNG_AFTER);
            plugin_call call = {.tasks = TASKS, .inner = exit_task};
            load_and_call(&call);
            _exit(0);
        }
        if (!CHECK(child > 0 && waitpid(child, &status, 0) == child))
            return;
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS);
    }
}

static size_t bytes_in_use(void)
{
#if defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
    return mallinfo2().uordblks;
#endif
#endif
    return 0;
}

static void run_cycles(void)
{
    for (int i = 0; i < CYCLES; i++) {
        plugin_call call = {.tasks = TASKS, .collect = i % 2 == 0, .by_value = i % 3 == 0};
        void *plugin = load_and_call(&call);
        CHECK_INT(atomic_load(&call.ran), TASKS);
        if (!CHECK(plugin && dlclose(plugin) == 0))
            return;
    }
}

/*
 * The C library counts what it keeps for its own next use as in use, some KiB now and then: what is lost in
 * each cycle is lost in each window.
 */
static void nothing_is_lost(void)
{
    long long least = LLONG_MAX;
#pragma omp parallel /* the runtime stays: this program uses it too */
    atomic_signal_fence(memory_order_seq_cst);
    run_cycles();
    for (int window = 0; window < WINDOWS; window++) {
        size_t before = bytes_in_use();
        run_cycles();
        long long lost = (long long)bytes_in_use() - (long long)before;
        least = lost < least ? lost : least;
    }
    if (!CHECK(least < MOST_BYTES))
        fprintf(stderr, "%lld bytes lost in %d cycles\n", least, CYCLES);
}

/* The first one needs a process without threads. */
CHECK_MAIN("unload", {"exit from a task", exit_from_a_task}, {"nothing is lost", nothing_is_lost})
