/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/announce.h"

#include "base/tsan.h"

/* Where there is no room, the group has no note. */
static void leave_note(struct region *region, ompg_group *group)
{
    for (int i = 0; i < MAIL_NOTES; i++)
        if (load_relaxed(&region->mail[i]) == group)
            return;
    for (int i = 0; i < MAIL_NOTES; i++) {
        ompg_group *nobody = NULL;
        if (!load_relaxed(&region->mail[i]) && cas_release(&region->mail[i], &nobody, group))
            return;
    }
}

/* One thread, if one is missing and none is on its way; it calls the next one. */
static void call_missing(struct region *region)
{
    if (parking_calls(&region->parking) != 0 ||
        load_relaxed(&region->active) >= load_relaxed(&region->threads))
        return;
    spin_lock(&region->call_lock);
    if (region->may_call) {
        tsan_release(region);
        parking_call(&region->parking);
    }
    spin_unlock(&region->call_lock);
}

bool mail_announce(ompg_group *group)
{
    /* acquire: to wait_begin, the region is the wait's */
    unsigned char waiting = load_acquire(&group->waiting);
    struct region *region = load_relaxed(&group->region);
    if (waiting == WAIT_BEGUN && region) {
        leave_note(region, group);
        fence_seq_cst(); /* with the one in leave, and in region_enter */
        call_missing(region);
    }
    return waiting != NOBODY_WAITS;
}
