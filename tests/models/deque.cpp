/*
 * The deque and its thieves: an owner that pushes, pops and shares, two thieves that steal and pry. Each task is
 * run exactly once, none is lost, and no slot is read while it is written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model.h"

#include "ompgroup/group.h"
//@ into basis.h
//@ take src/base/atomics.h
//@ take src/base/spinlock.h
//@ take src/store/task.h
//@ take src/store/series.h
//@ take src/store/deque.h
//@ into taken.h
//@ take src/engine/steal.h steal_ask look
//@ take src/store/deque.c
//@ take src/group/nesting.h group_may_enclose
//@ take src/engine/steal.c STEAL_BATCH is_single_thief has_block most_of steal_batch steal_series mark_pried pry share_loot is_worth_locking lock_victim steal_some may_lie_in life_of sight steal_for steal_from
//@ change s/TASK_FLAGS = [0-9]*/TASK_FLAGS = 15/
//@ change s/DEQUE_CAPACITY = 2048/DEQUE_CAPACITY = 4/
//@ change s/SERIES_LEAST = 8/SERIES_LEAST = 2/
//@ change s/size_t index;     /shared<size_t> index; /
//@ mutant pry-without-barrier s/membarrier_all()/true/
//@ mutant pry-without-retreat s/if (!seen || is_below(top, raised))/if (false)/
//@ mutant failed-barrier-is-believed s/if (!seen || is_below(top, raised))/if (is_below(top, raised))/;s/raised = seen && is_below/raised = is_below/
//@ mutant pop-looks-once s/if (UNLIKELY(is_below(top, load_relaxed(&deque->split))))/if (false)/
//@ mutant pop-lowers-late s/^    store_relaxed(&deque->top, top);\r*$/    load_relaxed(\&deque->top);/
//@ mutant steal-without-lock s/else if (!spin_trylock(&deque->lock))/else if (false)/
//@ mutant share-without-lock /^void deque_share/,/^}/s/spin_lock(&deque->lock);//
//@ mutant room-is-forgotten s/deque->room = load_acquire(&deque->tail) + deque->mask + 1/deque->room = load_acquire(\&deque->tail) + deque->mask + 2/
//@ mutant series-keeps-slots s/store_release(&deque->tail, tail + series.count);//
#include "rings.h"

#include "basis.h"

struct ompg_group {
    atomic_bool pried;
    atomic_uint depth;
    rl::atomic<size_t> serial;
};

struct region {
    atomic_int threads;
};

struct worker {
    struct deque deque;
    struct region *region;
    int64_t loot, hold_back;
    struct deque *asked;
};

#define next_random(worker) rl::rand(4)
static bool may_run(const struct task *task, const ompg_group *group)
{
    return task_group(task) == group;
}

#include "taken.h"
#include "deques.h"

enum { THIEVES = 2, TASKS = 5 };

struct model : rl::test_suite<model, 1 + THIEVES> {
    struct task slots[1 + THIEVES][DEQUE_CAPACITY];
    int rings;
    size_t tasks;
    alignas(CACHE_LINE) struct ompg_group group;
    struct region region;
    struct worker workers[1 + THIEVES];
    atomic_int ran[TASKS];

    void before()
    {
        the = this;
        barrier_works = true;
        barrier_may_fail = scenario == 3;
        size_t capacity = scenario == 2 ? DEQUE_CAPACITY : 2; /* more for series */
        tasks = capacity == 2 ? 4 : 5;
        rings = 0;
        store_relaxed(&group.pried, false);
        store_relaxed(&group.depth, 0);
        store_relaxed(&group.serial, 1);
        store_relaxed(&region.threads, 1 + THIEVES);
        for (struct worker &worker : workers) {
            worker.region = &region;
            deque_make_empty(&worker.deque, ATTENTION_NONE);
            worker.deque.mask = capacity - 1;
            worker.deque.room = capacity;
        }
        for (atomic_int &count : ran)
            store_relaxed(&count, 0);
    }

    void run(const struct task &task)
    {
        RL_ASSERT(task.arg == (void *)(uintptr_t)(8 * (size_t)task.index));
        RL_ASSERT(add_relaxed(&ran[task.index], 1) == 0);
    }

    bool pop_and_run(struct deque *deque)
    {
        struct task task;
        bool found = deque_pop(deque, &task);
        if (found)
            run(task);
        return found;
    }

    void own(struct deque *deque)
    {
        for (size_t i = 0; i < tasks; i++) {
            struct task task = {.fn = NULL, .arg = (void *)(8 * i), .tagged = (uintptr_t)&group};
            task.index = i;
            while (!deque_push(deque, &task))
                pop_and_run(deque);
            if (load_relaxed(&deque->attention) && deque_private(deque) > 0 && rl::rand(2)) {
                store_relaxed(&deque->attention, false);
                deque_share(deque, rl::rand(2));
            }
        }
        while (pop_and_run(deque))
            ;
    }

    void steal(struct worker *thief)
    {
        struct task task;
        const ompg_group *wanted = scenario == 1 ? &group : NULL;
        for (int i = 0; i < 2; i++) {
            if (!steal_from(thief, &workers[0], wanted, rl::rand(2) ? LOOK_FOR_SURE : LOOK_SHARED, &task))
                continue;
            run(task);
            while (pop_and_run(&thief->deque))
                ;
        }
    }

    void thread(unsigned index)
    {
        if (index == 0)
            own(&workers[0].deque);
        else
            steal(&workers[index]);
    }

    void after()
    {
        for (size_t i = 0; i < tasks; i++)
            RL_ASSERT(load_relaxed(&ran[i]) == 1);
    }
};

static void *model_ring()
{
    return the->slots[the->rings++];
}

MODEL(model, {"steal", 60000}, {"steal what matches", 40000}, {"series", 30000}, {"barrier fails", 30000})
