/*
 * What the macros of loop_macro.h are made of; not for direct use, and not the same in each version.
 *
 * A loop is a count of iterations, which the library cuts into ranges [begin, end) of their numbers; the macro
 * makes indices of them. OpenMP's threads go over shares: a share's number says which part of the loop is handed
 * out, so nothing depends on how many threads come. A macro is made of these, one around the other:
 * - loops that run once: room for the library's state, the bounds, the options or the step
 * - ompg_loop_open() to ompg_loop_close()
 * - OpenMP's loop over the shares; where there are no clauses that could need a loop, its parallel region, in which
 *   each thread counts its shares itself (libomp, where it is built to look for its own faults, as by Debian, writes
 *   a line of text in memory for each thread that comes to a loop: 300 ns)
 * - the ranges of a share, by ompg_loop_next()
 * - the indices of a range: the caller's body
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_LOOP_MACRO_PARTS_H
#define OMPGROUP_LOOP_MACRO_PARTS_H

#include "base.h"

#if defined(_OPENMP)
#include <omp.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ompg_loop_options; /* see loop_macro.h */

/* Bytes for the library's state, whose size it is told: a later version may have more. */
#define OMPG_LOOP_ROOM 1024

/* What ompg_loop_open() is told beside the bounds. */
#define OMPG_LOOP_IS_OPENMP 1U /* compiled with it */
#define OMPG_LOOP_IS_TEAM 2U   /* omp for */

typedef struct ompg_loop {
    void *state;
    int shares;
    bool open;
    bool stolen; /* whoever has nothing left steals: there is no use in another share */
} ompg_loop;

/* The iterations, and their indices for errors: origin + number * step. A step of 0 is an error. */
typedef struct ompg_loop_span {
    unsigned long long count, origin, step;
} ompg_loop_span;

/* A share's ranges, one after the other. */
typedef struct ompg_loop_range {
    size_t begin, end; /* numbers of iterations */
    int share;
    bool fresh;             /* has just been handed out */
    bool entered;           /* has had a range */
    long long began;        /* in ticks of the library; 0: not measured */
    unsigned float_control; /* this and the next three: as the thread had them before */
    const ompg_group *outer;
    size_t outer_index;
    const void *outer_within;
    struct ompg_loop_range *outer_range; /* that is open around this one on the thread */
    const void *task;                    /* that the loop stands in; NULL: none */
    void *states;                        /* of an ompg_local, that the range has */
    size_t unreported;                   /* iterations that are over */
    size_t reserved[7];
} ompg_loop_range;

OMPG_BEGIN_DECLS

OMPG_API ompg_loop ompg_loop_open(void *room, size_t size, ompg_group *group,
                                  const struct ompg_loop_options *options, ompg_loop_span span,
                                  unsigned flags);
OMPG_API bool ompg_loop_next(void *state, ompg_loop_range *range);
OMPG_API void ompg_loop_close(ompg_loop *loop);

OMPG_END_DECLS

static inline ompg_loop_range ompg_loop_range_of(int share)
{
#if defined(__cplusplus)
    ompg_loop_range range = {};
#else
    ompg_loop_range range = {0};
#endif
    range.share = share;
    return range;
}

/* ---- counting ---- */

/* Kinds of bounds. */
#define OMPG_LOOP_WHOLE 1U    /* integers; the others are pointers and iterators */
#define OMPG_LOOP_UNSIGNED 2U /* integers that wrap round */

/* Iterations of a distance that is not 0, in steps of `by`. */
static inline unsigned long long ompg_loop_steps(unsigned long long distance, unsigned long long by,
                                                 unsigned kind)
{
    bool wrapped = (kind & OMPG_LOOP_UNSIGNED) && distance > (unsigned long long)PTRDIFF_MAX;
    return wrapped ? 0 : (distance - 1) / by + 1;
}

/* first: the bound as a number. up: first < past; down: past < first. */
static inline ompg_loop_span ompg_loop_span_of(bool up, bool down, unsigned long long distance,
                                               long long by, unsigned long long first,
                                               unsigned kind)
{
    ompg_loop_span span = {0, 0, 1};
    if (by > 0 && up)
        span.count = ompg_loop_steps(distance, (unsigned long long)by, kind);
    if (by < 0 && down)
        span.count = ompg_loop_steps(0 - distance, 0 - (unsigned long long)by, kind);
    if (by == 0)
        span.step = 0;
    bool from_zero = (kind & OMPG_LOOP_UNSIGNED) || (long long)first >= 0;
    if ((kind & OMPG_LOOP_WHOLE) && by > 0 && from_zero) {
        span.origin = first;
        span.step = (unsigned long long)by;
    }
    return span;
}

