/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bell.h"

#include "base/futex.h"

#include <limits.h>

enum { BELLS = 64 };

static struct bell bells[BELLS];

struct bell *bell_of(const void *address)
{
    uintptr_t lines = (uintptr_t)address / CACHE_LINE;
    return &bells[(lines ^ lines / BELLS ^ lines / BELLS / BELLS) % BELLS];
}

void bell_ring(struct bell *bell)
{
    add_seq_cst(&bell->rings, 1);
    if (load_seq_cst(&bell->sleepers) > 0)
        futex_wake(&bell->rings, INT_MAX);
}

void bell_sleep(struct bell *bell, int heard, int64_t ns)
{
    add_seq_cst(&bell->sleepers, 1);
    if (load_seq_cst(&bell->rings) == heard)
        futex_wait(&bell->rings, heard, ns);
    sub_relaxed(&bell->sleepers, 1);
}

void bells_clear(void)
{
    for (int i = 0; i < BELLS; i++)
        store_relaxed(&bells[i].sleepers, 0);
}
