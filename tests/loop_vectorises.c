/*
 * For loop_vectorises.sh, which looks at the instructions: the triad as a `for` and in OMPG_FOR and its
 * like, and a loop in which each iteration needs the one before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

void plain_triad(double *a, const double *b, const double *c, double scale, size_t n);
void group_triad(ompg_group *group, double *a, const double *b, const double *c, double scale,
                 size_t n);
void group_int(ompg_group *group, double *a, const double *b, const double *c, double scale, int n);
void group_pointers(ompg_group *group, double *a, double *past, double scale);
void group_options(ompg_group *group, double *a, const double *b, const double *c, double scale,
                   int n);
void group_team(ompg_group *group, double *a, const double *b, const double *c, double scale,
                int n);
void group_step(ompg_group *group, double *a, const double *b, const double *c, double scale,
                int n);
void group_down(ompg_group *group, double *a, const double *b, const double *c, double scale,
                long n);
void group_two(ompg_group *group, double *a, const double *b, const double *c, double scale, int n);
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

void group_int(ompg_group *group, double *a, const double *b, const double *c, double scale, int n)
{
    OMPG_FOR(group, i, 0, n, firstprivate(scale))
        a[i] = b[i] + scale * c[i];
}

void group_pointers(ompg_group *group, double *a, double *past, double scale)
{
    OMPG_FOR(group, at, a, past)
        *at = *at + scale * *at;
}

void group_options(ompg_group *group, double *a, const double *b, const double *c, double scale,
                   int n)
{
    OMPG_FOR_OPT(group, i, 0, n, (ompg_loop_options){.schedule = OMPG_STATIC})
        a[i] = b[i] + scale * c[i];
}

void group_team(ompg_group *group, double *a, const double *b, const double *c, double scale, int n)
{
    OMPG_FOR_TEAM(group, i, 0, n, nowait)
        a[i] = b[i] + scale * c[i];
}

void group_step(ompg_group *group, double *a, const double *b, const double *c, double scale, int n)
{
    OMPG_FOR_STEP(group, i, 0, n, 2) {
        a[i] = b[i] + scale * c[i];
        a[i + 1] = b[i + 1] + scale * c[i + 1];
    }
}

void group_down(ompg_group *group, double *a, const double *b, const double *c, double scale,
                long n)
{
    OMPG_FOR_STEP(group, i, n - 1, -1, -1)
        a[i] = b[i] + scale * c[i];
}

void group_two(ompg_group *group, double *a, const double *b, const double *c, double scale, int n)
{
    OMPG_FOR2(group, y, 0, n, x, 0, n)
        a[y * n + x] = b[y * n + x] + scale * c[y * n + x];
}

void group_chain(ompg_group *group, double *a, const double *b, double scale, size_t n)
{
    OMPG_FOR(group, i, 1, n)
        a[i] = b[i] + scale * a[i - 1];
}
