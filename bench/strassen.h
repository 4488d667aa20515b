/*
 * The product of two --size x --size matrices by Strassen's recursion in Winograd's form, as in BOTS: seven
 * products of quarters, which may be made at once, and fifteen sums. Products of 64 rows or fewer are made in
 * the usual way. Mode "cutoff": those of 128 rows or fewer are one task's; otherwise each is a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_STRASSEN_H
#define BENCH_STRASSEN_H

#include "bench.h"

enum { STRASSEN_LEAF = 64, STRASSEN_CUTOFF = 128, STRASSEN_PRODUCTS = 7 };

/* A part of a matrix whose rows are `row` elements apart. */
struct square {
    double *at;
    size_t row;
};

/* c = a b, of n rows. */
struct product {
    struct square a, b, c;
    size_t n;
};

/* What a product is made of. The sums that are multiplied, and three of the results, are in `room`. */
struct strassen {
    struct product parts[STRASSEN_PRODUCTS];
    double *room;
};

static size_t strassen_cutoff;
static struct product strassen_whole;
static double *strassen_vector, *strassen_expected;

static inline double *strassen_array(size_t n)
{
    double *array = (double *)malloc(n * sizeof *array);
    if (!array)
        exit(1);
    return array;
}

/* ---- squares ---- */

static inline double *square_row(struct square square, size_t i)
{
    return square.at + i * square.row;
}

static inline struct square square_quarter(struct square whole, size_t half, bool down, bool right)
{
    struct square quarter = {square_row(whole, down ? half : 0) + (right ? half : 0), whole.row};
    return quarter;
}

/* to = a + sign * b */
static inline struct square square_sum(struct square to, struct square a, double sign,
                                       struct square b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double *x = square_row(a, i), *y = square_row(b, i);
        double *restrict sum = square_row(to, i);
        for (size_t j = 0; j < n; j++)
            sum[j] = x[j] + sign * y[j];
    }
    return to;
}

static inline void square_multiply(const struct product *product)
{
    size_t n = product->n;
    for (size_t i = 0; i < n; i++) {
        const double *a = square_row(product->a, i);
        double *restrict c = square_row(product->c, i);
        for (size_t j = 0; j < n; j++)
            c[j] = 0;
        for (size_t k = 0; k < n; k++) {
            const double *b = square_row(product->b, k);
            for (size_t j = 0; j < n; j++)
                c[j] += a[k] * b[j];
        }
    }
}

/* ---- into seven, and together again ---- */

static inline bool strassen_is_leaf(const struct product *product)
{
    return product->n <= STRASSEN_LEAF || product->n % 2 != 0;
}

static inline bool strassen_is_serial(const struct product *product)
{
    return product->n <= strassen_cutoff || strassen_is_leaf(product);
}

static inline struct strassen strassen_split(const struct product *product)
{
    enum { ROOM = 11 };
    size_t n = product->n / 2;
    struct strassen strassen;
    struct square a[2][2], b[2][2], c[2][2], room[ROOM];
    strassen.room = strassen_array(ROOM * n * n);
    for (size_t i = 0; i < ROOM; i++) {
        room[i].at = strassen.room + i * n * n;
        room[i].row = n;
    }
    for (int i = 0; i < 4; i++) {
        a[i / 2][i % 2] = square_quarter(product->a, n, i / 2, i % 2);
        b[i / 2][i % 2] = square_quarter(product->b, n, i / 2, i % 2);
        c[i / 2][i % 2] = square_quarter(product->c, n, i / 2, i % 2);
    }
    struct square s1 = square_sum(room[0], a[1][0], 1, a[1][1], n);
    struct square s2 = square_sum(room[1], s1, -1, a[0][0], n);
    struct square s3 = square_sum(room[2], a[0][0], -1, a[1][0], n);
    struct square s4 = square_sum(room[3], a[0][1], -1, s2, n);
    struct square t1 = square_sum(room[4], b[0][1], -1, b[0][0], n);
    struct square t2 = square_sum(room[5], b[1][1], -1, t1, n);
    struct square t3 = square_sum(room[6], b[1][1], -1, b[0][1], n);
    struct square t4 = square_sum(room[7], t2, -1, b[1][0], n);
    const struct product parts[STRASSEN_PRODUCTS] = {
        {a[0][0], b[0][0], room[8], n}, {a[0][1], b[1][0], c[0][0], n}, {s4, b[1][1], c[0][1], n},
        {a[1][1], t4, c[1][0], n},      {s1, t1, room[9], n},           {s2, t2, room[10], n},
        {s3, t3, c[1][1], n},
    };
    memcpy(strassen.parts, parts, sizeof parts);
    return strassen;
}

