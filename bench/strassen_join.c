/*
 * By ompg_join: the products of a product are halved until one is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "strassen.h"

#include <ompgroup.h>

struct products {
    const struct product *first;
    size_t count;
};

static int multiply(ompg_group *group, const struct product *product);

static int multiply_all(ompg_group *group, void *arg)
{
    const struct products *all = arg;
    if (all->count == 1)
        return multiply(group, all->first);
    struct products some = {all->first, all->count / 2};
    struct products others = {all->first + some.count, all->count - some.count};
    return ompg_join(group, multiply_all, &some, multiply_all, &others);
}

static int multiply(ompg_group *group, const struct product *product)
{
    if (strassen_is_serial(product)) {
        strassen_serial(product);
        return 0;
    }
    struct strassen strassen = strassen_split(product);
    struct products all = {strassen.parts, STRASSEN_PRODUCTS};
    int code = multiply_all(group, &all);
    strassen_combine(&strassen);
    return code;
}

static bool run(struct bench *bench)
{
    struct products all = {&strassen_whole, 1};
    strassen_begin(bench);
    int code = ompg_run(NULL, multiply_all, &all, NULL);
    return strassen_end(bench) && code == 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_parse(argc, argv, "strassen", BENCH_OPENMP("ompg_join"), 1024);
    strassen_prepare(&bench);
    return bench_measure(&bench, run);
}
