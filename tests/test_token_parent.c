/*
 * Parents of tokens: what cancels one cancels those below it, and not the other way round.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "printed.h"
#include "tasks.h"

#include <errno.h>
#include <signal.h>

static void children_are_cancelled_with_it(void)
{
    ompg_token parent = OMPG_TOKEN_INIT, first = OMPG_TOKEN_INIT, second = OMPG_TOKEN_INIT;
    ompg_token grandchild = OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_set_parent(&first, &parent), 0);
    CHECK_INT(ompg_token_set_parent(&second, &parent), 0);
    CHECK_INT(ompg_token_set_parent(&grandchild, &second), 0);
    CHECK(!ompg_token_stopped(&first));
    CHECK_INT(ompg_token_cancel(&first, EPIPE), 0);
    CHECK(!ompg_token_stopped(&parent));
    CHECK(!ompg_token_stopped(&second));
    CHECK_INT(ompg_token_cancel(&parent, ESTALE), 0);
    CHECK_INT(ompg_token_cancel(&grandchild, EIO), EALREADY);
    CHECK_INT(ompg_token_get_code(&grandchild), ESTALE);
    CHECK_INT(ompg_token_get_code(&second), ESTALE);
    CHECK_INT(ompg_token_get_code(&first), EPIPE); /* was earlier */
    CHECK_INT(ompg_token_get_signal(&second), 0);
}

static void the_cause_stays(void)
{
    ompg_token parent = OMPG_TOKEN_INIT, token = OMPG_TOKEN_INIT;
    ompg_token_cancel(&parent, EPIPE);
    CHECK_INT(ompg_token_set_parent(&token, &parent), 0);
    CHECK_INT(ompg_token_get_code(&token), EPIPE);
    CHECK_INT(ompg_token_set_parent(&token, NULL), 0);
    parent = (ompg_token)OMPG_TOKEN_INIT;
    CHECK_INT(ompg_token_get_code(&token), EPIPE);
}

static void may_be_taken_away(void)
{
    ompg_token parent = OMPG_TOKEN_INIT, token = OMPG_TOKEN_INIT;
    ompg_token_set_parent(&token, &parent);
    CHECK_INT(ompg_token_set_parent(&token, NULL), 0);
    ompg_token_cancel(&parent, EPIPE);
    CHECK(!ompg_token_stopped(&token));
}

static void circles_are_refused(void)
{
    ompg_token tokens[3] = {OMPG_TOKEN_INIT, OMPG_TOKEN_INIT, OMPG_TOKEN_INIT};
    CHECK_INT(ompg_token_set_parent(&tokens[0], &tokens[0]), EINVAL);
    CHECK_INT(ompg_token_set_parent(&tokens[0], &tokens[1]), 0);
    CHECK_INT(ompg_token_set_parent(&tokens[1], &tokens[2]), 0);
    CHECK_INT(ompg_token_set_parent(&tokens[2], &tokens[0]), EINVAL);
    CHECK_INT(ompg_token_set_parent(&tokens[1], &tokens[0]), EINVAL);
    ompg_token_cancel(&tokens[2], EPIPE);
    CHECK_INT(ompg_token_get_code(&tokens[0]), EPIPE);
    CHECK_INT(ompg_token_set_parent(NULL, &tokens[0]), EINVAL);
    ompg_token spoilt = OMPG_TOKEN_INIT;
    spoilt.reserved[0] = 1;
    CHECK_INT(ompg_token_set_parent(&spoilt, NULL), EINVAL);
    CHECK_INT(ompg_token_set_parent(&tokens[0], &spoilt), EINVAL);
}

static int stay(ompg_group *group, void *arg)
{
    if (arg)
        ompg_token_cancel(arg, EPIPE);
    return poll_until_stopped(group) ? ECANCELED : ENOTRECOVERABLE;
}

static void stops_groups(void)
{
    ompg_token parent = OMPG_TOKEN_INIT, token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    CHECK(!ompg_stopped(group));
    CHECK_INT(ompg_token_set_parent(&token, &parent), 0); /* a group listens already */
    CHECK(!ompg_stopped(group));
    ompg_go(group, stay, &parent);
    CHECK_INT(ompg_wait(group), EPIPE);
    CHECK_INT(error_of(group).kind, OMPG_ERROR_CANCEL);
    ompg_free(group);
}

