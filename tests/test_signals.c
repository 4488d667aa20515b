/*
 * What a signal handler may call, in every phase of every thread: between any two instructions of a
 * group's life (steps.h), and by a timer on all threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE /* what steps.h needs to know of a stopped thread */
#include "check.h"
#include "steps.h"
#include "tasks.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CODE = 7, VICTIMS = 12000 };

/* Groups that nobody uses, for a handler to hold and to cancel; and a token for it, which has a parent. */
static ompg_group *victims[VICTIMS];
static ompg_token handlers_token, handlers_parent;
static atomic_int victims_used, victims_missed;

static void victims_make(void)
{
    atomic_store(&victims_used, 0);
    atomic_store(&victims_missed, 0);
    for (int i = 0; i < VICTIMS; i++)
        victims[i] = ompg_new(&(ompg_options){.name = "victim"});
    handlers_token = handlers_parent = (ompg_token)OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_set_parent(&handlers_token, &handlers_parent), 0);
}

/* What is async-signal-safe by contract, the check cannot know. */
/* NOLINTBEGIN(bugprone-signal-handler,cert-msc54-cpp,cert-sig30-c) */

/* A deadline that never comes, of the parent and of the token. */
static bool look_at_tokens(void)
{
    return ompg_token_set_deadline(&handlers_parent, 1e6) == 0 &&
           ompg_token_set_deadline(&handlers_token, 2e6) == 0 &&
           !ompg_token_stopped(&handlers_token) && ompg_token_get_code(&handlers_token) == 0 &&
           ompg_token_get_signal(&handlers_token) == 0;
}

/* False when all have been cancelled. */
static bool victims_cancel_next(void)
{
    int i = atomic_fetch_add(&victims_used, 1);
    if (i >= VICTIMS)
        return false;
    if (ompg_hold(victims[i]) != 0 || ompg_done(victims[i], 0) != 0 || !look_at_tokens() ||
        ompg_cancel(victims[i], CODE) != 0)
        atomic_fetch_add(&victims_missed, 1);
    return true;
}

/* NOLINTEND(bugprone-signal-handler,cert-msc54-cpp,cert-sig30-c) */

/* Each was cancelled, and its record makes sense. */
static void victims_check(void)
{
    int used = atomic_load(&victims_used);
    CHECK(used > 0);
    CHECK_INT(atomic_load(&victims_missed), 0);
    for (int i = 0; i < VICTIMS; i++) {
        if (i < used) {
            ompg_error error = error_of(victims[i]);
            CHECK_INT(error.code, CODE);
            CHECK(error.thread >= 0 && error.thread < omp_get_max_threads());
            CHECK(error.seconds >= 0.0 && error.seconds < CHECK_PATIENCE);
        }
        CHECK_INT(ompg_wait(victims[i]), i < used ? CODE : 0);
        ompg_free(victims[i]);
    }
}

/* ---- the life of a group ---- */

static int count_range(ompg_group *group, size_t begin, size_t end, void *arg)
{
    (void)begin;
    (void)end;
    return count_run(group, arg);
}

/* Made, filled and waited for inside a task, with a limit and without; and a loop. */
static int nest(ompg_group *group, void *arg)
{
    (void)group;
    for (int limit = 0; limit < 2; limit++) {
        ompg_group *inner = limit ? ompg_new(&(ompg_options){.limit = limit}) : ompg_new(NULL);
        ompg_go(inner, count_run, arg);
        ompg_go(inner, count_run, arg);
        CHECK_INT(ompg_wait(inner), 0);
        ompg_free(inner);
    }
    return ompg_for(OMPG_DEFAULT, 0, 2, 1, count_range, arg);
}

enum { RUNS_NESTED = 6, RUNS_LIVED = RUNS_NESTED + 1 };

static int live(int threads)
{
    atomic_int runs = 0;
    ompg_group *group = ompg_new(&(ompg_options){.threads = threads});
    ompg_go(group, count_run, &runs);
    ompg_go(group, nest, &runs);
    CHECK_INT(ompg_wait(group), 0);
    ompg_free(group);
    return atomic_load(&runs);
}

static bool cancel_a_victim(long step, void *arg)
{
    (void)step;
    (void)arg;
    return victims_cancel_next();
}

/* Whether the stepping has to be left out; then this is all there is to check. */
static bool cannot_step(void)
{
    return !STEPS_WORK && CHECK(!STEPS_WORK);
}

