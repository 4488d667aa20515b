/*
 * Token: a stand-alone cancellation flag that any number of groups can listen to (the .token of
 * ompg_options), and that a signal can trip.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_TOKEN_H
#define OMPGROUP_TOKEN_H

#include "base.h"

#include <stdbool.h>

/*
 * Set to OMPG_TOKEN_INIT, then used only through the functions below, or set to OMPG_TOKEN_INIT
 * again while no group that has it is being added to or waited for, and no signal is attached. It must
 * outlive the groups that listen and any attached signal.
 */
typedef struct ompg_token {
    OMPG_ALIGNED(8) unsigned long long cause; /* atomic: 0, or the code, and the signal above it */
    OMPG_RESERVED(7);                         /* zero: see base.h */
} ompg_token;

#define OMPG_TOKEN_INIT {0, {0}}

OMPG_BEGIN_DECLS

/*
 * Cancels the token: every group that listens stops, with `code` (0 means ECANCELED) as its error.
 * Returns 0; EALREADY when it was cancelled before (the first code stays); EINVAL when token is
 * NULL. Any thread; async-signal-safe.
 */
OMPG_API int ompg_token_cancel(ompg_token *token, int code);

/* True once the token has been cancelled; false for NULL. Any thread; async-signal-safe. */
OMPG_API bool ompg_token_stopped(const ompg_token *token);

/* The code that the token was cancelled with, or 0. Any thread; async-signal-safe. */
OMPG_API int ompg_token_get_code(const ompg_token *token);

/*
 * The signal that cancelled the token, or 0 (not cancelled, or by ompg_token_cancel). A shell's
 * convention for the exit status of a program that a signal ended is 128 + this.
 */
OMPG_API int ompg_token_get_signal(const ompg_token *token);

/*
 * Installs a handler for signal `signo` that cancels the token with EINTR; the handler that was
 * there is kept and put back by ompg_token_off_signal(). Several signals may share one token: the one
 * that cancelled it is in the token. A signal that is ignored (SIG_IGN) stays so, as nohup and shells
 * rely on: it is attached, but nothing is installed. System calls that the signal interrupts are
 * restarted (SA_RESTART); the handler runs on the thread's alternate stack where there is one
 * (SA_ONSTACK).
 * Returns 0; EINVAL when token is NULL or was not set to OMPG_TOKEN_INIT, when the signal cannot be
 * caught, or tells of a fault after which a handler must not go on (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 * SIGTRAP, SIGSYS); EBUSY when the signal
 * already has another token; EALREADY when it already has this one. Any thread, not from a signal
 * handler.
 */
OMPG_API int ompg_token_on_signal(ompg_token *token, int signo);

/*
 * Puts back the handler that was there before ompg_token_on_signal(token, signo). When it returns no
 * handler holds the token any more, on whatever thread: the token may go.
 * Returns 0; EINVAL when token is NULL, the signal is unknown or is not attached to this token.
 * Any thread, not from a signal handler.
 */
OMPG_API int ompg_token_off_signal(ompg_token *token, int signo);

OMPG_END_DECLS

#endif