/* Both loops as one; more than can be counted is as good as the most. */
static inline ompg_loop_span ompg_loop_span_of_two(unsigned long long outer,
                                                   unsigned long long inner)
{
    ompg_loop_span span = {outer * inner, 0, 1};
    if (inner != 0 && outer > UINT64_MAX / inner)
        span.count = UINT64_MAX;
    return span;
}

/* The part of an outer iteration, with `inner` ones in it, that is in the range. */
static inline size_t ompg_loop_from(const ompg_loop_range *range, size_t row, size_t inner)
{
    return range->begin > row * inner ? range->begin - row * inner : 0;
}

static inline size_t ompg_loop_to(const ompg_loop_range *range, size_t row, size_t inner)
{
    size_t left = range->end - row * inner;
    return left < inner ? left : inner;
}

/* ---- the type of the index ---- */

/*
 * OMPG_LOOP_TYPE       of an index, from the bounds as the caller wrote them
 * OMPG_LOOP_INDEX      the same, from a bound that was stored
 * OMPG_LOOP_OFFSET     of a difference
 * OMPG_LOOP_NUMBER     an integer bound, in 64 bits; 0 for the others
 * OMPG_LOOP_DISTANCE   past - first, where integers do not overflow
 * OMPG_LOOP_KIND       see above
 * OMPG_LOOP_AT         first + n; n may be negative, modulo 2^64
 */
#if defined(__cplusplus)

#define OMPG_LOOP_INTEGER(type, kind)                                                              \
    inline unsigned long long ompg_loop_number(type bound)                                         \
    {                                                                                              \
        return static_cast<unsigned long long>(bound);                                             \
    }                                                                                              \
    inline unsigned long long ompg_loop_distance(type first, type past)                            \
    {                                                                                              \
        return static_cast<unsigned long long>(past) - static_cast<unsigned long long>(first);     \
    }                                                                                              \
    inline unsigned ompg_loop_kind(type)                                                           \
    {                                                                                              \
        return kind;                                                                               \
    }                                                                                              \
    inline type ompg_loop_at(type first, unsigned long long n)                                     \
    {                                                                                              \
        return static_cast<type>(static_cast<unsigned long long>(first) + n);                      \
    }
OMPG_LOOP_INTEGER(int, OMPG_LOOP_WHOLE)
OMPG_LOOP_INTEGER(long, OMPG_LOOP_WHOLE)
OMPG_LOOP_INTEGER(long long, OMPG_LOOP_WHOLE)
OMPG_LOOP_INTEGER(unsigned, OMPG_LOOP_WHOLE | OMPG_LOOP_UNSIGNED)
OMPG_LOOP_INTEGER(unsigned long, OMPG_LOOP_WHOLE | OMPG_LOOP_UNSIGNED)
OMPG_LOOP_INTEGER(unsigned long long, OMPG_LOOP_WHOLE | OMPG_LOOP_UNSIGNED)
#undef OMPG_LOOP_INTEGER

template <class bound_type> inline unsigned long long ompg_loop_number(const bound_type &)
{
    return 0;
}

template <class bound_type>
inline unsigned long long ompg_loop_distance(const bound_type &first, const bound_type &past)
{
    return static_cast<unsigned long long>(past - first);
}

template <class bound_type> inline unsigned ompg_loop_kind(const bound_type &)
{
    return 0;
}

template <class bound_type>
inline bound_type ompg_loop_at(const bound_type &first, unsigned long long n)
{
    return first + static_cast<decltype(first - first)>(n);
}

#define OMPG_LOOP_TYPE(from, to) decltype((from) - (from) + (to))
#define OMPG_LOOP_INDEX(first) decltype((first) + 0)
#define OMPG_LOOP_OFFSET(first) decltype((first) - (first))
#define OMPG_LOOP_NUMBER(bound) ompg_loop_number(bound)
#define OMPG_LOOP_DISTANCE(first, past) ompg_loop_distance(first, past)
#define OMPG_LOOP_KIND(bound) ompg_loop_kind(bound)
#define OMPG_LOOP_AT(first, n) ompg_loop_at(first, n)

#else

/* The formatter takes the parts of these macros for statements. */
/* clang-format off */

#define OMPG_LOOP_INTEGER_OR(value, bound, other)                                                  \
    _Generic((bound), int: (value), unsigned: (value), long: (value), unsigned long: (value),      \
             long long: (value), unsigned long long: (value), default: (other))