static void cancel_at_each_step_of_a_life(void)
{
    if (cannot_step())
        return;
    live(1); /* starts what is started once */
    victims_make();
    steps_begin(cancel_a_victim, NULL);
    int runs = live(1);
    steps_end();
    CHECK_INT(runs, RUNS_LIVED);
    victims_check();
}

/* In a region that is there already, whose other threads come from its end. */
static ORDERED_BY_OPENMP void cancel_at_each_step_in_a_region(void)
{
    int runs = 0;
    if (cannot_step())
        return;
    live(0);
    victims_make();
#pragma omp parallel
#pragma omp single nowait
    {
        steps_begin(cancel_a_victim, NULL);
        runs = live(0);
        steps_end();
    }
    CHECK_INT(runs, RUNS_LIVED);
    victims_check();
}

/* The waiter only, but others work with it. */
static void cancel_at_each_step_in_a_team(void)
{
    if (cannot_step())
        return;
    live(0);
    victims_make();
    steps_begin(cancel_a_victim, NULL);
    int runs = live(0);
    steps_end();
    CHECK_INT(runs, RUNS_LIVED);
    victims_check();
}

static int step_in_a_member(ompg_group *group, void *arg)
{
    (void)group;
    event_post(arg);
    CHECK_AWAIT((event *)arg, 2);
    if (omp_get_thread_num() != 0)
        steps_begin(cancel_a_victim, NULL); /* on into the end of its thread's part */
    return 0;
}

/* From the end of a task on: how its thread leaves the region. */
static ORDERED_BY_OPENMP void cancel_at_each_step_of_a_member(void)
{
    if (cannot_step() || (omp_get_max_threads() == 1 && CHECK(true)))
        return;
    event met = {0};
    ompg_group *group = ompg_new(&(ompg_options){.threads = 2});
    victims_make();
    ompg_go(group, step_in_a_member, &met);
    ompg_go(group, step_in_a_member, &met);
    CHECK_INT(ompg_wait(group), 0);
#pragma omp parallel num_threads(2)
    steps_end();
    ompg_free(group);
    victims_check();
}

/* ---- one act at one step ---- */

struct act {
    long at; /* the step */
    int (*fn)(void *arg);
    void *arg;
    int result;
};

static bool act_once(long step, void *arg)
{
    struct act *act = arg;
    if (step < act->at)
        return true;
    act->result = act->fn(act->arg);
    return false;
}

/* Begins; the caller runs what is interrupted, then asks act_came(). */
static void act_at(struct act *act, long step)
{
    act->at = step;
    act->result = -1;
    steps_begin(act_once, act);
}

static bool act_came(const struct act *act)
{
    steps_end();
    return act->result != -1;
}

static int cancel_group(void *arg)
{
    return ompg_cancel(arg, CODE);
}

/* Whoever is told that he was first has his code in the group. */
static void cancel_interrupts_cancel(void)
{
    bool came = STEPS_WORK;
    for (long step = 0; came; step++) {
        ompg_group *group = ompg_new(NULL);
        struct act act = {.fn = cancel_group, .arg = group};
        act_at(&act, step);
        int result = ompg_cancel(group, EIO);
        came = act_came(&act);
        CHECK_INT(result, !came || act.result == EALREADY ? 0 : EALREADY);
        CHECK_INT(ompg_wait(group), result == 0 ? EIO : CODE);
        ompg_free(group);
    }
    CHECK(!came);
}

/* Another thread, which does something when it is asked. */
struct other {
    pthread_t thread;
    event asked, done;
};

/* An act: lets the other thread have time, whether or not it can go on before this one does. */
static int ask_other(void *arg)
{
    struct other *other = arg;
    event_post(&other->asked);
    double start = seconds_now();
    while (atomic_load(&other->done.count) == 0 && seconds_now() - start < 0.005)
        sched_yield();
    return 0;
}

/* Begins the act, and the thread, whose `arg` begins with `other`. */
static void other_begin(struct other *other, void *(*fn)(void *arg), struct act *act, long step)
{
    CHECK_INT(pthread_create(&other->thread, NULL, fn, other), 0);
    *act = (struct act){.fn = ask_other, .arg = other};
    act_at(act, step);
}

/* Asked or not. */
static void other_end(struct other *other)
{
    event_post(&other->asked);
    pthread_join(other->thread, NULL);
}

/* A cancel that stops in the middle, while another thread resets the group and cancels it anew. */
struct resetting {
    struct other other; /* first */
    ompg_group *group;
    int result;
};