static inline void strassen_combine(const struct strassen *strassen)
{
    const struct product *parts = strassen->parts;
    size_t n = parts[0].n;
    for (size_t i = 0; i < n; i++) {
        const double *p1 = square_row(parts[0].c, i), *p5 = square_row(parts[4].c, i);
        const double *p6 = square_row(parts[5].c, i);
        double *restrict c11 = square_row(parts[1].c, i), *restrict c12 = square_row(parts[2].c, i);
        double *restrict c21 = square_row(parts[3].c, i), *restrict c22 = square_row(parts[6].c, i);
        for (size_t j = 0; j < n; j++) {
            double u2 = p1[j] + p6[j], u3 = u2 + c22[j];
            c11[j] += p1[j];
            c12[j] += u2 + p5[j];
            c21[j] = u3 - c21[j];
            c22[j] = u3 + p5[j];
        }
    }
    free(strassen->room);
}

static inline void strassen_serial(const struct product *product)
{
    if (strassen_is_leaf(product)) {
        square_multiply(product);
        return;
    }
    struct strassen strassen = strassen_split(product);
    for (size_t i = 0; i < STRASSEN_PRODUCTS; i++)
        strassen_serial(&strassen.parts[i]);
    strassen_combine(&strassen);
}

/* ---- before and after ---- */

static inline struct square strassen_matrix(size_t n)
{
    struct square matrix = {strassen_array(n * n), n};
    return matrix;
}

static inline void strassen_draw(double *to, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        *state = *state * 6364136223846793005U + 1442695040888963407U;
        to[i] = (double)(*state >> 61) - 4;
    }
}

static inline void strassen_apply(double *to, struct square matrix, const double *vector, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = 0;
        for (size_t j = 0; j < n; j++)
            to[i] += square_row(matrix, i)[j] * vector[j];
    }
}

static inline void strassen_prepare(struct bench *bench)
{
    size_t n = bench->size;
    uint64_t state = 1;
    strassen_cutoff = bench_mode_is(bench, "cutoff") ? STRASSEN_CUTOFF : STRASSEN_LEAF;
    strassen_whole.a = strassen_matrix(n);
    strassen_whole.b = strassen_matrix(n);
    strassen_whole.c = strassen_matrix(n);
    strassen_whole.n = n;
    strassen_vector = strassen_array(n);
    strassen_expected = strassen_array(n);
    strassen_draw(strassen_whole.a.at, n * n, &state);
    strassen_draw(strassen_whole.b.at, n * n, &state);
    strassen_draw(strassen_vector, n, &state);
    double *half_way = strassen_array(n);
    strassen_apply(half_way, strassen_whole.b, strassen_vector, n);
    strassen_apply(strassen_expected, strassen_whole.a, half_way, n);
    free(half_way);
    bench->items = 1000000;
    bench->unit = "ms";
}

static inline void strassen_begin(struct bench *bench)
{
    memset(strassen_whole.c.at, 0, bench->size * bench->size * sizeof(double));
    bench_start(bench);
}

/* (a b) x = a (b x), after Freivalds: of small whole numbers, so that no sum is rounded. */
static inline bool strassen_end(struct bench *bench)
{
    bench_stop(bench);
    size_t n = bench->size, wrong = 0;
    double *product = strassen_array(n);
    strassen_apply(product, strassen_whole.c, strassen_vector, n);
    for (size_t i = 0; i < n; i++)
        wrong += product[i] < strassen_expected[i] || product[i] > strassen_expected[i];
    free(product);
    return wrong == 0;
}

#endif
