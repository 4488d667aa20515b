/*
 * Announcing mail: the part of mail.h that is for whoever has put a task into a mailbox. Its discipline stands there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ANNOUNCE_H
#define OMPG_SRC_ANNOUNCE_H

#include "group/worker.h"

/*
 * A task was put into the group's mailbox, whose lock the caller holds: tells the region. Returns whether
 * somebody waits for the group: then its bell is to be rung, once the lock is released.
 */
bool mail_announce(ompg_group *group);

#endif
