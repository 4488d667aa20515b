/*
 * Around loops of docs/from-omp-parallel-for.md: work(i) must be called once for each i below n.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <stdatomic.h>

enum { N = 1000 };

int n = N, rows = 40, columns = 25, last_done = -1;
double offset = 0.5, scratch, sum, row_sums[40], squares[N];
static atomic_int calls[N];

static double work(int i)
{
    atomic_fetch_add(&calls[i], 1);
    return i;
}

int main(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.threads = 3});

    //@ snippet

    int wrong = ompg_wait(group);
    for (int at = 0; at < n; at++)
        wrong += atomic_load(&calls[at]) != 1;
    wrong += sum != 0.0 && sum != N * (N - 1) / 2.0;
    wrong += last_done != -1 && last_done != n - 1;
    wrong += squares[2] != 0.0 && squares[n - 1] != (n - 1.0) * (n - 1.0);
    ompg_free(group);
    return wrong != 0;
}
