/*
 * Mail: tasks that come into a group's mailbox while its wait goes on, and how they find a thread.
 *
 * Whoever puts a task there rings for the waiter, which may sleep; where it does not (it runs a task), others
 * see to it: the region has a few words in which groups with mail are noted, workers that find nothing to
 * steal look there, and where one of them is missing, it is called.
 *
 * Discipline.
 * - region.mail: notes, nothing else. Put in and taken out under the lock of the noted group's mailbox
 *   (by compare-exchange, because others have their own locks). Records are type-stable: whoever follows a
 *   note takes that lock, and then sees whether the group is waited for here. Where there is no room for
 *   a note, the waiter alone looks.
 * - While the lock is held over a task that has been put, the group's wait goes on, and with it the region;
 *   unless it had seen the end before. Then the region may be over, where a call does nothing, or another
 *   one: so a thread is called under `call_lock`, where `may_call` says that it is a region with threads of its
 *   own. That changes where a region begins, with its parking.
 * - Nobody sleeps on mail. A worker that leaves lowers `active`, fences, looks at the notes; whoever has put
 *   a note fences, then reads `active` and the calls (Dekker). Whoever answers a call fences before it looks
 *   (region_enter).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_MAIL_H
#define OMPG_SRC_MAIL_H

#include "engine/announce.h"
#include "engine/run.h"

/* A region that begins; may_call: it has threads that park. Opens its parking. */
void mail_open(struct region *region, bool may_call);

/* See mail_fetch. */
void mail_fetch_slow(struct worker *worker, ompg_group *group);

/* For the thread that waits for the group: moves tasks from its mailbox to the deque, or runs them. */
static inline bool mail_fetch(struct worker *worker, ompg_group *group)
{
    if (mailbox_size(&group->mailbox) == 0)
        return false;
    mail_fetch_slow(worker, group);
    return true;
}

/* For a worker that has nothing to do: a task from any mailbox, or of what `awaited` (NULL: any) encloses. */
bool mail_find(struct worker *worker, const ompg_group *awaited, struct task *task);

#endif
