/*
 * What every benchmark shares: arguments, clock, work of a given length, counting, and the one line
 * that a program prints. For C and C++; the peers in other languages print the same line.
 *
 *     <program> [--threads N] [--size N] [--repeat N] [--mode WORD]
 *     workload,peer,threads,size,value,unit,checked
 *
 * The value is the median of --repeat runs after a warm-up that does not count; a time is divided by
 * the run's items. A run that gives a wrong result ends the program with status 1 and no line. Where the
 * peer has nothing for the mode, the status is 77, and there is no line either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_H
#define BENCH_H

#define _DEFAULT_SOURCE 1 /* POSIX with C11: no other header comes before this one */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(_OPENMP)
#include <omp.h>
#endif

/* Serial time depends on the compiler, and is what the same compiler's parallel time is held against. */
#if defined(__clang__)
#define BENCH_SERIAL "serial/clang"
#else
#define BENCH_SERIAL "serial/gcc"
#endif

/* Which OpenMP runtime a program is linked with; the pragmas mean nothing without one. */
#if !defined(_OPENMP)
#define BENCH_OPENMP(construct) BENCH_SERIAL
#elif defined(__clang__)
#define BENCH_OPENMP(construct) construct "/libomp"
#else
#define BENCH_OPENMP(construct) construct "/libgomp"
#endif

enum { BENCH_MAX_RUNS = 101, BENCH_MAX_THREADS = 1024, BENCH_CACHE_LINE = 64 };
static const double BENCH_WARM_UP_NS = 5e7;
enum { BENCH_NOT_FOR_MODE = 77 };

struct bench {
    const char *workload; /* and its mode, if it has several */
    const char *peer;
    const char *mode;
    const char *unit;
    int threads;
    int repeat;
    bool cold; /* no warm-up */
    size_t size;
    size_t items; /* what the time of a run is divided by: size, unless the program changes it */
    double value; /* of the last run */
    double begun;
};

typedef bool bench_run_fn(struct bench *bench); /* false: the result is wrong */

/* ---- clock ---- */

static inline double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline void bench_start(struct bench *bench)
{
    bench->begun = bench_now();
}

static inline void bench_stop(struct bench *bench)
{
    bench->value = (bench_now() - bench->begun) / (double)bench->items;
}

/* ---- work ---- */

/* A chain of dependent multiplications and additions: the same time on every compiler. */
static inline void bench_work(uint64_t steps)
{
    uint64_t x = steps;
    for (uint64_t i = 0; i < steps; i++) {
        x = x * 6364136223846793005U + 1442695040888963407U;
        __asm__ volatile("" : "+r"(x));
    }
}

/* The quickest of many tries: what disturbs one only makes it longer. */
static inline double bench_calibrate(void)
{
    const uint64_t steps = 20000;
    double least = 1e18;
    for (int i = 0; i < 200; i++) {
        double begun = bench_now();
        bench_work(steps);
        double taken = bench_now() - begun;
        least = taken < least ? taken : least;
    }
    return (double)steps / least;
}

/*
 * How many steps take this long. Programs that are to be compared get the same BENCH_STEPS_PER_NS
 * from their environment, so that their tasks are the same to the instruction.
 */
static inline uint64_t bench_steps(double nanoseconds)
{
    static double steps_per_ns;
    if (steps_per_ns == 0.0) {
        const char *given = getenv("BENCH_STEPS_PER_NS");
        steps_per_ns = given ? strtod(given, NULL) : bench_calibrate();
    }
    return (uint64_t)(nanoseconds * steps_per_ns + 0.5);
}

/* About 50 ms of tasks that take `nanoseconds` each. */
static inline size_t bench_tasks_of(size_t nanoseconds)
{
    size_t tasks = 50000000 / (nanoseconds > 0 ? nanoseconds : 1);
    return tasks < 1000 ? 1000 : tasks > 1000000 ? 1000000 : tasks;
}

/* ---- counting: each thread in a cache line of its own ---- */

struct bench_count {
    uint64_t count;
    char unused[BENCH_CACHE_LINE - sizeof(uint64_t)];
};

static struct bench_count bench_tallies[BENCH_MAX_THREADS]
    __attribute__((aligned(BENCH_CACHE_LINE)));
static int bench_tallies_used;
static __thread struct bench_count *bench_tally_own;

/* Returns the calling thread's count. */
static inline uint64_t bench_tally(uint64_t n)
{
    if (__builtin_expect(!bench_tally_own, 0))
        bench_tally_own =
            &bench_tallies[__atomic_fetch_add(&bench_tallies_used, 1, __ATOMIC_RELAXED)];
    return bench_tally_own->count += n;
}

/* The sum of all threads, which count from 0 again. None may be counting. */
static inline uint64_t bench_tally_take(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < bench_tallies_used; i++) {
        sum += bench_tallies[i].count;
        bench_tallies[i].count = 0;
    }
    return sum;
}

/* ---- program ---- */

static inline bool bench_mode_is(const struct bench *bench, const char *mode)
{
    return strcmp(bench->mode, mode) == 0;
}

static inline __attribute__((noreturn)) void bench_usage(const char *program)
{
    fprintf(stderr, "usage: %s [--threads N] [--size N] [--repeat N] [--mode WORD]\n", program);
    exit(2);
}

static inline struct bench bench_parse(int argc, char **argv, const char *workload,
                                       const char *peer, size_t size)
{
    struct bench bench;
    memset(&bench, 0, sizeof bench);
    bench.workload = workload;
    bench.peer = peer;
    bench.mode = "";
    bench.unit = "ns";
    bench.threads = 2;
    bench.repeat = 3;
    bench.size = size;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            bench_usage(argv[0]);
        if (strcmp(argv[i], "--threads") == 0)
            bench.threads = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--size") == 0)
            bench.size = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--repeat") == 0)
            bench.repeat = (int)strtol(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--mode") == 0)
            bench.mode = argv[i + 1];
        else
            bench_usage(argv[0]);
    }
    if (bench.threads < 1 || bench.repeat < 1 || bench.repeat > BENCH_MAX_RUNS)
        bench_usage(argv[0]);
    bench.items = bench.size;
#if defined(_OPENMP)
    omp_set_num_threads(bench.threads);
#endif
    return bench;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/*
 * One run, with several threads as many as take BENCH_WARM_UP_NS: in a new process the system may keep
 * two threads on one processor for 20 ms. False: a result is wrong.
 */
static inline bool bench_warm_up(struct bench *bench, bench_run_fn *run)
{
    double begun = bench_now();
    bool right;
    do {
        right = run(bench);
    } while (right && bench->threads > 1 && bench_now() - begun < BENCH_WARM_UP_NS);
    return right;
}

/*
 * Runs, checks and prints; returns the exit status. Never inlined: tests/instructions.sh counts what
 * happens inside it.
 */
static __attribute__((noinline, unused)) int bench_measure(struct bench *bench, bench_run_fn *run)
{
    double values[BENCH_MAX_RUNS];
    bool right = bench->cold || bench_warm_up(bench, run);
    for (int i = 0; i < bench->repeat && right; i++) {
        right = run(bench);
        values[i] = bench->value;
    }
    if (!right) {
        fprintf(stderr, "%s of %s: wrong result\n", bench->workload, bench->peer);
        return 1;
    }
    qsort(values, (size_t)bench->repeat, sizeof values[0], bench_compare);
    printf("%s%s%s,%s,%d,%zu,%.6g,%s,ok\n", bench->workload, *bench->mode ? "/" : "", bench->mode,
           bench->peer, bench->threads, bench->size, values[bench->repeat / 2], bench->unit);
    return 0;
}

#endif
