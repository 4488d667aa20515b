/*
 * What every model has in common. A model is a small program of two to four threads on definitions that are taken
 * out of the source (take.awk), with C11's atomics by Relacy's: the orders are the source's own. Relacy runs it
 * many times with random schedules and with every stale value that the memory model lets a load see, and rejects
 * a data race on `shared` fields, a failed RL_ASSERT, a deadlock and a loop without end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_TESTS_MODELS_MODEL_H
#define OMPG_TESTS_MODELS_MODEL_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <sstream>
#include <stack>
#include <stdexcept>
#include <string>
#include <vector>

/* Relacy allocates the model: its groups lie on cache lines, as those of the library do. */
static inline void *model_malloc(size_t size)
{
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

#define malloc model_malloc
#define private public /* for membarrier_all: the fences of other threads */
#define protected public
#include <relacy/relacy.hpp>
#undef malloc
#undef private
#undef protected

using rl::memory_order;

/* ---- operations: where they stand in the source, and one that is made weaker to see whether it is needed ---- */

/* One expansion of an atomic macro, once it has been executed. No std::string: Relacy counts allocations. */
struct model_site {
    bool seen;
    const char *file, *function, *kind, *order;
    unsigned line;
};

enum { SITES = 4096, PARTS = 2 };
static struct model_site sites[SITES][PARTS];
static int weak_site = -1, weak_part;

struct model_place {
    int site;
    rl::debug_info info;
    const char *function;
};

#define HERE (model_place{__COUNTER__, RL_INFO, __func__})

static inline const char *order_name(memory_order order)
{
    switch (order) {
    case rl::mo_acquire:
        return "acquire";
    case rl::mo_release:
        return "release";
    case rl::mo_acq_rel:
        return "acq_rel";
    case rl::mo_seq_cst:
        return "seq_cst";
    default:
        return "relaxed";
    }
}

/* The next weaker one, of an operation that loads, stores or does both. */
static inline memory_order weaker(memory_order order, memory_order both)
{
    return order == rl::mo_seq_cst ? both : rl::mo_relaxed;
}

/* The order to use: the source's, or `less` where this is the place whose need is in question. */
static inline memory_order model_order(const model_place &at, int part, const char *kind,
                                       memory_order order, memory_order less)
{
    struct model_site *site = &sites[at.site][part];
    if (!site->seen && order != less) {
        *site = {true, at.info.file_, at.function, kind, order_name(order), at.info.line_};
    }
    return weak_site == at.site && weak_part == part ? less : order;
}

static inline memory_order model_order_rmw(const model_place &at, const char *kind,
                                           memory_order order)
{
    if (order != rl::mo_acq_rel)
        return model_order(at, 0, kind, order, weaker(order, rl::mo_acq_rel));
    memory_order first = model_order(at, 0, kind, order, rl::mo_release);
    memory_order second = model_order(at, 1, kind, order, rl::mo_acquire);
    return first != order ? first : second;
}

template <class T>
static T model_load(const rl::atomic<T> *p, memory_order order, const model_place &at)
{
    order = model_order(at, 0, "load", order, weaker(order, rl::mo_acquire));
    return (*const_cast<rl::atomic<T> *>(p))(at.info).load(order);
}

template <class T, class V>
static void model_store(rl::atomic<T> *p, V value, memory_order order, const model_place &at)
{
    order = model_order(at, 0, "store", order, weaker(order, rl::mo_release));
    (*p)(at.info).store((T)value, order);
}

template <class T, class V>
static T model_add(rl::atomic<T> *p, V value, memory_order order, const model_place &at)
{
    return (*p)(at.info).fetch_add((T)value, model_order_rmw(at, "add", order));
}

template <class T, class V>
static T model_sub(rl::atomic<T> *p, V value, memory_order order, const model_place &at)
{
    return (*p)(at.info).fetch_sub((T)value, model_order_rmw(at, "sub", order));
}

template <class T, class V>
static T model_exchange(rl::atomic<T> *p, V value, memory_order order, const model_place &at)
{
    return (*p)(at.info).exchange((T)value, model_order_rmw(at, "exchange", order));
}

template <class T, class V>
static bool model_cas(rl::atomic<T> *p, T *expected, V value, memory_order success,
                      memory_order failure, bool weak, const model_place &at)
{
    if (success == rl::mo_acq_rel) {
        success = model_order_rmw(at, "cas", success);
    } else {
        success = model_order(at, 0, "cas", success, rl::mo_relaxed);
        failure = model_order(at, 1, "cas", failure, rl::mo_relaxed);
    }
    rl::atomic_proxy<T> proxy = (*p)(at.info);
    return weak ? proxy.compare_exchange_weak(*expected, (T)value, success, failure)
                : proxy.compare_exchange_strong(*expected, (T)value, success, failure);
}

static inline void model_fence(memory_order order, const model_place &at)
{
    if (model_order(at, 0, "fence", order, rl::mo_relaxed) != rl::mo_relaxed)
        rl::atomic_thread_fence(order, at.info);
}

/* ---- fields that are not atomic, that Relacy is to watch for races ---- */

template <class T> class shared
{
    rl::var<T> field;
    bool set = false;

  public:
    shared()
    {
    }
    explicit shared(T value)
    {
        *this = value;
    }
    shared(const shared &other)
    {
        *this = other;
    }
    operator T() const
    {
        return set ? const_cast<rl::var<T> &>(field)($).load() : T();
    }
    T operator->() const
    {
        return *this;
    }
    shared &operator=(T value)
    {
        set = true;
        field($) = value;
        return *this;
    }
    shared &operator=(const shared &other)
    {
        if (other.set)
            *this = (T)other;
        return *this;
    }
    shared &operator+=(T value)
    {
        return *this = (T)(*this + value);
    }
    shared &operator-=(T value)
    {
        return *this = (T)(*this - value);
    }
    T operator++(int)
    {
        T old = *this;
        *this = (T)(old + 1);
        return old;
    }
    T operator--(int)
    {
        T old = *this;
        *this = (T)(old - 1);
        return old;
    }
    T operator++()
    {
        return *this = (T)(*this + 1);
    }
    T operator--()
    {
        return *this = (T)(*this - 1);
    }
};

/* GCC's operations on what is not declared atomic. */
template <class T> static T model_word(const T *p, memory_order, const model_place &)
{
    return *p;
}
template <class T> static T model_word(const shared<T> *p, memory_order, const model_place &)
{
    return *p;
}
template <class T>
static T model_word(const rl::atomic<T> *p, memory_order order, const model_place &at)
{
    return model_load(p, order, at);
}

/* ---- what the system gives ---- */

static inline unsigned thread_here()
{
    return rl::ctx().threadx_->index_;
}

/* A loop around this waits for another thread. */
static inline void model_pause()
{
    rl::yield(1, RL_INFO);
}

static int scenario;           /* of the model's list */
static unsigned model_threads; /* of the running model */
static void (*fence_on)(unsigned thread);
static bool barrier_works, barrier_may_fail; /* set in before() */

/* In search.h, which is compiled once: it takes longer than a model. */
struct model_calls;
template <unsigned threads>
bool search(rl::test_params &params, const model_calls *calls, void *room);
template <unsigned threads> void fence_on_thread(unsigned thread);

static inline bool membarrier_works()
{
    return barrier_works;
}

/*
 * membarrier(2): each thread runs a full fence at some time of its own between the begin and the end of the call,
 * wherever its program is then.
 */
static bool model_membarrier(const model_place &at)
{
    if (barrier_may_fail && rl::rand(2))
        barrier_works = false;
    if (!barrier_works)
        return false;
    if (model_order(at, 0, "membarrier", rl::mo_seq_cst, rl::mo_relaxed) == rl::mo_relaxed)
        return true;
    fence_on(thread_here());
    unsigned first = rl::rand(model_threads);
    for (unsigned i = 0; i < model_threads; i++) {
        rl::ctx().sched();
        fence_on((first + i) % model_threads);
    }
    rl::ctx().sched();
    fence_on(thread_here());
    return true;
}

/*
 * The kernel looks at the word after a fence of its own, and nothing comes between its look and the sleep. None wakes
 * without a reason: that would hide a lost call.
 */
template <class T> static void futex_wait(rl::atomic<T> *word, T value, int64_t)
{
    rl::ctx().sched();
    fence_on(thread_here());
    if (word->value_ == value)
        word->wait(rl::ctx(), false, false, RL_INFO);
}

template <class T> static void futex_wake(rl::atomic<T> *word, int count)
{
    rl::ctx().sched();
    fence_on(thread_here());
    word->wake(rl::ctx(), count, RL_INFO);
}

template <class T> static void futex_wait_slice(rl::atomic<T> *, T, unsigned)
{
    model_pause();
}

/* ---- running ---- */

struct scenario_plan {
    const char *name;
    unsigned executions;
};

/* A byte that is 0 would end it. */
static inline std::string printable(const rl::string &trace)
{
    std::string text;
    for (char c : trace)
        if (c == '\n' || (c >= ' ' && c <= '~'))
            text += c;
    return text;
}

/* What Relacy calls of a model, for search(). */
struct model_calls {
    void (*make)(void *self), (*clear)(void *self), (*before)(void *self), (*after)(void *self);
    void (*thread)(void *self, unsigned index);
};

template <class model>
static constexpr model_calls calls_of = {
    [](void *self) { std::construct_at(static_cast<model *>(self)); },
    [](void *self) { static_cast<model *>(self)->~model(); },
    [](void *self) { static_cast<model *>(self)->before(); },
    [](void *self) { static_cast<model *>(self)->after(); },
    [](void *self, unsigned index) { static_cast<model *>(self)->thread(index); },
};

template <class model> static bool holds(const scenario_plan *plan, int index, bool quiet)
{
    rl::ostringstream trace, progress; /* with malloc: Relacy counts what `new` gives */
    rl::test_params params;
    static void *const room = model_malloc(sizeof(model));
    scenario = index;
    model_threads = model::params::thread_count;
    fence_on = fence_on_thread<model::params::thread_count>;
    params.iteration_count = plan->executions;
    params.output_stream = &trace;
    params.progress_stream = &progress;
    params.execution_depth_limit = 10000;
    bool ok = search<model::params::thread_count>(params, &calls_of<model>, room);
    if (!quiet)
        std::cout << plan->name << ": " << (ok ? "holds" : "rejected") << std::endl;
    if (!ok && !quiet)
        std::cout << printable(trace.str()) << std::endl;
    return ok;
}

template <class model> static int run_all(const scenario_plan *plans, int count, bool quiet)
{
    for (int i = 0; i < count; i++)
        if (!holds<model>(&plans[i], i, quiet))
            return 1;
    return 0;
}

/* Each order that the model executes, and whether it is rejected when that order is weaker. */
template <class model> static int sweep(const scenario_plan *plans, int count)
{
    int failed = run_all<model>(plans, count, true);
    for (int i = 0; i < SITES; i++)
        for (int part = 0; part < PARTS; part++) {
            const struct model_site *site = &sites[i][part];
            if (!site->seen || strncmp(site->file, "src/", 4) != 0)
                continue;
            weak_site = i;
            weak_part = part;
            bool needed = run_all<model>(plans, count, true) != 0;
            std::cout << site->file << ' ' << site->function << ' ' << site->kind << '_'
                      << site->order << ' ' << site->line << ' ' << part
                      << (needed ? " needed" : " not-needed") << std::endl;
        }
    return failed;
}

template <class model, int count>
static int model_main(const scenario_plan (&plans)[count], int argc, char **argv)
{
    std::string what = argc > 1 ? argv[1] : "run";
    if (what == "sweep")
        return sweep<model>(plans, count);
    return run_all<model>(plans, count, what == "quiet");
}

/* The list of scenarios follows: {"name", executions}, ... */
#define MODEL(model, ...)                                                                          \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const scenario_plan plans[] = {__VA_ARGS__};                                        \
        return model_main<model>(plans, argc, argv);                                               \
    }

