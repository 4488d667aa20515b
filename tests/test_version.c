/*
 * Version and description: headers and library agree, and the description says what it should.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>

static void headers_and_library_agree(void)
{
    char numbers[64];
    snprintf(numbers, sizeof numbers, "%d.%d.%d", OMPG_VERSION_MAJOR, OMPG_VERSION_MINOR,
             OMPG_VERSION_PATCH);
    CHECK_STR(OMPG_VERSION, numbers);
    CHECK_STR(ompg_version(), OMPG_VERSION);
    CHECK_INT(OMPG_VERSION_NUMBER,
              OMPG_VERSION_MAJOR * 10000 + OMPG_VERSION_MINOR * 100 + OMPG_VERSION_PATCH);
    CHECK(ompg_version() == ompg_version());
}

/* Fills text with a newline and the description; returns what ompg_describe() returned. */
static int describe_into(char *text, size_t size)
{
    FILE *file = tmpfile();
    if (!CHECK(file != NULL))
        return -1;
    int written = ompg_describe(file);
    CHECK_INT(fseek(file, 0, SEEK_SET), 0);
    size_t length = fread(text + 1, 1, size - 2, file);
    text[0] = '\n';
    text[length + 1] = '\0';
    fclose(file);
    CHECK_INT(length, written);
    return written;
}

static void describes_line_by_line(void)
{
    char text[4096];
    int lines = 0;
    CHECK(describe_into(text, sizeof text) > 0);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *colon = strstr(line, ": ");
        if (CHECK(colon != NULL))
            CHECK(colon > line && !isspace((unsigned char)colon[2]) && colon[2] != '\0');
        lines++;
    }
    CHECK(lines >= 7);
}

/* By what the program is linked with; libomp has the entries of both. */
static const char *runtime_by_its_entries(void)
{
    void *program = dlopen(NULL, RTLD_LAZY);
    const char *name = program != NULL && dlsym(program, "__kmpc_fork_call") != NULL ? "libomp"
                                                                                     : "libgomp";
    if (CHECK(program != NULL))
        dlclose(program);
    return name;
}

/* A line of its own, and nothing more in it. */
static void check_line(const char *text, const char *format, ...) OMPG_PRINTF(2, 3);
static void check_line(const char *text, const char *format, ...)
{
    char line[256];
    char expected[sizeof line + 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    snprintf(expected, sizeof expected, "\n%s\n", line);
    CHECK_CONTAINS(text, expected);
}

static void describes_what_decides(void)
{
    char text[4096];
    if (describe_into(text, sizeof text) <= 0)
        return;
    check_line(text, "version: %s", OMPG_VERSION);
    check_line(text, "OpenMP runtime: %s, specification %d", runtime_by_its_entries(), _OPENMP);
    check_line(text, "threads: %d", omp_get_max_threads());
    check_line(text, "processors: %d", omp_get_num_procs());
    check_line(text, "OMP_CANCELLATION: %s", omp_get_cancellation() ? "on" : "off");
    check_line(text, "thread limit: %d", omp_get_thread_limit());
    CHECK_INT(text[strlen(text) - 1], '\n');
}

/* What the caller sets holds, not what was there at the program's start. */
static void describes_what_is_set_now(void)
{
    char text[4096];
    int threads = omp_get_max_threads();
    omp_set_num_threads(threads + 3);
    describe_into(text, sizeof text);
    omp_set_num_threads(threads);
    check_line(text, "threads: %d", threads + 3);
}

static void describes_to_nowhere(void)
{
    FILE *full = fopen("/dev/full", "w");
    CHECK_INT(ompg_describe(NULL), 0);
    if (full == NULL) {
        CHECK_INT(errno, ENOENT);
        return;
    }
    setvbuf(full, NULL, _IONBF, 0);
    CHECK(ompg_describe(full) < 0);
    fclose(full);
}

CHECK_MAIN("version", {"headers and library agree", headers_and_library_agree},
           {"describes line by line", describes_line_by_line},
           {"describes what decides", describes_what_decides},
           {"describes what is set now", describes_what_is_set_now},
           {"describes to nowhere", describes_to_nowhere})
