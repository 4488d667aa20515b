/*
 * Sort: stable, of elements of any size, the same for any number of threads; in tasks and outside; a stop at any
 * comparison leaves each element once; misuse. Random arrays against an insertion that is stable.
 *
 * OMPGROUP_TEST_SEED and OMPGROUP_TEST_ROUNDS: see stress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "stress.h"
#include "tasks.h"

#include <errno.h>

static const int teams[] = {1, 2, 7, 64};

enum { TEAMS = sizeof teams / sizeof teams[0], MOST_SIZE = 100 };

/* ---- arrays of elements of any size ---- */

/* The first byte is the key; the others say where the element was, as far as there are some. */
struct array {
    size_t count, size;
    unsigned char *bytes;
    size_t compared;  /* on one thread */
    size_t cancel_at; /* comparison that stops the group, 0: none does */
    ompg_group *group;
};

static unsigned char place_byte(size_t place, size_t at)
{
    return (unsigned char)(at <= 4 ? place >> (8 * (at - 1)) : place * at);
}

static struct array array_new(size_t count, size_t size, unsigned keys, unsigned seed)
{
    struct array self = {.count = count, .size = size, .bytes = malloc(count * size + 1)};
    if (self.bytes == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        self.bytes[i * size] = (unsigned char)(random_next(&seed) % keys);
        for (size_t at = 1; at < size; at++)
            self.bytes[i * size + at] = place_byte(i, at);
    }
    return self;
}

static size_t place_of(const unsigned char *element)
{
    return element[1] | (size_t)element[2] << 8 | (size_t)element[3] << 16;
}

static int by_key(const void *a, const void *b, void *arg)
{
    struct array *self = arg;
    if (self->cancel_at > 0 && ++self->compared == self->cancel_at)
        ompg_cancel(self->group, EINTR);
    return (int)*(const unsigned char *)a - (int)*(const unsigned char *)b;
}

static int array_sort(struct array *self, ompg_group *group)
{
    self->group = group;
    return ompg_sort(group, self->bytes, self->count, self->size, by_key, self);
}

/* Sorted and stable, with whole elements. Of less than four bytes: sorted. */
static bool check_sorted(const struct array *self)
{
    size_t wrong = 0;
    for (size_t i = 0; i < self->count; i++) {
        const unsigned char *element = self->bytes + i * self->size, *last = element - self->size;
        size_t place = self->size >= 4 ? place_of(element) : 0;
        wrong += i > 0 && *last > *element;
        wrong += i > 0 && self->size >= 4 && *last == *element && place_of(last) >= place;
        for (size_t at = 1; at < self->size && self->size >= 4; at++)
            wrong += element[at] != place_byte(place, at);
    }
    if (!CHECK_INT(wrong, 0))
        fprintf(stderr, "%zu elements of %zu bytes\n", self->count, self->size);
    return wrong == 0;
}

/* Each is there once, with its own key. */
static bool check_all_there(const struct array *self, const struct array *before)
{
    size_t wrong = 0;
    bool *seen = calloc(self->count + 1, sizeof *seen);
    for (size_t i = 0; i < self->count; i++) {
        const unsigned char *element = self->bytes + i * self->size;
        size_t place = place_of(element);
        if (place >= self->count || seen[place] ||
            memcmp(element, before->bytes + place * self->size, self->size) != 0)
            wrong++;
        else
            seen[place] = true;
    }
    free(seen);
    return CHECK_INT(wrong, 0);
}

static const size_t sizes[] = {1, 2, 3, 4, 5, 8, 12, 16, 24, 48, 99};
static const size_t counts[] = {0, 1, 2, 3, 8, 9, 100, 4096, 4097, 20000};

enum { SIZES = sizeof sizes / sizeof sizes[0], COUNTS = sizeof counts / sizeof counts[0] };

