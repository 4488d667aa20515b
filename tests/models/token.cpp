/*
 * A token and its signals: two handlers trip it while it is cancelled and detached. The code has the signal that won
 * with it, no handler touches the token once ompg_token_off_signal has returned, and when a call that cancels has
 * returned the epoch has been bumped after the flag.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take include/ompgroup/token.h ompg_token
//@ into taken.h
//@ take src/base/epoch.h stop_epoch_bump
//@ take src/group/token.c SPINS attachment trip ompg_token_cancel ompg_token_stopped ompg_token_get_code ompg_token_get_signal handle_signal attach await_handlers detach
//@ change s/OMPG_ALIGNED(8) unsigned long long cause/rl::atomic<unsigned long long> cause/
//@ change /struct sigaction earlier;/d
//@ change s/SPINS = 100/SPINS = 2/
//@ mutant handlers-are-not-awaited s/await_handlers(attachment);/;/
//@ mutant handler-counts-late s/add_seq_cst(&attachment->handlers, 1);/;/;s/^    if (token)$/ add_seq_cst(\&attachment->handlers, 1); if (token)/
//@ mutant token-stays-attached /detach(/,/^}/s/store_seq_cst(&attachment->token, NULL);/;/
//@ mutant epoch-before-flag s/^    bool first = word_cas/    add_release(\&stop_epoch, 1U);\n    bool first = word_cas/;s/^    stop_epoch_bump();.*//
//@ mutant second-does-not-bump s/^    stop_epoch_bump();.*/if (first) stop_epoch_bump();/
//@ mutant code-is-stored s/word_cas_acq_rel(&token->cause, &none, cause)/(model_load(\&token->cause, rl::mo_acquire, HERE) == 0 \&\& (model_store(\&token->cause, cause, rl::mo_release, HERE), true))/
#include "basis.h"

#define sigaction(signo, action, earlier) ((void)0)
#define caller_nap(ns) model_pause()
#define stop_epoch (*epoch)
static rl::atomic<size_t> *epoch;

static struct attachment *attachments;
struct attachment;
static bool install(struct attachment *attachment, int signo)
{
    return true;
}

#include "taken.h"

enum { THREADS = 3, SIGNAL = 1 };

struct model : rl::test_suite<model, THREADS> {
    struct attachment attachments[2];
    ompg_token *token;
    rl::atomic<size_t> stop_epoch_word;
    atomic_int told; /* of the cancelled token, by whoever cancelled it */

    void before()
    {
        ::attachments = attachments;
        epoch = &stop_epoch_word;
        store_relaxed(epoch, 1);
        store_relaxed(&told, 0);
        token = new ompg_token();
        store_relaxed(&token->cause, 0);
        for (struct attachment &attachment : attachments) {
            store_relaxed(&attachment.token, (ompg_token *)NULL);
            store_relaxed(&attachment.handlers, 0);
        }
        RL_ASSERT(attach(&attachments[SIGNAL], token, SIGNAL) == 0);
    }

    /* As group_stopped_slow: the epoch, then the flag; what was found good stands for that epoch. */
    void look()
    {
        size_t seen = load_acquire(epoch);
        bool stopped = ompg_token_stopped(token);
        if (load_acquire(&told))
            RL_ASSERT(stopped || load_relaxed(epoch) != seen);
        if (stopped)
            RL_ASSERT(ompg_token_get_code(token) == (ompg_token_get_signal(token) ? EINTR : EIO));
    }

    void thread(unsigned index)
    {
        if (scenario == 0) { /* detached, then gone */
            if (index > 0) {
                handle_signal(SIGNAL);
                return;
            }
            if (rl::rand(2))
                ompg_token_cancel(token, EIO);
            RL_ASSERT(detach(&attachments[SIGNAL], token, SIGNAL) == 0);
            int code = ompg_token_get_code(token);
            RL_ASSERT(code == 0 || code == (ompg_token_get_signal(token) ? EINTR : EIO));
            delete token;
            token = NULL;
        } else { /* cancelled, and looked at */
            if (index == 0)
                look();
            else if (index == 1)
                handle_signal(SIGNAL);
            else
                ompg_token_cancel(token, EIO);
            if (index > 0)
                store_release(&told, 1);
            look();
        }
    }

    void after()
    {
        delete token;
    }
};

MODEL(model, {"detached", 60000}, {"looked at", 60000})
