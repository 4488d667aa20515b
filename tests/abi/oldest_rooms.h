/*
 * Where the room for later fields begins in the structs of the oldest headers, with pointers of 8 bytes.
 * old_program.c, which is compiled with these headers, sees that it is true.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OLDEST_ROOMS_H
#define OLDEST_ROOMS_H

enum oldest_room {
    OLDEST_OPTIONS = 56,
    OLDEST_TASK_OPTIONS = 24,
    OLDEST_STAGE = 32,
    OLDEST_TOKEN = 8
};

#endif
