/*
 * Around a loop over the rows of a field: the row that diverges must be the one that is reported.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <math.h>
#include <string.h>

static double relax(const double *field, size_t row)
{
    return field[row - 1] + field[row + 1];
}

int main(void)
{
    size_t rows = 1000;
    double field[1000] = {0};
    field[500] = INFINITY;

    //@ snippet

    ompg_error error = {0};
    int known = ompg_get_error(group, &error);
    ompg_free(group);
    int right = code == EDOM && known == 1 && error.index == 499 &&
                strcmp(error.message, "the field diverged at row 499") == 0;
    return right ? 0 : 1;
}
