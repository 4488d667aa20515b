/*
 * Layout of the public structs, which programs that are compiled already rely on, and the room in them
 * for fields of later versions.
 *
 * Whoever adds a field adds a line with its offset, moves the offset of `reserved` by whole words, and
 * changes nothing else (OMPG_RESERVED in ompgroup/base.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "tasks.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>

/* The room ends the struct, and nothing pads it: everywhere. */
#define CHECK_ROOM(type)                                                                           \
    _Static_assert(offsetof(type, reserved) % 8 == 0 &&                                            \
                       offsetof(type, reserved) + sizeof((type *)0)->reserved == sizeof(type),     \
                   #type)

/* With pointers of 8 bytes. */
#if UINTPTR_MAX == UINT64_MAX
#define CHECK_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define CHECK_AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #field)
#else
#define CHECK_SIZE(type, size) _Static_assert(sizeof(type) > 0, #type)
#define CHECK_AT(type, field, offset) _Static_assert(sizeof(((type *)0)->field) > 0, #field)
#endif

CHECK_ROOM(ompg_options);
CHECK_SIZE(ompg_options, 256);
CHECK_AT(ompg_options, name, 0);
CHECK_AT(ompg_options, threads, 8);
CHECK_AT(ompg_options, limit, 12);
CHECK_AT(ompg_options, budget, 16);
CHECK_AT(ompg_options, on_error, 24);
CHECK_AT(ompg_options, max_errors, 28);
CHECK_AT(ompg_options, deterministic, 32);
CHECK_AT(ompg_options, timeout, 40);
CHECK_AT(ompg_options, token, 48);
CHECK_AT(ompg_options, shielded, 56);
CHECK_AT(ompg_options, reserved_shielded, 57);
CHECK_AT(ompg_options, backlog, 64);
CHECK_AT(ompg_options, reserved_backlog, 68);
CHECK_AT(ompg_options, share, 72);
CHECK_AT(ompg_options, reserved, 80);

CHECK_ROOM(ompg_task_options);
CHECK_SIZE(ompg_task_options, 88);
CHECK_AT(ompg_task_options, drop, 0);
CHECK_AT(ompg_task_options, cost, 8);
CHECK_AT(ompg_task_options, name, 16);
CHECK_AT(ompg_task_options, no_wait, 24);
CHECK_AT(ompg_task_options, reserved_no_wait, 25);
CHECK_AT(ompg_task_options, reserved, 32);

CHECK_ROOM(ompg_stats);
CHECK_SIZE(ompg_stats, 128);
CHECK_AT(ompg_stats, submitted, 0);
CHECK_AT(ompg_stats, running, 8);
CHECK_AT(ompg_stats, done, 16);
CHECK_AT(ompg_stats, failed, 24);
CHECK_AT(ompg_stats, skipped, 32);
CHECK_AT(ompg_stats, seconds, 40);
CHECK_AT(ompg_stats, items, 48);
CHECK_AT(ompg_stats, total, 56);
CHECK_AT(ompg_stats, reserved, 64);

CHECK_ROOM(ompg_error);
CHECK_SIZE(ompg_error, 552);
CHECK_AT(ompg_error, code, 0);
CHECK_AT(ompg_error, index, 8);
CHECK_AT(ompg_error, thread, 16);
CHECK_AT(ompg_error, seconds, 24);
CHECK_AT(ompg_error, kind, 32);
CHECK_AT(ompg_error, task, 36);
CHECK_AT(ompg_error, message, 100);
CHECK_AT(ompg_error, group, 356);
CHECK_AT(ompg_error, signal, 420);
CHECK_AT(ompg_error, from_index, 424);
CHECK_AT(ompg_error, from, 432);
CHECK_AT(ompg_error, reserved, 496);

CHECK_ROOM(ompg_local_options);
CHECK_SIZE(ompg_local_options, 96);
CHECK_AT(ompg_local_options, size, 0);
CHECK_AT(ompg_local_options, init, 8);
CHECK_AT(ompg_local_options, fini, 16);
CHECK_AT(ompg_local_options, arg, 24);
CHECK_AT(ompg_local_options, reserved, 32);

CHECK_ROOM(ompg_stage);
CHECK_SIZE(ompg_stage, 96);
CHECK_AT(ompg_stage, mode, 0);
CHECK_AT(ompg_stage, fn, 8);
CHECK_AT(ompg_stage, arg, 16);
CHECK_AT(ompg_stage, drop, 24);
CHECK_AT(ompg_stage, cost, 32);
CHECK_AT(ompg_stage, recycle, 40);
CHECK_AT(ompg_stage, unlimited, 41);
CHECK_AT(ompg_stage, reserved, 48);

CHECK_ROOM(ompg_loop_options);
CHECK_SIZE(ompg_loop_options, 64);
CHECK_AT(ompg_loop_options, grain, 0);
CHECK_AT(ompg_loop_options, threads, 8);
CHECK_AT(ompg_loop_options, schedule, 12);
CHECK_AT(ompg_loop_options, reserved, 16);

CHECK_ROOM(ompg_token);
CHECK_SIZE(ompg_token, 64);
CHECK_AT(ompg_token, cause, 0);
CHECK_AT(ompg_token, parent, 8);
CHECK_AT(ompg_token, deadline, 16);
CHECK_AT(ompg_token, allowed, 24);
CHECK_AT(ompg_token, reserved, 32);

/* Without designated initialisers, as a program that breaks the rule has it. (The room: 32 bits have a field before it.) */
static void fields_stand_in_their_order(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_options options = {"name", 1, 2, 3.0,  OMPG_COLLECT,   4, true, 5.0, &token, true,
                            {0},    9, 0, NULL, .reserved = {0}};
    ompg_task_options task = {free, 6.0, "task", true, {0}, {0}};
    CHECK_STR(options.name, "name");
    CHECK_INT(options.threads, 1);
    CHECK_INT(options.limit, 2);
    CHECK(options.budget == 3.0);
    CHECK_INT(options.on_error, OMPG_COLLECT);
    CHECK_INT(options.max_errors, 4);
    CHECK(options.deterministic);
    CHECK(options.timeout == 5.0);
    CHECK(options.token == &token);
    CHECK(task.drop == free && task.cost == 6.0);
    CHECK_STR(task.name, "task");
}

static void codes_keep_their_values(void)
{
    CHECK_INT(OMPG_FAIL_FAST, 0);
    CHECK_INT(OMPG_COLLECT, 1);
    CHECK_INT(OMPG_IN_ORDER, 0);
    CHECK_INT(OMPG_PARALLEL, 1);
    CHECK_INT(OMPG_SERIAL, 2);
    CHECK_INT(OMPG_SCHEDULE_DEFAULT, 0);
    CHECK_INT(OMPG_DYNAMIC, 1);
    CHECK_INT(OMPG_STATIC, 2);
    CHECK_INT(OMPG_ERROR_TASK, 0);
    CHECK_INT(OMPG_ERROR_CANCEL, 1);
    CHECK_INT(OMPG_ERROR_DEADLINE, 2);
    CHECK_INT(OMPG_ERROR_LIBRARY, 3);
    CHECK((intptr_t)OMPG_DEFAULT == 1);
}

/* ---- rooms ---- */

#define ROOM_OF(type) (sizeof((type *)NULL)->reserved / sizeof((type *)NULL)->reserved[0])

/* One bit in a field of a later version, in each word in turn: in its first and in its last byte. */
static const unsigned long long later[] = {1, 1ULL << 63};

enum { LATER = sizeof later / sizeof later[0] };

static void check_options(const ompg_options *options, bool accepted)
{
    errno = 0;
    ompg_group *group = ompg_new(options);
    CHECK((group != NULL) == accepted);
    CHECK_INT(errno, group ? 0 : EINVAL);
    ompg_free(group);
}

static void options_of_a_later_version(void)
{
    atomic_int runs = 0;
    for (size_t i = 0; i < LATER * ROOM_OF(ompg_options); i++) {
        ompg_options options = {.limit = 2};
        options.reserved[i / LATER] = later[i % LATER];
        check_options(&options, false);
        CHECK_INT(ompg_run(&options, count_run, &runs, NULL), EINVAL);
        options.reserved[i / LATER] = 0;
        CHECK_INT(ompg_run(&options, count_run, &runs, NULL), 0);
        CHECK_INT(atomic_load(&runs), i + 1);
    }
}

static void task_options_of_a_later_version(void)
{
    item refused = {0}, taken = {0};
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < LATER * ROOM_OF(ompg_task_options); i++) {
        ompg_task_options options = {.drop = item_drop};
        options.reserved[i / LATER] = later[i % LATER];
        CHECK_INT(ompg_go_with(group, item_run, &refused, &options), EINVAL);
    }
    CHECK_INT(ompg_go_with(group, item_run, &taken, &(ompg_task_options){.drop = item_drop}), 0);
    CHECK_INT(ompg_wait(group), 0);
    CHECK_STATS(group, 1, 1, 0, 0);
    ompg_free(group);
    CHECK_INT(atomic_load(&refused.drops), 0);
    CHECK_INT(atomic_load(&taken.drops), 1);
}