static void elements_of_any_size_are_sorted(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team]});
        for (size_t s = 0; s < SIZES; s++) {
            for (size_t c = 0; c < COUNTS; c++) {
                struct array self = array_new(counts[c], sizes[s], c % 2 ? 256 : 5, 1);
                CHECK_INT(array_sort(&self, group), 0);
                check_sorted(&self);
                free(self.bytes);
            }
        }
        ompg_free(group);
    }
}

static int by_int(const void *a, const void *b, void *arg)
{
    int x = *(const int *)a, y = *(const int *)b;
    (void)arg;
    return (x > y) - (x < y);
}

/* Up, down, all equal, a saw. */
static void sort_ints(int shape)
{
    enum { N = 50000 };
    static int values[N];
    size_t wrong = 0;
    for (int i = 0; i < N; i++)
        values[i] = shape == 0 ? i : shape == 1 ? -i : shape == 2 ? 7 : i % 100;
    CHECK_INT(ompg_sort(OMPG_DEFAULT, values, N, sizeof values[0], by_int, NULL), 0);
    for (int i = 1; i < N; i++)
        wrong += values[i - 1] > values[i];
    CHECK_INT(wrong, 0);
}

static void regular_arrays(void)
{
    for (int shape = 0; shape < 4; shape++)
        sort_ints(shape);
}

static int sort_in_task(ompg_group *group, void *arg)
{
    struct array *self = arg;
    CHECK_INT(array_sort(self, group), 0);
    check_sorted(self);
    struct array other = array_new(5000, 8, 100, 3);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, other.bytes, other.count, 8, by_key, &other), 0);
    check_sorted(&other);
    free(other.bytes);
    return 0;
}

static void sorts_inside_tasks(void)
{
    for (size_t team = 0; team < TEAMS; team++) {
        for (int limit = 0; limit <= 2; limit++) {
            struct array arrays[6];
            ompg_group *group = ompg_new(&(ompg_options){.threads = teams[team], .limit = limit});
            for (unsigned i = 0; i < 6; i++) {
                arrays[i] = array_new(10000 + i, 12, 200, i);
                ompg_go(group, sort_in_task, &arrays[i]);
            }
            CHECK_INT(ompg_wait(group), 0);
            CHECK_STATS(group, 6, 6, 0, 0);
            for (int i = 0; i < 6; i++)
                free(arrays[i].bytes);
            ompg_free(group);
        }
    }
}

static void it_waits_for_the_group(void)
{
    atomic_int runs = 0;
    struct array self = array_new(10000, 8, 100, 5);
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, count_run, &runs);
    CHECK_INT(array_sort(&self, group), 0);
    CHECK_INT(atomic_load(&runs), 1);
    CHECK_STATS(group, 2, 2, 0, 0);
    check_sorted(&self);
    ompg_free(group);
    free(self.bytes);
}

static void random_arrays(void)
{
    settle_seed();
    for (unsigned round = 0; round < rounds; round++) {
        unsigned seed = (unsigned)(base_seed + round);
        size_t count = random_next(&seed) % 40000 >> random_next(&seed) % 12;
        size_t size = 1 + random_next(&seed) % MOST_SIZE;
        unsigned keys = 1 + random_next(&seed) % 256;
        ompg_options options = {.threads = teams[round % 16 == 0 ? 3 : round % 3],
                                .limit = (int)(random_next(&seed) % 3)};
        struct array self = array_new(count, size, keys, seed);
        ompg_group *group = ompg_new(&options);
        if (!CHECK_INT(array_sort(&self, group), 0) || !check_sorted(&self))
            fprintf(stderr, "OMPGROUP_TEST_SEED=%" PRIu64 " OMPGROUP_TEST_ROUNDS=1\n",
                    base_seed + round);
        ompg_free(group);
        free(self.bytes);
    }
}

/* ---- stops ---- */

