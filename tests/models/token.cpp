/*
 * A token and its signals: two handlers trip it while it is cancelled and detached. The code has the signal that won
 * with it, no handler touches the token once ompg_token_off_signal has returned, and when a call that cancels has
 * returned the epoch has been bumped after the flag. Tokens above one another: each has one cause, which is that of
 * the one above where it came first; a parent or a deadline that is set is seen; no circle can be made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take include/ompgroup/token.h ompg_token
//@ into taken.h
//@ take src/base/epoch.h stop_epoch_bump
//@ take src/group/token.c SPINS attachment parent_of settle_cause has_passed settle_next_cause cause_at token_deadline cause_now code_of signal_of trip ompg_token_cancel ompg_token_stopped ompg_token_get_code ompg_token_get_signal ompg_token_set_deadline is_from ompg_token_set_parent handle_signal attach await_handlers detach
//@ change s/OMPG_ALIGNED(8) unsigned long long /rl::atomic<unsigned long long> /
//@ change /struct sigaction earlier;/d
//@ change /OMPG_RESERVED(4);/d
//@ change s/SPINS = 100/SPINS = 2/
//@ mutant handlers-are-not-awaited s/await_handlers(attachment);/;/
//@ mutant handler-counts-late s/add_seq_cst(&attachment->handlers, 1);/;/;s/^    if (token)$/ add_seq_cst(\&attachment->handlers, 1); if (token)/
//@ mutant token-stays-attached /detach(/,/^}/s/store_seq_cst(&attachment->token, NULL);/;/
//@ mutant epoch-before-flag s/^    bool first = cause_now/    add_release(\&stop_epoch, 1U);\n&/;/^static bool trip/,/^}/s/^    stop_epoch_bump();.*//
//@ mutant second-does-not-bump /^static bool trip/,/^}/s/^    stop_epoch_bump();.*/if (first) stop_epoch_bump();/
//@ mutant code-is-stored s/return word_cas_acq_rel(&token->cause, &none, cause);/if (model_load(\&token->cause, rl::mo_acquire, HERE)) return false; model_store(\&token->cause, cause, rl::mo_release, HERE); return true;/
//@ mutant cause-is-not-settled s/^            settle_cause(token, above);//;s/^    while (cause == 0 && settle_next_cause.*/    if (cause == 0) { ompg_token *up = parent_of(token); cause = up ? word_load_acquire(\&up->cause) : 0; }/;s/^        cause = word_load_acquire(&token->cause);//
//@ mutant parent-is-not-told /^int ompg_token_set_parent/,/^}/s/stop_epoch_bump();//
//@ mutant deadline-is-not-told /^int ompg_token_set_deadline/,/^}/s/stop_epoch_bump();//
//@ mutant circles-are-made s/if (!circle)/if (true)/
//@ mutant circles-without-lock /^int ompg_token_set_parent/,/^}/{s/spin_lock(&table_lock);//;s/spin_unlock(&table_lock);//}
#include "basis.h"

#define sigaction(signo, action, earlier) ((void)0)
#define caller_nap(ns) model_pause()
#define is_token(token) true
#define CAUSE_DEADLINE (1ULL << 63)
#define is_amount(seconds) true
#define amount_or_none(seconds) (*(seconds))
static const int64_t CLOCK_NEVER = INT64_MAX, NOW = 100;
#define clock_now() NOW
#define clock_after(now, seconds) (now)
#define stop_epoch (*epoch)
static rl::atomic<size_t> *epoch;

static struct attachment *attachments;
static struct spinlock *lock;
#define table_lock (*lock)
static bool install(struct attachment *attachment, int signo)
{
    return true;
}

#include "taken.h"

enum { THREADS = 3, SIGNAL = 1 };
enum { DETACHED, LOOKED_AT, PARENTS, PARENT_SET, DEADLINE_SET, CIRCLE };

struct model : rl::test_suite<model, THREADS> {
    struct attachment attachments[2];
    ompg_token *token, *middle, *top; /* in this order where one has a parent */
    struct spinlock lock_record;
    atomic_int circles;
    rl::atomic<size_t> stop_epoch_word;
    atomic_int told; /* of the cancelled token, by whoever cancelled it */

    static ompg_token *make()
    {
        ompg_token *made = new ompg_token();
        store_relaxed(&made->cause, 0);
        store_relaxed(&made->parent, 0);
        store_relaxed(&made->deadline, 0);
        store_relaxed(&made->allowed, 0);
        return made;
    }

    void before()
    {
        ::attachments = attachments;
        epoch = &stop_epoch_word;
        store_relaxed(epoch, 1);
        store_relaxed(&told, 0);
        lock = &lock_record;
        store_relaxed(&lock_record.locked, 0);
        store_relaxed(&circles, 0);
        token = make();
        middle = make();
        top = make();
        if (scenario == PARENTS) {
            store_relaxed(&token->parent, (unsigned long long)(uintptr_t)middle);
            store_relaxed(&middle->parent, (unsigned long long)(uintptr_t)top);
        }
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

    /* Three that are cancelled at once: what a token says once it says for ever, and so does the one above it. */
    void parents(unsigned index)
    {
        int own = index == 0 ? ompg_token_cancel(token, EPIPE) : index == 1 ? ompg_token_cancel(middle, EIO) : 0;
        if (index == 2)
            ompg_token_cancel(top, ESTALE);
        int code = ompg_token_get_code(token), above = ompg_token_get_code(middle);
        RL_ASSERT(index == 0 || (code != 0 && above != 0)); /* a call that cancels one above has returned */
        RL_ASSERT(index != 0 || (code != 0 && (code == EPIPE) == (own == 0)));
        RL_ASSERT(index != 1 || (above == EIO) == (own == 0));
        RL_ASSERT(code == EPIPE || code == above);
        RL_ASSERT(ompg_token_get_code(token) == code);
    }

    /* A change is made while another thread looks, and another one has cancelled the parent. */
    void changed(unsigned index)
    {
        if (index == 2) {
            if (scenario == PARENT_SET)
                ompg_token_cancel(middle, EIO);
        } else if (index == 1) {
            if (scenario == PARENT_SET)
                RL_ASSERT(ompg_token_set_parent(token, middle) == 0);
            else
                RL_ASSERT(ompg_token_set_deadline(token, 1.0) == 0);
        }
        if (index > 0)
            add_release(&told, 1);
        size_t seen = load_acquire(epoch);
        bool stopped = ompg_token_stopped(token);
        if (load_acquire(&told) == 2)
            RL_ASSERT(stopped || load_relaxed(epoch) != seen);
    }

    void circle(unsigned index)
    {
        ompg_token *tokens[] = {token, middle, top};
        if (ompg_token_set_parent(tokens[index], tokens[(index + 1) % 3]) == EINVAL)
            add_relaxed(&circles, 1);
    }

    void thread(unsigned index)
    {
        if (scenario == PARENTS)
            parents(index);
        else if (scenario == PARENT_SET || scenario == DEADLINE_SET)
            changed(index);
        else if (scenario == CIRCLE)
            circle(index);
        else if (scenario == DETACHED) { /* and then gone */
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
        RL_ASSERT(load_relaxed(&circles) == (scenario == CIRCLE ? 1 : 0));
        ompg_token *above = token;
        for (int i = 0; above && i < 3; i++)
            above = parent_of(above);
        RL_ASSERT(above == NULL);
        delete token;
        delete middle;
        delete top;
    }
};

MODEL(model, {"detached", 60000}, {"looked at", 60000}, {"parents", 60000}, {"parent is set", 30000},
      {"deadline is set", 30000}, {"circle", 30000})
