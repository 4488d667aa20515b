/*
 * Stress: random trees of groups against a serial model, on teams of several sizes, in every thread
 * of a team, in OpenMP tasks, in POSIX threads, and disturbed from outside.
 *
 * OMPGROUP_TEST_SEED sets the seed (it is printed; a tree that fails prints its own, for
 * OMPGROUP_TEST_ROUNDS=1), OMPGROUP_TEST_ROUNDS how many trees run on each team.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "stress.h"
#include "stress_tree.h"

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

static void start_trees(void)
{
    settle_seed();
    atomic_store(&tree_faults, 0);
}

static void trees(disturbance (*disturb)(unsigned round))
{
    static const int teams[] = {1, 2, 7, 64};
    start_trees();
    for (size_t i = 0; i < sizeof teams / sizeof teams[0]; i++) {
        unsigned count = teams[i] > 7 ? 1 + rounds / 4 : rounds;
        for (unsigned round = 0; round < count; round++)
            tree_run(base_seed + round, teams[i], disturb(round));
    }
    CHECK_INT(atomic_load(&tree_faults), 0);
}

static disturbance never(unsigned round)
{
    (void)round;
    return DISTURB_NOT;
}

static disturbance in_turn(unsigned round)
{
    static const disturbance kinds[] = {DISTURB_CANCEL, DISTURB_TOKEN, DISTURB_TIMEOUT};
    return kinds[round % 3];
}

static void random_trees(void)
{
    trees(never);
}

static void disturbed_trees(void)
{
    trees(in_turn);
}

/* Each thread of an OpenMP team, or of several POSIX threads, has trees of its own. */
static void trees_of_thread(unsigned thread, int team)
{
    for (unsigned round = 0; round < 1 + rounds / 4; round++) {
        disturbance kind = round % 4 == 3 ? in_turn(round / 4) : DISTURB_NOT;
        tree_run(base_seed + 1000003 * (uint64_t)thread + round, team, kind);
    }
}

/*
 * The compiler passes an OpenMP region's variables where ThreadSanitizer does not see the hand-over;
 * so the regions of this test use static variables only and say what orders them.
 */
static char region_order;

static void region_release(void)
{
    if (__tsan_release)
        __tsan_release(&region_order);
}

static void region_acquire(void)
{
    if (__tsan_acquire)
        __tsan_acquire(&region_order);
}

static void trees_in_team(void)
{
    start_trees();
    region_release();
#pragma omp parallel
    {
        region_acquire();
        trees_of_thread((unsigned)omp_get_thread_num(), 0);
        region_release();
    }
    region_acquire();
    CHECK_INT(atomic_load(&tree_faults), 0);
}

static void trees_in_tasks(void)
{
    start_trees();
    region_release();
#pragma omp parallel
#pragma omp single
    {
        for (int i = 0; i < 8; i++) {
#pragma omp task firstprivate(i)
            {
                region_acquire();
                trees_of_thread((unsigned)i, 0);
                region_release();
            }
        }
    }
    region_acquire();
    CHECK_INT(atomic_load(&tree_faults), 0);
}

static void *trees_of_pthread(void *arg)
{
    const unsigned *thread = arg;
    trees_of_thread(*thread, (int)*thread);
    return NULL;
}

static void trees_in_pthreads(void)
{
    start_trees();
    in_pthreads(trees_of_pthread);
    CHECK_INT(atomic_load(&tree_faults), 0);
}

CHECK_MAIN("stress", {"random trees", random_trees}, {"disturbed trees", disturbed_trees},
           {"trees in every thread of a team", trees_in_team},
           {"trees in OpenMP tasks", trees_in_tasks},
           {"trees in several POSIX threads", trees_in_pthreads})
