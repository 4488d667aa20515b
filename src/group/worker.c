/* SPDX-License-Identifier: Apache-2.0 */
#include "group/worker.h"

_Thread_local struct worker *self __attribute__((tls_model("initial-exec")));

_Thread_local struct loop_here loop_here __attribute__((tls_model("initial-exec")));

_Thread_local struct ompg_loop_range *range_here __attribute__((tls_model("initial-exec")));
