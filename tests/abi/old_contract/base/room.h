/*
 * Stands before src/base/room.h where the library is compiled as one that knows no more than the oldest
 * headers: all fields of today's structs that came later are room to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ROOM_H
#define OMPG_SRC_ROOM_H

#include "../../oldest_rooms.h"
#include "ompgroup/pipeline.h"

#include <stdbool.h>
#include <stddef.h>

static inline bool room_is_zero(const unsigned char *bytes, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* A struct that the oldest headers do not have is as it is today. */
#define OLDEST_ROOM(made_by_caller)                                                                \
    _Generic((made_by_caller),                                                                     \
        const ompg_options *: OLDEST_OPTIONS,                                                      \
        ompg_options *: OLDEST_OPTIONS,                                                            \
        const ompg_task_options *: OLDEST_TASK_OPTIONS,                                            \
        ompg_task_options *: OLDEST_TASK_OPTIONS,                                                  \
        const ompg_stage *: OLDEST_STAGE,                                                          \
        ompg_stage *: OLDEST_STAGE,                                                                \
        const ompg_token *: OLDEST_TOKEN,                                                          \
        ompg_token *: OLDEST_TOKEN,                                                                \
        default: (const char *)(made_by_caller)->reserved - (const char *)(made_by_caller))

#define ROOM_IS_ZERO(made_by_caller)                                                               \
    room_is_zero((const unsigned char *)(made_by_caller), (size_t)OLDEST_ROOM(made_by_caller),     \
                 sizeof *(made_by_caller))

#endif
