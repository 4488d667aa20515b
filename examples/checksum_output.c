/*
 * Lines on standard output, and how a signal stops them. See checksum_output.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE 1 /* PIPE_BUF with C11 */
#include "checksum_output.h"
#include "crc32.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Seconds that a reader has once a signal has come. */
enum { PATIENCE = 1 };

/* 0, or the first signal; atomic, because its handler runs on any thread. */
static atomic_int caught;

/* The alarm is set again each time, because it may come before the wait that it is to end. */
void output_stop(int signo)
{
    int none = 0;
    atomic_compare_exchange_strong(&caught, &none, signo);
    alarm(PATIENCE);
}

/* Only the time in write() is the reader's. */
static ssize_t write_in_time(const char *text, size_t size)
{
    alarm(PATIENCE);
    ssize_t written = write(STDOUT_FILENO, text, size);
    alarm(0);
    return written;
}

/*
 * Returns 0 or an errno value. A terminal may have taken a part of the piece: it gets the rest,
 * unless that has to wait as well and another signal comes.
 */
static int write_piece(const char *text, size_t size, bool hurried)
{
    if (size > 0 && atomic_load(&caught) != 0)
        return EINTR;
    while (size > 0) {
        ssize_t written = hurried ? write_in_time(text, size) : write(STDOUT_FILENO, text, size);
        if (written < 0)
            return errno;
        text += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Writes the first `size` bytes of the text, which `rest` bytes follow. */
static void write_first(struct output *output, size_t size, size_t rest)
{
    if (output->error == 0) {
        output->error = write_piece(output->text, size, output->hurried);
        output->signal = output->error == EINTR ? atomic_load(&caught) : 0;
    }
    memmove(output->text, output->text + size, rest);
    output->size = rest;
}

static char *put_number(char *to, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

void output_add(struct output *output, const struct entry *entry)
{
    char *line = output->text + output->size;
    uint64_t size = entry->size;
    char *end = put_number(line, crc32_finish(atomic_load(&entry->crc), size));
    *end++ = ' ';
    end = put_number(end, size);
    *end++ = ' ';
    entry_path(entry, end, WORKER_PATH);
    end += strlen(end);
    *end++ = '\n';

    size_t length = (size_t)(end - line);
    if (output->size + length > PIPE_BUF)
        write_first(output, output->size, length);
    else
        output->size += length;
}

void output_close(struct output *output)
{
    write_first(output, output->size, 0);
    if (output->hurried)
        alarm(PATIENCE); /* for standard error */
    if (close(STDOUT_FILENO) != 0 && output->error == 0)
        output->error = errno;
}
