/*
 * What the program's user sees of an error: a short line, and the exit status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"
#include "printed.h"
#include "tasks.h"

#include <errno.h>
#include <signal.h>

/* Both at once. */
#define CHECK_SHORT(group, line, status)                                                           \
    do {                                                                                           \
        char text_[1024];                                                                          \
        CHECK_STR(printed(ompg_print_short, (group), text_, sizeof text_), (line));                \
        CHECK_INT(ompg_exit_status(group), (status));                                              \
    } while (0)

static void success_is_silent(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "resize"});
    CHECK_SHORT(group, "", 0);
    ompg_go(group, do_nothing, NULL);
    ompg_wait(group);
    CHECK_SHORT(group, "", 0);
    CHECK_INT(ompg_print_short(group, NULL), 0);
    CHECK_INT(ompg_print_short(NULL, stderr), 0);
    ompg_free(group);
    CHECK_INT(ompg_exit_status(NULL), 1); /* there was no memory for it */
}

static void a_failure_has_message_and_meaning(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "resize"});
    ompg_fail(group, ENOENT, "reading %s", "a.png");
    CHECK_SHORT(group, "resize: reading a.png: No such file or directory\n", 1);
    CHECK_INT(ompg_print_short(group, NULL), 0);
    ompg_reset(group);
    ompg_fail(group, ENOENT, "two\nlines");
    CHECK_SHORT(group, "resize: two lines: No such file or directory\n", 1);
    ompg_reset(group);
    ompg_fail(group, 4711, "reading %s", "a.png");
    CHECK_SHORT(group, "resize: reading a.png: error 4711\n", 1);
    ompg_free(group);
}

static void empty_parts_are_left_out(void)
{
    int code = ENOENT;
    ompg_group *group = ompg_new(NULL);
    ompg_go(group, return_code, &code);
    ompg_wait(group);
    CHECK_SHORT(group, "No such file or directory\n", 1);
    ompg_reset(group);
    ompg_go_with(group, return_code, &code, &(ompg_task_options){.name = "a.png"});
    ompg_wait(group);
    CHECK_SHORT(group, "a.png: No such file or directory\n", 1);
    ompg_free(group);
}

static void long_parts_fit(void)
{
    char text[1024], name[64], message[256];
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = i % 2 ? '\xa4' : '\xc3';
    name[sizeof name - 1] = message[sizeof message - 2] = '\0';
    ompg_group *group = ompg_new(&(ompg_options){.name = name});
    ompg_fail(group, ENOENT, "%s", message);
    printed(ompg_print_short, group, text, sizeof text);
    CHECK_CONTAINS(text, ": \xc3\xa4\xc3\xa4");
    CHECK_CONTAINS(text, "\xa4: No such file or directory\n");
    ompg_free(group);
}

static void cancellations_say_what_they_know(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    ompg_cancel(group, 0);
    CHECK_SHORT(group, "Operation canceled\n", 1);
    ompg_reset(group);
    ompg_cancel(group, EPIPE);
    CHECK_SHORT(group, "Broken pipe\n", 1);
    ompg_reset(group);
    ompg_token_cancel(&token, EPIPE);
    CHECK(ompg_stopped(group));
    CHECK_SHORT(group, "the token was cancelled: Broken pipe\n", 1);
    ompg_free(group);
}

static int wait_for_the_end(ompg_group *group, void *arg)
{
    (void)arg;
    return poll_until_stopped(group) ? ECANCELED : ENOTRECOVERABLE;
}

static void a_deadline_is_told_in_seconds(void)
{
    ompg_group *group = ompg_new(&(ompg_options){.name = "resize", .timeout = 0.02});
    ompg_go(group, wait_for_the_end, NULL);
    CHECK_INT(ompg_wait(group), ETIMEDOUT);
    CHECK_SHORT(group, "resize: timed out after 0.02 s\n", 124);
    ompg_free(group);
}

static int raise_and_wait(ompg_group *group, void *arg)
{
    raise(*(int *)arg);
    return wait_for_the_end(group, NULL);
}

static void check_signal(int signo, const char *line)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.name = "resize", .token = &token});
    CHECK_INT(ompg_token_on_signal(&token, signo), 0);
    ompg_go(group, raise_and_wait, &signo);
    CHECK_INT(ompg_wait(group), EINTR);
    CHECK_INT(ompg_token_off_signal(&token, signo), 0);
    CHECK_INT(error_of(group).signal, signo);
    CHECK_SHORT(group, line, 128 + signo);
    ompg_free(group);
}

