/*
 * Prints how many steps of work take a nanosecond: BENCH_STEPS_PER_NS of all programs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

int main(void)
{
    printf("%.6f\n", bench_calibrate());
    return 0;
}