/* ---- C11's names ---- */

typedef rl::atomic<bool> atomic_bool;
typedef rl::atomic<int> atomic_int;
typedef rl::atomic<unsigned> atomic_uint;
typedef rl::atomic<unsigned char> atomic_uchar;

#define memory_order_relaxed rl::mo_relaxed
#define memory_order_acquire rl::mo_acquire
#define memory_order_release rl::mo_release
#define memory_order_acq_rel rl::mo_acq_rel
#define memory_order_seq_cst rl::mo_seq_cst

#define atomic_load_explicit(p, order) model_load((p), (order), HERE)
#define atomic_store_explicit(p, v, order) model_store((p), (v), (order), HERE)
#define atomic_fetch_add_explicit(p, v, order) model_add((p), (v), (order), HERE)
#define atomic_fetch_sub_explicit(p, v, order) model_sub((p), (v), (order), HERE)
#define atomic_exchange_explicit(p, v, order) model_exchange((p), (v), (order), HERE)
#define atomic_compare_exchange_strong_explicit(p, e, v, success, failure)                         \
    model_cas((p), (e), (v), (success), (failure), false, HERE)
#define atomic_compare_exchange_weak_explicit(p, e, v, success, failure)                           \
    model_cas((p), (e), (v), (success), (failure), true, HERE)