/* The source of a pipeline without items. */
static int end_at_once(ompg_group *group, void *arg, void **piece)
{
    (void)group;
    (void)piece;
    atomic_fetch_add((atomic_int *)arg, 1);
    return 0;
}

static void stages_of_a_later_version(void)
{
    atomic_int calls = 0;
    ompg_group *group = ompg_new(NULL);
    for (size_t i = 0; i < 2 * ROOM_OF(ompg_stage); i++) {
        ompg_stage stages[2] = {{.fn = end_at_once, .arg = &calls}, {.fn = end_at_once}};
        stages[i % 2].reserved[i / 2] = 1;
        CHECK_INT(ompg_pipeline(group, stages, 2, 1), EINVAL);
        CHECK_INT(ompg_pipeline(OMPG_DEFAULT, stages, 2, 1), EINVAL);
        CHECK_INT(atomic_load(&calls), 0);
    }
    const ompg_stage stages[2] = {{.fn = end_at_once, .arg = &calls}, {.fn = end_at_once}};
    CHECK_INT(ompg_pipeline(group, stages, 2, 1), 0);
    CHECK_INT(atomic_load(&calls), 1);
    CHECK_INT(ompg_get_error(group, NULL), 0);
    ompg_free(group);
}

static void loop_options_of_a_later_version(void)
{
    atomic_int runs = 0;
    for (size_t i = 0; i < LATER * ROOM_OF(ompg_loop_options); i++) {
        ompg_group *group = ompg_new(NULL);
        ompg_loop_options options = {.grain = 1};
        options.reserved[i / LATER] = later[i % LATER];
        OMPG_FOR_OPT(group, j, 0, 10, options)
            atomic_fetch_add(&runs, 1 + j);
        CHECK_INT(ompg_wait(group), EINVAL);
        ompg_free(group);
    }
    CHECK_INT(atomic_load(&runs), 0);
}

