/*
 * Token: a cancellation flag that signals can trip.
 *
 * Discipline.
 * - token->cause: 0 -> {code, signal}, once, by one compare-exchange. So whoever sees the code sees the
 *   signal that won, also in a handler that interrupts another one's.
 * - table_lock guards attach and detach. No handler takes it: a handler counts itself in
 *   attachment->handlers and then loads the token, whoever detaches clears the token and then reads the
 *   count (both seq_cst). So a handler that the count has missed finds no token; the others are waited
 *   for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE 1 /* sigaction() with C11 */

#include "group/token.h"

#include "base/atomics.h"
#include "base/epoch.h"
#include "base/futex.h"
#include "base/room.h"
#include "base/spinlock.h"
#include "ompgroup/token.h"

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

static bool trip(ompg_token *token, int code, int signo)
{
    unsigned long long none = 0;
    unsigned long long cause = (unsigned)(code ? code : ECANCELED);
    cause |= (unsigned long long)signo << 32;
    bool first = word_cas_acq_rel(&token->cause, &none, cause);
    stop_epoch_bump(); /* whoever was first may not have come to it */
    return first;
}

int ompg_token_cancel(ompg_token *token, int code)
{
    if (!token)
        return EINVAL;
    return trip(token, code, 0) ? 0 : EALREADY;
}

bool ompg_token_stopped(const ompg_token *token)
{
    return token && word_load_acquire(&token->cause) != 0;
}

int ompg_token_get_code(const ompg_token *token)
{
    return token ? (int)(unsigned)word_load_acquire(&token->cause) : 0;
}

int ompg_token_get_signal(const ompg_token *token)
{
    return token ? (int)(word_load_acquire(&token->cause) >> 32) : 0;
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
