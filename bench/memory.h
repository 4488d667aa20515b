/*
 * By how much the peak of the program's memory grows while one producer adds --size empty tasks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "bench.h"

/* Not getrusage: what it says may be the peak of the program that started this one. */
static inline double memory_peak(void)
{
    double peak = 0.0;
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    if (!status)
        exit(1);
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtod(line + 6, NULL);
    fclose(status);
    return peak;
}

/* A peak is reached once: one run, and none before. */
static inline void memory_prepare(struct bench *bench)
{
    bench->cold = true;
    bench->repeat = 1;
    bench->unit = "kB";
    bench->begun = memory_peak();
}

static inline void memory_stop(struct bench *bench)
{
    bench->value = memory_peak() - bench->begun;
}

#endif
