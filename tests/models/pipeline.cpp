/*
 * A pipeline of a source, a stage in order or a serial one, a parallel one and a last one in order, with three
 * records: items are made, parked and sent on by whichever of three threads comes. Each passes the stages in
 * order, in its turn, and none is forgotten.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
#include "ompgroup/pipeline.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/store/task.h
//@ take src/api/group_add.h add_mode
//@ into taken.h
//@ take src/store/gate.h standby
//@ take src/parallel/pipeline_records.h record turn pipeline
//@ take src/parallel/pipeline_records.c is_serial park take_turn unpark_next pass_turn take_record claim_source free_record give_source_back
//@ take src/parallel/pipeline.c goes_no_further note_failed carry add_carrier go_on leave_turn start_next needs_turn pass_stage strand carry_through make_item begin_item
//@ change s/^    void \*item;  /    shared<void *> item;  /
//@ change s/^    size_t made;/    shared<size_t> made;/
//@ change s/^    size_t next;  /    shared<size_t> next;  /
//@ mutant turn-without-lock /^bool take_turn/,/^}/{s/spin_lock(&turn->lock);//;s/spin_unlock(&turn->lock);//}
//@ mutant next-is-forgotten /^static void leave_turn/,/^}/s/if (next)/if (false)/
//@ mutant nobody-is-parked /^bool take_turn/,/^}/s/^    else\r*$/    else if (false)/
//@ mutant out-of-turn s/|| turn->next == record->number/|| true/
//@ mutant turn-is-not-given s/^ *record->has_turn = true;//
//@ mutant serial-for-two s/^    turn->busy = record != NULL;/    turn->busy = record != NULL \&\& turn->parked;/
//@ mutant serial-loses-the-second /^static void park/,/^}/s/\*turn->after = record/turn->first = record/
//@ mutant source-for-two s/pipeline->claimed = true;//
//@ mutant source-is-not-claimed-again s/^    start_next(pipeline, &later);$//;s/^            start_next(pipeline, &later);$//
#include "basis.h"

#define tsan_release(p) ((void)0)
#define tsan_acquire(p) ((void)0)
#define group_stopped(group, index) false
#define is_consequence(group, frame, code) false
#define stays_here(record) true
#define has_budget(pipeline) true
#define refund_record(record) ((void)0)
#define charge(record) 0
#define parts_add(group, items) ((void)0)
#define source_is_over(pipeline) ((void)0)
struct record;
static int call(struct record *record);
static int carry(ompg_group *group, void *arg);
static int task_add(struct task *task, enum add_mode mode);

#include "taken.h"

enum { THREADS = 3, STAGES = 4, LIVE = 3, ITEMS = 4, MOST_TASKS = 24 };
static struct model *the;

struct model : rl::test_suite<model, THREADS> {
    struct pipeline pipeline;
    ompg_stage stages[STAGES];
    struct record records[LIVE];
    struct turn turns[STAGES];
    struct record *parked[STAGES][LIVE];
    /* Tasks that were added: any thread takes one. */
    rl::atomic<struct record *> tasks[MOST_TASKS];
    atomic_int added, over;
    atomic_int passed[STAGES][ITEMS];
    atomic_int inside[STAGES];
    shared<int> last[STAGES]; /* of a stage that takes one at a time: the item before */

    void before()
    {
        the = this;
        pipeline.stages = stages;
        pipeline.count = STAGES;
        pipeline.live = LIVE;
        store_relaxed(&pipeline.failed_at, SIZE_MAX);
        store_relaxed(&pipeline.lock.locked, 0);
        pipeline.claimed = pipeline.ended = false;
        pipeline.made = 0;
        pipeline.free = NULL;
        pipeline.begun = 0;
        pipeline.records = records;
        pipeline.turns = turns;
        for (int i = 0; i < STAGES; i++) {
            stages[i].mode = i == 2 ? OMPG_PARALLEL : i == 1 && scenario == 1 ? OMPG_SERIAL : OMPG_IN_ORDER;
            store_relaxed(&turns[i].lock.locked, 0);
            turns[i].busy = false;
            turns[i].next = 0;
            turns[i].parked = stages[i].mode == OMPG_IN_ORDER ? parked[i] : NULL;
            turns[i].first = NULL;
            turns[i].after = &turns[i].first;
            store_relaxed(&inside[i], 0);
            last[i] = -1;
            for (int k = 0; k < LIVE; k++)
                parked[i][k] = NULL;
            for (int k = 0; k < ITEMS; k++)
                store_relaxed(&passed[i][k], 0);
        }
        for (rl::atomic<struct record *> &task : tasks)
            store_relaxed(&task, (struct record *)NULL);
        store_relaxed(&added, 0);
        store_relaxed(&over, 0);
        stages[0].recycle = false;
        go_on(claim_source(&pipeline), NULL);
    }

    void add(struct record *record)
    {
        store_release(&tasks[add_relaxed(&added, 1)], record);
    }

    /* A stage's function. */
    int stage(struct record *record)
    {
        size_t stage = record->stage, number = record->number;
        if (stage == 0) {
            record->item = number < ITEMS ? (void *)(number + 1) : NULL;
            if (number == ITEMS)
                return 0;
        }
        RL_ASSERT((size_t)(void *)record->item == number + 1);
        RL_ASSERT(add_relaxed(&passed[stage][number], 1) == 0);
        if (stages[stage].mode == OMPG_PARALLEL)
            return 0;
        RL_ASSERT(add_relaxed(&inside[stage], 1) == 0);
        int before = last[stage]; /* in a serial stage too: it sees what the one before has written */
        RL_ASSERT(before == (int)number - 1 || stages[stage].mode == OMPG_SERIAL);
        last[stage] = (int)number;
        sub_relaxed(&inside[stage], 1);
        return 0;
    }

    /* Whoever adds a task sees it, and does not go before it is taken. */
    void thread(unsigned)
    {
        while (load_relaxed(&over) != load_relaxed(&added)) {
            for (int i = load_relaxed(&added) - 1; i >= 0; i--) {
                struct record *record = load_relaxed(&tasks[i]);
                if (!record || !cas_acquire(&tasks[i], &record, (struct record *)NULL))
                    continue;
                carry(NULL, record);
                add_relaxed(&over, 1);
            }
            model_pause();
        }
    }

    void after()
    {
        for (int i = 0; i < STAGES; i++)
            for (int k = 0; k < ITEMS; k++)
                RL_ASSERT(load_relaxed(&passed[i][k]) == 1);
    }
};

static int call(struct record *record)
{
    return the->stage(record);
}

static int task_add(struct task *task, enum add_mode)
{
    the->add((struct record *)task->arg);
    return 0;
}

MODEL(model, {"in order", 30000}, {"serial", 30000})