#define OMPG_LOOP_CAST(type, first, n) type: (type)(OMPG_LOOP_NUMBER(first) + (n))

#define OMPG_LOOP_TYPE(from, to) __typeof__((from) - (from) + (to))
#define OMPG_LOOP_INDEX(first) __typeof__((first) + 0)
#define OMPG_LOOP_OFFSET(first) __typeof__((first) - (first))
#define OMPG_LOOP_NUMBER(bound) ((unsigned long long)OMPG_LOOP_INTEGER_OR(bound, bound, 0))
#define OMPG_LOOP_DISTANCE(first, past)                                                            \
    (OMPG_LOOP_NUMBER(past) - OMPG_LOOP_NUMBER(first) +                                            \
     (unsigned long long)OMPG_LOOP_INTEGER_OR(0, first, (past) - (first)))
#define OMPG_LOOP_KIND(bound)                                                                      \
    _Generic((bound), int: OMPG_LOOP_WHOLE, long: OMPG_LOOP_WHOLE, long long: OMPG_LOOP_WHOLE,     \
             default: OMPG_LOOP_INTEGER_OR(OMPG_LOOP_WHOLE | OMPG_LOOP_UNSIGNED, bound, 0U))
#define OMPG_LOOP_AT(first, n)                                                                     \
    _Generic((first), OMPG_LOOP_CAST(int, first, n), OMPG_LOOP_CAST(unsigned, first, n),           \
             OMPG_LOOP_CAST(long, first, n), OMPG_LOOP_CAST(unsigned long, first, n),              \
             OMPG_LOOP_CAST(long long, first, n), OMPG_LOOP_CAST(unsigned long long, first, n),    \
             default: (first) + (OMPG_LOOP_OFFSET(first))(n))

#endif

/* ---- the parts of the macros, which stand one behind the other; n makes their names unique ---- */

/* Of `end, clauses`, where the second may be missing: a comma that is left behind stands before a clause. */
#define OMPG_LOOP_FIRST(...) OMPG_LOOP_FIRST_OF(__VA_ARGS__, )
#define OMPG_LOOP_FIRST_OF(first, ...) first
#define OMPG_LOOP_REST(...) OMPG_LOOP_REST_OF(__VA_ARGS__, )
#define OMPG_LOOP_REST_OF(first, ...) __VA_ARGS__

#if defined(_OPENMP)
#define OMPG_LOOP_PRAGMA_OF(...) _Pragma(#__VA_ARGS__)
#define OMPG_LOOP_PRAGMA(...) OMPG_LOOP_PRAGMA_OF(__VA_ARGS__)
#define OMPG_LOOP_COMPILED OMPG_LOOP_IS_OPENMP
#define OMPG_LOOP_THREAD omp_get_thread_num()
#define OMPG_LOOP_THREADS omp_get_num_threads()
#else
#define OMPG_LOOP_PRAGMA(...)
#define OMPG_LOOP_COMPILED 0U
#define OMPG_LOOP_THREAD 0
#define OMPG_LOOP_THREADS 1
#endif

/* 1 where there is something with a comma behind it, and up to 19 more; 0 where there is nothing. */
#define OMPG_LOOP_HAS(...)                                                                         \
    OMPG_LOOP_HAS_OF(__VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, )
#define OMPG_LOOP_HAS_OF(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, has, ...) has
#define OMPG_LOOP_JOIN(a, b) OMPG_LOOP_JOIN_OF(a, b)
#define OMPG_LOOP_JOIN_OF(a, b) a##b

/* The threads and their ranges. What each needs it gets by value: to look it up takes long on another core. */
#define OMPG_LOOP_PARALLEL(n, also, ...)                                                           \
    OMPG_LOOP_JOIN(OMPG_LOOP_PARALLEL_, OMPG_LOOP_HAS(__VA_ARGS__))(n, also, __VA_ARGS__)
