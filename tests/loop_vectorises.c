/*
 * For loop_vectorises.sh, which looks at the instructions: the triad as a plain loop and in OMPG_FOR,
 * and a loop in which each iteration needs the one before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

void plain_triad(double *a, const double *b, const double *c, double scale, size_t n);
void group_triad(ompg_group *group, double *a, const double *b, const double *c, double scale,
                 size_t n);
void group_chain(ompg_group *group, double *a, const double *b, double scale, size_t n);

void plain_triad(double *a, const double *b, const double *c, double scale, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + scale * c[i];
}

void group_triad(ompg_group *group, double *a, const double *b, const double *c, double scale,
                 size_t n)
{
    OMPG_FOR(group, i, 0, n)
        a[i] = b[i] + scale * c[i];
}

void group_chain(ompg_group *group, double *a, const double *b, double scale, size_t n)
{
    OMPG_FOR(group, i, 1, n)
        a[i] = b[i] + scale * a[i - 1];
}
