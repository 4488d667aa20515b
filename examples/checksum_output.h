/*
 * The checksum program's lines on standard output.
 *
 * They are written in pieces that hold whole lines and that a pipe takes whole or not at all: so a
 * signal stops the output between two lines, even while it waits for its reader. A signal that came
 * before, and stopped the work, leaves the reader a second for each piece: whoever reads gets them
 * all, and whoever does not holds nobody up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CHECKSUM_OUTPUT_H
#define CHECKSUM_OUTPUT_H

#include "checksum_tree.h"

/* Most bytes of a line: two numbers and a path. */
enum { OUTPUT_LINE = WORKER_PATH + 64 };

/* All zero: nothing has been added. */
struct output {
    size_t size;  /* bytes of text that are still to be written */
    int error;    /* 0, or the errno value of what could not be written; EINTR: signal */
    int signal;   /* 0, or the signal that kept lines back; SIGALRM: the reader's second was over */
    bool hurried; /* a signal has stopped the work */
    char text[2 * OUTPUT_LINE];
};

/*
 * Stops the output: lines that have not been written by then will not be, and what waits for a reader,
 * of standard error too, gives up within seconds. This is the handler for signals, for SIGALRM as
 * well; without SA_RESTART it also ends a write that waits.
 */
void output_stop(int signo);

/* Adds the line of a file that has been read. */
void output_add(struct output *output, const struct entry *entry);

/* Writes what is left and closes standard output. */
void output_close(struct output *output);

#endif
