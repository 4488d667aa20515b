/*
 * What ThreadSanitizer must know and cannot see: the order that the engine gives through deques,
 * counters and an OpenMP runtime that is not instrumented. The hooks are weak: they are there when
 * the program runs under ThreadSanitizer, also where the library itself was not built for it.
 *
 * Two addresses for each group: what was done before a task was added happens before the task;
 * what a task did happens before the return of the wait. Nothing orders two tasks, so that a race
 * between them is reported.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_TSAN_H
#define OMPG_SRC_TSAN_H

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

/* Under ThreadSanitizer no group is in the express lane, so the hooks are on the other paths only. */
static inline int tsan_is_present(void)
{
    return __tsan_acquire != 0;
}

static inline void tsan_acquire(void *address)
{
    if (__builtin_expect(__tsan_acquire != 0, 0))
        __tsan_acquire(address);
}

static inline void tsan_release(void *address)
{
    if (__builtin_expect(__tsan_release != 0, 0))
        __tsan_release(address);
}

#if defined(__SANITIZE_THREAD__)
#define BUILT_WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BUILT_WITH_TSAN 1
#endif
#endif
#ifndef BUILT_WITH_TSAN
#define BUILT_WITH_TSAN 0
#endif

#endif