static void *reset_and_cancel(void *arg)
{
    struct resetting *resetting = arg;
    CHECK_AWAIT(&resetting->other.asked, 1);
    CHECK_INT(ompg_reset(resetting->group), 0);
    resetting->result = ompg_cancel(resetting->group, CODE);
    event_post(&resetting->other.done);
    return NULL;
}

/* The second cancel, after the reset: where it was the first to come then, its code is the group's. */
static void reset_interrupts_cancel(void)
{
    bool came = STEPS_WORK;
    for (long step = 0; came; step++) {
        struct act act;
        struct resetting resetting = {.group = ompg_new(NULL)};
        other_begin(&resetting.other, reset_and_cancel, &act, step);
        int result = ompg_cancel(resetting.group, EIO);
        came = act_came(&act);
        other_end(&resetting.other);
        CHECK(result == 0 || resetting.result == 0);
        CHECK_INT(ompg_wait(resetting.group), resetting.result == 0 ? CODE : EIO);
        ompg_free(resetting.group);
    }
    CHECK(!came);
}

/* Calls the function at some steps of a wait, about `samples` of them. */
static void interrupt_a_wait(int (*fn)(void *arg), bool by_token, int samples)
{
    bool came = STEPS_WORK;
    for (long step = 0; came; step += step / samples + 1) {
        item items[3] = {{0}};
        ompg_token token = OMPG_TOKEN_INIT;
        ompg_group *group = ompg_new(&(ompg_options){.threads = 1, .token = &token});
        for (int i = 0; i < 3; i++)
            item_go(group, &items[i]);
        struct act act = {.fn = fn, .arg = by_token ? (void *)&token : group};
        act_at(&act, step);
        int code = ompg_wait(group);
        came = act_came(&act);
        size_t ran = items_check_dropped(items, 3);
        CHECK(code == 0 ? ran == 3 : came && code == CODE);
        CHECK_STATS(group, 3, ran, 0, 3 - ran);
        if (came && !by_token)
            CHECK_INT(ompg_wait(group), CODE); /* it sticks, however late it came */
        ompg_free(group);
    }
    CHECK(!came);
}

static void cancel_interrupts_wait(void)
{
    interrupt_a_wait(cancel_group, false, 20);
}

static int cancel_token(void *arg)
{
    return ompg_token_cancel(arg, CODE);
}

static void token_interrupts_wait(void)
{
    interrupt_a_wait(cancel_token, true, 20);
}

/* ---- tokens ---- */

static ompg_token token;
static void (*handler)(int signo);

static void token_attach(void)
{
    struct sigaction now;
    token = (ompg_token)OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR2), 0);
    sigaction(SIGUSR1, NULL, &now);
    handler = now.sa_handler;
}

static void token_detach(void)
{
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR2), 0);
}

/* The code and the signal go together, at any time. */
static bool token_makes_sense(void)
{
    int code = ompg_token_get_code(&token);
    int signo = ompg_token_get_signal(&token);
    return code == EINTR ? signo == SIGUSR1 || signo == SIGUSR2 : signo == 0;
}

static int raise_second(void *arg)
{
    (void)arg;
    return raise(SIGUSR2) != 0 || !token_makes_sense();
}

static void signal_interrupts_handler(void)
{
    bool came = STEPS_WORK;
    token_attach();
    for (long step = 0; came; step++) {
        struct act act = {.fn = raise_second};
        token = (ompg_token)OMPG_TOKEN_INIT;
        act_at(&act, step);
        handler(SIGUSR1);
        came = act_came(&act);
        CHECK(!came || act.result == 0);
        CHECK_INT(ompg_token_get_code(&token), EINTR);
        CHECK(token_makes_sense());
    }
    token_detach();
}

static void signal_interrupts_token_cancel(void)
{
    bool came = STEPS_WORK;
    token_attach();
    for (long step = 0; came; step++) {
        struct act act = {.fn = raise_second};
        token = (ompg_token)OMPG_TOKEN_INIT;
        act_at(&act, step);
        int result = ompg_token_cancel(&token, CODE);
        came = act_came(&act);
        CHECK(!came || act.result == 0);
        CHECK_INT(ompg_token_get_code(&token), result == 0 ? CODE : EINTR);
        CHECK_INT(ompg_token_get_signal(&token), result == 0 ? 0 : SIGUSR2);
    }
    token_detach();
}

/* ---- detaching while a handler runs ---- */

struct detaching {
    struct other other; /* first */
    ompg_token *token;  /* alone in its page, which goes as soon as it may */
};

