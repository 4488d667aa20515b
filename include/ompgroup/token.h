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
 * A flag that is set once. It can have a deadline, and a parent token that cancels it too, so that one time
 * limit or one Ctrl-C reaches all parts of a program, and a part can be cancelled alone.
 *
 * Set to OMPG_TOKEN_INIT, then used only through the functions below, or set to OMPG_TOKEN_INIT
 * again while no group that has it is being added to or waited for, and no signal is attached. It must
 * outlive the groups that listen, the tokens that have it as parent and any attached signal.
 */
typedef struct ompg_token {
    OMPG_ALIGNED(8) unsigned long long cause;    /* atomic, as all: 0, or the code and why */
    OMPG_ALIGNED(8) unsigned long long parent;   /* 0, or the parent's address */
    OMPG_ALIGNED(8) unsigned long long deadline; /* 0, or nanoseconds of the library's clock */
    OMPG_ALIGNED(8) unsigned long long allowed;  /* nanoseconds from when it was set to then */
    OMPG_RESERVED(4);                            /* zero: see base.h */
} ompg_token;

#define OMPG_TOKEN_INIT {0, 0, 0, 0, {0}}

OMPG_BEGIN_DECLS

/*
 * Cancels the token: every group that listens stops, with `code` (0 means ECANCELED) as its error.
 * Returns 0; EALREADY when it was cancelled before (the first code stays); EINVAL when token is
 * NULL. Any thread; async-signal-safe.
 */
OMPG_API int ompg_token_cancel(ompg_token *token, int code);

/*
 * Cancels the token, unless that has happened before, `seconds` from now with ETIMEDOUT: every group that
 * listens stops, as by its own .timeout, and of both the earlier one counts. It is noticed where groups
 * look: at a task's start, in ompg_go() and in ompg_stopped(). Another call sets another deadline; 0 or
 * INFINITY takes it away.
 * Returns 0; EALREADY when the token was cancelled before; EINVAL when token is NULL or was not set to
 * OMPG_TOKEN_INIT, for negative seconds and for a NaN. Any thread; async-signal-safe.
 */
OMPG_API int ompg_token_set_deadline(ompg_token *token, double seconds);

/*
 * Gives the token a parent: it is cancelled once its parent is, with the parent's code and signal, and by
 * the parent's deadline. What cancels the token itself does not reach the parent. A parent may have a
 * parent, and any number of tokens. NULL: none any more.
 * The parent must outlive the token, or be taken away first. While a group that has the token, or one that
 * has it as parent, is being added to or waited for, a first parent may be given but none be changed or
 * taken away.
 * Returns 0; EINVAL when token is NULL, one of both was not set to OMPG_TOKEN_INIT, or the token is among
 * the parent and its parents. Any thread, not from a signal handler.
 */
OMPG_API int ompg_token_set_parent(ompg_token *token, ompg_token *parent);

/*
 * True once the token has been cancelled: by a call, a signal, its deadline or its parent; false for NULL.
 * Any thread; async-signal-safe.
 */
OMPG_MUST_USE OMPG_API bool ompg_token_stopped(const ompg_token *token);

/*
 * The code that the token was cancelled with, ETIMEDOUT by a deadline; or 0. Any thread; async-signal-safe.
 */
OMPG_MUST_USE OMPG_API int ompg_token_get_code(const ompg_token *token);

/*
 * The signal that cancelled the token or its parent, or 0 (not cancelled, or by something else). A shell's
 * convention for the exit status of a program that a signal ended is 128 + this. Any thread; async-signal-safe.
 */
OMPG_MUST_USE OMPG_API int ompg_token_get_signal(const ompg_token *token);

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
