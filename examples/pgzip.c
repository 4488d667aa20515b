/*
 * pgzip: compresses files as gzip does, with several threads. It shows ompg_pipeline with stages in order and
 * in parallel and items that are used again, ompg_local, and what a tool needs around it: a time limit,
 * signals, one clear line for whoever uses it, the right exit status, and no partial file.
 *
 *     pgzip [OPTION]... [FILE]...
 *
 * Each FILE becomes FILE.gz, one gzip member without name and time in it (as `gzip -n`), with the mode and
 * the times of the FILE, which is then removed.
 *
 * Exit status: 0; 1 when a file could not be compressed, 2 for a wrong option, 124 when the time limit was
 * reached; 128 + the number of the signal that stopped it.
 *
 * pgzip_stream.c compresses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1    /* POSIX with C11 */
#define _FILE_OFFSET_BITS 64 /* files beyond 2 GiB everywhere */
#include "options.h"
#include "pgzip_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status { DONE = 0, FAILED = 1 };

static const char usage[] =
    "Usage: pgzip [OPTION]... [FILE]...\n"
    "Compress each FILE to FILE.gz with several threads, and remove it; or standard input to\n"
    "standard output, without any FILE or for '-'.\n"
    "\n"
    "  -1 to -9, --level  fast to small (6)\n"
    "  -c, --stdout       write to standard output and keep the FILEs\n"
    "  -f, --force        overwrite FILE.gz; write to a terminal\n"
    "  -k, --keep         keep the FILEs\n"
    "  -p, --threads N    threads to use; 0: as many as OpenMP chooses (default)\n"
    "  --timeout SECONDS  stop after that time with status 124; 0: never (default)\n"
    "  --help             print this text\n"
    "\n"
    "Exit status: 0; 1: a file could not be compressed; 2: wrong usage; 124: timed out;\n"
    "128 + N: stopped by signal N.\n";

struct settings {
    size_t threads, level;
    double timeout;
    bool to_stdout, force, keep;
};

/* What stops all: a signal, or the end of the time for all files together. */
static ompg_token stop = OMPG_TOKEN_INIT;

static int complain(const char *name, int code)
{
    fprintf(stderr, "pgzip: %s: %s\n", name, strerror(code));
    return FAILED;
}

/* Returns the exit status; what failed has been said. */
static int compress(const struct end *from, const struct end *to, const struct settings *settings)
{
    ompg_group *group = ompg_new(&(ompg_options){
        .name = "pgzip",
        .threads = (int)settings->threads,
        .token = &stop,
    });
    if (!group)
        return complain(from->name, errno);
    int code = pgzip_stream(group, from, to, (int)settings->level);
    ompg_stopped(group); /* notices a signal that came at the very end */
    int status = ompg_exit_status(group);
    if (status != DONE)
        ompg_print_short(group, stderr);
    else if (code != 0)
        status = complain(from->name, code);
    ompg_free(group);
    return status;
}

/* ---- to standard output ---- */

static int compress_to_stdout(const struct end *from, const struct settings *settings)
{
    static const struct end to = {STDOUT_FILENO, "standard output"};
    if (isatty(STDOUT_FILENO) && !settings->force) {
        fprintf(stderr, "pgzip: compressed data is not written to a terminal without --force\n");
        return FAILED;
    }
    return compress(from, &to, settings);
}

/* ---- from file to file ---- */

/* The owner as far as the system allows it, mode and times. */
static int copy_status(int file, const struct stat *status)
{
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    if (fchown(file, status->st_uid, status->st_gid) != 0 && errno != EPERM)
        return errno;
    if (fchmod(file, status->st_mode & 07777) != 0 || futimens(file, times) != 0)
        return errno;
    return 0;
}

/* Whatever goes wrong, there is no partial file. */
static int compress_to(const char *path, const struct end *from, const struct stat *status,
                       const struct settings *settings)
{
    if (settings->force)
        unlink(path);
    const struct end to = {open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR),
                           path};
    if (to.file < 0)
        return complain(path, errno);
    int result = compress(from, &to, settings);
    int code = result == DONE ? copy_status(to.file, status) : 0;
    if (close(to.file) != 0 && code == 0)
        code = errno;
    if (result == DONE && code != 0)
        result = complain(path, code);
    if (result != DONE)
        unlink(path);
    return result;
}

static bool ends_with_gz(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".gz") == 0;
}

static int compress_file(const struct end *from, const struct stat *status,
                         const struct settings *settings)
{
    if (ends_with_gz(from->name)) {
        fprintf(stderr, "pgzip: %s: has the name of a compressed file\n", from->name);
        return FAILED;
    }
    size_t room = strlen(from->name) + sizeof ".gz";
    char *path = malloc(room);
    if (!path)
        return complain(from->name, ENOMEM);
    snprintf(path, room, "%s.gz", from->name);
    int result = compress_to(path, from, status, settings);
    free(path);
    if (result == DONE && !settings->keep && unlink(from->name) != 0)
        result = complain(from->name, errno);
    return result;
}

static int compress_path(const char *path, const struct settings *settings)
{
    if (strcmp(path, "-") == 0)
        return compress_to_stdout(&(struct end){STDIN_FILENO, "standard input"}, settings);
    struct stat status;
    const struct end from = {open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC),
                             path}; /* a pipe may come */
    if (from.file < 0)
        return complain(path, errno);
    int result;
    if (fstat(from.file, &status) != 0)
        result = complain(path, errno);
    else if (S_ISDIR(status.st_mode))
        result = complain(path, EISDIR);
    else if (settings->to_stdout)
        result = compress_to_stdout(&from, settings);
    else if (S_ISREG(status.st_mode))
        result = compress_file(&from, &status, settings);
    else
        result = complain(path, EINVAL);
    close(from.file);
    return result;
}

/* ---- the program ---- */

/* Returns the index of the first FILE in argv. */
static int parse_arguments(int argc, char **argv, struct settings *settings)
{
    const struct option_rule rules[] = {
        {.name = "level", .digits = true, .count = &settings->level, .least = 1, .most = 9},
        {.letter = 'c', .name = "stdout", .flag = &settings->to_stdout},
        {.letter = 'f', .name = "force", .flag = &settings->force},
        {.letter = 'k', .name = "keep", .flag = &settings->keep},
        {.letter = 'p', .name = "threads", .count = &settings->threads, .most = INT_MAX},
        {.name = "timeout", .real = &settings->timeout},
        {0},
    };
    return options_parse("pgzip", usage, rules, argc, argv);
}

int main(int argc, char **argv)
{
    static char dash[] = "-";
    static char *standard_input[] = {dash, NULL};
    struct settings settings = {.level = 6};
    int first = parse_arguments(argc, argv, &settings);
    char **paths = first < argc ? argv + first : standard_input;
    static const int signals[] = {SIGHUP, SIGINT, SIGTERM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        ompg_token_on_signal(&stop, signals[i]);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is reported as every other error of writing */
    signal(SIGXFSZ, SIG_IGN); /* and so is a file that may not grow */
    if (settings.timeout > 0)
        ompg_token_set_deadline(&stop, settings.timeout);

    int status = DONE;
    while (*paths && status <= FAILED) {
        int result = compress_path(*paths++, &settings);
        status = result > status ? result : status;
    }
    return status;
}
