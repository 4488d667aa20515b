/*
 * Token: a cancellation flag that signals can trip.
 *
 * Discipline. token->code: 0 -> code, once, by compare-exchange. The signal is claimed before, so
 * that whoever sees the code sees it, and given back by a handler that comes second. Handlers: the
 * table's lock guards attach and detach; the handler itself only loads the token of its signal and
 * stores into it, so it needs no lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ompgroup/token.h"

#include "atomics.h"
#include "stop.h"

#include <errno.h>
#include <signal.h>

struct attachment {
    _Atomic(ompg_token *) token; /* NULL: not attached; read by the handler */
    struct sigaction earlier;    /* guard: table_lock */
};

static struct spinlock table_lock;
static struct attachment attachments[NSIG];

static bool trip(ompg_token *token, int code, int signo)
{
    int none = 0;
    if (int_load_acquire(&token->code) != 0) {
        stop_epoch_bump(); /* who was first may not have come to it */
        return false;
    }
    bool claimed = signo && int_cas_acq_rel(&token->signal, &none, signo);
    none = 0;
    bool first = int_cas_acq_rel(&token->code, &none, code ? code : ECANCELED);
    if (claimed && !first)
        int_store_release(&token->signal, 0);
    stop_epoch_bump();
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
    return token && int_load_acquire(&token->code) != 0;
}

int ompg_token_get_code(const ompg_token *token)
{
    return token ? int_load_acquire(&token->code) : 0;
}

int ompg_token_get_signal(const ompg_token *token)
{
    return token ? int_load_acquire(&token->signal) : 0;
}

static void handle_signal(int signo)
{
    ompg_token *token = load_acquire(&attachments[signo].token);
    if (token)
        trip(token, EINTR, signo);
}

static bool is_signal(int signo)
{
    return signo > 0 && signo < NSIG;
}

static int attach(struct attachment *attachment, ompg_token *token, int signo)
{
    ompg_token *present = load_relaxed(&attachment->token);
    if (present)
        return present == token ? EALREADY : EBUSY;
    struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    store_release(&attachment->token, token); /* before the handler can run */
    if (sigaction(signo, &action, &attachment->earlier) == 0)
        return 0;
    store_relaxed(&attachment->token, NULL);
    return EINVAL;
}

int ompg_token_on_signal(ompg_token *token, int signo)
{
    if (!token || !is_signal(signo))
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
    if (!token || !is_signal(signo))
        return EINVAL;
    struct attachment *attachment = &attachments[signo];
    int code = EINVAL;
    int saved = errno;
    spin_lock(&table_lock);
    if (load_relaxed(&attachment->token) == token) {
        sigaction(signo, &attachment->earlier, NULL);
        store_release(&attachment->token, NULL);
        code = 0;
    }
    spin_unlock(&table_lock);
    errno = saved;
    return code;
}
