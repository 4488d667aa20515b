/*
 * checksum: prints the line that cksum prints for every regular file below a directory, sorted by
 * path. It shows what a group is for: tasks that add tasks, a limit, a budget, a time limit, a
 * signal that stops it all, and errors that come back to one place.
 *
 *     checksum [OPTION]... [DIR]        DIR: /usr/include
 *
 * The lines go to standard output, everything else to standard error. Lines are printed when all
 * work is over, also when it failed or was stopped: those of the files that had been read
 * completely by then. A signal that comes while they are printed stops that too, between two lines;
 * after one that stopped the work, so does a reader that takes nothing for a second.
 *
 * Exit status: 0; 1 when a path could not be read or the output not be written; 2 for a wrong
 * option; 124 when the time limit was reached; 128 + the number of the signal (130 for SIGINT, 143
 * for SIGTERM) that stopped it.
 *
 * checksum_directory.c and checksum_file.c hold the tasks, checksum_tree.c what they leave behind,
 * checksum_output.c prints it, crc32.c does the arithmetic.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1    /* POSIX with C11, and d_type of dirent */
#define _FILE_OFFSET_BITS 64 /* sizes beyond 2 GiB everywhere */
#include "checksum_output.h"
#include "checksum_tasks.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status { DONE = 0, FAILED = 1, SIGNALLED = 128 };

static const char usage[] =
    "Usage: checksum [OPTION]... [DIR]\n"
    "Print CRC, size and path of every regular file below DIR (/usr/include), as cksum does,\n"
    "sorted by path. Symbolic links are not followed.\n"
    "\n"
    "  --threads N        threads to use; 0: as many as OpenMP chooses (default)\n"
    "  --limit N          most files and directories open at once; 0: no limit (default)\n"
    "  --budget BYTES     most bytes of files being read at once; a file above 4 MiB counts by "
    "its\n"
    "                     parts of 4 MiB; 0: no limit (default)\n"
    "  --timeout SECONDS  stop after that time with status 124; 0: never (default)\n"
    "  --keep-going       report every path that cannot be read, not only the first, and go on\n"
    "  --help             print this text\n"
    "\n"
    "Exit status: 0; 1: a path could not be read or a line not be written; 2: wrong usage;\n"
    "124: timed out; 128 + N: stopped by signal N.\n";

struct settings {
    const char *path;
    size_t threads;
    size_t limit;
    double budget;
    double timeout;
    bool keep_going;
};

/* What the tree holds after the wait. */
struct report {
    size_t done;    /* files */
    size_t skipped; /* files */
    size_t failed;  /* files and directories */
    size_t unread;  /* directories */
    uint64_t bytes;
    size_t failure_to_show; /* entry.failure, or 0: all */
    struct output output;
};

static ompg_token stop = OMPG_TOKEN_INIT;

static const int stop_signals[] = {SIGINT, SIGTERM};
enum { STOP_SIGNALS = sizeof stop_signals / sizeof stop_signals[0] };

static void parse_arguments(int argc, char **argv, struct settings *settings)
{
    const struct option_rule rules[] = {
        {.name = "threads", .count = &settings->threads, .most = INT_MAX},
        {.name = "limit", .count = &settings->limit, .most = INT_MAX},
        {.name = "budget", .real = &settings->budget},
        {.name = "timeout", .real = &settings->timeout},
        {.name = "keep-going", .flag = &settings->keep_going},
        {0},
    };
    int first = options_parse("checksum", usage, rules, argc, argv);
    if (first < argc)
        settings->path = argv[first++];
    if (first < argc)
        options_reject("checksum", argv[first]);
}

