/*
 * As much of CUnit's basic interface as check.h uses, for machines that have no CUnit, and processors
 * that the distribution has none for (scripts/test-arch.sh).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ARCH_CUNIT_BASIC_H
#define ARCH_CUNIT_BASIC_H

#include <stdio.h>

enum { CU_FALSE, CU_TRUE, CU_TESTS_MOST = 64 };
typedef enum { CUE_SUCCESS } CU_ErrorCode;
typedef enum { CU_BRM_VERBOSE } CU_BasicRunMode;
typedef void CU_TestFunc(void);

typedef struct CU_Suite {
    const char *name;
    CU_TestFunc *after_each;
    const char *names[CU_TESTS_MOST];
    CU_TestFunc *tests[CU_TESTS_MOST];
    unsigned count, failures, tests_failed;
} *CU_pSuite;

static struct CU_Suite cu_suite;

static inline CU_ErrorCode CU_initialize_registry(void)
{
    return CUE_SUCCESS;
}

static inline CU_pSuite CU_add_suite_with_setup_and_teardown(const char *name, void *init,
                                                             void *clean, void *setup,
                                                             CU_TestFunc *teardown)
{
    (void)init, (void)clean, (void)setup;
    cu_suite.name = name;
    cu_suite.after_each = teardown;
    return &cu_suite;
}

/* What does not fit counts as run, and as a failure. */
static inline void CU_add_test(CU_pSuite suite, const char *name, CU_TestFunc *run)
{
    if (suite->count < CU_TESTS_MOST) {
        suite->names[suite->count] = name;
        suite->tests[suite->count] = run;
    }
    suite->count++;
}

static inline int CU_assertImplementation(int held, unsigned line, const char *text,
                                          const char *file, const char *function, int fatal)
{
    (void)function, (void)fatal;
    if (!held) {
        cu_suite.failures++;
        printf("    %s:%u  - %s\n", file, line, text);
    }
    return held;
}

#define CU_PASS(text) ((void)(text))
#define CU_FAIL(text) CU_assertImplementation(CU_FALSE, __LINE__, (text), __FILE__, "", CU_FALSE)

static inline void CU_basic_set_mode(CU_BasicRunMode mode)
{
    (void)mode;
}

static inline CU_ErrorCode CU_basic_run_tests(void)
{
    for (unsigned i = 0; i < cu_suite.count; i++) {
        unsigned before = cu_suite.failures;
        if (i < CU_TESTS_MOST) {
            printf("  Test: %s ...\n", cu_suite.names[i]);
            fflush(stdout);
            cu_suite.tests[i]();
            cu_suite.after_each();
        } else {
            CU_FAIL("more tests than fit");
        }
        cu_suite.tests_failed += cu_suite.failures > before;
    }
    printf("%s: %u tests, %u failed\n", cu_suite.name, cu_suite.count, cu_suite.tests_failed);
    return CUE_SUCCESS;
}

static inline unsigned CU_get_number_of_tests_run(void)
{
    return cu_suite.count;
}

static inline unsigned CU_get_number_of_failures(void)
{
    return cu_suite.failures;
}

static inline void CU_cleanup_registry(void)
{
}

#endif
