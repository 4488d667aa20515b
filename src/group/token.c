/*
 * Token: a cancellation flag that signals, a deadline and a parent token can trip.
 *
 * Discipline.
 * - token->cause: 0 -> {code, signal, whether a deadline}, once, by one compare-exchange. So whoever sees the
 *   code sees the signal that won, also in a handler that interrupts another one's.
 * - A parent's cause and a deadline that has passed come to a token when somebody looks: whoever looks
 *   settles them in `cause`, from the top down, so that all who look later see the same cause, and a call
 *   that comes too late sees that. Nothing leads from a parent to its children: a handler that trips it has
 *   no list to walk, and all groups look again because of the epoch.
 * - parent and deadline are stored before the epoch is bumped, so that all groups look again. `parent` is
 *   written under table_lock: the tokens above one another never are a circle.
 * - table_lock guards attach and detach. No handler takes it: a handler counts itself in
 *   attachment->handlers and then loads the token, whoever detaches clears the token and then reads the
 *   count (both seq_cst). So a handler that the count has missed finds no token; the others are waited
 *   for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* sigaction() with C11 */

#include "group/token.h"

#include "base/amount.h"
#include "base/atomics.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/futex.h"
#include "base/room.h"
#include "base/spinlock.h"

#include <errno.h>
#include <signal.h>

enum { SPINS = 100 }; /* a handler takes less, unless it is interrupted */

struct attachment {
    _Atomic(ompg_token *) token; /* NULL: not attached; read by the handler */
    atomic_int handlers;         /* that run now, on all threads */
    bool installed;              /* false: the signal is ignored; guard: table_lock */
    struct sigaction earlier;    /* guard: table_lock */
};

static struct spinlock table_lock;
static struct attachment attachments[NSIG];

/* ---- the flag ---- */

#define CAUSE_DEADLINE (1ULL << 63)

static ompg_token *parent_of(const ompg_token *token)
{
    return (ompg_token *)(uintptr_t)word_load_acquire(
        &token->parent); /* to ompg_token_set_parent */
}

/* False where it has a cause. */
static bool settle_cause(ompg_token *token, unsigned long long cause)
{
    unsigned long long none = 0;
    return word_cas_acq_rel(&token->cause, &none, cause);
}

static bool has_passed(const ompg_token *token, int64_t now)
{
    unsigned long long deadline = word_load_acquire(&token->deadline);
    return deadline != 0 && deadline <= (unsigned long long)now;
}

/* Settles the cause of the first token, from this one upwards, that has none and must have; false: none. */
static bool settle_next_cause(ompg_token *token, int64_t now)
{
    while (token) {
        ompg_token *parent = parent_of(token);
        unsigned long long above = parent ? word_load_acquire(&parent->cause) : 0;
        if (!above && has_passed(token, now))
            above = ETIMEDOUT | CAUSE_DEADLINE;
        if (above) {
            settle_cause(token, above);
            return true;
        }
        token = parent;
    }
    return false;
}

/* What has cancelled the token, 0: nothing. now: as for token_is_cancelled. */
static unsigned long long cause_at(const ompg_token *token, int64_t now)
{
    unsigned long long cause = word_load_acquire(&token->cause);
    while (cause == 0 && settle_next_cause((ompg_token *)token, now))
        cause = word_load_acquire(&token->cause);
    return cause;
}

int64_t token_deadline(const ompg_token *token)
{
    unsigned long long earliest = CLOCK_NEVER;
    for (; token; token = parent_of(token)) {
        unsigned long long deadline = word_load_acquire(&token->deadline);
        if (deadline != 0 && deadline < earliest)
            earliest = deadline;
    }
    return (int64_t)earliest;
}

static unsigned long long cause_now(const ompg_token *token)
{
    return cause_at(token, token_deadline(token) == CLOCK_NEVER ? 0 : clock_now());
}

static int code_of(unsigned long long cause)
{
    return (int)(unsigned)cause;
}

static int signal_of(unsigned long long cause)
{
    return (int)((cause & ~CAUSE_DEADLINE) >> 32);
}

bool token_is_cancelled(const ompg_token *token, int64_t now)
{
    return cause_at(token, now) != 0;
}

bool token_timed_out(const ompg_token *token, double *seconds)
{
    if (!(word_load_acquire(&token->cause) & CAUSE_DEADLINE))
        return false;
    const ompg_token *above = parent_of(token);
    for (; above && (word_load_acquire(&above->cause) & CAUSE_DEADLINE); above = parent_of(above))
        token = above; /* whose deadline it was */
    *seconds = clock_seconds((int64_t)word_load_relaxed(&token->allowed));
    return true;
}

static bool trip(ompg_token *token, int code, int signo)
{
    unsigned long long cause = (unsigned)(code ? code : ECANCELED);
    cause |= (unsigned long long)signo << 32;
    bool first = cause_now(token) == 0 && settle_cause(token, cause);
    stop_epoch_bump(); /* whoever was first may not have come to it */
    return first;
}

static bool is_token(const ompg_token *token)
{
    return token && ROOM_IS_ZERO(token);
}

