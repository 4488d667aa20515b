/*
 * All of OpenMP that the library uses.
 *
 * ThreadSanitizer does not see the runtime's own synchronisation and would report the variables
 * that the compiler passes into the constructs: these functions are not instrumented. What they
 * order is told to it in tsan.h's terms.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/openmp.h"

#include "base/atomics.h"
#include "base/caller.h"

#include <errno.h>
#include <omp.h>

#define NOT_INSTRUMENTED __attribute__((no_sanitize("thread")))

/*
 * The first call of OpenMP sets up the runtime, in a child of fork again. libomp changes errno then, and
 * reads files, which are cancellation points.
 */
static atomic_bool started;

struct question {
    int saved_errno;
    int cancel_state;
    bool first;
};

static inline struct question ask(void)
{
    struct question question = {.saved_errno = errno, .first = !load_relaxed(&started)};
    if (UNLIKELY(question.first))
        question.cancel_state = caller_hold();
    return question;
}

static inline void asked(const struct question *question)
{
    if (UNLIKELY(question->first)) {
        caller_release(question->cancel_state);
        store_relaxed(&started, true);
    }
    errno = question->saved_errno;
}

int openmp_level(void)
{
    struct question question = ask();
    int level = omp_get_level();
    asked(&question);
    return level;
}

bool openmp_in_final(void)
{
    int saved = errno;
    bool final = omp_in_final();
    errno = saved;
    return final;
}

int openmp_most_threads(int wanted)
{
    struct question question = ask();
    int threads = wanted > 0 ? wanted : omp_get_max_threads();
    int limit = omp_get_thread_limit();
    asked(&question);
    return threads < limit ? threads : limit;
}

int openmp_threads(void)
{
    return omp_get_num_threads();
}

/* Asking costs a system call. 0: not asked yet; any thread may be the one to ask. */
int openmp_processors(void)
{
    static atomic_int known;
    int n = load_relaxed(&known);
    if (n == 0) {
        n = omp_get_num_procs();
        store_relaxed(&known, n);
    }
    return n;
}

bool openmp_cancellation(void)
{
    return omp_get_cancellation();
}

struct openmp_about openmp_about(void)
{
    return (struct openmp_about){
#if defined(KMP_VERSION_MAJOR) /* by which libomp's omp.h is known */
        .runtime = "libomp",
#elif defined(__GNUC__) && !defined(__clang__)
        .runtime = "libgomp",
#else
        .runtime = "unknown",
#endif
        .specification = _OPENMP,
        .threads = omp_get_max_threads(),
        .thread_limit = omp_get_thread_limit()};
}

int openmp_thread(void)
{
    struct question question = ask();
    int thread = omp_get_thread_num();
    asked(&question);
    return thread;
}

/* Monotonic: in the order of their numbers, or libomp would give each thread a block of them at first. */
struct openmp_schedule openmp_schedule_set(bool dynamic)
{
    struct openmp_schedule before;
    omp_sched_t kind;
    omp_get_schedule(&kind, &before.chunk);
    before.kind = (unsigned)kind;
    unsigned taken = (unsigned)omp_sched_dynamic | (unsigned)omp_sched_monotonic;
    omp_set_schedule(dynamic ? (omp_sched_t)taken : omp_sched_static, 1);
    return before;
}

void openmp_schedule_restore(struct openmp_schedule schedule)
{
    omp_set_schedule((omp_sched_t)schedule.kind, schedule.chunk);
}

NOT_INSTRUMENTED void openmp_taskgroup(openmp_body_fn *body, void *arg)
{
#pragma omp taskgroup
    {
        body(arg);
    }
}

NOT_INSTRUMENTED void openmp_parallel(int threads, openmp_body_fn *first, openmp_body_fn *other,
                                      void *arg)
{
#pragma omp parallel num_threads(threads) default(none) firstprivate(first, other, arg)
    {
        if (omp_get_thread_num() == 0)
            first(arg);
        else
            other(arg);
    }
}

/* In a task that is over at once, so that the caller's task is not its parent. */
NOT_INSTRUMENTED void openmp_task(openmp_body_fn *body, bool (*cancels)(void *arg), void *arg)
{
    int saved = errno;
#pragma omp task if (0) default(none) firstprivate(body, cancels, arg)
    {
#pragma omp task default(none) firstprivate(body, cancels, arg)
        {
            body(arg);
            if (cancels(arg)) {
#pragma omp cancel taskgroup
            }
        }
    }
    errno = saved;
}

/* `cancel` must stand in a task construct. */
NOT_INSTRUMENTED void openmp_cancel(void)
{
    if (!openmp_cancellation())
        return;
#pragma omp task if (0)
    {
#pragma omp cancel taskgroup
    }
}