/* As nohup leaves it, or a shell for what it runs in the background. */
static bool is_ignored(int signo)
{
    struct sigaction now;
    return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* Until release_signals(), SIGINT and SIGTERM stop the tasks, unless they are ignored. */
static void catch_signals(void)
{
    const struct sigaction action = {.sa_handler = output_stop};
    sigaction(SIGALRM, &action, NULL);
    for (int i = 0; i < STOP_SIGNALS; i++) {
        if (!is_ignored(stop_signals[i]))
            sigaction(stop_signals[i], &action, NULL);
        ompg_token_on_signal(&stop, stop_signals[i]);
    }
}

/*
 * The handler that was installed first is back, without a gap: it stops the output. Returns 0, or the
 * signal that came before.
 */
static int release_signals(void)
{
    for (int i = 0; i < STOP_SIGNALS; i++)
        ompg_token_off_signal(&stop, stop_signals[i]);
    return ompg_token_get_signal(&stop);
}

/* Whether DIR is a directory or a file; says why not. */
static bool find_root(const char *path, struct stat *status)
{
    if (lstat(path, status) != 0) {
        fprintf(stderr, "checksum: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (S_ISDIR(status->st_mode) || S_ISREG(status->st_mode))
        return true;
    fprintf(stderr, "checksum: %s: neither a directory nor a regular file%s\n", path,
            S_ISLNK(status->st_mode) ? "; append '/' to follow a symbolic link" : "");
    return false;
}

/* Adds the task for DIR, from which all others come. A stop is left for the wait to tell. */
static int add_root(ompg_group *group, struct tree *tree, const char *path,
                    const struct stat *status)
{
    bool is_directory = S_ISDIR(status->st_mode);
    struct entry *root = directory_add(tree->top, path, is_directory);
    if (root == NULL)
        return ENOMEM;
    int code = ompg_go_with(group, is_directory ? checksum_directory : checksum_file, root,
                            &(ompg_task_options){
                                .cost = is_directory ? 0 : checksum_cost((uint64_t)status->st_size),
                            });
    return code == ECANCELED ? 0 : code;
}

static void count_and_print(const struct entry *entry, void *arg)
{
    struct report *report = arg;
    if (atomic_load(&entry->error) != 0) {
        report->failed++;
    } else if (atomic_load(&entry->unread) != 0) {
        report->skipped += !entry->is_directory;
        report->unread += entry->is_directory;
    } else if (!entry->is_directory) {
        report->done++;
        report->bytes += entry->size;
        output_add(&report->output, entry);
    }
}

/* Nothing more goes to standard error once a signal has ended the wait for its reader. */
static void print_failure(const struct entry *entry, void *arg)
{
    const struct report *report = arg;
    char path[WORKER_PATH];
    if (entry->failure == 0 || ferror(stderr))
        return;
    if (report->failure_to_show != 0 && report->failure_to_show != entry->failure)
        return;
    entry_path(entry, path, sizeof path);
    fprintf(stderr, "checksum: %s: %s\n", path, strerror(atomic_load(&entry->error)));
}

/* An error that is neither a failure of a path nor a stop: no memory to keep more of them. */
static void print_other(const ompg_error *error)
{
    char line[512];
    ompg_format_error(error, line, sizeof line);
    fprintf(stderr, "checksum: %s\n", line);
}

/*
 * Fail-fast, paths that fail on several threads at once are all marked in the tree, but the group has
 * one error: only that path is shown.
 */
static void print_errors(ompg_group *group, const struct tree *tree, struct report *report)
{
    const ompg_error *errors;
    size_t count = ompg_get_errors(group, &errors);
    bool paths = false;
    for (size_t i = 0; i < count; i++) {
        if (errors[i].kind == OMPG_ERROR_TASK) {
            report->failure_to_show = count == 1 ? errors[i].index : 0;
            paths = true;
        } else if (errors[i].kind == OMPG_ERROR_LIBRARY) {
            print_other(&errors[i]);
        }
    }
    if (paths)
        tree_visit(tree, print_failure, report);
    if (ompg_exit_status(group) > FAILED)
        ompg_print_short(group, stderr); /* a signal, or the time limit */
}

static int higher(int a, int b)
{
    return a > b ? a : b;
}

static void print_summary(ompg_group *group, const struct report *report)
{
    ompg_stats stats;
    if (ferror(stderr))
        return;
    ompg_get_stats(group, &stats);
    double rate = stats.seconds > 0 ? (double)report->bytes / 1e6 / stats.seconds : 0;
    fprintf(stderr,
            "checksum: %zu files done, %zu skipped, %zu paths failed, %zu directories not read; "
            "%" PRIu64 " bytes in %.3f s, %.1f MB/s, %d threads\n",
            report->done, report->skipped, report->failed, report->unread, report->bytes,
            stats.seconds, rate, ompg_get_threads(group));
}

/* Returns the exit status that what it reports calls for. */
static int report_output(const struct output *output)
{
    if (output->signal == SIGALRM) {
        fprintf(stderr, "checksum: standard output: nobody reads it; the rest is left out\n");
        return FAILED;
    }
    if (output->signal != 0) {
        fprintf(stderr, "checksum: stopped by signal %d (%s) while printing\n", output->signal,
                strsignal(output->signal));
        return SIGNALLED + output->signal;
    }
    if (output->error != 0) {
        fprintf(stderr, "checksum: standard output: %s\n", strerror(output->error));
        return FAILED;
    }
    return DONE;
}

static int run(const char *path, ompg_group *group, struct tree *tree)
{
    struct report report = {0};
    struct stat root;
    bool found = find_root(path, &root);
    int code = found ? add_root(group, tree, path, &root) : 0;
    if (found && code == 0)
        code = ompg_wait(group);
    int signo = release_signals();
    ompg_stopped(group); /* notices a signal that came too late to stop anything */
    report.failed = !found;
    report.output.hurried = signo != 0;
    tree_visit(tree, count_and_print, &report);
    output_close(&report.output);

    print_errors(group, tree, &report);
    int status = higher(found ? DONE : FAILED, ompg_exit_status(group));
    if (code != 0 && status == DONE) {
        fprintf(stderr, "checksum: cannot run: %s\n", strerror(code));
        status = FAILED;
    }
    status = higher(status, report_output(&report.output));
    print_summary(group, &report);
    return status;
}

static ompg_group *new_group(const struct settings *settings)
{
    return ompg_new(&(ompg_options){
        .name = "checksum",
        .token = &stop,
        .threads = (int)settings->threads,
        .limit = (int)settings->limit,
        .budget = settings->budget,
        .timeout = settings->timeout,
        .on_error = settings->keep_going ? OMPG_COLLECT : OMPG_FAIL_FAST,
    });
}

int main(int argc, char **argv)
{
    struct settings settings = {.path = "/usr/include"};
    parse_arguments(argc, argv, &settings);
    catch_signals();
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
        fprintf(stderr, "checksum: standard output: %s\n", strerror(errno));
        return FAILED;
    }
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is reported as every other error of writing */

    struct tree tree;
    ompg_group *group = new_group(&settings);
    if (group == NULL || tree_init(&tree, ompg_get_threads(group)) != 0) {
        fprintf(stderr, "checksum: %s\n", strerror(group == NULL ? errno : ENOMEM));
        ompg_free(group);
        return FAILED;
    }
    tree.sizes_first = settings.budget > 0;
    int status = run(settings.path, group, &tree);
    ompg_free(group);
    tree_free(&tree);
    return status;
}
