/*
 * A correct program for ThreadSanitizer: whatever it hands from thread to thread goes through the
 * promises of a group, and none of it is atomic. Any report is a defect of the library.
 *
 * Ends with 0 when the results are right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* barriers of POSIX threads with C11 */
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

/* Its tasks may be over before anybody waits: the end of their group is the end of them all the same. */
static int free_run(ompg_group *group, void *arg)
{
    part *self = arg;
    part below[CHILDREN] = {{0}};
    ompg_stats stats = {0};
    ompg_group *nested = ompg_new(NULL);
    int code = nested == NULL ? errno : 0;
    (void)group;
    for (int i = 0; i < CHILDREN && code == 0; i++)
        code = ompg_go(nested, part_run, &below[i]);
    for (int tries = 0; tries < 1000 && stats.done < CHILDREN; tries++)
        ompg_get_stats(nested, &stats);
    ompg_free(nested);
    for (int i = 0; i < CHILDREN; i++)
        below[i].result++;
    self->result = code == 0;
    return code;
}

static bool freed(ompg_group *group)
{
    enum { FREED = PARTS / 20 };
    part parts[FREED] = {{0}};
    bool right = true;
    for (long i = 0; i < FREED && right; i++)
        right = ompg_go(group, free_run, &parts[i]) == 0;
    right = right && ompg_wait(group) == 0;
    for (long i = 0; i < FREED && right; i++)
        right = parts[i].result == 1;
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

/* Sub-ranges write and read ordinary cells; a later loop reads what an earlier one wrote elsewhere. */
static int double_cells(ompg_group *group, size_t begin, size_t end, void *arg)
{
    part *parts = arg;
    (void)group;
    for (size_t i = begin; i < end; i++)
        parts[i].result = 2 * parts[i].input;
    return 0;
}

static int mirror_cells(ompg_group *group, size_t begin, size_t end, void *arg)
{
    part *parts = arg;
    (void)group;
    for (size_t i = begin; i < end; i++)
        parts[i].input = parts[PARTS - 1 - i].result;
    return 0;
}

static bool loops(ompg_group *group)
{
    part parts[PARTS] = {{0}};
    for (long i = 0; i < PARTS; i++)
        parts[i].input = i;
    bool right = ompg_go_for(group, 0, PARTS / 2, 1, double_cells, parts) == 0 &&
                 ompg_go_for(group, PARTS / 2, PARTS, 0, double_cells, parts) == 0 &&
                 ompg_wait(group) == 0 && ompg_for(group, 0, PARTS, 3, mirror_cells, parts) == 0 &&
                 ompg_for(OMPG_DEFAULT, 0, PARTS, 0, double_cells, parts) == 0;
    for (long i = 0; i < PARTS && right; i++)
        right = parts[i].result == 4 * (PARTS - 1 - i);
    return right;
}

/* Accumulators change hands between those that fold and those that combine. */
static int fold_parts(ompg_group *group, size_t begin, size_t end, void *accumulator, void *arg)
{
    const part *parts = arg;
    part *sum = accumulator;
    (void)group;
    for (size_t i = begin; i < end; i++)
        sum->result = 3 * sum->result + parts[i].input;
    sum->input += (long)(end - begin);
    return 0;
}

static int combine_parts(ompg_group *group, void *accumulator, const void *other, void *arg)
{
    part *sum = accumulator;
    const part *next = other;
    (void)group;
    (void)arg;
    sum->result += 5 * next->result;
    sum->input += next->input;
    return 0;
}

static bool reduction(ompg_group *group)
{
    part parts[PARTS] = {{0}};
    part sums[2] = {{0}};
    bool right = true;
    for (long i = 0; i < PARTS; i++)
        parts[i].input = i % 7;
    for (int i = 0; i < 2 && right; i++)
        right = ompg_reduce(i == 0 ? group : OMPG_DEFAULT, 0, PARTS, 2, &sums[i], sizeof sums[i],
                            fold_parts, combine_parts, parts) == 0 &&
                sums[i].input == PARTS;
    return right && sums[0].result == sums[1].result;
}

/* An item is handed from stage to stage, and an in-order stage from item to item. */
typedef struct belt {
    part *parts;
    long made;
    long sum; /* of the last stage */
} belt;

static int belt_source(ompg_group *group, void *arg, void **piece)
{
    belt *self = arg;
    (void)group;
    if (self->made < PARTS) {
        self->parts[self->made].input = self->made;
        *piece = &self->parts[self->made++];
    }
    return 0;
}

static int belt_double(ompg_group *group, void *arg, void **piece)
{
    part *self = *piece;
    (void)group;
    (void)arg;
    self->result = 2 * self->input;
    return 0;
}

static int belt_sum(ompg_group *group, void *arg, void **piece)
{
    belt *self = arg;
    const part *at = *piece;
    (void)group;
    self->sum = (3 * self->sum + at->result) % 1000003;
    return 0;
}

static bool pipeline(ompg_group *group)
{
    part parts[PARTS] = {{0}};
    belt all = {.parts = parts};
    const ompg_stage stages[] = {
        {.mode = OMPG_IN_ORDER, .fn = belt_source, .arg = &all},
        {.mode = OMPG_PARALLEL, .fn = belt_double},
        {.mode = OMPG_IN_ORDER, .fn = belt_sum, .arg = &all},
    };
    long expected = 0;
    for (long i = 0; i < PARTS; i++)
        expected = (3 * expected + 2 * i) % 1000003;
    return ompg_pipeline(group, stages, 3, 7) == 0 && all.sum == expected;
}

/* The same group again and again, as errors and stops leave it. */
static bool use(const ompg_options *options)
{
    bool right = true;
    ompg_group *group = ompg_new(options);
    for (int i = 0; i < ROUNDS && right && group != NULL; i++)
        right = results_and_drops(group) && chain(group) && nested(group) && freed(group) &&
                copies(group) && loops(group) && reduction(group) && pipeline(group) &&
                errors(group) && stopped(group);
    ompg_free(group);
    return right && group != NULL;
}

/*
 * Every POSIX thread has regions of its own; groups, workers and buffers change hands. They end
 * together: libomp 19 crashes when a thread that has opened regions ends while others run tasks.
 */
static pthread_barrier_t all_done;

static void *use_run(void *arg)
{
    bool *right = arg;
    *right = use(&(ompg_options){.threads = 3, .on_error = OMPG_COLLECT});
    pthread_barrier_wait(&all_done);
    return NULL;
}

static bool in_threads(void)
{
    pthread_t threads[PTHREADS];
    bool right[PTHREADS] = {false};
    bool all = true;
    pthread_barrier_init(&all_done, NULL, PTHREADS);
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