/* Of a later version, or never set to OMPG_TOKEN_INIT. */
static void tokens_without_init(void)
{
    for (size_t i = 0; i < ROOM_OF(ompg_token); i++) {
        ompg_token token = OMPG_TOKEN_INIT;
        token.reserved[i] = 1;
        check_options(&(ompg_options){.token = &token}, false);
        CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), EINVAL);
    }
    ompg_token token = OMPG_TOKEN_INIT;
    check_options(&(ompg_options){.token = &token}, true);
    CHECK_INT(ompg_token_on_signal(&token, SIGUSR1), 0);
    CHECK_INT(ompg_token_off_signal(&token, SIGUSR1), 0);
}

static void check_zero(const unsigned long long *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(words[i] == 0);
}

static void check_error_room(const ompg_error *error)
{
    check_zero(error->reserved, ROOM_OF(ompg_error));
}

/* What the library fills is the whole struct, because the program may have a later header. */
static void rooms_are_filled_with_zeros(void)
{
    static const ompg_options kinds[] = {{0}, {.on_error = OMPG_COLLECT}, {.deterministic = true}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ompg_stats stats;
        ompg_error error;
        const ompg_error *list = NULL;
        memset(&stats, 0xff, sizeof stats);
        memset(&error, 0xff, sizeof error);
        ompg_group *group = ompg_new(&kinds[i]);
        ompg_fail(group, EIO, "a message");
        CHECK_INT(ompg_get_error(group, &error), 1);
        check_error_room(&error);
        size_t count = ompg_get_errors(group, &list);
        CHECK_INT(count, 1);
        for (size_t at = 0; at < count; at++)
            check_error_room(&list[at]);
        ompg_get_stats(group, &stats);
        check_zero(stats.reserved, ROOM_OF(ompg_stats));
        memset(&stats, 0xff, sizeof stats);
        ompg_get_stats(NULL, &stats);
        check_zero(stats.reserved, ROOM_OF(ompg_stats));
        ompg_free(group);
    }
}

CHECK_MAIN("layout", {"fields stand in their order", fields_stand_in_their_order},
           {"codes keep their values", codes_keep_their_values},
           {"options of a later version", options_of_a_later_version},
           {"task options of a later version", task_options_of_a_later_version},
           {"stages of a later version", stages_of_a_later_version},
           {"loop options of a later version", loop_options_of_a_later_version},
           {"tokens without init", tokens_without_init},
           {"rooms are filled with zeros", rooms_are_filled_with_zeros})
