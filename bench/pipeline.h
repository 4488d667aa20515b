/*
 * --size items through a source, an empty parallel stage and an empty stage in order: two hand-overs
 * an item. At most LIVE items exist at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PIPELINE_H
#define BENCH_PIPELINE_H

#include "bench.h"

enum { LIVE = 64 };

static char *pipeline_items; /* one byte each: 1 when the parallel stage has seen it */
static size_t pipeline_made;
static size_t pipeline_out; /* that came out in the order of the source */

static inline void pipeline_prepare(const struct bench *bench)
{
    pipeline_items = (char *)malloc(bench->size);
    if (!pipeline_items)
        exit(1);
}

static inline void pipeline_begin(struct bench *bench)
{
    memset(pipeline_items, 0, bench->size);
    pipeline_made = 0;
    pipeline_out = 0;
    bench_start(bench);
}

static inline bool pipeline_end(struct bench *bench)
{
    bench_stop(bench);
    return pipeline_out == bench->size;
}

/* NULL after the last one. */
static inline char *pipeline_source(const struct bench *bench)
{
    return pipeline_made < bench->size ? &pipeline_items[pipeline_made++] : NULL;
}

static inline void pipeline_sink(const char *item)
{
    if (*item == 1 && item == &pipeline_items[pipeline_out])
        pipeline_out++;
}

#endif