int ompg_token_cancel(ompg_token *token, int code)
{
    if (!token)
        return EINVAL;
    return trip(token, code, 0) ? 0 : EALREADY;
}

bool ompg_token_stopped(const ompg_token *token)
{
    return token && cause_now(token) != 0;
}

int ompg_token_get_code(const ompg_token *token)
{
    return token ? code_of(cause_now(token)) : 0;
}

int ompg_token_get_signal(const ompg_token *token)
{
    return token ? signal_of(cause_now(token)) : 0;
}

/* ---- deadline and parent ---- */

int ompg_token_set_deadline(ompg_token *token, double seconds)
{
    if (!is_token(token) || !is_amount(&seconds))
        return EINVAL;
    if (cause_now(token) != 0)
        return EALREADY;
    double allowed = amount_or_none(&seconds);
    int64_t now = clock_now();
    int64_t deadline = allowed > 0.0 ? clock_after(now, allowed) : CLOCK_NEVER;
    word_store_relaxed(&token->allowed, (unsigned long long)(deadline - now)); /* a message's */
    word_store_release(&token->deadline,
                       deadline == CLOCK_NEVER ? 0 : (unsigned long long)deadline);
    stop_epoch_bump();
    return 0;
}

/* Whether the token is `first` or above it. */
static bool is_from(const ompg_token *first, const ompg_token *sought)
{
    while (first && first != sought)
        first = parent_of(first);
    return first != NULL;
}

int ompg_token_set_parent(ompg_token *token, ompg_token *parent)
{
    if (!is_token(token) || (parent && !is_token(parent)))
        return EINVAL;
    spin_lock(&table_lock);
    bool circle = is_from(parent, token);
    if (!circle)
        word_store_release(&token->parent, (unsigned long long)(uintptr_t)parent);
    spin_unlock(&table_lock);
    stop_epoch_bump();
    return circle ? EINVAL : 0;
}

/* ---- signals ---- */

static void handle_signal(int signo)
{
    struct attachment *attachment = &attachments[signo];
    add_seq_cst(&attachment->handlers, 1);
    ompg_token *token = load_seq_cst(&attachment->token);
    if (token)
        trip(token, EINTR, signo);
    sub_release(&attachment->handlers, 1); /* to the load in await_handlers */
}

/* Those of a fault come again, for ever, when a handler returns to it. */
static bool may_be_attached(int signo)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (signo == faults[i])
            return false;
    return signo > 0 && signo < NSIG;
}

/* Unless the signal is ignored. False where it cannot be caught. */
static bool install(struct attachment *attachment, int signo)
{
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    if (sigaction(signo, NULL, &attachment->earlier) != 0)
        return false;
    attachment->installed = attachment->earlier.sa_handler != SIG_IGN;
    return !attachment->installed || sigaction(signo, &action, NULL) == 0;
}

static int attach(struct attachment *attachment, ompg_token *token, int signo)
{
    ompg_token *present = load_relaxed(&attachment->token);
    if (present)
        return present == token ? EALREADY : EBUSY;
    store_seq_cst(&attachment->token, token); /* before the handler can run */
    if (install(attachment, signo))
        return 0;
    store_seq_cst(&attachment->token, NULL);
    return EINVAL;
}

/* None of them is the caller's own. One may be on a thread that this one keeps off the processor. */
static void await_handlers(struct attachment *attachment)
{
    int handlers = load_seq_cst(&attachment->handlers);
    for (unsigned tries = 1; handlers > 0; tries++) {
        if (tries % SPINS == 0)
            futex_wait_slice(&attachment->handlers, handlers, tries / SPINS);
        else
            cpu_relax();
        handlers = load_seq_cst(&attachment->handlers);
    }
}

static int detach(struct attachment *attachment, const ompg_token *token, int signo)
{
    if (load_relaxed(&attachment->token) != token)
        return EINVAL;
    if (attachment->installed)
        sigaction(signo, &attachment->earlier, NULL);
    store_seq_cst(&attachment->token, NULL);
    await_handlers(attachment);
    return 0;
}

int ompg_token_on_signal(ompg_token *token, int signo)
{
    if (!token || !ROOM_IS_ZERO(token) || !may_be_attached(signo))
        return EINVAL;
    int saved = errno;
    spin_lock(&table_lock);
    int code = attach(&attachments[signo], token, signo);
    spin_unlock(&table_lock);
    errno = saved;
    return code;
}

int ompg_token_off_signal(ompg_token *token, int signo)
{
    if (!token || !may_be_attached(signo))
        return EINVAL;
    int saved = errno;
    spin_lock(&table_lock);
    int code = detach(&attachments[signo], token, signo);
    spin_unlock(&table_lock);
    errno = saved;
    return code;
}

/* ---- fork ---- */

void token_table_lock(void)
{
    spin_lock(&table_lock);
}

void token_table_unlock(void)
{
    spin_unlock(&table_lock);
}

void token_table_unlock_in_child(void)
{
    for (int signo = 0; signo < NSIG; signo++)
        store_relaxed(&attachments[signo].handlers, 0);
    spin_unlock(&table_lock);
}
