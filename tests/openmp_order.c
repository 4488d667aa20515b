/*
 * The order that parallel regions give, told to ThreadSanitizer, which cannot see it in a libgomp that
 * was not built for it: what was done before a region happens before all that its threads do, and
 * that before what comes after the region. Linked with ld's --wrap, it covers the regions of the
 * tests and of the library. What tasks, barriers and critical sections order it does not tell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdbool.h>

typedef void region_body(void *data);

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* How GCC's code enters libgomp: `parallel`, and `parallel for` with a dynamic schedule. */
void __real_GOMP_parallel(region_body *body, void *data, unsigned threads, unsigned flags);
void __wrap_GOMP_parallel(region_body *body, void *data, unsigned threads, unsigned flags);
void __real_GOMP_parallel_loop_nonmonotonic_dynamic(region_body *body, void *data, unsigned threads,
                                                    long begin, long end, long step, long chunk,
                                                    unsigned flags);
void __wrap_GOMP_parallel_loop_nonmonotonic_dynamic(region_body *body, void *data, unsigned threads,
                                                    long begin, long end, long step, long chunk,
                                                    unsigned flags);

struct region {
    region_body *body;
    void *data;
    bool begin, end; /* only their addresses are used */
};

static void ordered_body(void *arg)
{
    struct region *region = arg;
    __tsan_acquire(&region->begin);
    region->body(region->data);
    __tsan_release(&region->end);
}

void __wrap_GOMP_parallel(region_body *body, void *data, unsigned threads, unsigned flags)
{
    struct region region = {.body = body, .data = data};
    __tsan_release(&region.begin);
    __real_GOMP_parallel(ordered_body, &region, threads, flags);
    __tsan_acquire(&region.end);
}

void __wrap_GOMP_parallel_loop_nonmonotonic_dynamic(region_body *body, void *data, unsigned threads,
                                                    long begin, long end, long step, long chunk,
                                                    unsigned flags)
{
    struct region region = {.body = body, .data = data};
    __tsan_release(&region.begin);
    __real_GOMP_parallel_loop_nonmonotonic_dynamic(ordered_body, &region, threads, begin, end, step,
                                                   chunk, flags);
    __tsan_acquire(&region.end);
}
