/*
 * Loops without a grain, of items that take long: none waits behind others in the same sub-range, so that
 * other threads do them meanwhile. A sub-range of several long items would never end here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "loops.h"

enum { ITEMS = 64 };

typedef struct loop_of_items {
    int held; /* it ends when all others are done */
    event done;
} loop_of_items;

/* Takes a fifth of a millisecond, or longer. */
static void do_item(loop_of_items *items, int number)
{
    double until = omp_get_wtime() + 0.0002;
    while (omp_get_wtime() < until)
        ;
    if (number == items->held)
        CHECK_AWAIT(&items->done, ITEMS - 1);
    else
        event_post(&items->done);
}

static int do_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)group;
    for (size_t i = begin; i < end; i++)
        do_item(arg, (int)i);
    return 0;
}

static void by_for(ompg_group *group, loop_of_items *items)
{
    CHECK_INT(ompg_for(group, 0, ITEMS, 0, do_range, items), 0);
}

static void by_go_for(ompg_group *group, loop_of_items *items)
{
    CHECK_INT(ompg_go_for(group, 0, ITEMS, 0, do_range, items), 0);
    CHECK_INT(ompg_wait(group), 0);
}

ORDERED_BY_OPENMP static void by_macro(ompg_group *group, loop_of_items *items)
{
    OMPG_FOR(group, i, 0, ITEMS)
        do_item(items, i);
    CHECK_INT(ompg_wait(group), 0);
}

static void check(void (*run)(ompg_group *group, loop_of_items *items))
{
    static const int held[] = {0, 1, 5, 20, 31, 32, 40, 63};
    for (size_t at = 0; at < sizeof held / sizeof held[0]; at++) {
        for (int threads = 2; threads <= 7; threads += 5) {
            loop_of_items items = {.held = held[at]};
            ompg_group *group = group_of(threads);
            run(group, &items);
            CHECK_INT(atomic_load(&items.done.count), ITEMS - 1);
            ompg_free(group);
        }
    }
}

static void of_ompg_for(void)
{
    check(by_for);
}

static void of_ompg_go_for(void)
{
    check(by_go_for);
}

static void of_the_macro(void)
{
    check(by_macro);
}

CHECK_MAIN("loops of long items", {"of ompg_for", of_ompg_for}, {"of ompg_go_for", of_ompg_go_for},
           {"of the macro", of_the_macro})
