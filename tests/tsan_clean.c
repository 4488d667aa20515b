/*
 * A correct program for ThreadSanitizer: whatever it hands from thread to thread goes through the
 * promises of a group, and none of it is atomic. Any report is a defect of the library.
 *
 * Ends with 0 when the results are right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 400, CHILDREN = 5, PTHREADS = 3, ROUNDS = 20 };

/* Written before it is added, by its task, then by its drop; read after the wait. */
typedef struct part {
    long input;
    long result;
    bool dropped;
    struct part *next; /* added by this one's task */
} part;

static int part_run(ompg_group *group, void *arg)
{
    part *self = arg;
    self->result = 2 * self->input;
    if (self->next == NULL)
        return 0;
    self->next->input = self->result;
    return ompg_go(group, part_run, self->next);
}

static void part_drop(void *arg)
{
    part *self = arg;
    self->dropped = true;
}

/* Results come back through the wait, arguments through the adding. */
static bool results_and_drops(ompg_group *group)
{
    static const ompg_task_options options = {.drop = part_drop};
    part *parts = calloc(PARTS, sizeof *parts);
    bool right = parts != NULL;
    for (long i = 0; i < PARTS && right; i++) {
        parts[i].input = i;
        right = ompg_go_with(group, part_run, &parts[i], &options) == 0;
    }
    right = right && ompg_wait(group) == 0;
    for (long i = 0; i < PARTS && right; i++)
        right = parts[i].result == 2 * i && parts[i].dropped;
    free(parts);
    return right;
}

/* Each task hands a value on to the one that it adds. */
static bool chain(ompg_group *group)
{
    part parts[40] = {{.input = 1}};
    enum { LENGTH = sizeof parts / sizeof parts[0] };
    for (int i = 0; i + 1 < LENGTH; i++)
        parts[i].next = &parts[i + 1];
    return ompg_go(group, part_run, parts) == 0 && ompg_wait(group) == 0 &&
           parts[LENGTH - 1].result == 1L << LENGTH;
}

/* A nested group's results are its waiter's, who hands the sum to the outer waiter. */
static int nest_run(ompg_group *group, void *arg)
{
    part *self = arg;
    part below[CHILDREN] = {{0}};
    ompg_group *nested = ompg_new(NULL);
    int code = nested == NULL ? errno : 0;
    (void)group;
    for (int i = 0; i < CHILDREN && code == 0; i++) {
        below[i].input = self->input + i;
        code = ompg_go(nested, part_run, &below[i]);
    }
    if (code == 0)
        code = ompg_wait(nested);
    ompg_free(nested);
    self->result = 0;
    for (int i = 0; i < CHILDREN; i++)
        self->result += below[i].result;
    return code;
}

static bool nested(ompg_group *group)
{
    part parts[PARTS] = {{0}};
    bool right = true;
    for (long i = 0; i < PARTS && right; i++) {
        parts[i].input = i;
        right = ompg_go(group, nest_run, &parts[i]) == 0;
    }
    right = right && ompg_wait(group) == 0;
    for (long i = 0; i < PARTS && right; i++)
        right = parts[i].result == 2 * (CHILDREN * i + CHILDREN * (CHILDREN - 1) / 2);
    return right;
}

/* A copied argument belongs to its task, and what it points to is handed over with it. */
typedef struct parcel {
    part *to;
    long *contents;
} parcel;

static int parcel_run(ompg_group *group, void *arg)
{
    parcel *own = arg;
    (void)group;
    own->to->result = *own->contents;
    *own->contents = 0;
    free(own->contents);
    own->contents = NULL;
    return 0;
}

static bool copies(ompg_group *group)
{
    part parts[PARTS] = {{0}};
    bool right = true;
    for (long i = 0; i < PARTS && right; i++) {
        parcel sent = {&parts[i], malloc(sizeof(long))};
        right = sent.contents != NULL;
        if (right) {
            *sent.contents = i;
            right = ompg_go_copy(group, parcel_run, &sent, sizeof sent) == 0;
        }
    }
    right = right && ompg_wait(group) == 0;
    for (long i = 0; i < PARTS && right; i++)
        right = parts[i].result == i;
    return right;
}

