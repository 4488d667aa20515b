/*
 * A thread's floating-point control as one word: rounding, flushing of small numbers, which exceptions
 * trap; not the flags of those that were raised. Where none of the cases below holds it is always 0.
 * float_control_set returns what it was before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_FLOAT_CONTROL_H
#define OMPG_SRC_FLOAT_CONTROL_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)

/* MXCSR (vectors) below the x87's control word. */
enum { MXCSR_CONTROL = 0xffc0, X87_MASKS = 0x3f << 16 };

static inline uint32_t float_control_mxcsr(void)
{
#if defined(__SSE__)
    return __builtin_ia32_stmxcsr();
#else
    return 0;
#endif
}

static inline uint32_t float_control_get(void)
{
    uint16_t x87;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (float_control_mxcsr() & MXCSR_CONTROL) | (uint32_t)x87 << 16;
}

/* Flags that are up would trap as soon as the x87 is told to trap: a 0 in the mask that it had. */
static inline void float_control_set_x87(uint32_t control, uint32_t before)
{
    uint16_t x87 = (uint16_t)(control >> 16);
    if (~control & before & X87_MASKS)
        __asm__ volatile("fnclex");
    __asm__ volatile("fldcw %0" : : "m"(x87));
}

static inline uint32_t float_control_set(uint32_t control)
{
    uint32_t before = float_control_get(), differs = control ^ before;
#if defined(__SSE__)
    if (differs & MXCSR_CONTROL)
        __builtin_ia32_ldmxcsr(float_control_mxcsr() ^ (differs & MXCSR_CONTROL));
#endif
    if (differs >> 16)
        float_control_set_x87(control, before);
    return before;
}

#elif defined(__aarch64__)

static inline uint32_t float_control_get(void)
{
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return (uint32_t)control;
}

static inline uint32_t float_control_set(uint32_t control)
{
    uint32_t before = float_control_get();
    if (control != before)
        __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)control));
    return before;
}

#elif defined(__arm__) && defined(__ARM_FP)

enum { FPSCR_CONTROL = 0x07f79f00 };

static inline uint32_t float_control_fpscr(void)
{
    uint32_t status;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(status));
    return status;
}

static inline uint32_t float_control_get(void)
{
    return float_control_fpscr() & FPSCR_CONTROL;
}

static inline uint32_t float_control_set(uint32_t control)
{
    uint32_t before = float_control_fpscr();
    uint32_t flags = before & ~(uint32_t)FPSCR_CONTROL;
    __asm__ volatile("vmsr fpscr, %0" : : "r"(control | flags));
    return before & FPSCR_CONTROL;
}

#elif defined(__riscv_flen)

static inline uint32_t float_control_get(void)
{
    unsigned long rounding;
    __asm__ volatile("frrm %0" : "=r"(rounding));
    return (uint32_t)rounding;
}

static inline uint32_t float_control_set(uint32_t control)
{
    unsigned long before;
    __asm__ volatile("fsrm %0, %1" : "=r"(before) : "r"((unsigned long)control));
    return (uint32_t)before;
}

#elif defined(__powerpc64__)

union float_control_fpscr {
    double as_double;
    uint64_t bits;
};

enum { FPSCR_CONTROL = 0xff }; /* the fields 6 and 7 */

static inline uint32_t float_control_get(void)
{
    union float_control_fpscr status;
    __asm__ volatile("mffs %0" : "=f"(status.as_double));
    return (uint32_t)status.bits & FPSCR_CONTROL;
}

static inline uint32_t float_control_set(uint32_t control)
{
    union float_control_fpscr status = {.bits = control};
    uint32_t before = float_control_get();
    __asm__ volatile("mtfsf 3, %0" : : "f"(status.as_double));
    return before;
}

#elif defined(__s390x__)

#define FPC_CONTROL 0xf8000077U

static inline uint32_t float_control_fpc(void)
{
    uint32_t status;
    __asm__ volatile("efpc %0" : "=d"(status));
    return status;
}

static inline uint32_t float_control_get(void)
{
    return float_control_fpc() & FPC_CONTROL;
}

static inline uint32_t float_control_set(uint32_t control)
{
    uint32_t before = float_control_fpc();
    __asm__ volatile("sfpc %0" : : "d"(control | (before & ~FPC_CONTROL)));
    return before & FPC_CONTROL;
}

#else

static inline uint32_t float_control_get(void)
{
    return 0;
}

static inline uint32_t float_control_set(uint32_t control)
{
    (void)control;
    return 0;
}

#endif

#endif