static void *detach(void *arg)
{
    struct detaching *detaching = arg;
    CHECK_AWAIT(&detaching->other.asked, 1);
    CHECK_INT(ompg_token_off_signal(detaching->token, SIGUSR1), 0);
    CHECK_INT(munmap(detaching->token, (size_t)sysconf(_SC_PAGESIZE)), 0);
    event_post(&detaching->other.done);
    return NULL;
}

/* The signal comes at each step of a handler that has begun; the token must outlive it, no more. */
static void off_signal_awaits_handlers(void)
{
    bool came = STEPS_WORK;
    for (long step = 0; came; step++) {
        struct act act;
        struct sigaction now;
        struct detaching detaching = {.token = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE),
                                                    PROT_READ | PROT_WRITE,
                                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
        CHECK_INT(ompg_token_on_signal(detaching.token, SIGUSR1), 0);
        sigaction(SIGUSR1, NULL, &now);
        other_begin(&detaching.other, detach, &act, step);
        now.sa_handler(SIGUSR1); /* and stops at the step */
        came = act_came(&act);
        other_end(&detaching.other);
    }
    CHECK(!came);
}

/* ---- all threads, all the time ---- */

enum { SHOT_NS = 100000, THREADS_MOST = 64 };

static const double shooting_seconds = 0.3;

static pthread_t team[THREADS_MOST];
static atomic_int team_size;
static atomic_bool shooting;
static atomic_long hits;

/* NOLINTBEGIN(bugprone-signal-handler,cert-msc54-cpp,cert-sig30-c) */
static void on_shot(int signo)
{
    (void)signo;
    int saved = errno;
    victims_cancel_next();
    ompg_token_cancel(&token, CODE);
    if (!ompg_token_stopped(&token) || ompg_token_get_code(&token) != CODE)
        atomic_fetch_add(&victims_missed, 1);
    atomic_fetch_add(&hits, 1);
    errno = saved;
}
/* NOLINTEND(bugprone-signal-handler,cert-msc54-cpp,cert-sig30-c) */

static void *shoot(void *arg)
{
    (void)arg;
    while (atomic_load(&shooting)) {
        for (int i = 0; i < atomic_load(&team_size); i++)
            pthread_kill(team[i], SIGUSR1);
        nanosleep(&(struct timespec){.tv_nsec = SHOT_NS}, NULL);
    }
    return NULL;
}

static ORDERED_BY_OPENMP void gather_team(void)
{
    atomic_store(&team_size, 0);
#pragma omp parallel
    {
        int i = atomic_fetch_add(&team_size, 1);
        if (i < THREADS_MOST)
            team[i] = pthread_self();
    }
}

/* Another token than the one that is cancelled: all tasks run. */
static int spread(ompg_group *group, void *arg)
{
    for (int i = 0; i < 20; i++)
        ompg_go(group, nest, arg);
    return 0;
}

static void timer_on_all_threads(void)
{
    pthread_t shooter;
    atomic_int runs = 0;
    int waits = 0;
    token = (ompg_token)OMPG_TOKEN_INIT;
    atomic_store(&hits, 0);
    victims_make();
    gather_team();
    if (!CHECK(atomic_load(&team_size) <= THREADS_MOST))
        return;
    signal(SIGUSR1, on_shot);
    atomic_store(&shooting, true);
    CHECK_INT(pthread_create(&shooter, NULL, shoot, NULL), 0);
    double end = seconds_now() + shooting_seconds;
    for (; seconds_now() < end || atomic_load(&hits) == 0; waits++)
        CHECK_INT(ompg_run(NULL, spread, &runs, NULL), 0);
    atomic_store(&shooting, false);
    pthread_join(shooter, NULL);
    CHECK_INT(atomic_load(&runs), waits * 20 * RUNS_NESTED);
    victims_check();
}

CHECK_MAIN("signals", {"cancel at each step of a life", cancel_at_each_step_of_a_life},
           {"cancel at each step in a team", cancel_at_each_step_in_a_team},
           {"cancel at each step in a region", cancel_at_each_step_in_a_region},
           {"cancel at each step of a member", cancel_at_each_step_of_a_member},
           {"cancel interrupts cancel", cancel_interrupts_cancel},
           {"reset interrupts cancel", reset_interrupts_cancel},
           {"cancel interrupts wait", cancel_interrupts_wait},
           {"token interrupts wait", token_interrupts_wait},
           {"signal interrupts handler", signal_interrupts_handler},
           {"signal interrupts token cancel", signal_interrupts_token_cancel},
           {"off signal awaits handlers", off_signal_awaits_handlers},
           {"timer on all threads", timer_on_all_threads})