/* Errors and their messages are the library's own memory. */
static int fail_run(ompg_group *group, void *arg)
{
    part *self = arg;
    self->result = 1;
    return ompg_fail(group, EIO, "part %ld", self->input);
}

static bool errors(ompg_group *group)
{
    part parts[PARTS] = {{0}};
    const ompg_error *list = NULL;
    bool right = true;
    for (long i = 0; i < PARTS && right; i++) {
        parts[i].input = i;
        right = ompg_go(group, fail_run, &parts[i]) == 0;
    }
    right = right && ompg_wait(group) == EIO && ompg_get_errors(group, &list) == PARTS;
    for (long i = 0; i < PARTS && right; i++) {
        char message[32];
        snprintf(message, sizeof message, "part %ld", i);
        right = parts[i].result == 1 && strcmp(list[i].message, message) == 0;
    }
    return right && ompg_reset(group) == 0;
}

/* Stopped from another thread: what the tasks that ran wrote is visible all the same. */
static int stop_run(ompg_group *group, void *arg)
{
    part *self = arg;
    self->result = 1;
    while (!ompg_stopped(group))
        ;
    self->result = 2;
    return ECANCELED;
}

static void *stopper_run(void *arg)
{
    ompg_cancel(arg, EINTR);
    return NULL;
}

static bool stopped(ompg_group *group)
{
    part parts[CHILDREN] = {{0}};
    pthread_t stopper;
    bool right = true;
    for (int i = 0; i < CHILDREN && right; i++)
        right = ompg_go(group, stop_run, &parts[i]) == 0;
    if (!right || pthread_create(&stopper, NULL, stopper_run, group) != 0)
        return false;
    right = ompg_wait(group) == EINTR;
    pthread_join(stopper, NULL);
    for (int i = 0; i < CHILDREN; i++)
        right = right && parts[i].result != 1;
    return right && ompg_reset(group) == 0;
}

/* The same group again and again, as errors and stops leave it. */
static bool use(const ompg_options *options)
{
    bool right = true;
    ompg_group *group = ompg_new(options);
    for (int i = 0; i < ROUNDS && right && group != NULL; i++)
        right = results_and_drops(group) && chain(group) && nested(group) && copies(group) &&
                errors(group) && stopped(group);
    ompg_free(group);
    return right && group != NULL;
}

/* Every POSIX thread has regions of its own; groups, workers and buffers change hands. */
static void *use_run(void *arg)
{
    bool *right = arg;
    *right = use(&(ompg_options){.threads = 3, .on_error = OMPG_COLLECT});
    return NULL;
}

static bool in_threads(void)
{
    pthread_t threads[PTHREADS];
    bool right[PTHREADS] = {false};
    bool all = true;
    for (int i = 0; i < PTHREADS; i++) {
        if (pthread_create(&threads[i], NULL, use_run, &right[i]) != 0)
            abort();
    }
    for (int i = 0; i < PTHREADS; i++) {
        pthread_join(threads[i], NULL);
        all = all && right[i];
    }
    return all;
}

int main(void)
{
    static const ompg_options kinds[] = {
        {.on_error = OMPG_COLLECT},
        {.on_error = OMPG_COLLECT, .threads = 4},
        {.on_error = OMPG_COLLECT, .threads = 3, .limit = 2},
        {.on_error = OMPG_COLLECT, .threads = 3, .limit = 1, .timeout = 1000.0},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!use(&kinds[i])) {
            fprintf(stderr, "wrong results with options %zu\n", i);
            return EXIT_FAILURE;
        }
    }
    if (!in_threads()) {
        fprintf(stderr, "wrong results in threads\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
