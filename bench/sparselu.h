/*
 * LU factorisation of a sparse matrix of --size x --size blocks of BLOCK x BLOCK floats, without
 * pivoting (the diagonal dominates). Step k factors its diagonal block, then solves row and column k
 * with it, then updates the rest; blocks that fill in are allocated on the way. Mode "cutoff": a task
 * for each row of blocks; otherwise for each block.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SPARSELU_H
#define BENCH_SPARSELU_H

#include "bench.h"

#include <assert.h>
#include <math.h>

enum { BLOCK = 64 };

struct block {
    float at[BLOCK][BLOCK];
};

struct sparselu {
    size_t n;
    struct block **blocks; /* n * n, NULL where all is zero */
};

static struct sparselu sparselu_given, sparselu_expected, sparselu_matrix;
static bool sparselu_by_rows;

static inline struct block **sparselu_at(const struct sparselu *lu, size_t i, size_t j)
{
    return &lu->blocks[i * lu->n + j];
}

/* ---- blocks ---- */

static inline struct block *sparselu_zero(void)
{
    struct block *block = (struct block *)calloc(1, sizeof *block);
    if (!block)
        exit(1);
    return block;
}

static inline void sparselu_factor(struct block *diagonal)
{
    for (size_t k = 0; k < BLOCK; k++)
        for (size_t i = k + 1; i < BLOCK; i++) {
            diagonal->at[i][k] /= diagonal->at[k][k];
            for (size_t j = k + 1; j < BLOCK; j++)
                diagonal->at[i][j] -= diagonal->at[i][k] * diagonal->at[k][j];
        }
}

/* right = L(diagonal)^-1 right */
static inline void sparselu_solve_row(const struct block *restrict diagonal,
                                      struct block *restrict right)
{
    for (size_t k = 0; k < BLOCK; k++)
        for (size_t i = k + 1; i < BLOCK; i++)
            for (size_t j = 0; j < BLOCK; j++)
                right->at[i][j] -= diagonal->at[i][k] * right->at[k][j];
}

/* below = below U(diagonal)^-1 */
static inline void sparselu_solve_column(const struct block *restrict diagonal,
                                         struct block *restrict below)
{
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t k = 0; k < BLOCK; k++) {
            below->at[i][k] /= diagonal->at[k][k];
            for (size_t j = k + 1; j < BLOCK; j++)
                below->at[i][j] -= below->at[i][k] * diagonal->at[k][j];
        }
}

/* inner -= below * right */
static inline void sparselu_update(const struct block *restrict below,
                                   const struct block *restrict right, struct block *restrict inner)
{
    for (size_t i = 0; i < BLOCK; i++)
        for (size_t k = 0; k < BLOCK; k++)
            for (size_t j = 0; j < BLOCK; j++)
                inner->at[i][j] -= below->at[i][k] * right->at[k][j];
}

/* ---- steps: what a task does ---- */

struct sparselu_step {
    size_t k, i, j;
};

static inline void sparselu_diagonal(size_t k)
{
    struct block *diagonal = *sparselu_at(&sparselu_matrix, k, k);
    assert(diagonal && "sparselu_fill() has made a band");
    sparselu_factor(diagonal);
}

static inline bool sparselu_has(size_t i, size_t j)
{
    return *sparselu_at(&sparselu_matrix, i, j) != NULL;
}

/* Row k (i == k) or column k (j == k). */
static inline void sparselu_edge(struct sparselu_step s)
{
    const struct block *diagonal = *sparselu_at(&sparselu_matrix, s.k, s.k);
    struct block *edge = *sparselu_at(&sparselu_matrix, s.i, s.j);
    if (s.i == s.k)
        sparselu_solve_row(diagonal, edge);
    else
        sparselu_solve_column(diagonal, edge);
}

static inline void sparselu_inner(struct sparselu_step s)
{
    struct block **inner = sparselu_at(&sparselu_matrix, s.i, s.j);
    if (!*inner)
        *inner = sparselu_zero();
    sparselu_update(*sparselu_at(&sparselu_matrix, s.i, s.k),
                    *sparselu_at(&sparselu_matrix, s.k, s.j), *inner);
}

