/*
 * A mailbox that is one thread's own (src/store/mailbox.c): when it becomes that, who takes it away, and that nobody is
 * at it beside another one.
 *
 * Fails for: a mailbox that never becomes anybody's own, or another thread's; one that does so again after it was
 * taken away; an owner that does not look a second time, or is not waited for; no barrier between the two (with
 * delays).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* for check.h */
#include "model.h"
#include "store/mailbox.h"
#include "strangers.h"

static struct mailbox box;

/* Takes its time now and then, while nobody else may be at the mailbox. */
static void be_alone(void)
{
    static atomic_bool somebody;
    CHECK(!atomic_exchange(&somebody, true));
    for (size_t turns = chance(2) ? 500 : 0; turns > 0; turns--)
        cpu_relax();
    atomic_store(&somebody, false);
}

/* As add_by_mail does it before a wait. */
static void put(size_t index)
{
    struct task task = {.tagged = 64, .index = index};
    if (mailbox_enter_own(&box)) {
        CHECK(mailbox_put(&box, &task));
        be_alone();
        mailbox_leave_own(&box);
        return;
    }
    mailbox_lock(&box);
    CHECK(mailbox_put(&box, &task));
    be_alone();
    mailbox_note_put(&box);
    mailbox_unlock(&box);
}

static void put_many(size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(i);
}

/* Takes all that there is. */
static size_t empty(void)
{
    struct task tasks[100];
    size_t taken = 0, n;
    mailbox_lock(&box);
    while ((n = mailbox_take(&box, tasks, 100)) > 0)
        taken += n;
    mailbox_unlock(&box);
    return taken;
}

/* ---- whose it is ---- */

static bool is_own(void)
{
    return load_relaxed(&box.owner) == &mailbox_here;
}

static void begin(void)
{
    empty();
    mailbox_clear(&box);
    CHECK(!is_own());
}

static void after_many_puts_it_is_ones_own(void)
{
    begin();
    put_many(OWNED_AFTER);
    CHECK(!is_own());
    put_many(2);
    CHECK_INT(is_own(), membarrier_works());
    CHECK_INT(empty(), OWNED_AFTER + 2);
    CHECK(!is_own());
    put_many(1);
    CHECK_INT(is_own(), membarrier_works()); /* nobody else came */
    CHECK_INT(empty(), 1);
}

static void put_one(int number, void *arg)
{
    (void)number;
    (void)arg;
    put(0);
}

static void put_elsewhere(void)
{
    strangers them;
    strangers_start(&them, 1, put_one, NULL);
    strangers_join(&them);
}

static void several_threads_share_it(void)
{
    begin();
    for (int i = 0; i < 3; i++) {
        put_many(OWNED_AFTER);
        put_elsewhere();
        CHECK(!is_own());
    }
    empty();
}

static void it_is_taken_away_once(void)
{
    begin();
    put_many(OWNED_AFTER + 2);
    CHECK_INT(is_own(), membarrier_works());
    put_elsewhere();
    CHECK(!is_own());
    put_many((size_t)2 * OWNED_AFTER);
    CHECK_INT(is_own(), false);
    CHECK_INT(empty(), (size_t)3 * OWNED_AFTER + 3);
    begin();
    put_many(OWNED_AFTER + 2);
    CHECK_INT(is_own(), membarrier_works()); /* another group's */
    empty();
}

/* ---- at once ---- */

enum { TAKERS = 2, PUTS = 4 * OWNED_AFTER };

static event is_filled;
static size_t next; /* guard: box.lock; the first one that was not taken */

/* In their order. The caller holds the lock. */
static void take_some(void)
{
    struct task tasks[100];
    size_t n = mailbox_take(&box, tasks, 100);
    if (n == 0)
        return;
    be_alone();
    for (size_t i = 0; i < n; i++)
        CHECK_INT(tasks[i].index, next++);
    CHECK_INT(mailbox_size(&box), box.queue.size);
}

/* One puts tasks, first alone, then beside others who take them. */
static void put_or_take(int number, void *arg)
{
    (void)arg;
    for (size_t i = 0; number == 0 && i < PUTS; i++) {
        put(i);
        if (i == OWNED_AFTER + 20)
            event_post(&is_filled);
    }
    if (number == 0)
        return;
    CHECK_AWAIT(&is_filled, 1);
    for (bool goes_on = true; goes_on;) {
        sched_yield();
        mailbox_lock(&box);
        take_some();
        goes_on = next < PUTS;
        mailbox_unlock(&box);
    }
}

static void others_take_beside_its_owner(void)
{
    for (int round = 0; round < 200 / SHARE; round++) {
        strangers them;
        begin();
        next = 0;
        atomic_store(&is_filled.count, 0);
        strangers_start(&them, 1 + TAKERS, put_or_take, NULL);
        strangers_join(&them);
        CHECK_INT(next, PUTS);
    }
}

CHECK_MAIN("own mailbox", {"after many puts it is one's own", after_many_puts_it_is_ones_own},
           {"several threads share it", several_threads_share_it},
           {"it is taken away once", it_is_taken_away_once},
           {"others take beside its owner", others_take_beside_its_owner})
