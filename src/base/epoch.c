/* SPDX-License-Identifier: Apache-2.0 */
#include "base/epoch.h"

_Atomic size_t stop_epoch = 1;