/* A part of the program is cancelled alone. */
static int cancel_a_part(ompg_group *group, void *arg)
{
    ompg_token *part = arg;
    ompg_group *inner = ompg_new(&(ompg_options){.token = part});
    ompg_go(inner, stay, part);
    CHECK_INT(ompg_wait(inner), EPIPE);
    ompg_free(inner);
    CHECK(!ompg_stopped(group));
    return 0;
}

static void a_part_is_cancelled_alone(void)
{
    ompg_token whole = OMPG_TOKEN_INIT, part = OMPG_TOKEN_INIT;
    ompg_token_set_parent(&part, &whole);
    CHECK_INT(ompg_run(&(ompg_options){.token = &whole}, cancel_a_part, &part, NULL), 0);
    CHECK(!ompg_token_stopped(&whole));
}

static int raise_and_stay(ompg_group *group, void *arg)
{
    raise(SIGUSR1);
    return stay(group, arg);
}

static void signals_come_through(void)
{
    char line[256];
    ompg_token parent = OMPG_TOKEN_INIT, token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.name = "part", .token = &token});
    ompg_token_set_parent(&token, &parent);
    ompg_token_on_signal(&parent, SIGUSR1);
    ompg_go(group, raise_and_stay, NULL);
    CHECK_INT(ompg_wait(group), EINTR);
    ompg_token_off_signal(&parent, SIGUSR1);
    CHECK_INT(ompg_token_get_signal(&token), SIGUSR1);
    CHECK_INT(ompg_exit_status(group), 128 + SIGUSR1);
    CHECK_STR(printed(ompg_print_short, group, line, sizeof line),
              "part: interrupted by SIGUSR1\n");
    ompg_free(group);
}

static void deadlines_come_through(void)
{
    ompg_error error;
    ompg_token parent = OMPG_TOKEN_INIT, token = OMPG_TOKEN_INIT;
    ompg_token_set_parent(&token, &parent);
    ompg_token_set_deadline(&token, 1000);
    ompg_token_set_deadline(&parent, 0.02);
    CHECK_INT(ompg_run(&(ompg_options){.token = &token}, stay, NULL, &error), ETIMEDOUT);
    CHECK_INT(error.kind, OMPG_ERROR_DEADLINE);
    CHECK_STR(error.message, "timed out after 0.02 s");
    CHECK_INT(ompg_token_get_code(&parent), ETIMEDOUT);
}

/* One below another, and cancelled on all threads at once: all end with one cause each. */
enum { CHAIN = 20, THREADS = 8 };
static ompg_token chain[CHAIN];

static void *cancel_one(void *arg)
{
    size_t number = (size_t)arg;
    ompg_token *token = &chain[number * 2];
    int code = 100 + (int)number;
    int result = ompg_token_cancel(token, code);
    CHECK(result == 0 || result == EALREADY);
    CHECK((ompg_token_get_code(token) == code) == (result == 0));
    for (int i = 0; i < CHAIN; i++) {
        int seen = ompg_token_get_code(&chain[i]);
        CHECK(seen == 0 || ompg_token_get_code(&chain[i]) == seen);
    }
    return NULL;
}

static void many_cancel_a_chain(void)
{
    for (int round = 0; round < 50; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < CHAIN; i++)
            chain[i] = (ompg_token)OMPG_TOKEN_INIT;
        for (int i = 0; i + 1 < CHAIN; i++)
            ompg_token_set_parent(&chain[i], &chain[i + 1]);
        for (size_t i = 0; i < THREADS; i++)
            CHECK_INT(pthread_create(&threads[i], NULL, cancel_one, (void *)i), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        int top = 2 * (THREADS - 1);
        CHECK_INT(ompg_token_get_code(&chain[top]), 100 + THREADS - 1);
        CHECK(!ompg_token_stopped(&chain[CHAIN - 1]));
        for (int i = 0; i <= top; i++) {
            int code = ompg_token_get_code(&chain[i]);
            CHECK(code == 100 + i / 2 || code == ompg_token_get_code(&chain[i + 1]));
        }
    }
}

CHECK_MAIN("token parent", {"children are cancelled with it", children_are_cancelled_with_it},
           {"the cause stays", the_cause_stays}, {"may be taken away", may_be_taken_away},
           {"circles are refused", circles_are_refused}, {"stops groups", stops_groups},
           {"a part is cancelled alone", a_part_is_cancelled_alone},
           {"signals come through", signals_come_through},
           {"deadlines come through", deadlines_come_through},
           {"many cancel a chain", many_cancel_a_chain})
