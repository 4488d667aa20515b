/*
 * Single steps: a function is called between any two instructions of this thread, as a signal handler
 * could be. The processor's trap flag does it, on x86-64; elsewhere and under sanitizers, whose code
 * is no handler's, STEPS_WORK is 0 and nothing is called.
 *
 *     steps_begin(look, &arg);
 *     ompg_token_cancel(&token, EIO);
 *     steps_end();
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef STEPS_H
#define STEPS_H

#include "sanitizers.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

#if defined(__x86_64__) && !ADDRESS_SANITIZED && !THREAD_SANITIZED
#define STEPS_WORK 1
#else
#define STEPS_WORK 0
#endif

/* Called after instruction `step`, from 0 on; false ends the stepping. */
typedef bool steps_fn(long step, void *arg);

#if STEPS_WORK

enum { STEPS_TRAP_FLAG = 0x100 };

static steps_fn *steps_look;
static void *steps_arg;
static volatile long steps_count;

static void steps_trap(int signo, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    int saved = errno;
    (void)signo;
    (void)info;
    if (!steps_look(steps_count++, steps_arg))
        interrupted->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)STEPS_TRAP_FLAG;
    errno = saved;
}

static inline void steps_begin(steps_fn *look, void *arg)
{
    struct sigaction action = {.sa_sigaction = steps_trap, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTRAP, &action, NULL);
    steps_look = look;
    steps_arg = arg;
    steps_count = 0;
    /* Below the red zone, where the compiler may have something. */
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
                     :
                     : "i"(STEPS_TRAP_FLAG)
                     : "memory", "cc");
}

/* Returns how many there were. */
static inline long steps_end(void)
{
    __asm__ volatile(
        "lea -128(%%rsp), %%rsp; pushfq; andq %0, (%%rsp); popfq; lea 128(%%rsp), %%rsp"
        :
        : "i"(~STEPS_TRAP_FLAG)
        : "memory", "cc");
    return steps_count;
}

#else

static inline void steps_begin(steps_fn *look, void *arg)
{
    (void)look;
    (void)arg;
}

static inline long steps_end(void)
{
    return 0;
}

#endif
#endif
