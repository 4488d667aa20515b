/*
 * SPDX-License-Identifier: Apache-2.0
 */
#include "strassen.h"

#include <ompgroup.h>

static int multiply(ompg_group *outer, void *arg)
{
    (void)outer;
    const struct product *product = arg;
    if (strassen_is_serial(product)) {
        strassen_serial(product);
        return 0;
    }
    struct strassen strassen = strassen_split(product);
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < STRASSEN_PRODUCTS; i++)
        ompg_go(group, multiply, &strassen.parts[i]);
    int code = ompg_wait(group);
    ompg_free(group);
    strassen_combine(&strassen);
    return code;
}

static bool run(struct bench *bench)
{
    strassen_begin(bench);
    int code = ompg_run(NULL, multiply, &strassen_whole, NULL);
    return strassen_end(bench) && code == 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "strassen", BENCH_OPENMP("ompgroup"), 1024);
    strassen_prepare(&bench);
    return bench_measure(&bench, run);
}