static void signals_are_told_by_name(void)
{
    check_signal(SIGINT, "resize: interrupted by SIGINT\n");
    check_signal(SIGTERM, "resize: interrupted by SIGTERM\n");
    check_signal(SIGHUP, "resize: interrupted by SIGHUP\n");
    check_signal(SIGUSR2, "resize: interrupted by SIGUSR2\n");
    check_signal(SIGRTMIN, "resize: interrupted by SIGRTMIN\n");
    check_signal(SIGRTMIN + 12, "resize: interrupted by SIGRTMIN+12\n");
}

/* Every signal that can be attached is told by a name of its own. */
static void all_signals_have_names(void)
{
    for (int signo = 1; signo < SIGRTMIN - 2; signo++) { /* glibc keeps two */
        char text[256], expected[64];
        ompg_token token = OMPG_TOKEN_INIT;
        if (ompg_token_on_signal(&token, signo) != 0)
            continue;
        ompg_group *group = ompg_new(&(ompg_options){.token = &token});
        raise(signo);
        ompg_token_off_signal(&token, signo);
        if (CHECK(ompg_stopped(group))) {
            printed(ompg_print_short, group, text, sizeof text);
            snprintf(expected, sizeof expected, "signal %d", signo);
            CHECK_CONTAINS(text, "interrupted by SIG");
            CHECK(strstr(text, expected) == NULL);
        }
        ompg_free(group);
    }
}

/* Whoever presses Ctrl-C ends the program, whatever had failed before. */
static void a_signal_outranks_kept_errors(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    int code = ENOENT, signo = SIGUSR1;
    ompg_group *group =
        ompg_new(&(ompg_options){.token = &token, .on_error = OMPG_COLLECT, .limit = 1});
    ompg_token_on_signal(&token, signo);
    ompg_go(group, return_code, &code);
    ompg_go(group, raise_and_wait, &signo);
    CHECK_INT(ompg_wait(group), ENOENT);
    ompg_token_off_signal(&token, signo);
    CHECK_SHORT(group, "interrupted by SIGUSR1\n", 128 + SIGUSR1);
    ompg_free(group);
}

/* It came too late to stop anything. */
static void a_late_signal_counts_once_it_is_noticed(void)
{
    ompg_token token = OMPG_TOKEN_INIT;
    ompg_group *group = ompg_new(&(ompg_options){.token = &token});
    ompg_token_on_signal(&token, SIGUSR1);
    ompg_go(group, do_nothing, NULL);
    CHECK_INT(ompg_wait(group), 0);
    raise(SIGUSR1);
    ompg_token_off_signal(&token, SIGUSR1);
    CHECK_SHORT(group, "", 0);
    CHECK(ompg_stopped(group));
    CHECK_SHORT(group, "interrupted by SIGUSR1\n", 128 + SIGUSR1);
    ompg_free(group);
}

static void says_when_printing_fails(void)
{
    FILE *full = fopen("/dev/full", "w");
    if (full == NULL) {
        CHECK_INT(errno, ENOENT);
        return;
    }
    setvbuf(full, NULL, _IONBF, 0);
    ompg_group *group = ompg_new(NULL);
    ompg_fail(group, EIO, "nowhere to go");
    errno = ENOTTY;
    CHECK(ompg_print_short(group, full) < 0);
    CHECK_INT(errno, ENOTTY);
    fclose(full);
    ompg_free(group);
}

CHECK_MAIN("short errors", {"success is silent", success_is_silent},
           {"a failure has message and meaning", a_failure_has_message_and_meaning},
           {"empty parts are left out", empty_parts_are_left_out},
           {"long parts fit", long_parts_fit},
           {"cancellations say what they know", cancellations_say_what_they_know},
           {"a deadline is told in seconds", a_deadline_is_told_in_seconds},
           {"signals are told by name", signals_are_told_by_name},
           {"all signals have names", all_signals_have_names},
           {"a signal outranks kept errors", a_signal_outranks_kept_errors},
           {"a late signal counts once it is noticed", a_late_signal_counts_once_it_is_noticed},
           {"says when printing fails", says_when_printing_fails})