#define OMPG_LOOP_PARALLEL_0(n, also, ...)                                                         \
    for (const bool ompg_stolen_##n = ompg_loop_##n.stolen; OMPG_LOOP_ONCE(n))                     \
    OMPG_LOOP_PRAGMA(omp parallel num_threads(ompg_shares_##n)                                     \
                         firstprivate(ompg_state_##n, ompg_shares_##n, ompg_stolen_##n,            \
                                      ompg_first_##n) also)                                        \
    OMPG_LOOP_RANGES_OWN(n)
#define OMPG_LOOP_PARALLEL_1(n, also, ...)                                                         \
    OMPG_LOOP_PRAGMA(omp parallel for __VA_ARGS__ num_threads(ompg_shares_##n)                     \
                         schedule(static, 1)                                                       \
                             firstprivate(ompg_state_##n, ompg_shares_##n, ompg_first_##n) also)   \
    OMPG_LOOP_RANGES(n)
#define OMPG_LOOP_TEAM(n, also, ...)                                                               \
    OMPG_LOOP_PRAGMA(omp for __VA_ARGS__ schedule(static, 1))                                      \
    OMPG_LOOP_RANGES(n)

#define OMPG_LOOP_ONCE(n) ompg_once_##n; ompg_once_##n = 0

#define OMPG_LOOP_MAKE_ROOM(n)                                                                     \
    for (unsigned char ompg_room_##n[OMPG_LOOP_ROOM], ompg_once_##n = 1; OMPG_LOOP_ONCE(n))

#define OMPG_LOOP_BOUNDS(n, of, from, to)                                                          \
    for (const OMPG_LOOP_TYPE(from, to) ompg_first_##n##of = (from), ompg_past_##n##of = (to);     \
         OMPG_LOOP_ONCE(n))

#define OMPG_LOOP_NO_OPTIONS_DECLARE(n, options)
#define OMPG_LOOP_NO_OPTIONS_POINTER(n) NULL
#define OMPG_LOOP_OPTIONS_DECLARE(n, options)                                                      \
    for (const ompg_loop_options ompg_options_##n = (options); OMPG_LOOP_ONCE(n))
#define OMPG_LOOP_OPTIONS_POINTER(n) &ompg_options_##n

#define OMPG_LOOP_SPAN(n, by)                                                                      \
    ompg_loop_span_of(ompg_first_##n < ompg_past_##n, ompg_past_##n < ompg_first_##n,              \
                      OMPG_LOOP_DISTANCE(ompg_first_##n, ompg_past_##n), by,                       \
                      OMPG_LOOP_NUMBER(ompg_first_##n), OMPG_LOOP_KIND(ompg_first_##n))

#define OMPG_LOOP_OPEN(n, group, options, span, flags)                                             \
    for (ompg_loop ompg_loop_##n =                                                                 \
             ompg_loop_open(ompg_room_##n, sizeof ompg_room_##n, group, options, span,             \
                            (flags) | OMPG_LOOP_COMPILED);                                         \
         ompg_loop_##n.open; ompg_loop_close(&ompg_loop_##n))                                      \
        for (void *const ompg_state_##n = ompg_loop_##n.state; OMPG_LOOP_ONCE(n))                  \
            for (const int ompg_shares_##n = ompg_loop_##n.shares; OMPG_LOOP_ONCE(n))

/* OpenMP's loop over the shares, */
#define OMPG_LOOP_RANGES(n)                                                                        \
    for (int ompg_share_##n = 0; ompg_share_##n < ompg_shares_##n; ++ompg_share_##n)               \
    OMPG_LOOP_RANGES_OF(n)
/* and a thread's own one, which asks how many threads there are only where it must. */
#define OMPG_LOOP_RANGES_OWN(n)                                                                    \
    for (int ompg_share_##n = OMPG_LOOP_THREAD; ompg_share_##n < ompg_shares_##n;                  \
         ompg_share_##n += ompg_stolen_##n ? ompg_shares_##n : OMPG_LOOP_THREADS)                  \
    OMPG_LOOP_RANGES_OF(n)
#define OMPG_LOOP_RANGES_OF(n)                                                                     \
        for (ompg_loop_range ompg_range_##n = ompg_loop_range_of(ompg_share_##n);                  \
             ompg_loop_next(ompg_state_##n, &ompg_range_##n);)

/* ---- the macros ---- */

#define OMPG_LOOP_FOR(...) OMPG_LOOP_FOR_LINE(__LINE__, __VA_ARGS__)
#define OMPG_LOOP_FOR_LINE(n, ...) OMPG_LOOP_FOR_OF(n, __VA_ARGS__)
#define OMPG_LOOP_FOR_OF(n, pragma, with, flags, group, i, from, to, options, ...)                 \
    OMPG_LOOP_MAKE_ROOM(n)                                                                         \
    OMPG_LOOP_BOUNDS(n, , from, to)                                                                \
    with##_DECLARE(n, options)                                                                     \
    OMPG_LOOP_OPEN(n, group, with##_POINTER(n), OMPG_LOOP_SPAN(n, 1), flags)                       \
    pragma(n, , __VA_ARGS__)                                                                       \
        for (OMPG_LOOP_INDEX(ompg_first_##n)                                                       \
                 i = OMPG_LOOP_AT(ompg_first_##n, ompg_range_##n.begin),                           \
                 ompg_last_##n = OMPG_LOOP_AT(ompg_first_##n, ompg_range_##n.end);                 \
             i < ompg_last_##n; ++i)

/* A step that is known to the compiler stays known: such loops vectorise. */
#define OMPG_LOOP_FOR_STEP(...) OMPG_LOOP_FOR_STEP_LINE(__LINE__, __VA_ARGS__)
#define OMPG_LOOP_FOR_STEP_LINE(n, ...) OMPG_LOOP_FOR_STEP_OF(n, __VA_ARGS__)
#define OMPG_LOOP_FOR_STEP_OF(n, pragma, flags, group, i, from, to, by, ...)                       \
    OMPG_LOOP_MAKE_ROOM(n)                                                                         \
    OMPG_LOOP_BOUNDS(n, , from, to)                                                                \
    for (const long long ompg_by_##n = (long long)(by); OMPG_LOOP_ONCE(n))                         \
    OMPG_LOOP_OPEN(n, group, NULL, OMPG_LOOP_SPAN(n, ompg_by_##n), flags)                          \
    pragma(n, firstprivate(ompg_by_##n), __VA_ARGS__)                                              \
        for (OMPG_LOOP_INDEX(ompg_first_##n)                                                       \
                 i = OMPG_LOOP_AT(ompg_first_##n,                                                  \
                                  (unsigned long long)ompg_by_##n * ompg_range_##n.begin);         \
             ompg_range_##n.fresh; ompg_range_##n.fresh = false)                                   \
            for (size_t ompg_left_##n = ompg_range_##n.end - ompg_range_##n.begin;                 \
                 ompg_left_##n > 0;                                                                \
                 ompg_left_##n--, i += (OMPG_LOOP_OFFSET(ompg_first_##n))(                         \
                                      __builtin_constant_p(by) ? (long long)(by) : ompg_by_##n))

#define OMPG_LOOP_FOR2(...) OMPG_LOOP_FOR2_LINE(__LINE__, __VA_ARGS__)
#define OMPG_LOOP_FOR2_LINE(n, ...) OMPG_LOOP_FOR2_OF(n, __VA_ARGS__)
#define OMPG_LOOP_FOR2_OF(n, pragma, flags, group, i, from, to, j, from_j, to_j, ...)              \
    OMPG_LOOP_MAKE_ROOM(n)                                                                         \
    OMPG_LOOP_BOUNDS(n, , from, to)                                                                \
    OMPG_LOOP_BOUNDS(n, _j, from_j, to_j)                                                          \
    for (const size_t ompg_inner_##n = (size_t)OMPG_LOOP_SPAN(n##_j, 1).count; OMPG_LOOP_ONCE(n))  \
    OMPG_LOOP_OPEN(n, group, NULL,                                                                 \
                   ompg_loop_span_of_two(OMPG_LOOP_SPAN(n, 1).count, ompg_inner_##n), flags)       \
    pragma(n, firstprivate(ompg_first_##n##_j, ompg_inner_##n), __VA_ARGS__)                       \
        for (size_t ompg_row_##n = ompg_range_##n.begin / ompg_inner_##n, ompg_more_##n = 1;       \
             ompg_row_##n * ompg_inner_##n < ompg_range_##n.end;                                   \
             ompg_row_##n++, ompg_more_##n = 1)                                                    \
            for (OMPG_LOOP_INDEX(ompg_first_##n) i = OMPG_LOOP_AT(ompg_first_##n, ompg_row_##n);   \
                 ompg_more_##n; (void)i, ompg_more_##n = 0)                                        \
                for (OMPG_LOOP_INDEX(ompg_first_##n##_j)                                           \
                         j = OMPG_LOOP_AT(ompg_first_##n##_j,                                      \
                                          ompg_loop_from(&ompg_range_##n, ompg_row_##n,            \
                                                         ompg_inner_##n)),                         \
                         ompg_last_##n = OMPG_LOOP_AT(ompg_first_##n##_j,                          \
                                                      ompg_loop_to(&ompg_range_##n, ompg_row_##n,  \
                                                                   ompg_inner_##n));               \
                     j < ompg_last_##n; ++j)

/* clang-format on */

#endif