/* On one thread the comparisons can be counted. */
static void a_stop_at_any_comparison_loses_nothing(void)
{
    for (size_t at = 1; at < 300000; at += at / 3 + 1) {
        struct array self = array_new(20000, 8, 256, 9), before = array_new(20000, 8, 256, 9);
        ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
        self.cancel_at = at;
        int code = array_sort(&self, group);
        CHECK_INT(code, self.compared >= at ? EINTR : 0);
        check_all_there(&self, &before);
        ompg_free(group);
        free(self.bytes);
        free(before.bytes);
    }
}

struct cancelling {
    struct array array;
    ompg_token *token;
    atomic_int left;
};

static int by_key_until(const void *a, const void *b, void *arg)
{
    struct cancelling *self = arg;
    if (atomic_fetch_sub(&self->left, 1) == 1)
        ompg_token_cancel(self->token, EPIPE);
    return (int)*(const unsigned char *)a - (int)*(const unsigned char *)b;
}

static void a_stop_on_several_threads_loses_nothing(void)
{
    for (int round = 0; round < 60; round++) {
        ompg_token token = OMPG_TOKEN_INIT;
        struct cancelling self = {.array = array_new(50000, 12, 256, 2), .token = &token};
        struct array before = array_new(50000, 12, 256, 2);
        atomic_store(&self.left, 1 + round * 11000);
        ompg_group *group =
            ompg_new(&(ompg_options){.threads = teams[1 + round % 3], .token = &token});
        int code = ompg_sort(group, self.array.bytes, 50000, 12, by_key_until, &self);
        CHECK(code == 0 || code == EPIPE);
        check_all_there(&self.array, &before);
        if (code == 0)
            check_sorted(&self.array);
        ompg_free(group);
        free(self.array.bytes);
        free(before.bytes);
    }
}

static int sort_stopped(ompg_group *group, void *arg)
{
    struct array *self = arg;
    ompg_cancel(group, EINTR);
    CHECK_INT(array_sort(self, group), ECANCELED);
    return ECANCELED;
}

static void a_stopped_group_sorts_nothing(void)
{
    struct array self = array_new(20000, 8, 256, 4), before = array_new(20000, 8, 256, 4);
    ompg_group *group = ompg_new(NULL);
    ompg_cancel(group, EINTR);
    CHECK_INT(array_sort(&self, group), EINTR);
    CHECK(memcmp(self.bytes, before.bytes, (size_t)20000 * 8) == 0);
    CHECK_INT(ompg_run(NULL, sort_stopped, &self, NULL), EINTR);
    check_all_there(&self, &before);
    ompg_free(group);
    free(self.bytes);
    free(before.bytes);
}

/* ---- misuse ---- */

static void misuse(void)
{
    int values[] = {3, 1, 2};
    CHECK_INT(ompg_sort(NULL, values, 3, sizeof values[0], by_int, NULL), EINVAL);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, NULL, 3, sizeof values[0], by_int, NULL), EINVAL);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, values, 3, 0, by_int, NULL), EINVAL);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, values, 3, sizeof values[0], NULL, NULL), EINVAL);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, values, SIZE_MAX / 2, sizeof values[0], by_int, NULL),
              ENOMEM);
    CHECK_INT(values[0] * 100 + values[1] * 10 + values[2], 312);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, NULL, 0, sizeof values[0], by_int, NULL), 0);
}

static void errno_is_left_alone(void)
{
    errno = 1234;
    regular_arrays();
    misuse();
    CHECK_INT(errno, 1234);
}

CHECK_MAIN("sort", {"elements of any size are sorted", elements_of_any_size_are_sorted},
           {"regular arrays", regular_arrays}, {"sorts inside tasks", sorts_inside_tasks},
           {"it waits for the group", it_waits_for_the_group}, {"random arrays", random_arrays},
           {"a stop at any comparison loses nothing", a_stop_at_any_comparison_loses_nothing},
           {"a stop on several threads loses nothing", a_stop_on_several_threads_loses_nothing},
           {"a stopped group sorts nothing", a_stopped_group_sorts_nothing}, {"misuse", misuse},
           {"errno is left alone", errno_is_left_alone})
