/*
 * Names of signals, as users know them. Async-signal-safe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_SIGNAL_NAME_H
#define OMPG_SRC_SIGNAL_NAME_H

enum { SIGNAL_NAME_SIZE = 24 };

/* "SIGINT"; "SIGRTMIN+3" for a real-time signal, "signal 42" for one that has no name here. */
void signal_name(char name[SIGNAL_NAME_SIZE], int signo);

#endif
