/*
 * Checks for the tests, on CUnit's basic interface.
 *
 *     static void adds_up(void) { CHECK_INT(1 + 1, 2); }
 *     CHECK_MAIN("sums", {"adds up", adds_up})
 *
 * They replace CUnit's own assertions, which only one thread may use: a check that holds costs one
 * relaxed increment (so it orders nothing and hides no race), one that fails is recorded under a
 * lock. They never leave the function; they are expressions that say whether the
 * check held: `if (!CHECK(group != NULL)) return;`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CHECK_H
#define CHECK_H

#define _DEFAULT_SOURCE 1 /* POSIX with C11, where no other header comes before this one */

#include <CUnit/Basic.h>

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The condition is true. */
#define CHECK(condition) check_record((condition), __FILE__, __LINE__, #condition)

/* Two integers, two strings are equal; a failure shows both. */
#define CHECK_INT(actual, expected)                                                                \
    check_int((long long)(actual), (long long)(expected), __FILE__, __LINE__,                      \
              #actual " == " #expected)
#define CHECK_STR(actual, expected)                                                                \
    check_str((actual), (expected), __FILE__, __LINE__, #actual " == " #expected)

/* The text contains the part. */
#define CHECK_CONTAINS(text, part)                                                                 \
    check_contains((text), (part), __FILE__, __LINE__, #text " contains " #part)

/* At least `count` events have been posted, now or within CHECK_PATIENCE seconds. */
#define CHECK_AWAIT(event, count)                                                                  \
    check_record(event_await((event), (count)), __FILE__, __LINE__, #event " happens")

/* main() of a test program: {name, function} pairs; `program WORD` runs those that contain WORD. */
#define CHECK_MAIN(suite, ...)                                                                     \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const check_test tests[] = {__VA_ARGS__};                                           \
        return check_run((suite), tests, sizeof tests / sizeof tests[0], argc > 1 ? argv[1] : ""); \
    }

/*
 * For a function whose raw OpenMP pragmas share its variables: ThreadSanitizer does not see the order
 * that an OpenMP runtime gives which was not built for it.
 */
#define ORDERED_BY_OPENMP __attribute__((no_sanitize("thread")))

/* How long an event may take before the test counts as hung. */
#define CHECK_PATIENCE 60.0

typedef struct check_test {
    const char *name;
    void (*run)(void);
} check_test;

/* Something that happens some number of times and that others wait for. */
typedef struct event {
    atomic_int count;
} event;

static atomic_uint check_held;
static atomic_uint check_failed;
static pthread_mutex_t check_lock = PTHREAD_MUTEX_INITIALIZER;

static inline bool check_record(bool held, const char *file, int line, const char *text)
{
    if (held) {
        atomic_fetch_add_explicit(&check_held, 1, memory_order_relaxed);
        return true;
    }
    atomic_fetch_add_explicit(&check_failed, 1, memory_order_relaxed);
    pthread_mutex_lock(&check_lock);
    CU_assertImplementation(CU_FALSE, (unsigned)line, text, file, "", CU_FALSE);
    pthread_mutex_unlock(&check_lock);
    return false;
}

static inline bool check_int(long long actual, long long expected, const char *file, int line,
                             const char *text)
{
    char shown[512];
    if (actual == expected)
        return check_record(true, file, line, text);
    snprintf(shown, sizeof shown, "%s (is %lld, not %lld)", text, actual, expected);
    return check_record(false, file, line, shown);
}

static inline bool check_str(const char *actual, const char *expected, const char *file, int line,
                             const char *text)
{
    char shown[1024];
    if (strcmp(actual, expected) == 0)
        return check_record(true, file, line, text);
    snprintf(shown, sizeof shown, "%s (is \"%.300s\", not \"%.300s\")", text, actual, expected);
    return check_record(false, file, line, shown);
}

static inline bool check_contains(const char *whole, const char *part, const char *file, int line,
                                  const char *text)
{
    char shown[1024];
    if (strstr(whole, part) != NULL)
        return check_record(true, file, line, text);
    snprintf(shown, sizeof shown, "%s (is \"%.600s\")", text, whole);
    return check_record(false, file, line, shown);
}

/* Seconds of the clock that never jumps; libomp's omp_get_wtime() is the calendar's. */
static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline void event_post(event *what)
{
    atomic_fetch_add(&what->count, 1);
}

static inline bool event_await(event *what, int count)
{
    double start = seconds_now();
    while (atomic_load(&what->count) < count) {
        if (seconds_now() - start > CHECK_PATIENCE)
            return false;
        sched_yield();
    }
    return true;
}

/* After each test: CUnit learns how many checks held; a test without any is a failure. */
static inline void check_settle(void)
{
    unsigned held = atomic_exchange(&check_held, 0);
    unsigned failed = atomic_exchange(&check_failed, 0);
    if (held + failed == 0)
        CU_FAIL("the test checked nothing");
    for (unsigned i = 0; i < held; i++)
        CU_PASS("");
}

/* Returns the exit status of the program. */
static inline int check_run(const char *suite, const check_test *tests, size_t count,
                            const char *word)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_pSuite registered =
        CU_add_suite_with_setup_and_teardown(suite, NULL, NULL, NULL, check_settle);
    for (size_t i = 0; i < count; i++) {
        if (strstr(tests[i].name, word) != NULL)
            CU_add_test(registered, tests[i].name, tests[i].run);
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_ErrorCode code = CU_basic_run_tests();
    bool passed = code == CUE_SUCCESS && CU_get_number_of_tests_run() > 0 &&
                  CU_get_number_of_failures() == 0;
    CU_cleanup_registry();
    const char *seed = getenv("OMPGROUP_DELAY_SEED"); /* src/base/delays.h */
    if (!passed && seed != NULL)
        printf("OMPGROUP_DELAY_SEED=%s\n", seed);
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
