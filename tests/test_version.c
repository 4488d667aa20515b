/*
 * Version and description: headers and library agree, and the description says what it should.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "check.h"

#include <ompgroup.h>

#include <ctype.h>
#include <errno.h>

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

/* Fills text with the description; returns what ompg_describe() returned. */
static int describe_into(char *text, size_t size)
{
    FILE *file = tmpfile();
    if (!CHECK(file != NULL))
        return -1;
    int written = ompg_describe(file);
    CHECK_INT(fseek(file, 0, SEEK_SET), 0);
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
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

static void describes_what_decides(void)
{
    char text[4096];
    char number[32];
    describe_into(text, sizeof text);
    CHECK_CONTAINS(text, OMPG_VERSION);
    CHECK_CONTAINS(text, "version: ");
    CHECK_CONTAINS(text, "OpenMP");
    CHECK_CONTAINS(text, "threads: ");
    CHECK_CONTAINS(text, "processors: ");
    CHECK_CONTAINS(text, "OMP_CANCELLATION: ");
    CHECK_CONTAINS(text, "thread limit: ");
    snprintf(number, sizeof number, "threads: %d\n", omp_get_max_threads());
    CHECK_CONTAINS(text, number);
    snprintf(number, sizeof number, "processors: %d\n", omp_get_num_procs());
    CHECK_CONTAINS(text, number);
    CHECK_INT(text[strlen(text) - 1], '\n');
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
           {"describes to nowhere", describes_to_nowhere})
