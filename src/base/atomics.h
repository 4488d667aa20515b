/*
 * Atomic operations by name: the memory order is part of the name, so that a reader sees it where
 * it is used. Bare atomics stand in this file only. Each is a point for a delay in test builds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ATOMICS_H
#define OMPG_SRC_ATOMICS_H

#include "base/delays.h"
#include "base/tsan.h"

#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define CACHE_LINE 64

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define load_relaxed(p) DELAYED(atomic_load_explicit((p), memory_order_relaxed))
#define load_acquire(p) DELAYED(atomic_load_explicit((p), memory_order_acquire))
#define store_relaxed(p, v) DELAYED(atomic_store_explicit((p), (v), memory_order_relaxed))
#define store_release(p, v) DELAYED(atomic_store_explicit((p), (v), memory_order_release))
#define add_relaxed(p, v) DELAYED(atomic_fetch_add_explicit((p), (v), memory_order_relaxed))
#define add_release(p, v) DELAYED(atomic_fetch_add_explicit((p), (v), memory_order_release))
#define sub_relaxed(p, v) DELAYED(atomic_fetch_sub_explicit((p), (v), memory_order_relaxed))
#define sub_release(p, v) DELAYED(atomic_fetch_sub_explicit((p), (v), memory_order_release))
#define sub_acq_rel(p, v) DELAYED(atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel))
#define exchange_acq_rel(p, v) DELAYED(atomic_exchange_explicit((p), (v), memory_order_acq_rel))
#define exchange_acquire(p, v) DELAYED(atomic_exchange_explicit((p), (v), memory_order_acquire))
/* For two that each write one word and then read the other's: one of them sees the other. */
#define load_seq_cst(p) DELAYED(atomic_load_explicit((p), memory_order_seq_cst))
#define store_seq_cst(p, v) DELAYED(atomic_store_explicit((p), (v), memory_order_seq_cst))
#define add_seq_cst(p, v) DELAYED(atomic_fetch_add_explicit((p), (v), memory_order_seq_cst))
#define cas_acquire(p, expected, v)                                                                \
    DELAYED(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acquire,    \
                                                    memory_order_acquire))
#define cas_acq_rel(p, expected, v)                                                                \
    DELAYED(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acq_rel,    \
                                                    memory_order_acquire))
#define cas_release(p, expected, v)                                                                \
    DELAYED(atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_release,    \
                                                    memory_order_relaxed))
#define cas_weak_release(p, expected, v)                                                           \
    DELAYED(atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_release,      \
                                                  memory_order_relaxed))
#define cas_weak_relaxed(p, expected, v)                                                           \
    DELAYED(atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_relaxed,      \
                                                  memory_order_relaxed))

/* One writer, many readers: an increment without a locked instruction. */
#define bump_relaxed(p, n) store_relaxed((p), load_relaxed(p) + (n))
#define bump_release(p, n) store_release((p), load_relaxed(p) + (n))

/* Of what is not declared atomic: a load that the compiler can neither widen nor join. */
#define word_load_relaxed(p) DELAYED(__atomic_load_n((p), __ATOMIC_RELAXED))

#define fence_acquire() fence(memory_order_acquire)
#define fence_release() fence(memory_order_release)
#define fence_seq_cst() fence(memory_order_seq_cst)

/* ThreadSanitizer knows no fences: its builds have a full barrier that orders nothing in its eyes. */
static inline void fence(memory_order order)
{
#if BUILT_WITH_TSAN
    atomic_int own = 0;
    (void)order;
    atomic_exchange(&own, 1);
#else
    atomic_thread_fence(order);
#endif
}

/* Orders what the compiler emits, not what the processor does: one side of an asymmetric fence. */
#define compiler_fence() atomic_signal_fence(memory_order_seq_cst)

/* The public token holds a word that is not atomic, for C++ and static initialisers. */
#define word_load_acquire(p) DELAYED(__atomic_load_n((p), __ATOMIC_ACQUIRE))
#define word_store_relaxed(p, v) DELAYED(__atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define word_store_release(p, v) DELAYED(__atomic_store_n((p), (v), __ATOMIC_RELEASE))
#define word_cas_acq_rel(p, expected, v)                                                           \
    DELAYED(__atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL,             \
                                        __ATOMIC_ACQUIRE))

/*
 * Begins to bring a line here that is going to be written, out of the caches of other processors. All processors
 * with x86-64 have the instruction; compilers use it only if they are told so.
 */
static inline void prefetch_to_write(const void *line)
{
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)line));
#else
    __builtin_prefetch(line, 1);
#endif
}

static inline void prefetch_to_read(const void *line)
{
    __builtin_prefetch(line);
}

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
