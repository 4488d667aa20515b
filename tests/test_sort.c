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

enum { TEAMS = sizeof teams / sizeof teams[0] - THREAD_SANITIZED, MOST_SIZE = 100 };

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

/* The same by insertion. */
static void sort_simply(struct array *self)
{
    size_t size = self->size;
    unsigned char held[MOST_SIZE];
    for (size_t i = 1; i < self->count; i++) {
        unsigned char *at = self->bytes + i * size;
        memcpy(held, at, size);
        for (; at > self->bytes && *(at - size) > *held; at -= size)
            memcpy(at, at - size, size);
        memcpy(at, held, size);
    }
}

static bool sorts_as_insertion(size_t count, size_t size, unsigned keys)
{
    struct array self = array_new(count, size, keys, (unsigned)(count * size + keys));
    struct array simple = array_new(count, size, keys, (unsigned)(count * size + keys));
    sort_simply(&simple);
    bool right = CHECK_INT(array_sort(&self, OMPG_DEFAULT), 0) &&
                 CHECK_INT(memcmp(self.bytes, simple.bytes, count * size), 0);
    if (!right)
        fprintf(stderr, "%zu elements of %zu bytes, %u keys\n", count, size, keys);
    free(self.bytes);
    free(simple.bytes);
    return right;
}

/* What is sorted at once, and the first sizes that are merged; each size of an element that has merges of its own. */
static void all_small_arrays(void)
{
    static const size_t of[] = {1, 3, 4, 8, 16, 24, 48, MOST_SIZE};
    for (size_t s = 0; s < sizeof of / sizeof of[0]; s++) {
        for (size_t count = 0; count <= 64; count++) {
            for (unsigned keys = 2; keys <= 256; keys += 127)
                sorts_as_insertion(count, of[s], keys);
        }
        for (size_t count = 65; count < 1000; count = count * 5 / 4)
            sorts_as_insertion(count, of[s], 40);
    }
}

/* Four keys in every order and equality, in every four of an array that is sorted at once. */
static void all_fours(void)
{
    enum { COUNT = 32, FOURS = 256 };
    for (unsigned four = 0; four < FOURS; four++) {
        unsigned char bytes[COUNT][4] = {{0}};
        struct array self = {.count = COUNT, .size = 4, .bytes = bytes[0]};
        for (unsigned i = 0; i < COUNT; i++) {
            bytes[i][0] = (unsigned char)((four + i / 4 * 37) % FOURS >> i % 4 * 2 & 3);
            bytes[i][1] = (unsigned char)i;
        }
        if (!CHECK_INT(array_sort(&self, OMPG_DEFAULT), 0) || !check_sorted(&self))
            return;
    }
}

static int by_int(const void *a, const void *b, void *arg)
{
    int x = *(const int *)a, y = *(const int *)b;
    size_t *compared = arg;
    if (compared)
        ++*compared;
    return (x > y) - (x < y);
}

enum { UP, DOWN, EQUAL, SAW, SHAPES };
enum { INTS = 50000 };

static void sort_ints(int shape, ompg_group *group, size_t *compared)
{
    static int values[INTS];
    size_t wrong = 0;
    for (int i = 0; i < INTS; i++)
        values[i] = shape == UP ? i : shape == DOWN ? -i : shape == EQUAL ? 7 : i % 100;
    CHECK_INT(ompg_sort(group, values, INTS, sizeof values[0], by_int, compared), 0);
    for (int i = 1; i < INTS; i++)
        wrong += values[i - 1] > values[i];
    CHECK_INT(wrong, 0);
}

static void regular_arrays(void)
{
    for (int shape = 0; shape < SHAPES; shape++)
        sort_ints(shape, OMPG_DEFAULT, NULL);
}

/* Little more than one for each element; in any order it would be fifteen. On one thread they can be counted. */
static void arrays_in_order_take_few_comparisons(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 1});
    for (int shape = 0; shape < SAW; shape++) {
        size_t compared = 0;
        sort_ints(shape, group, &compared);
        if (!CHECK(compared < INTS + INTS / 8))
            fprintf(stderr, "shape %d: %zu comparisons\n", shape, compared);
    }
    ompg_free(group);
}

/* Its copy is in large pages. */
static void a_large_array(void)
{
    struct array self = array_new(340000, MOST_SIZE, 256, 6);
    errno = 1234;
    CHECK_INT(array_sort(&self, OMPG_DEFAULT), 0);
    CHECK_INT(errno, 1234);
    check_sorted(&self);
    free(self.bytes);
}

/* ---- compares that contradict themselves ---- */

/* The same for the same two elements, and nothing more. */
static int by_chance(const void *a, const void *b, void *arg)
{
    unsigned seed = *(const unsigned *)arg;
    uint32_t one, other;
    memcpy(&one, a, sizeof one);
    memcpy(&other, b, sizeof other);
    seed += one * 2654435761U ^ other * 2246822519U;
    return (int)(random_next(&seed) % 3) - 1;
}

static int always_before(const void *a, const void *b, void *arg)
{
    (void)a, (void)b, (void)arg;
    return -1;
}

static void sort_without_order(size_t count, size_t size, ompg_compare_fn *compare, unsigned seed)
{
    struct array self = array_new(count, size, 256, seed),
                 before = array_new(count, size, 256, seed);
    CHECK_INT(ompg_sort(OMPG_DEFAULT, self.bytes, count, size, compare, &seed), 0);
    if (!check_all_there(&self, &before))
        fprintf(stderr, "%zu elements of %zu bytes, seed %u\n", count, size, seed);
    free(self.bytes);
    free(before.bytes);
}

static void a_compare_without_an_order_loses_nothing(void)
{
    static const size_t of[] = {4, 8, 16, 24, 48, MOST_SIZE};
    for (size_t s = 0; s < sizeof of / sizeof of[0]; s++) {
        for (unsigned count = 2; count < 20000; count += count / 3 + 1) {
            sort_without_order(count, of[s], by_chance, count);
            sort_without_order(count, of[s], always_before, count);
        }
    }
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
    for (int round = 0; round < 60; round += SANITIZED ? 4 : 1) {
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
           {"all small arrays", all_small_arrays}, {"all fours", all_fours},
           {"regular arrays", regular_arrays},
           {"arrays in order take few comparisons", arrays_in_order_take_few_comparisons},
           {"a large array", a_large_array},
           {"a compare without an order loses nothing", a_compare_without_an_order_loses_nothing},
           {"sorts inside tasks", sorts_inside_tasks},
           {"it waits for the group", it_waits_for_the_group}, {"random arrays", random_arrays},
           {"a stop at any comparison loses nothing", a_stop_at_any_comparison_loses_nothing},
           {"a stop on several threads loses nothing", a_stop_on_several_threads_loses_nothing},
           {"a stopped group sorts nothing", a_stopped_group_sorts_nothing}, {"misuse", misuse},
           {"errno is left alone", errno_is_left_alone})
