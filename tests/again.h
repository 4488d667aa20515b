/*
 * A test that needs a process of its own runs this program again, for that test alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGAIN_H
#define AGAIN_H

#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGAIN "OMPGROUP_TEST_AGAIN"

/* Whether this is that process. */
static inline bool is_again(void)
{
    return getenv(AGAIN) != NULL;
}

enum { AGAIN_VARIABLES = 5, AGAIN_LONGEST = 1024 };

/*
 * The environment of that process, the same when it asks itself: AGAIN, two threads, and what
 * sanitizers are told.
 */
static inline char **again_environment(void)
{
    static const char *const passed_on[] = {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"};
    static char texts[AGAIN_VARIABLES][AGAIN_LONGEST] = {AGAIN "=1", "OMP_NUM_THREADS=2"};
    static char *list[AGAIN_VARIABLES + 1] = {texts[0], texts[1]};
    size_t count = 2;
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        const char *value = getenv(passed_on[i]);
        if (value == NULL)
            continue;
        snprintf(texts[count], AGAIN_LONGEST, "%s=%s", passed_on[i], value);
        list[count] = texts[count];
        count++;
    }
    list[count] = NULL;
    return list;
}

/*
 * Runs the test `name` again in that environment, with every signal as a new process has it. Its
 * standard error goes to the file `errors`, unless NULL. Returns the status that waitpid gives, -1
 * when there was none.
 */
static inline int run_again(char *name, const char *errors)
{
    char program[] = "/proc/self/exe";
    char *arguments[] = {program, name, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t all, none;
    pid_t child;
    int status = -1;
    fflush(stdout);
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    if (errors != NULL)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors,
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int code = posix_spawn(&child, program, &actions, &attributes, arguments, again_environment());
    if (CHECK_INT(code, 0))
        CHECK_INT(waitpid(child, &status, 0), child);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return status;
}

#endif
