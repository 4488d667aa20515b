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

/* Any thread may be the one to ask. *known: 0: nobody has yet; or 1 more than the answer. */
static int ask_once(atomic_int *known, int (*question)(void))
{
    int answer = load_relaxed(known);
    if (answer == 0) {
        answer = 1 + question();
        store_relaxed(known, answer);
    }
    return answer - 1;
}

/* Asking costs a system call. */
int openmp_processors(void)
{
    static atomic_int known;
    return ask_once(&known, omp_get_num_procs);
}

/* Fixed when the program starts, and each thread of a region asks. */
bool openmp_cancellation(void)
{
    static atomic_int known;
    return ask_once(&known, omp_get_cancellation);
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

/* Both runtimes have them; another one may not. */
#pragma weak GOMP_loop_dynamic_start
#pragma weak GOMP_loop_dynamic_next
#pragma weak GOMP_loop_end_nowait
bool GOMP_loop_dynamic_start(long begin, long end, long step, long chunk, long *first, long *past);
bool GOMP_loop_dynamic_next(long *first, long *past);
void GOMP_loop_end_nowait(void);

bool openmp_has_dealer(void)
{
    return GOMP_loop_dynamic_start && GOMP_loop_dynamic_next && GOMP_loop_end_nowait;
}

bool openmp_deal_begin(long count, long *taken)
{
    long past;
    return GOMP_loop_dynamic_start(0, count, 1, 1, taken, &past);
}

bool openmp_deal_next(long *taken)
{
    long past;
    return GOMP_loop_dynamic_next(taken, &past);
}

void openmp_deal_end(void)
{
    GOMP_loop_end_nowait();
}

NOT_INSTRUMENTED void openmp_taskgroup(openmp_body_fn *body, void *arg)
{
#pragma omp taskgroup
    {
        body(arg);
    }
}

NOT_INSTRUMENTED void openmp_parallel(int threads, openmp_thread_fn *body, void *arg)
{
#pragma omp parallel num_threads(threads) default(none) firstprivate(body, arg)
    {
        body(arg, omp_get_thread_num());
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