static inline void sparselu_inner_row(struct sparselu_step s)
{
    for (s.j = s.k + 1; s.j < sparselu_matrix.n; s.j++)
        if (sparselu_has(s.k, s.j))
            sparselu_inner(s);
}

/* ---- before and after ---- */

static inline void sparselu_serial(void)
{
    size_t n = sparselu_matrix.n;
    for (size_t k = 0; k < n; k++) {
        sparselu_diagonal(k);
        for (size_t j = k + 1; j < n; j++) {
            struct sparselu_step row = {k, k, j}, column = {k, j, k};
            if (sparselu_has(k, j))
                sparselu_edge(row);
            if (sparselu_has(j, k))
                sparselu_edge(column);
        }
        for (size_t i = k + 1; i < n; i++) {
            struct sparselu_step row = {k, i, 0};
            if (sparselu_has(i, k))
                sparselu_inner_row(row);
        }
    }
}

static inline struct sparselu sparselu_new(size_t n)
{
    struct sparselu lu = {n, (struct block **)calloc(n * n, sizeof(struct block *))};
    if (!lu.blocks)
        exit(1);
    return lu;
}

static inline void sparselu_copy(struct sparselu *to, const struct sparselu *from)
{
    for (size_t i = 0; i < to->n * to->n; i++) {
        free(to->blocks[i]);
        to->blocks[i] = NULL;
        if (from->blocks[i]) {
            to->blocks[i] = sparselu_zero();
            memcpy(to->blocks[i], from->blocks[i], sizeof(struct block));
        }
    }
}

/* A band of three blocks, and every fourth block elsewhere. */
static inline void sparselu_fill(struct sparselu *lu)
{
    uint64_t x = 1;
    for (size_t i = 0; i < lu->n; i++)
        for (size_t j = 0; j < lu->n; j++) {
            bool band = i <= j + 1 && j <= i + 1;
            if (!band && !(i % 4 == 0 && j % 4 == 0))
                continue;
            struct block *block = *sparselu_at(lu, i, j) = sparselu_zero();
            for (size_t e = 0; e < (size_t)BLOCK * BLOCK; e++) {
                x = x * 6364136223846793005U + 1442695040888963407U;
                float *element = &block->at[e / BLOCK][e % BLOCK];
                *element = (float)(x >> 40) * 0x1p-24F - 0.5F;
                if (i == j && e % (BLOCK + 1) == 0)
                    *element += (float)(2 * BLOCK);
            }
        }
}

static inline void sparselu_prepare(struct bench *bench)
{
    sparselu_by_rows = bench_mode_is(bench, "cutoff");
    sparselu_given = sparselu_new(bench->size);
    sparselu_expected = sparselu_new(bench->size);
    sparselu_matrix = sparselu_new(bench->size);
    sparselu_fill(&sparselu_given);
    sparselu_copy(&sparselu_matrix, &sparselu_given);
    sparselu_serial();
    sparselu_copy(&sparselu_expected, &sparselu_matrix);
    bench->items = 1000000;
    bench->unit = "ms";
}

static inline void sparselu_begin(struct bench *bench)
{
    sparselu_copy(&sparselu_matrix, &sparselu_given);
    bench_start(bench);
}

static inline bool sparselu_same_bits(const void *one, const void *other)
{
    return memcmp(one, other, sizeof(struct block)) == 0;
}

/* The same to the last bit as the serial factors, which are finite. */
static inline bool sparselu_end(struct bench *bench)
{
    bench_stop(bench);
    for (size_t i = 0; i < bench->size * bench->size; i++) {
        const struct block *is = sparselu_matrix.blocks[i];
        const struct block *expected = sparselu_expected.blocks[i];
        if (!is != !expected || (is && !sparselu_same_bits(is, expected)))
            return false;
        for (size_t e = 0; is && e < (size_t)BLOCK * BLOCK; e++)
            if (!(fabsf(is->at[e / BLOCK][e % BLOCK]) < 1e300)) /* isfinite(), for -ffast-math */
                return false;
    }
    return true;
}

#endif