#define atomic_thread_fence(order) model_fence((order), HERE)
#define fence(order) model_fence((order), HERE) /* where it is used, not in atomics.h */
#define atomic_signal_fence(order) ((void)0)    /* Relacy keeps a thread's own order */
#undef __ATOMIC_RELAXED
#undef __ATOMIC_ACQUIRE
#undef __ATOMIC_RELEASE
#undef __ATOMIC_ACQ_REL
#define __ATOMIC_RELAXED rl::mo_relaxed
#define __ATOMIC_ACQUIRE rl::mo_acquire
#define __ATOMIC_RELEASE rl::mo_release
#define __ATOMIC_ACQ_REL rl::mo_acq_rel
#define __atomic_load_n(p, order) model_word((p), (order), HERE)
#define __atomic_store_n(p, v, order) model_store((p), (v), (order), HERE)
#define __atomic_compare_exchange_n(p, e, v, weak, success, failure)                               \
    model_cas((p), (e), (v), (success), (failure), (weak), HERE)
#define membarrier_all() model_membarrier(HERE)

#define DELAYED(operation) operation /* delays are for real threads */
#define sched_yield() model_pause()
#define futex_wait_slice(word, value, times) model_pause()
#define _Static_assert(condition, why) /* fields are larger here */

#endif
