/*
 * Around loops of docs/from-omp-parallel-for.md that stop: file 40 cannot be read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

int n = 1000;

static int read_file(int i)
{
    return i == 40 ? EIO : 0;
}

static int read_all(void)
{
    //@ snippet
}

int main(void)
{
    return read_all() != EIO;
}
