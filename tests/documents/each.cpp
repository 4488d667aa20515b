/*
 * Around loops of docs/from-omp-parallel-for.md in C++: as each.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <atomic>

enum { N = 1000 };

static int n = N;
static std::atomic<int> calls[N];

static void work(int i)
{
    calls[i]++;
}

int main()
{
    ompg_group *group = ompg_new(nullptr);

    //@ snippet

    int wrong = ompg_wait(group);
    for (auto &count : calls)
        wrong += count != 1;
    ompg_free(group);
    return wrong != 0;
}
