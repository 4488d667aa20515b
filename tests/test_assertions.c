/*
 * Assertions: what is undefined, and what a build that keeps its assertions says about it. The test
 * is there in such builds only (programs.cmake).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "again.h"
#include "check.h"
#include "tasks.h"

#include <fenv.h>
#include <sys/resource.h>

/* The group's task waits, so that the wait goes on; it does not end when the assertion is there. */
typedef struct waited {
    ompg_group *group;
    held_task held;
} waited;

static void *free_in_the_wait(void *arg)
{
    waited *self = arg;
    CHECK_AWAIT(&self->held.begun, 1);
    ompg_free(self->group);
    _Exit(EXIT_SUCCESS); /* before the group is used any more */
}

/* In the process that is to end. */
static void free_a_group_that_is_waited_for(void)
{
    waited self = {.group = ompg_new(NULL)};
    pthread_t stranger;
    ompg_go(self.group, held_task_run, &self.held);
    if (pthread_create(&stranger, NULL, free_in_the_wait, &self) == 0)
        ompg_wait(self.group);
}

/* The file's beginning. */
static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    text[0] = '\0';
    if (!CHECK(file != NULL))
        return;
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
}

/* The test `name`, run again, aborts in `fail` and says why. */
static void check_abort(char *name, void (*fail)(void), const char *why)
{
    char errors[] = "/tmp/ompgroup-test-XXXXXX";
    char said[4096];
    struct rlimit no_core = {0, 0};
    if (is_again()) {
        setrlimit(RLIMIT_CORE, &no_core);
        fail();
        _Exit(EXIT_FAILURE);
    }
    int file = mkstemp(errors);
    if (!CHECK(file >= 0))
        return;
    close(file);
    int status = run_again(name, errors);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    read_file(errors, said, sizeof said);
    CHECK_CONTAINS(said, why);
    remove(errors);
}

static void free_during_a_wait(void)
{
    char name[] = "free during a wait";
    check_abort(name, free_a_group_that_is_waited_for,
                "ompg_free of a group that is being waited for");
}

static int round_down(ompg_group *group, void *arg)
{
    (void)group;
    (void)arg;
    fesetround(FE_DOWNWARD);
    return 0;
}

static void run_a_task_that_rounds_down(void)
{
    ompg_run(NULL, round_down, NULL, NULL);
}

static void rounding_left_behind(void)
{
    char name[] = "rounding left behind";
    check_abort(name, run_a_task_that_rounds_down, "a task changed the floating-point control");
}

CHECK_MAIN("assertions", {"free during a wait", free_during_a_wait},
           {"rounding left behind", rounding_left_behind})
