/*
 * A file whose comments are wrong, for a control. What is here: wrong_word, wrong_call(), struct
 * wrong, its field wrong.first, errno, strerror_r(), `tally`, wrong.c. What is not: old_word, old_call(),
 * `oldtally`, wrong.tally, old/file.h.
 *
 * All of it but for this. It is said so, for it is a control. Who reads it knows; it is known by who wrote it. A
 * run of three is a plain load, put in the place of the first member.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct wrong {
    int first;  /* these: are two */
    int second; // its stale_note
};

int wrong_call(struct wrong *wrong_word)
{
    int tally = wrong_word->first; /* "in_a_string" is not looked at */
    puts("/* in_a_string */");
    return tally;
}
